"""The pipeline with another backend: runs are listed, steps lie in its file, failures lead to the next one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from synthetic import episode_of, final_of, frame_of, run_of, step_of

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import RunState
from gym_gui.core.errors import ConfigError, RecordingError
from gym_gui.recording.sqlite import SQLiteReader
from gym_gui.services.bootstrap import Services, open_services

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations


def play(services: Services, first: int, last: int) -> None:
    """Steps *first* to *last*, both included, of one episode."""
    for number in range(first, last + 1):
        services.telemetry.record_step(step_of("run", 0, number, number))


def begin(services: Services) -> None:
    services.telemetry.start_run(run_of("run"))
    services.telemetry.record_episode_start(episode_of("run", 0))


def finish(services: Services, steps: int) -> None:
    services.telemetry.complete_episode(final_of("run", 0, steps=steps, total_reward=1.0))
    services.telemetry.end_run("run", RunState.COMPLETED)


def sqlite_reader(services: Services) -> SQLiteReader:
    return SQLiteReader(services.paths.recordings_dir / "run" / "recording.sqlite")


def test_that_a_run_of_another_backend_is_listed_and_lies_in_a_folder_of_its_own(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir), record={"backend": "sqlite"}) as services:
        begin(services)
        play(services, 0, 10)
        services.telemetry.flush(10)
        (live,) = services.store.list_episodes("run")
        assert (live.rollup.steps, live.rollup.frames) == (10, 11)
        play(services, 11, 30)
        finish(services, 30)
        services.telemetry.flush(10)
        (run,) = services.store.list_runs()
        assert (run.state, run.steps, run.frames) == (RunState.COMPLETED, 30, 31)
        assert run.run.metadata["recording"] == {"backend": "sqlite", "folder": "recordings/run"}
        assert services.sink.status().saved_steps == 31
        reader = sqlite_reader(services)
        steps = reader.load_steps("run", "e0000")
        assert [step.step_index for step in steps] == list(range(31))
        assert np.array_equal(reader.require(steps[7].frame_ref or ""), frame_of(7))
        assert reader.get_episode("run") == services.store.get_episode("run")
        reader.close()
