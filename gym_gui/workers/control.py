"""HumanControl: a person's hand on a running evaluation environment, from *take-control* to *hand-back*."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import InvalidActionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gymnasium import Space

    from gym_gui.services.batch_destination import Order

# Whoever holds the controls says so again and again; a window that died hands back by saying nothing.
DEFAULT_TIMEOUT_S: Final = 30.0
_DEFAULT_HZ: Final = 60.0
_FASTEST_HZ: Final = 240.0


class HumanControl:
    """Who acts, and what the person does; orders may come on another thread than steps.

    Args:
        space: Of the actions.
        metadata: The environment's; its ``render_fps`` is how many steps a second a person gets.
        clock: Seconds that only count up.
    """

    def __init__(
        self, space: Space[Any], metadata: Mapping[str, Any], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._space = space
        self._clock = clock
        self._usual_hz = _sound_hz(metadata.get("render_fps"), _DEFAULT_HZ)
        self._hz = self._usual_hz
        self._timeout_s = DEFAULT_TIMEOUT_S
        self._heard_at = 0.0
        self._next_at = 0.0
        self._action: Any = None
        self.is_taken = False

    def deals(self) -> dict[str, Callable[[Order], str]]:
        """What a desk is to do with the orders of a person."""

        def take(order: Order) -> str:
            self.take(order.detail)
            return "Yours until you hand back."

        def act(order: Order) -> str:
            self.act(order.detail)
            return ""

        def hand_back(_order: Order) -> str:
            self.hand_back()
            return "The policy goes on."

        return {"take-control": take, "act": act, "hand-back": hand_back}

    def take(self, detail: Mapping[str, Any]) -> None:
        """A person takes over.

        Args:
            detail: May name ``idle``, the action until another one comes; ``hz``, steps a second; and ``timeout_s``,
                after which silence hands back.

        Raises:
            InvalidActionError: the idle action is none of the environment's.
        """
        idle = detail.get("idle")
        self._action = _idle_action(self._space) if idle is None else action_from_json(self._space, idle)
        self._hz = _sound_hz(detail.get("hz"), self._usual_hz)
        self._timeout_s = _sound(detail.get("timeout_s"), DEFAULT_TIMEOUT_S)
        self._heard_at = self._next_at = self._clock()
        self.is_taken = True

    def act(self, detail: Mapping[str, Any]) -> None:
        """The person's newest ``action``, which counts until the next; without one they only say that they are there.

        Raises:
            InvalidActionError: the environment has no such action, or nobody has taken control.
        """
        if not self.is_taken:
            raise InvalidActionError("Nobody has taken control of the evaluation.", hint="Order take-control first.")
        if "action" in detail:
            self._action = action_from_json(self._space, detail["action"])
        self._heard_at = self._clock()

    def hand_back(self) -> None:
        """The policy goes on."""
        self.is_taken = False

    def action(self) -> Any:
        """What the person does now; only while taken."""
        # The environment may keep or change what it is given.
        return self._action.copy() if isinstance(self._action, np.ndarray) else self._action

    def seconds_to_next(self) -> float:
        """How long until the next step of a person is due; 0 where it is, or nobody waits.

        Silence for longer than agreed hands control back.
        """
        if not self.is_taken:
            return 0.0
        now = self._clock()
        if now - self._heard_at > self._timeout_s:
            self.hand_back()
            return 0.0
        return max(0.0, self._next_at - now)

    def stepped(self) -> None:
        """A step was taken: the next one is due one period later, never two at once."""
        self._next_at = max(self._next_at + 1 / self._hz, self._clock())


def action_from_json(space: Space[Any], value: Any) -> Any:
    """The action that a JSON *value* stands for.

    Raises:
        InvalidActionError: it is none of the space's.
    """
    try:
        action = _of_json(space, value)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise InvalidActionError(f"{value!r} is no action of {space}.") from error
    if not space.contains(action):
        raise InvalidActionError(f"{value!r} is no action of {space}.")
    return action


def _of_json(space: Space[Any], value: Any) -> Any:
    if isinstance(space, Mapping):  # a Dict
        return {name: _of_json(inner, value[name]) for name, inner in space.items()}
    if isinstance(space, Sequence):  # a Tuple
        return tuple(_of_json(inner, entry) for inner, entry in zip(space, value, strict=True))
    if space.dtype is None:
        (action,) = space.from_jsonable([value])
        return action
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and space.dtype.kind in "iu"):
        raise TypeError  # no text, and no fraction where there are none
    array = array.astype(space.dtype)
    return array if array.ndim else array.item()


def _idle_action(space: Space[Any]) -> Any:
    """Doing nothing, as near as the space has it: zero where it holds zero, else something of its own."""
    if space.dtype is not None:
        zero = np.zeros(space.shape or (), dtype=space.dtype)
        candidate = zero if zero.ndim else zero.item()
        if space.contains(candidate):
            return candidate
    return space.sample()


def _sound_hz(value: Any, otherwise: float) -> float:
    return min(_sound(value, otherwise), _FASTEST_HZ)


def _sound(value: Any, otherwise: float) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) and value > 0 else otherwise
