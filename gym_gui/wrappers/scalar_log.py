"""`log`: what a learner says of itself goes to the recorder that it trains in."""

from __future__ import annotations

import logging
import time
from typing import Any

from gym_gui.wrappers import lifecycle
from gym_gui.wrappers.said_once import SaidOnce

_said = SaidOnce(logging.getLogger(__name__))


def log(step: int, **scalars: Any) -> None:
    """Log numbers of a learner beside the steps that it trains on; never raises, never waits.

    They go to this thread's newest open `RecordTelemetry`, else to the process's, else to the first one that opens.
    Where none opens, because all environments live in other processes, they go to a run of their own, ``learner``, half
    a minute later or when the script ends; a `scalar_run.ScalarRun` gives it another name. Names with a slash are given
    as ``log(step, **{"train/loss": 0.1})``.

    Args:
        step: The learner's own count of steps.
        scalars: Name -> number: of Python, NumPy, PyTorch, or whatever ``float`` takes. NaN and inf are kept.
    """
    try:
        if not lifecycle.log(scalars_of(int(step), scalars)):
            from gym_gui.wrappers.waiting_scalars import expect_recorder  # noqa: PLC0415 - only where none is open

            expect_recorder()
    except Exception as fault:  # noqa: BLE001 - a recording never ends a training
        _said.fault("Scalars are let go", fault)


def scalars_of(step: int, values: dict[str, Any], *, time_us: int | None = None) -> list[tuple[str, int, int, float]]:
    """Name, step, microseconds since 1970 and value of what is a number among *values*; the rest is said once."""
    now_us = time.time_ns() // 1000 if time_us is None else time_us
    found = []
    for name, value in values.items():
        try:
            found.append((name, step, now_us, float(value)))
        except Exception as fault:  # noqa: BLE001 - any object may be given
            _said.fault(f"{name} is not logged", fault)
    return found
