"""A process that records until it is killed: ``python -m gym_gui.testing.recording_child MODULE:CLASS CONFIG FRAMES``.

CONFIG is a JSON mapping. It tells each flush (how many steps, and its largest memory in KiB) and goes on when it is
told to; once told ``go`` it asks no more.
"""

from __future__ import annotations

import json
import resource
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from gym_gui.recording.config_forms import config_of
from gym_gui.testing.recorder_values import BATCH, announce, picture, step

if TYPE_CHECKING:
    from gym_gui.recording.contract import RecordingBackend


def record(backend: RecordingBackend, shape: tuple[int, ...]) -> None:
    """Steps without an end, flushed sixteen at a time."""
    announce(backend, [step(0)])
    number, asks = 0, True
    while True:
        steps = [step(count, render_payload=picture(count, shape)) for count in range(number, number + BATCH)]
        backend.write_steps(steps)
        backend.flush()
        number += BATCH
        memory_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sys.stdout.write(f"{number} {memory_kib}\n")
        sys.stdout.flush()
        if asks:
            asks = sys.stdin.readline().strip() != "go"


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    record(getattr(import_module(module), name)(config_of(json.loads(sys.argv[2]))), tuple(json.loads(sys.argv[3])))
