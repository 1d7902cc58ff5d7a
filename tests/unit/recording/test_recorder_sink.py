"""The pipeline with another backend: runs are listed, steps lie in its file, failures lead to the next one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from synthetic import episode_of, final_of, frame_of, run_of, step_of

from gym_gui.config.settings import Settings
from gym_gui.controllers.recording import RecordingRequest, record
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.errors import ConfigError, RecordingError, StoreError
from gym_gui.recording.hdf5 import HDF5Backend
from gym_gui.recording.hdf5_run import Hdf5Run
from gym_gui.recording.opening import open_as, open_recording, recordings_at
from gym_gui.recording.parquet import ParquetBackend
from gym_gui.recording.parquet_run import ParquetRun
from gym_gui.recording.split import SplitBackend
from gym_gui.recording.sqlite import SQLiteBackend, SQLiteReader
from gym_gui.replay.run_lock import RunLock
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


@pytest.mark.parametrize("backend", ["sqlite", "parquet", "hdf5"])
def test_that_a_run_of_another_backend_is_listed_and_lies_in_a_folder_of_its_own(var_dir: Path, backend: str) -> None:
    with open_services(Settings(var_dir=var_dir), record={"backend": backend}) as services:
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
        assert run.run.metadata["recording"] == {"backend": backend, "folder": "recordings/run"}
        assert services.sink.status().saved_steps == 31
        files = (services.paths.recordings_dir / "run").rglob("*")
        taken_bytes = sum(path.stat().st_size for path in files if path.is_file() and path.suffix != ".lock")
        assert taken_bytes <= run.size_bytes <= taken_bytes + 4_000
        reader = open_recording(services.paths.recordings_dir / "run")
        steps = reader.load_steps("run", "e0000")
        assert [step.step_index for step in steps] == list(range(31))
        assert np.array_equal(reader.require(steps[7].frame_ref or ""), frame_of(7))
        assert reader.get_episode("run") == services.store.get_episode("run")
        reader.close()


class Failing:
    """Makes a backend's class refuse from some step on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: type[Any], first: int) -> None:
        write = kind.write_steps

        def write_steps(backend: Any, steps: Any) -> None:
            if any(step.step_index >= first for step in steps):
                raise RecordingError("The disk went away.")
            write(backend, steps)

        monkeypatch.setattr(kind, "write_steps", write_steps)


@pytest.mark.parametrize(
    ("first", "kind"), [("split", SplitBackend), ("parquet", ParquetBackend), ("hdf5", HDF5Backend)]
)
def test_that_the_next_backend_takes_over_where_one_fails_and_the_gap_is_named(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations, first: str, kind: type[Any]
) -> None:
    expect_log(logging.ERROR, rf"Recorder {first} failed: from step 11 of e0000 on .* run run is recorded by sqlite")
    Failing(monkeypatch, kind, 15)
    with open_services(Settings(var_dir=var_dir), record={"backend": first, "fallback": ["sqlite"]}) as services:
        begin(services)
        play(services, 0, 10)
        services.telemetry.flush(10)
        for number in range(11, 31):
            play(services, number, number)
        finish(services, 30)
        services.telemetry.flush(10)
        status = services.sink.status()
        assert (status.saved_steps, status.lost_steps, status.fault) == (31, 0, "")
        assert "recorded by sqlite" in status.notice
        (gap,) = services.store.get_run("run").metadata["gaps"]
        assert (gap["run_id"], gap["backend"], gap["successor"]) == ("run", first, "sqlite")
        assert (gap["first_step"], gap["lost"]) == (11, False)
        assert 15 <= gap["last_step"] <= 30
        assert "went away" in gap["cause"]
        places = recordings_at(services.paths.recordings_dir / "run")
        before, after = (open_as(*place) for place in sorted(places, key=lambda place: place[0] == "sqlite"))
        found = {step.step_index for step in before.load_steps("run", "e0000")} | {
            step.step_index for step in after.load_steps("run", "e0000")
        }
        assert found == set(range(31)), "no step is lost between them"
        assert after.get_run("run").metadata["gaps"] == [gap]
        before.close()
        after.close()


