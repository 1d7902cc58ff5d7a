"""How a run ends, by the exception that ends it."""

from __future__ import annotations

from typing import Final

from gym_gui.core.data_model import RunState
from gym_gui.core.one_line import printable

_SHOWN: Final = 500


def ending_by(fault: BaseException | None) -> tuple[RunState, str]:
    """How a run ends that *fault* ends, and why; None for nothing but its own end."""
    if fault is None or isinstance(fault, (SystemExit, GeneratorExit)):
        return RunState.COMPLETED, ""
    if isinstance(fault, KeyboardInterrupt):
        return RunState.CANCELLED, "It was stopped with Ctrl+C."
    said = printable(str(fault))
    if not isinstance(fault, Exception):  # asks for an end, and is no fault: a task that is cancelled, say
        return RunState.CANCELLED, said[:_SHOWN]
    return RunState.FAULTED, (f"{type(fault).__name__}: {said}" if said else type(fault).__name__)[:_SHOWN]
