"""Batches through the pipeline: what is stored is what the same steps would have left one by one."""

from __future__ import annotations

import gzip
import logging
import sqlite3
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from batches import BatchMaker
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import START, episode_of, final_of, frame_of, observation_of, run_of, same_picture, seen_at, step_of

from gym_gui.core.data_model import EpisodeStatus, FrameState, RunState, ScalarColumns, StepBatch, StepRecord
from gym_gui.replay import FrameResolver, ReplayReader, ReplayWriter
from gym_gui.telemetry.batch_records import records_of
from gym_gui.telemetry.db_sink import TelemetryDBSink
from gym_gui.telemetry.events import BatchRecorded, EpisodeChanged, RunEnded, RunStarted, StepRecorded
from gym_gui.telemetry.overflow import ShedFrames
from gym_gui.telemetry.run_bus import RunBus
from gym_gui.telemetry.sizes import ROW_BYTES, SCALAR_BYTES
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conftest import LogExpectations

    from gym_gui.telemetry.events import TelemetryEvent


class Recorder:
    """A bus, a sink, a store and a resolver in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.bus = RunBus()
        self.store = TelemetrySQLiteStore(folder / "telemetry.sqlite")
        self.sink = TelemetryDBSink(
            self.store, self.bus, replay_writer=lambda run_id: ReplayWriter(run_id, folder, flush_interval_s=None)
        )
        self.sink.start()
        self.resolver = FrameResolver(folder)
        self.bus.publish(RunStarted(run_of("run", space_signature="abc")))

    def publish(self, *events: TelemetryEvent) -> None:
        for event in events:
            self.bus.publish(event)

    def end(self) -> None:
        self.bus.publish(RunEnded("run", RunState.COMPLETED, START))
        self.sink.flush(20.0)

    def stored(self, episode_id: str) -> list[StepRecord]:
        """The rows of an episode with their arrays attached again, and without where these lie."""
        found = []
        for step in self.store.load_steps("run", episode_id):
            frame = None if step.frame_ref is None else self.resolver.resolve(step.frame_ref)
            seen = None if step.obs_ref is None else self.resolver.resolve(step.obs_ref)
            same = step.obs_ref is not None and step.obs_ref == step.frame_ref
            observation = (frame if same else seen) if step.obs_ref is not None else step.observation
            found.append(replace(step, render_payload=frame, observation=observation, frame_ref=None, obs_ref=None))
        return found

    def close(self) -> None:
        self.sink.close()
        self.resolver.close()
        self.store.close()


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "batches")
    yield made
    made.close()


def steps_of(episode: int, count: int, *, first: int = 0, **fields: Any) -> list[StepRecord]:
    """An episode of *count* rows by worker w0."""
    return [
        step_of(
            "run",
            episode,
            index,
            first + index,
            worker_id="w0",
            space_signature="abc",
            timestamp=START + timedelta(milliseconds=index),
            **{name: make(first + index) for name, make in fields.items()},
        )
        for index in range(count)
    ]


def same_steps(found: Sequence[StepRecord], expected: Sequence[StepRecord]) -> bool:
    """Whether two sequences of records are equal in every field and every bit."""
    return len(found) == len(expected) and all(map(same_step, found, expected))


def same_step(found: StepRecord, expected: StepRecord) -> bool:
    for name in ("frame", "observation", "action"):
        one, other = getattr(found, name), getattr(expected, name)
        if isinstance(other, np.ndarray):
            if not same_picture(one, other):
                return False
        elif one != other:
            return False
    bare: dict[str, Any] = {"render_payload": None, "observation": None, "action": None, "info": {}}
    return dict(found.info) == dict(expected.info) and replace(found, **bare) == replace(expected, **bare)


def test_that_a_batch_leaves_what_its_steps_would_have_left_one_by_one(tmp_path: Path, recorder: Recorder) -> None:
    one_by_one = Recorder(tmp_path / "steps")
    first = steps_of(0, 21, observation=lambda n: seen_at(n, frame_of(n)), info=lambda n: {"lives": n % 3})
    first = [replace(step, observation=step.frame) if step.step_index // 10 % 2 else step for step in first]
    second = steps_of(1, 30, first=100, action=lambda n: np.array([n, -n], np.float32) if n > 100 else None)
    for index, steps in enumerate((first, second)):
        one_by_one.publish(EpisodeChanged(episode_of("run", index, worker_id="w0")), *map(StepRecorded, steps))
        one_by_one.publish(EpisodeChanged(final_of("run", index, steps=len(steps) - 1, worker_id="w0")))
    one_by_one.end()
    maker = BatchMaker("run")
    everything = [*first, *second]
    begins = {0: [episode_of("run", 0, worker_id="w0")], 16: [episode_of("run", 1, worker_id="w0")]}
    ends = {16: [final_of("run", 0, steps=20, worker_id="w0")], 48: [final_of("run", 1, steps=29, worker_id="w0")]}
    for start in range(0, len(everything), 16):
        batch = maker.batch(everything[start : start + 16], began=begins.get(start, ()), ended=ends.get(start, ()))
        recorder.publish(BatchRecorded(batch))
    recorder.end()
    for index, steps in enumerate((first, second)):
        name = f"e{index:04d}"
        assert same_steps(recorder.stored(name), steps)
        assert same_steps(recorder.stored(name), one_by_one.stored(name))
        assert recorder.store.get_episode("run", name) == one_by_one.store.get_episode("run", name)
    one_by_one.close()


def test_that_the_replay_file_has_the_episodes_of_batches(recorder: Recorder) -> None:
    maker = BatchMaker("run")
    everything = [*steps_of(0, 5), *steps_of(1, 9, first=50)]
    for start in range(0, 14, 6):
        recorder.publish(BatchRecorded(maker.batch(everything[start : start + 6])))
    recorder.end()
    with ReplayReader(recorder.folder / "run.h5") as reader:
        assert (reader.num_steps, reader.num_episodes) == (14, 2)
        second = reader.get_episode(1)
    assert (second["start_step"], second["length"]) == (5, 9)
    assert second["actions"][1:].tolist() == list(range(51, 59))
    assert all(same_picture(frame, frame_of(50 + index)) for index, frame in enumerate(second["frames"]))


def test_that_rows_of_several_environments_keep_their_own_arrays(recorder: Recorder) -> None:
    workers = [BatchMaker("run", f"w{number}", "life") for number in range(3)]
    for start in range(0, 20, 4):
        for number, maker in enumerate(workers):
            steps = steps_of(number, 20, first=1_000 * number)[start : start + 4]
            steps = [replace(step, worker_id=f"w{number}") for step in steps]
            began = [episode_of("run", number, worker_id=f"w{number}")] if not start else []
            recorder.publish(BatchRecorded(maker.batch(steps, began=began)))
    recorder.end()
    for number in range(3):
        found = recorder.stored(f"e{number:04d}")
        assert [step.worker_id for step in found] == [f"w{number}"] * 20
        assert all(same_picture(step.frame, frame_of(1_000 * number + index)) for index, step in enumerate(found))
        assert all(np.array_equal(s.observation, observation_of(1_000 * number + i)) for i, s in enumerate(found))


def test_that_a_batch_that_comes_again_changes_nothing(recorder: Recorder) -> None:
    maker = BatchMaker("run")
    logged = ScalarColumns(
        names=["loss"],
        name=np.zeros(1, np.int32),
        step=np.array([7]),
        time_us=np.array([1]),
        value=np.array([0.5]),
    )
    batch = maker.batch(steps_of(0, 10), ended=[final_of("run", 0, steps=9)], scalars=logged)
    for _ in range(3):
        recorder.publish(BatchRecorded(batch))
    recorder.end()
    assert len(recorder.stored("e0000")) == 10
    columns, _ = recorder.store.load_scalars("run")
    assert len(columns) == 1
    assert recorder.store.durable_seq("run", "w0", "life-1") == 1


def test_that_a_batch_waiting_for_its_arrays_is_not_overtaken(recorder: Recorder) -> None:
    # Small observations wait for their chunk; numbers alone need not, but would make what waits look like a repetition.
    maker = BatchMaker("run")
    logged = ScalarColumns(
        names=["loss"], name=np.zeros(1, np.int32), step=np.array([7]), time_us=np.array([1]), value=np.array([0.5])
    )
    bare = [replace(step, render_payload=None, frame_state=FrameState.NONE) for step in steps_of(0, 6)]
    # So many that the sink writes before the small ones are due.
    recorder.publish(BatchRecorded(maker.batch(bare)))
    recorder.publish(*[BatchRecorded(maker.batch([], scalars=logged)) for _ in range(40)])
    deadline_s = time.monotonic() + 20
    while recorder.store.durable_seq("run", "w0", "life-1") < 2 and time.monotonic() < deadline_s:
        threading.Event().wait(0.01)  # no flush, which would make everything whole
    recorder.end()
    assert [step.step_index for step in recorder.stored("e0000")] == list(range(6))


def test_that_another_life_of_a_worker_numbers_its_batches_anew(recorder: Recorder) -> None:
    recorder.publish(BatchRecorded(BatchMaker("run", "w0", "life-1").batch(steps_of(0, 3))))
    recorder.publish(BatchRecorded(BatchMaker("run", "w0", "life-2").batch(steps_of(1, 4, first=9))))
    recorder.end()
    assert [len(recorder.stored(name)) for name in ("e0000", "e0001")] == [3, 4]


def test_that_what_a_learner_logged_comes_back_page_by_page(recorder: Recorder) -> None:
    values = [0.25, float("nan"), float("inf"), -0.0]
    logged = ScalarColumns(
        names=["loss", "train/entropy"],
        name=np.array([0, 0, 1, 1], np.int32),
        step=np.array([1, 2, 2, 3]),
        time_us=np.array([10, 20, 30, 40]),
        value=np.array(values),
    )
    maker = BatchMaker("run")
    recorder.publish(BatchRecorded(maker.batch([], scalars=logged)))
    recorder.sink.flush(20.0)
    columns, row = recorder.store.load_scalars("run")
    assert [columns.names[place] for place in columns.name] == ["loss", "loss", "train/entropy", "train/entropy"]
    assert columns.step.tolist() == [1, 2, 2, 3]
    assert np.array_equal(columns.value, np.array(values), equal_nan=True)
    recorder.publish(BatchRecorded(maker.batch([], scalars=replace(logged, step=logged.step + 10))))
    recorder.sink.flush(20.0)
    newer, _ = recorder.store.load_scalars("run", ["train/entropy"], row)
    assert newer.step.tolist() == [12, 13]
    assert recorder.store.scalar_names("run") == ["loss", "train/entropy"]


def test_that_an_array_that_is_damaged_costs_its_batch_the_arrays_and_is_said(
    recorder: Recorder, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "Pictures are not being kept")
    batch = BatchMaker("run").batch([replace(step, observation=None) for step in steps_of(0, 4)])
    small = np.zeros((4, 9), np.float32).tobytes()[:-1]
    broken = replace(batch.blocks[0], compressed=False, data=small)
    recorder.publish(BatchRecorded(replace(batch, blocks=[broken])))
    recorder.end()
    found = recorder.stored("e0000")
    assert [step.reward for step in found] == [None, 0.25, 0.5, 0.75]
    assert {step.frame_state for step in found} == {FrameState.LOST}


def test_that_a_full_buffer_lets_pictures_of_batches_go_and_keeps_rows(recorder: Recorder) -> None:
    queue = recorder.bus.subscribe("small", ShedFrames(capacity=1))
    maker = BatchMaker("run")
    for start in range(0, 30, 10):
        recorder.publish(BatchRecorded(maker.batch(steps_of(0, 30)[start : start + 10])))
    batches = [event.batch for event in queue.poll() if isinstance(event, BatchRecorded)]
    assert [len(batch) for batch in batches] == [10, 10, 10]
    assert [batch.frame_count for batch in batches] == [10, 0, 0]
    assert queue.shed_frames == 20


ACTIONS = st.one_of(
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, width=32).map(lambda x: np.array([x], np.float32)),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(ACTIONS, st.floats(), st.booleans(), st.booleans(), st.sampled_from([0, 1, 2])),
        min_size=1,
        max_size=20,
    )
)
def test_that_records_of_a_batch_are_those_it_was_made_of(rows: list[tuple[Any, float, bool, bool, int]]) -> None:
    steps = [
        step_of(
            "run",
            index % 3,
            index,
            index,
            action=action if index else None,
            reward=reward if index else None,
            terminated=terminated,
            truncated=truncated,
            render_payload=None if kind == 0 else frame_of(index),
            frame_state=FrameState.NONE if kind == 0 else FrameState.KEPT,
            observation=None if kind == 1 else observation_of(index),
            worker_id="w0",
            extra={"mark": index} if kind == 2 else None,
        )
        for index, (action, reward, terminated, truncated, kind) in enumerate(rows)
    ]
    found = list(records_of(BatchMaker("run").batch(steps)))
    assert all(map(same_reward, found, steps))
    assert same_steps([replace(s, reward=None) for s in found], [replace(s, reward=None) for s in steps])


def same_reward(found: StepRecord, expected: StepRecord) -> bool:
    if found.reward is None or expected.reward is None:
        return found.reward is expected.reward
    return np.float64(found.reward).tobytes() == np.float64(expected.reward).tobytes() or (
        bool(np.isnan(found.reward)) and bool(np.isnan(expected.reward))
    )


def test_that_a_batch_without_rows_is_a_batch(recorder: Recorder) -> None:
    recorder.publish(BatchRecorded(StepBatch(run_id="run", worker_id="w0", stream="s", seq=1)))
    recorder.end()
    assert recorder.store.durable_seq("run", "w0", "s") == 1


def whole_size(recorder: Recorder) -> int:
    """Bytes that the run's file and its rows' own values take, looked at one by one."""
    with sqlite3.connect(recorder.store.path) as database:
        (rows, values) = database.execute(
            "SELECT count(*), total(coalesce(length(info), 0) + coalesce(length(extra), 0)) FROM steps"
        ).fetchone()
    database.close()
    return int((recorder.folder / "run.h5").stat().st_size + values + ROW_BYTES * rows)


@pytest.mark.parametrize("in_batches", [False, True], ids=["steps", "batches"])
def test_that_a_runs_size_is_its_file_and_what_its_rows_hold(recorder: Recorder, *, in_batches: bool) -> None:
    """Statistics of a vector environment, an info or a graph in a row may be all that a run is."""
    large: dict[str, Any] = {
        "normalization_stats": {"observation_mean": np.arange(500.0)},
        "info": {"text": "word " * 50},
    }
    episodes = [[replace(step, **large) for step in steps_of(place, 9, first=10 * place)] for place in range(2)]
    maker = BatchMaker("run", worker_id="w0")
    for place, steps in enumerate(episodes):
        began, ended = episode_of("run", place, worker_id="w0"), final_of("run", place, steps=8, worker_id="w0")
        if in_batches:
            batch = maker.batch(steps, began=(began,), ended=(ended,))
            recorder.publish(BatchRecorded(batch), BatchRecorded(batch))  # what comes twice counts once
        else:
            recorder.publish(EpisodeChanged(began), *map(StepRecorded, steps), EpisodeChanged(ended))
    recorder.end()
    (run,) = recorder.store.list_runs()
    shares = [one.size_bytes for one in recorder.store.list_episodes("run")]
    assert run.size_bytes == pytest.approx(whole_size(recorder), rel=0.01)
    assert sum(shares) == run.size_bytes
    assert min(shares) > 0.4 * run.size_bytes


def test_that_what_a_learner_logged_is_of_its_runs_size(recorder: Recorder) -> None:
    steps = np.arange(1000)
    logged = ScalarColumns(
        names=("loss",), name=np.zeros(1000, np.int32), step=steps, time_us=steps, value=np.full(1000, 0.5)
    )
    recorder.publish(BatchRecorded(StepBatch(run_id="run", worker_id="w0", stream="s", seq=1, scalars=logged)))
    recorder.sink.flush(20.0)
    (run,) = recorder.store.list_runs()
    assert run.size_bytes == 1000 * SCALAR_BYTES


def test_that_sizes_of_an_earlier_version_are_estimated_read_or_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.sqlite"
    golden = Path(__file__).parents[2] / "data" / "v1" / "telemetry.sqlite.gz"
    path.write_bytes(gzip.decompress(golden.read_bytes()))
    sizes = []
    for read_only in (True, False):
        store = TelemetrySQLiteStore(path, read_only=read_only)
        (run,) = store.list_runs()
        sizes.append((run.size_bytes, [one.size_bytes for one in store.list_episodes(run.run.run_id)]))
        store.close()
    assert sizes[0] == sizes[1]
    assert sizes[0][0] > 30 * ROW_BYTES
    assert sum(sizes[0][1]) == sizes[0][0]


def test_that_a_database_of_the_first_version_has_no_scalars(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.sqlite"
    golden = Path(__file__).parents[2] / "data" / "v1" / "telemetry.sqlite.gz"
    path.write_bytes(gzip.decompress(golden.read_bytes()))
    store = TelemetrySQLiteStore(path, read_only=True)
    run_id = store.list_runs()[0].run.run_id
    assert store.scalar_names(run_id) == []
    assert len(store.load_scalars(run_id)[0]) == 0
    assert store.durable_seq(run_id, "w0", "life") == 0
    store.close()


def test_that_an_episode_ended_for_a_dead_worker_goes_on_with_its_late_rows(recorder: Recorder) -> None:
    steps = steps_of(0, 6)
    maker = BatchMaker("run", worker_id="w0")
    recorder.publish(BatchRecorded(maker.batch(steps[:4], began=(episode_of("run", 0, worker_id="w0"),))))
    recorder.sink.flush(20.0)
    recorder.store.close_interrupted(["run"])
    cut_off = recorder.store.get_episode("run", "e0000")
    recorder.publish(BatchRecorded(maker.batch(steps[4:])))
    recorder.end()
    ended = recorder.store.get_episode("run", "e0000")
    assert (cut_off.status, cut_off.steps) == (EpisodeStatus.INTERRUPTED, 3)
    assert (ended.status, ended.steps) == (EpisodeStatus.INTERRUPTED, 5)
    assert ended.total_reward == sum(step.reward or 0.0 for step in steps)
