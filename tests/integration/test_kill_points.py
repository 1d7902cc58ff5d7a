"""Killed in the middle of everything that a writer does to its file: L5 where random instants hardly ever hit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import h5py
import pytest
from synthetic import frame_of, same_picture, seen_at, shape_of

from gym_gui.config.settings import Settings
from gym_gui.replay import ReplayReader, ReplayWriter
from gym_gui.services.bootstrap import open_services

pytestmark = pytest.mark.slow
PROGRAM: Final = Path(__file__).with_name("kill_point_child.py")
SAME_SHAPE: Final = 6
POINTS: Final = [
    (function, count, when)
    for function, counts in (
        ("create_dataset", (3, 6, 7, 9, 12)),
        ("copyfile", (1, 3, 5)),
        ("replace", (1, 2, 5)),
        ("flush", (1, 6, 11)),
        ("close", (1, 2, 3, 9, 14)),
        ("modify", (1, 2)),
        ("grow", (2, 20, 47)),
        ("store", (1, 5, 9)),
    )
    for count in counts
    for when in ("before", "after")
]


def record_and_die(folder: Path, function: str, count: int, when: str) -> int:
    """Rows that were flushed before the death."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PROGRAM.parents[1]), str(PROGRAM.parents[2])])}
    died = subprocess.run(
        [sys.executable, PROGRAM, folder, function, str(count), when],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        check=False,
    )
    told = died.stdout.split()
    assert died.returncode == -signal.SIGKILL, f"{function} is not called {count} times: {told}"
    return int(told[-1]) if told else 0


@pytest.mark.parametrize(("function", "count", "when"), POINTS)
def test_that_no_instant_of_writing_costs_what_was_flushed(var_dir: Path, function: str, count: int, when: str) -> None:
    """L5: the next start opens the run, every flushed row is there, and it can be recorded on."""
    settings = Settings(var_dir=var_dir)
    replay_dir = settings.paths.replay_dir
    flushed = record_and_die(replay_dir, function, count, when)
    with open_services(settings):
        pass
    path = replay_dir / "run.h5"
    assert path.exists() or not flushed
    if path.exists():
        with ReplayReader(path) as reader:
            rows = reader.num_steps
            assert rows >= flushed
            for number in range(rows):
                frame, step = frame_of(number, shape_of(number, SAME_SHAPE)), reader.get_step(number)
                assert same_picture(step["frame"], frame)
                assert same_picture(step["observation"], seen_at(number, frame))
                assert step["action"] == number
        with h5py.File(path, "r") as file:
            assert len(file["rewards"]) == rows
    with ReplayWriter("run", replay_dir) as writer:
        writer.record_step(frame_of(999), None, 999, 0.0, False)
        end = writer.step_count - 1
    with ReplayReader(path) as reader:
        assert same_picture(reader.get_frame(end), frame_of(999))
    assert [entry.name for entry in replay_dir.iterdir()] == ["run.h5"]