def test_that_what_nobody_keeps_is_counted_and_said(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "is not recorded")
    Failing(monkeypatch, SQLiteBackend, 5)
    with open_services(Settings(var_dir=var_dir), record={"backend": "sqlite", "fallback": "none"}) as services:
        begin(services)
        play(services, 0, 4)
        services.telemetry.flush(10)
        play(services, 5, 20)
        finish(services, 20)
        services.telemetry.flush(10)
        status = services.sink.status()
        assert status.lost_steps == 16
        assert "is not recorded" in status.fault
        assert services.store.get_episode("run").dropped_frames == 16
        assert services.store.get_run("run").metadata["gaps"][0]["lost"] is True


def test_that_a_backend_without_a_successor_is_tried_again(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "not being saved: The disk went away")
    with open_services(Settings(var_dir=var_dir), record={"backend": "sqlite"}) as services:
        begin(services)
        with monkeypatch.context() as patch:
            Failing(patch, SQLiteBackend, 5)
            play(services, 0, 10)
            with pytest.raises(StoreError, match="went away"):
                services.telemetry.flush(10)
            assert "went away" in services.sink.status().fault
        services.telemetry.flush(10)
        assert services.sink.status().fault == ""
        assert services.sink.status().lost_steps == 0
        reader = sqlite_reader(services)
        assert len(reader.load_steps("run", "e0000")) == 11
        reader.close()


def test_that_one_bad_step_costs_only_itself(var_dir: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "A step was not saved: .*cannot be stored exactly")
    with open_services(Settings(var_dir=var_dir), record={"backend": "sqlite"}) as services:
        begin(services)
        play(services, 0, 3)
        services.telemetry.record_step(step_of("run", 0, 4, 4, action={object()}))
        play(services, 5, 9)
        services.telemetry.flush(10)
        reader = sqlite_reader(services)
        assert [step.step_index for step in reader.load_steps("run", "e0000")] == [0, 1, 2, 3, 5, 6, 7, 8, 9]
        reader.close()
        assert services.sink.status().lost_steps == 1


def test_that_a_run_that_is_being_recorded_elsewhere_is_not_taken_for_dead(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir), record={"backend": "sqlite"}) as services:
        begin(services)
        play(services, 0, 3)
        services.telemetry.flush(10)
        with open_services(Settings(var_dir=var_dir)) as other:
            assert other.recovered_runs == []
            assert other.store.list_runs()[0].state is RunState.RUNNING
    with open_services(Settings(var_dir=var_dir)) as after:
        assert after.recovered_runs == ["run"]
        (episode,) = after.store.list_episodes("run")
        assert (episode.rollup.status, episode.rollup.steps) == (EpisodeStatus.INTERRUPTED, 3)


def test_that_split_is_the_pipeline_as_it_was(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir), record={"backend": "split"}) as services:
        begin(services)
        play(services, 0, 3)
        services.telemetry.flush(10)
        assert len(services.store.load_steps("run", "e0000")) == 4
        assert not services.paths.recordings_dir.exists()


def test_that_a_wrong_name_costs_nothing(var_dir: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'sqlite'"):
        open_services(Settings(var_dir=var_dir), record={"backend": "sqlit"})
    assert not var_dir.exists()


def test_that_a_run_that_is_not_to_be_recorded_is_listed_and_nothing_of_it_is_lost(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir), record={"backend": "none"}) as services:
        begin(services)
        play(services, 0, 5)
        finish(services, 5)
        services.telemetry.flush(10)
        (run,) = services.store.list_runs()
        assert (run.steps, run.frames, run.dropped_frames) == (5, 0, 0)
        assert services.sink.status().lost_steps == 0
        assert not services.paths.recordings_dir.exists()


