"""A second recorder of the same run: what it adds is kept, and what the run has already is refused, not lost."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from gym_gui.core.errors import ConfigError, SchemaMismatchError
from gym_gui.recording import RecorderFactory
from gym_gui.recording.opening import open_recording

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

BACKENDS = ["split", "parquet", "hdf5", "sqlite"]


def record(folder: Path, backend: str, base: float, episode_id: int | None) -> None:
    """Three steps into the run *again*."""
    with RecorderFactory.create_recorder(
        {"backend": backend, "output_dir": str(folder), "run_id": "again"}
    ) as recorder:
        for number in range(3):
            recorder.record_step({"reward": base + number}, number, episode_id)
        recorder.flush()


def rewards(folder: Path) -> dict[str, list[float | None]]:
    """What the run holds, by episode."""
    reader = open_recording(folder)
    try:
        episodes = [one.rollup.episode_id for one in reader.list_episodes("again")]
        return {one: [step.reward for step in reader.load_steps("again", one)] for one in episodes}
    finally:
        reader.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_that_a_second_recorder_of_a_run_loses_nothing_without_a_word(
    backend: str, tmp_path: Path, expect_log: LogExpectations
) -> None:
    record(tmp_path, backend, 10.0, 1)
    record(tmp_path, backend, 20.0, 2)
    expect_log(logging.ERROR, "records were not kept")
    with pytest.raises(SchemaMismatchError, match="Run again has an episode ep-000001 already, which ended"):
        record(tmp_path, backend, 30.0, 1)
    assert rewards(tmp_path) == {"ep-000001": [10.0, 11.0, 12.0], "ep-000002": [20.0, 21.0, 22.0]}


def test_that_a_buffer_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="buffer cannot be 5"):
        RecorderFactory.create_recorder({"backend": "sqlite", "output_dir": str(tmp_path), "buffer": 5})
