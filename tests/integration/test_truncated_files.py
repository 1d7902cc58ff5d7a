"""A replay file that lost its end: nothing waits for what will never come, and the rows stay."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from recordings import Recordings

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.errors import FrameNotFoundError
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

STEPS = 400


@pytest.mark.parametrize("kept", [0.01, 0.5])
def test_that_a_truncated_file_of_a_dead_recorder_does_not_hold_the_start_up(
    tmp_path: Path, kept: float, expect_log: LogExpectations
) -> None:
    recordings = Recordings(tmp_path / "alive")
    rollup = recordings.record(STEPS, status=EpisodeStatus.RUNNING, shape=(60, 60, 3))
    shutil.copytree(tmp_path / "alive", tmp_path / "dead")  # as it is on disk when its process dies
    recordings.close()
    path = tmp_path / "dead" / "replay" / f"{rollup.run_id}.h5"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    expect_log(logging.ERROR, "truncated")
    with open_services(Settings(var_dir=tmp_path / "dead")) as services:
        assert len(services.store.load_steps(rollup.run_id, rollup.episode_id)) == STEPS + 1
        with pytest.raises(FrameNotFoundError, match="truncated"):
            services.resolver.require(f"h5://{rollup.run_id}/frames/7")


def test_that_a_dead_recorders_file_that_lacks_only_its_end_is_mended(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / "alive")
    rollup = recordings.record(STEPS, status=EpisodeStatus.RUNNING, shape=(60, 60, 3))
    shutil.copytree(tmp_path / "alive", tmp_path / "dead")
    ref = f"h5://{rollup.run_id}/frames/7"
    alive = recordings.resolver.require(ref)
    recordings.close()
    path = tmp_path / "dead" / "replay" / f"{rollup.run_id}.h5"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.99)])
    with open_services(Settings(var_dir=tmp_path / "dead")) as services:
        assert np.array_equal(services.resolver.require(ref), alive)


def test_that_a_truncated_file_of_a_finished_run_is_said(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    rollup = recordings.record(STEPS)
    path = recordings.finish(rollup.run_id)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FrameNotFoundError, match="truncated"):
        recordings.resolver.require(f"h5://{rollup.run_id}/frames/7")
    recordings.close()