def test_that_closing_returns_where_the_disk_refuses_to_the_last_and_says_what_is_gone(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "not being saved: The disk went away")
    expect_log(logging.ERROR, "6 steps were not saved")
    services = open_services(Settings(var_dir=var_dir), record={"backend": "sqlite"})
    begin(services)
    play(services, 0, 4)
    services.telemetry.flush(10)
    Failing(monkeypatch, SQLiteBackend, 5)
    play(services, 5, 10)
    services.close()
    assert services.sink.status().lost_steps == 6
    assert "went away" in services.sink.status().fault
    reader = sqlite_reader(services)
    assert len(reader.load_steps("run", "e0000")) == 5
    reader.close()


def test_that_a_run_that_another_process_records_does_not_hold_the_others_up(
    var_dir: Path, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "Run run is being recorded by another process")
    with open_services(Settings(var_dir=var_dir), record={"backend": "sqlite"}) as services:
        lock = RunLock(services.paths.replay_dir, "run")
        begin(services)
        play(services, 0, 4)
        services.telemetry.start_run(run_of("other"))
        services.telemetry.record_step(step_of("other", 0, 0, 0))
        services.telemetry.flush(10)
        lock.release()
        assert [one.run.run_id for one in services.store.list_runs()] == ["other"]
        assert services.sink.status().lost_steps == 5
        assert services.store.get_episode("other").status is EpisodeStatus.RUNNING, "it was not announced, and is there"


@pytest.mark.parametrize(("backend", "kind"), [("parquet", ParquetRun), ("hdf5", Hdf5Run)])
def test_that_a_run_that_cannot_be_completed_is_a_fault_until_the_next_begins(
    var_dir: Path, backend: str, kind: type[Any], monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    def refuse(*_: Any) -> None:
        raise RecordingError("The disk went away.")

    expect_log(logging.ERROR, "Run run could not be completed; the next opening")
    with open_services(Settings(var_dir=var_dir), record={"backend": backend}) as services:
        begin(services)
        play(services, 0, 4)
        with monkeypatch.context() as patch:
            patch.setattr(kind, "finish_run", refuse)
            finish(services, 4)
            services.telemetry.flush(10)
            assert services.sink.status().fault == "Run run could not be completed: The disk went away."
        services.telemetry.start_run(run_of("other"))
        services.telemetry.flush(10)
        assert services.sink.status().fault == ""


def test_that_a_run_that_cannot_be_completed_is_a_fault_while_others_go_on(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    def refuse(*_: Any) -> None:
        raise RecordingError("The disk went away.")

    expect_log(logging.ERROR, "Run run could not be completed; the next opening")
    with open_services(Settings(var_dir=var_dir), record={"backend": "parquet"}) as services:
        begin(services)
        play(services, 0, 4)
        services.telemetry.start_run(run_of("beside"))
        services.telemetry.flush(10)
        with monkeypatch.context() as patch:
            patch.setattr(ParquetRun, "finish_run", refuse)
            finish(services, 4)
            services.telemetry.flush(10)
        services.telemetry.start_run(run_of("later"))
        for run_id in ("beside", "later"):
            services.telemetry.flush(10)
            assert services.sink.status().fault == "Run run could not be completed: The disk went away."
            services.telemetry.end_run(run_id, RunState.COMPLETED)
        services.telemetry.start_run(run_of("last"))
        services.telemetry.flush(10)
        assert services.sink.status().fault == ""


def test_that_the_answer_of_a_recording_says_that_its_run_could_not_be_completed(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    def refuse(*_: Any) -> None:
        raise RecordingError("The disk went away.")

    expect_log(logging.ERROR, "could not be finished; its journal")
    expect_log(logging.ERROR, "could not be completed; the next opening")
    monkeypatch.setattr(ParquetRun, "finish_episode", refuse)
    with open_services(Settings(var_dir=var_dir), record={"backend": "parquet"}) as services:
        result = record(services, RecordingRequest(env_id="CartPole-v1", episodes=1, render=False))
    assert result.fault == f"Run {result.run_id} could not be completed: The disk went away."
