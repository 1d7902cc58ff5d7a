"""L3 on a disk that is really full: the game goes on, rows are kept, what is lost is counted and said, nobody hangs."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from disks import SmallDisk, small_disk
from synthetic import episode_of, final_of, run_of, same_picture, step_of

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import FrameState, RunState
from gym_gui.core.errors import StoreError
from gym_gui.replay import FrameResolver, ReplayReader, ReplayWriter
from gym_gui.replay.recovery import recover_file
from gym_gui.services.bootstrap import Services, open_archive, open_services
from gym_gui.telemetry.overflow import ShedFrames

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import LogExpectations
    from numpy.typing import NDArray

pytestmark = pytest.mark.slow
__all__ = ["small_disk"]  # a fixture

WAIT_S = 30.0
# The game's loop must not feel the disk.
LONGEST_STEP_S = 0.25


def noise(number: int) -> NDArray[np.uint8]:
    """A picture that does not compress, ``uint8 (60, 80, 3)``."""
    return np.random.default_rng(number).integers(0, 256, (60, 80, 3), dtype=np.uint8)


class Game:
    """Records steps the way a person's game does, and times its own calls."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.number = 0
        self.longest_s = 0.0
        services.telemetry.start_run(run_of("run"))
        services.telemetry.record_episode_start(episode_of("run", 0))

    def play(self, steps: int) -> None:
        for _ in range(steps):
            step = step_of("run", 0, self.number, self.number, render_payload=noise(self.number))
            started_s = time.perf_counter()
            self.services.telemetry.record_step(step)
            self.longest_s = max(self.longest_s, time.perf_counter() - started_s)
            self.number += 1
            threading.Event().wait(0.002)  # a game has a pace of its own

    def play_until(self, condition: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline_s, self.services.sink.status()
            self.play(5)


def check_rows(var_dir: Path, steps: int) -> None:
    """Every row is there, and L1 holds for each."""
    with open_archive(Settings(var_dir=var_dir)) as archive:
        rows = archive.store.load_steps("run", "e0000")
        assert [row.step_index for row in rows] == list(range(steps))
        for row in rows:
            if row.frame_ref is not None:
                assert np.array_equal(archive.resolver.require(row.frame_ref), noise(row.step_index))
            else:
                assert row.frame_state in {FrameState.LOST, FrameState.SHED}


def close_in_time(services: Services) -> None:
    closer = threading.Thread(target=services.close)
    closer.start()
    closer.join(WAIT_S)
    assert not closer.is_alive(), "close() hangs"


@pytest.mark.alone  # the longest step is measured
@pytest.mark.parametrize("leave_bytes", [0, 40_000, 150_000])
def test_that_a_full_disk_costs_pictures_and_recording_goes_on_when_there_is_room(
    small_disk: SmallDisk, expect_log: LogExpectations, leave_bytes: int
) -> None:
    expect_log(logging.ERROR, "not being kept|not being saved")
    var_dir = small_disk.path / "var"
    services = open_services(Settings(var_dir=var_dir), overflow=ShedFrames())
    status = services.sink.status
    game = Game(services)
    game.play(20)
    services.telemetry.flush(WAIT_S)
    small_disk.fill(leave_bytes=leave_bytes)
    game.play_until(lambda: status().fault != "")
    game.play(100)
    assert "full" in status().fault
    with pytest.raises(StoreError, match="full"):
        services.telemetry.flush(WAIT_S)
    small_disk.free()
    game.play_until(lambda: status().fault == "" and status().oldest_unsaved_s < 0.5)
    kept_from = game.number
    game.play(30)
    services.telemetry.flush(WAIT_S)
    services.telemetry.complete_episode(final_of("run", 0, steps=game.number - 1))
    services.telemetry.end_run("run", RunState.COMPLETED)
    services.telemetry.flush(WAIT_S)
    assert game.longest_s < LONGEST_STEP_S
    assert status().lost_steps == 0
    rows = services.store.load_steps("run", "e0000")
    lost = sum(row.frame_state is FrameState.LOST for row in rows)
    assert lost == status().lost_frames == services.store.get_episode("run").dropped_frames
    assert all(row.frame_ref is not None for row in rows[kept_from:]), "recording goes on"
    close_in_time(services)
    check_rows(var_dir, game.number)


def test_that_a_disk_that_stays_full_is_said_and_closing_returns(
    small_disk: SmallDisk, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "not being kept|not being saved")
    var_dir = small_disk.path / "var"
    services = open_services(Settings(var_dir=var_dir), overflow=ShedFrames())
    game = Game(services)
    game.play(20)
    services.telemetry.flush(WAIT_S)
    small_disk.fill(leave_bytes=200_000)  # room for rows, none for pictures
    game.play_until(lambda: services.sink.status().fault != "")
    game.play(60)
    services.telemetry.complete_episode(final_of("run", 0, steps=game.number - 1))
    services.telemetry.end_run("run", RunState.COMPLETED)
    close_in_time(services)
    assert services.sink.status().lost_frames > 0
    small_disk.free()
    check_rows(var_dir, game.number)
    with ReplayReader(var_dir / "replay" / "run.h5") as reader:
        assert same_picture(reader.get_frame(19), noise(19))
    with h5py.File(var_dir / "replay" / "run.h5", "r") as file:
        assert len(file["frames"]) >= 20


@pytest.mark.skipif(sys.platform == "win32", reason="the size of a file is limited on POSIX only")
@pytest.mark.parametrize("limit_bytes", [300_000, 444_444, 600_001, 750_000])
def test_that_a_disk_that_refuses_in_the_middle_of_a_write_keeps_what_was_flushed(
    tmp_path: Path, limit_bytes: int
) -> None:
    """HDF5 cannot mend a file that met a refusal halfway; the next start can."""
    program = Path(__file__).with_name("quota_child.py")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(program.parents[1]), str(program.parents[2])])}
    command = [sys.executable, str(program), str(tmp_path), str(limit_bytes)]
    child = subprocess.run(command, stdout=subprocess.PIPE, env=environment, text=True, check=True, timeout=60)
    flushed, refusals = map(int, child.stdout.split())
    assert flushed > 5
    assert refusals > 10
    recover_file(tmp_path / "run.h5")
    with ReplayReader(tmp_path / "run.h5") as reader:
        assert reader.num_steps >= flushed
        for number in range(reader.num_steps):
            assert np.array_equal(reader.get_step(number)["frame"], noise(number))
    with h5py.File(tmp_path / "run.h5", "r") as file:
        assert len(file["frames"]) >= flushed
    with ReplayWriter("run", tmp_path) as writer:
        ref = writer.record_step(noise(7), None, 7, 0.0, False)
    with FrameResolver(tmp_path) as resolver:
        assert ref is not None
        assert np.array_equal(resolver.require(ref), noise(7))
