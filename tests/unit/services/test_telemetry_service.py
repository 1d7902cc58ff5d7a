"""TelemetryService: what it remembers is bounded, what it shows has its picture, what it takes never raises."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from synthetic import episode_of, final_of, frame_of, run_of, same_picture, step_of

from gym_gui.config.settings import Settings
from gym_gui.core.errors import InvalidRunIdError, SchemaMismatchError
from gym_gui.services.bootstrap import open_archive, open_services
from gym_gui.services.telemetry import TelemetryService
from gym_gui.services.telemetry_schema import SchemaValidator
from gym_gui.telemetry.db_sink import TelemetryDBSink
from gym_gui.telemetry.hub import TelemetryAsyncHub
from gym_gui.telemetry.run_bus import RunBus

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations


def test_that_the_ring_of_recent_steps_is_bounded_in_steps_and_in_bytes() -> None:
    service = TelemetryService(ring_steps=50)
    for number in range(80):
        service.record_step(step_of("run", 0, number, number))
    assert [step.step_index for step in service.recent_steps()] == list(range(30, 80))

    small = TelemetryService(ring_bytes=10 * step_of("run", 0, 0, 0).attached_bytes)
    for number in range(80):
        small.record_step(step_of("run", 0, number, number))
    assert [step.step_index for step in small.recent_steps()] == list(range(70, 80))


def test_that_a_step_larger_than_the_ring_is_still_the_newest_one() -> None:
    service = TelemetryService(ring_bytes=10)
    for number in range(3):
        service.record_step(step_of("run", 0, number, number))
    assert [step.step_index for step in service.recent_steps()] == [2]


def test_that_observations_in_a_dictionary_count_too() -> None:
    large = np.zeros(100_000, np.uint8)
    service = TelemetryService(ring_bytes=1_000_000)
    for number in range(100):
        service.record_step(step_of("run", 0, number, number, render_payload=None, observation={"camera": large}))
    assert len(service.recent_steps()) == 10


def test_that_recent_steps_and_episodes_can_be_asked_for_by_run_and_number() -> None:
    service = TelemetryService()
    for number in range(10):
        run_id = f"run-{number % 2}"
        service.record_step(step_of(run_id, 0, number, number))
        service.complete_episode(final_of(run_id, number, steps=1))
    assert [step.step_index for step in service.recent_steps("run-1")] == [1, 3, 5, 7, 9]
    assert [step.step_index for step in service.recent_steps("run-1", 2)] == [7, 9]
    assert [step.step_index for step in service.recent_steps(limit=0)] == []
    assert [step.step_index for step in service.recent_steps(limit=99)] == list(range(10))
    assert [rollup.episode_index for rollup in service.recent_episodes("run-0", 1)] == [8]


def test_that_recent_steps_may_be_asked_for_while_they_are_recorded() -> None:
    service = TelemetryService(ring_steps=64)
    done = threading.Event()

    def record() -> None:
        for number in range(3_000):
            service.record_step(step_of("run", 0, number, number, render_payload=None))
        done.set()

    recorder = threading.Thread(target=record)
    recorder.start()
    while not done.is_set():
        indices = [step.step_index for step in service.recent_steps()]
        assert indices == list(range(indices[0], indices[0] + len(indices))) if indices else True
    recorder.join()


def test_that_the_sink_checks_steps_and_nobody_need_ask(var_dir: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "LOG_SCHEMA_MISMATCH")
    validator = SchemaValidator()
    with open_services(Settings(var_dir=var_dir)) as services:
        service = TelemetryService(TelemetryAsyncHub(services.bus), sink=services.sink, schema=validator)
        service.start_run(run_of("run"))
        for number in range(20):
            service.record_step(step_of("run", 0, number, number, agent_id="" if number == 7 else "agent_0"))
        service.flush()
        counts = validator.counts("run")
    assert (counts.total_steps, counts.by_cause()) == (20, {"field": 1})


def test_that_steps_that_nobody_checks_do_not_pile_up(var_dir: Path) -> None:
    validator = SchemaValidator()
    with open_services(Settings(var_dir=var_dir)) as services:
        idle = TelemetryDBSink(services.store, RunBus())  # never started
        service = TelemetryService(sink=idle, schema=validator)
        for number in range(200):
            service.record_step(step_of("run", 0, number, number))
        assert 200 - 64 <= validator.counts("run").total_steps < 200
        assert service.schema_counts("run").total_steps == 200
        assert [step.step_index for step in service.recent_steps()] == list(range(200))
        idle.close()


def test_that_strict_mode_checks_before_anyone_sees_a_step(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir)) as services:
        service = services.telemetry
        service.start_run(run_of("run"))
        service.record_step(step_of("run", 0, 0, 0))
        service.check_strictly()
        with pytest.raises(SchemaMismatchError, match="step_index -1"):
            service.record_step(replace(step_of("run", 0, 1, 1), step_index=-1))
        service.record_step(step_of("run", 0, 1, 1))
        service.flush()
        assert [step.step_index for step in service.recent_steps()] == [0, 1]
        assert service.schema_counts("run").total_steps == 3


def test_that_a_stored_step_comes_with_its_picture(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir)) as services:
        services.telemetry.start_run(run_of("run"))
        services.telemetry.record_episode_start(episode_of("run", 0))
        for number in range(20):
            services.telemetry.record_step(step_of("run", 0, number, number))
        services.telemetry.flush(20)
        stored = services.store.load_steps("run", "e0000")[7]
        assert stored.frame is None
        shown = services.telemetry.get_step_with_frame(stored)
        assert same_picture(shown.frame, frame_of(7))
        assert shown.render_payload.keys() == {"frame"}
        attached = services.telemetry.recent_steps()[-1]
        assert services.telemetry.get_step_with_frame(attached) is attached


def test_that_a_step_without_a_picture_to_be_found_comes_as_it_is(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir)) as services:
        for ref in (None, "h5://nobody/frames/3", "h5://../frames/3", "nonsense"):
            step = step_of("run", 0, 1, 1, render_payload=None, frame_ref=ref)
            assert services.telemetry.get_step_with_frame(step) is step


@pytest.mark.parametrize("run_id", ["../x", "", "a/b", "x" * 10_000], ids=range(4))
def test_that_a_hostile_run_id_is_refused_before_anything_is_written(var_dir: Path, run_id: str) -> None:
    with open_services(Settings(var_dir=var_dir)) as services:
        with pytest.raises(InvalidRunIdError):
            services.telemetry.start_run(run_of(run_id))
        services.telemetry.flush(20)
        assert services.store.list_runs() == []
    assert [path.name for path in var_dir.parent.iterdir()] == [var_dir.name]


def test_that_reading_a_folder_that_is_recorded_into_sees_what_is_flushed(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir)) as services:
        services.telemetry.start_run(run_of("run"))
        services.telemetry.record_episode_start(episode_of("run", 0))
        for number in range(30):
            services.telemetry.record_step(step_of("run", 0, number, number))
        services.telemetry.flush(20)
        with open_archive(Settings(var_dir=var_dir)) as archive:
            steps = archive.store.load_steps("run", "e0000")
            assert len(steps) == 30
            assert steps[29].frame_ref is not None
            assert np.array_equal(archive.resolver.require(steps[29].frame_ref), frame_of(29))
            assert services.store.list_runs()[0].state.value == "running", "looking is not recovering"
