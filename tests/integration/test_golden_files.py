"""L6: files of every released version open, and hold what that version recorded."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from data.make_v1 import EPISODE_ROWS, RUN_ID, steps
from synthetic import frame_of, same_picture

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import EpisodeStatus, FrameState, RunState
from gym_gui.replay import ReplayReader, ReplayWriter
from gym_gui.services.bootstrap import open_archive, open_services

if TYPE_CHECKING:
    from collections.abc import Mapping

GOLDEN = Path(__file__).parents[1] / "data" / "v1"


@pytest.fixture
def golden(var_dir: Path) -> Path:
    """A var folder with the golden files in it."""
    (var_dir / "telemetry").mkdir(parents=True)
    (var_dir / "replay").mkdir()
    for name, folder in (("telemetry.sqlite", "telemetry"), (f"{RUN_ID}.h5", "replay")):
        (var_dir / folder / name).write_bytes(gzip.decompress((GOLDEN / f"{name}.gz").read_bytes()))
    return var_dir


def plain(action: Mapping[str, np.ndarray] | None) -> object:
    return None if action is None else {name: np.asarray(value).tolist() for name, value in action.items()}


def test_that_version_1_opens_and_holds_what_was_recorded(golden: Path) -> None:
    with open_archive(Settings(var_dir=golden)) as archive:
        (summary,) = archive.store.list_runs()
        assert (summary.run.run_id, summary.state) == (RUN_ID, RunState.COMPLETED)
        assert (summary.episodes, summary.steps, summary.frames, summary.dropped_frames) == (2, 28, 29, 1)
        assert summary.run.env_kwargs == {"size": 3}
        assert summary.run.metadata == {"note": "v1"}
        episodes = archive.store.list_episodes(RUN_ID)
        assert [one.rollup.status for one in episodes] == [EpisodeStatus.COMPLETED, EpisodeStatus.ABANDONED]
        stored = [step for one in episodes for step in archive.store.load_steps(RUN_ID, one.rollup.episode_id)]
        for found, recorded in zip(stored, steps(), strict=True):
            assert plain(found.action) == plain(recorded.action)
            assert (found.reward, found.terminated, found.info) == (recorded.reward, recorded.terminated, recorded.info)
            assert (found.timestamp, found.frame_state) == (recorded.timestamp, recorded.frame_state)
            if recorded.frame is None:
                assert found.frame_ref is None
            else:
                assert found.frame_ref is not None
                assert same_picture(archive.resolver.require(found.frame_ref), recorded.frame)
            if recorded.observation is not None:
                assert found.obs_ref is not None
                assert np.array_equal(archive.resolver.require(found.obs_ref), recorded.observation)
        assert stored[7].frame_state is FrameState.SHED


def test_that_the_replay_file_of_version_1_reads_by_itself(golden: Path) -> None:
    with ReplayReader(golden / "replay" / f"{RUN_ID}.h5") as reader:
        assert reader.metadata["version"] == "1.0"
        assert (reader.num_steps, reader.num_episodes) == (2 * EPISODE_ROWS, 2)
        for number, recorded in enumerate(steps()):
            step = reader.get_step(number)
            assert plain(step["action"]) == plain(recorded.action)
            assert (step["reward"], step["done"]) == (recorded.reward, recorded.done)
            if recorded.frame is not None:
                assert same_picture(step["frame"], recorded.frame)


def test_that_version_1_can_be_recorded_on(golden: Path) -> None:
    with open_services(Settings(var_dir=golden)) as services:
        assert services.recovered_runs == []
    with ReplayWriter(RUN_ID, golden / "replay") as writer:
        assert writer.step_count == 2 * EPISODE_ROWS
        action = {"steer": np.float32(0), "gears": np.arange(3)}
        ref = writer.record_step(frame_of(99), None, action, 0.0, False)
    with open_archive(Settings(var_dir=golden)) as archive:
        assert ref is not None
        assert same_picture(archive.resolver.require(ref), frame_of(99))


def test_that_reading_changes_no_golden_file(golden: Path) -> None:
    path = golden / "replay" / f"{RUN_ID}.h5"
    before = path.read_bytes()
    with open_archive(Settings(var_dir=golden)) as archive:
        assert archive.resolver.resolve(f"h5://{RUN_ID}/frames/0") is not None
    assert path.read_bytes() == before


def test_that_golden_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in GOLDEN.iterdir()) < 50_000
