"""A process whose files may not grow beyond a size: it writes pictures until the disk refuses, and goes on trying.

Run as ``python quota_child.py FOLDER LIMIT_BYTES``; it prints how many rows were flushed before the first refusal.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np

from gym_gui.core.errors import ReplayFileError
from gym_gui.replay import ReplayWriter


def write(folder: Path, limit_bytes: int) -> None:
    """Every call after the refusal is refused too, with a sentence, and closing returns."""
    writer = ReplayWriter("run", folder, flush_interval_s=None)
    writer.start()
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))
    flushed = refusals = 0
    for number in range(120):
        try:
            noise = np.random.default_rng(number).integers(0, 256, (60, 80, 3), dtype=np.uint8)
            writer.record_step(noise, None, number, 0.0, False)
            if number % 3 == 0:
                writer.flush()
                flushed = number + 1 if not refusals else flushed
        except ReplayFileError:
            refusals += 1
    try:
        writer.close()
    except ReplayFileError:
        refusals += 1
    print(flushed, refusals, flush=True)  # noqa: T201 - told to the parent


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
