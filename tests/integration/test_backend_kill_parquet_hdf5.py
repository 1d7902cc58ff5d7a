"""kill -9 while Parquet and HDF5 are recorded: what was taken is there, and the next opening makes files of it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
from synthetic import START, episode_of, final_of, frame_of, observation_of, run_of, step_of

from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.factory import RecorderFactory
from gym_gui.recording.hdf5 import HDF5Reader
from gym_gui.recording.opening import open_recording
from gym_gui.recording.parquet import ParquetReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.recording.contract import RecordingReader

pytestmark = pytest.mark.slow

CHILD: Final = Path(__file__).with_name("backend_kill_child.py")
EPISODE_STEPS: Final = 21
EPISODES: Final = 3
ROWS: Final = EPISODE_STEPS + 1
START_UP_S: Final = 30.0


def record_and_kill(backend: str, folder: Path, after_steps: int) -> int:
    """Start a recorder and kill it once it said that many steps; how many it said in all."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(CHILD.parents[1]), str(CHILD.parents[2])])}
    command = [sys.executable, str(CHILD), backend, str(folder), str(EPISODE_STEPS), str(EPISODES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        watchdog = threading.Timer(START_UP_S, child.kill)
        watchdog.start()
        assert child.stdout is not None
        told = child.stdout.read(8 * after_steps)
        child.kill()
        told += child.stdout.read()
        watchdog.cancel()
        watchdog.join()
    (last,) = struct.unpack("<q", told[len(told) // 8 * 8 - 8 : len(told) // 8 * 8])
    return int(last) + 1


def check_steps(reader: RecordingReader, told: int) -> None:
    """Every step that was said is there, and says what it recorded."""
    for first in range(0, told, ROWS):
        run, episode = divmod(first // ROWS, EPISODES)
        found = reader.load_steps(f"run-{run:04d}", f"e{episode:04d}")
        assert len(found) >= min(ROWS, told - first)
        assert [one.step_index for one in found] == list(range(len(found)))
        assert [one.reward for one in found[1:]] == [(first + index) / 4 for index in range(1, len(found))]
        looked_at = found[-1]
        number = first + looked_at.step_index
        assert looked_at.frame_ref is not None
        assert looked_at.obs_ref is not None
        assert np.array_equal(reader.require(looked_at.frame_ref), frame_of(number))
        assert np.array_equal(reader.require(looked_at.obs_ref), observation_of(number))


def check_states(reader: RecordingReader) -> None:
    """Nothing says any more that it is being recorded."""
    states = [one.state for one in reader.list_runs()]
    assert RunState.RUNNING not in states
    assert states.count(RunState.INTERRUPTED) <= 1
    statuses = [one.rollup.status for one in reader.list_episodes()]
    assert EpisodeStatus.RUNNING not in statuses
    assert statuses.count(EpisodeStatus.INTERRUPTED) <= 1


# In the middle of an episode, at its end, at a run's end, and wherever the process happens to be by then.
KILLED_AFTER: Final = (3, ROWS + 1, 3 * ROWS, 3 * ROWS + 4, 200)


@pytest.mark.parametrize(
    ("backend", "file_name", "read"),
    [("parquet", "parquet", ParquetReader), ("hdf5", "recording.h5", HDF5Reader)],
)
def test_that_a_killed_recording_has_every_step_that_was_taken(
    tmp_path: Path, backend: str, file_name: str, read: Callable[[Path], RecordingReader]
) -> None:
    for after_steps in KILLED_AFTER:
        folder = tmp_path / f"{backend}-{after_steps}"
        told = record_and_kill(backend, folder, after_steps)
        as_left = read(folder / file_name)
        check_steps(as_left, told)
        as_left.close()
        mended = open_recording(folder)
        check_steps(mended, told)
        check_states(mended)
        mended.close()
        assert not list(folder.rglob("*.journal"))
        assert not list(folder.rglob("*.partial"))
        assert not list(folder.rglob("*.lock"))
        check_with_plain_tools(folder, told)


def check_with_plain_tools(folder: Path, told: int) -> None:
    """PyArrow and h5py read the steps without us."""
    file = folder / "recording.h5"
    if file.exists():
        with h5py.File(file) as recording:
            rows = 0
            # Lists: h5py's own iterators hold its lock for as long as they live.
            for episode in [episode for run in list(recording.values()) for episode in list(run.values())]:
                rows += len(episode["rewards"])
                assert len(episode.get("frames", ())) == len(episode["rewards"])
    else:
        rows = sum(pq.read_metadata(path).num_rows for path in folder.rglob("trajectory_ep_*.parquet"))
        assert rows == sum(pq.read_metadata(path).num_rows for path in folder.rglob("frames_ep_*.parquet"))
    assert rows >= told


@pytest.mark.parametrize("backend", ["parquet", "hdf5"])
def test_that_a_killed_run_is_gone_on_with(tmp_path: Path, backend: str) -> None:
    told = record_and_kill(backend, tmp_path, ROWS + 6)
    run, episode = divmod((told - 1) // ROWS, EPISODES)
    run_id, first = f"run-{run:04d}", (run * EPISODES + episode) * ROWS
    config = RecorderConfig(backend=backend, output_dir=tmp_path)
    with RecorderFactory.create_backend(config) as again:
        again.begin_run(run_of(run_id))
        again.begin_episode(episode_of(run_id, episode))
        again.write_steps([step_of(run_id, episode, index, first + index) for index in range(ROWS)])
        again.end_episode(final_of(run_id, episode, steps=EPISODE_STEPS))
        again.end_run(run_id, RunState.COMPLETED, START)
    reader = open_recording(tmp_path)
    check_steps(reader, first + ROWS)
    rollup = reader.get_episode(run_id, episode)
    assert (rollup.status, rollup.steps) == (EpisodeStatus.COMPLETED, EPISODE_STEPS)
    assert {one.run.run_id: one.state for one in reader.list_runs()}[run_id] is RunState.COMPLETED
    reader.close()
