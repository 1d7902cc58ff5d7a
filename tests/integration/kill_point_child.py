"""A process that kills itself at one call of one function while a replay writer works.

Run as ``python kill_point_child.py FOLDER FUNCTION COUNT (before|after)``: it dies before, or after, the COUNT-th call
of FUNCTION. It prints how many rows were flushed, each time; ``done`` means that it was never called so often.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import h5py
from synthetic import frame_of, seen_at, shape_of

from gym_gui.replay import ReplayWriter, dataset_tail, layout

ROWS = 45
SAME_SHAPE = 6
FUNCTIONS: dict[str, tuple[Any, str]] = {
    "create_dataset": (layout, "create_dataset"),
    "copyfile": (shutil, "copyfile"),
    "replace": (Path, "replace"),
    "flush": (h5py.File, "flush"),
    "close": (h5py.File, "close"),
    "modify": (h5py.AttributeManager, "modify"),
    "grow": (dataset_tail.DatasetTail, "_grow"),
    "store": (dataset_tail.CompressedTail, "_store"),
}


def plant(function: str, count: int, when: str) -> None:
    """Make that call the last thing that this process does."""
    owner, name = FUNCTIONS[function]
    original = getattr(owner, name)
    calls = 0

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


def write(folder: Path) -> None:
    """Write rows whose pictures change size, flushing now and then."""
    with ReplayWriter("run", folder, flush_interval_s=None) as writer:
        for number in range(ROWS):
            frame = frame_of(number, shape_of(number, SAME_SHAPE))
            writer.record_step(frame, seen_at(number, frame), number, 0.0, False)
            if number % 4 == 3:
                writer.flush()
                print(number + 1, flush=True)  # noqa: T201 - told to the parent


if __name__ == "__main__":
    plant(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    write(Path(sys.argv[1]))
    print("done", flush=True)  # noqa: T201 - same
