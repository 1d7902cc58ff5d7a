"""The edge to an environment's own code: whatever it raises leaves as one of our faults, with its phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from gym_gui.core.errors import EnvironmentRaisedError
from gym_gui.core.one_line import printable

if TYPE_CHECKING:
    from types import TracebackType

_SHOWN: Final = 300


def one_line(fault: BaseException) -> str:
    """The exception's type and the start of its text, on one line and without a full stop."""
    text = printable(str(fault)).rstrip(".")
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"{type(fault).__name__}: {text}" if text else type(fault).__name__


class ForeignCode:
    """A ``with`` block around a call into the environment; reusable, keeps nothing between uses.

    Everything raised inside becomes `EnvironmentRaisedError`: SystemExit and the panics of compiled code too, since
    an environment may end its episode but not the application. Only KeyboardInterrupt, the user's own, passes.
    """

    __slots__ = ("_env_id", "_phase")

    def __init__(self, env_id: str, phase: str) -> None:
        self._env_id = env_id
        self._phase = phase

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if fault is not None and not isinstance(fault, (KeyboardInterrupt, EnvironmentRaisedError)):
            raise EnvironmentRaisedError(
                f"{self._env_id} raised in {self._phase}: {one_line(fault)}.", phase=self._phase
            ) from fault
        return False
