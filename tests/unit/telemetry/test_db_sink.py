"""The sink: law L1 whatever the disk refuses, L3 (bounded, owned, counted, said), and never a hang."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from synthetic import START, episode_of, final_of, frame_of, run_of, step_of

from gym_gui.core.data_model import EpisodeStatus, FrameState, RunState, StepRecord
from gym_gui.core.errors import ReplayFileError, StoreError
from gym_gui.replay import FrameResolver, ReplayWriter
from gym_gui.telemetry.db_sink import TelemetryDBSink
from gym_gui.telemetry.events import EpisodeChanged, RunEnded, RunStarted, StepRecorded
from gym_gui.telemetry.overflow import Block, ShedFrames
from gym_gui.telemetry.run_bus import RunBus
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from conftest import LogExpectations

    from gym_gui.telemetry.overflow import OverflowPolicy

WAIT_S = 20.0


class Pipeline:
    """A bus, a sink and a store in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        store: type[TelemetrySQLiteStore] = TelemetrySQLiteStore,
        writer: type[ReplayWriter] = ReplayWriter,
        overflow: OverflowPolicy | None = None,
        keep_arrays: bool = True,
    ) -> None:
        self.folder = folder
        self.bus = RunBus()
        self.store = store(folder / "telemetry.sqlite")
        self.sink = TelemetryDBSink(
            self.store,
            self.bus,
            replay_writer=(lambda run_id: writer(run_id, folder, flush_interval_s=None)) if keep_arrays else None,
            overflow=overflow,
        )
        self.sink.start()

    def start_episode(self) -> None:
        self.bus.publish(RunStarted(run_of("run")))
        self.bus.publish(EpisodeChanged(episode_of("run", 0)))

    def record(self, numbers: Sequence[int], **fields: Any) -> None:
        for number in numbers:
            self.bus.publish(StepRecorded(step_of("run", 0, number, number, **fields)))

    def rows(self) -> list[StepRecord]:
        return self.store.load_steps("run", "e0000")

    def check_refs(self) -> None:
        """L1: what a committed row names is there, for a reader that shares nothing with the writer."""
        with FrameResolver(self.folder) as resolver:
            for row in self.rows():
                if row.frame_ref is not None:
                    assert np.array_equal(resolver.require(row.frame_ref), frame_of(row.step_index))
                if row.obs_ref is not None:
                    assert resolver.require(row.obs_ref)[0] == row.step_index

    def close(self) -> None:
        closer = threading.Thread(target=self.sink.close)
        closer.start()
        closer.join(WAIT_S)
        assert not closer.is_alive(), "close() hangs"
        self.bus.close()
        self.store.close()


@contextmanager
def pipeline(folder: Path, **options: Any) -> Iterator[Pipeline]:
    made = Pipeline(folder, **options)
    try:
        yield made
    finally:
        made.close()


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(int(WAIT_S / 0.02)):
        if condition():
            return
        threading.Event().wait(0.02)
    pytest.fail("it never came true")


class RefusingWriter(ReplayWriter):
    """A disk that refuses to be written while `refuses` is set; everything else is the real writer."""

    refuses = threading.Event()

    def flush(self, *, thorough: bool = True) -> None:
        if self.refuses.is_set():
            raise ReplayFileError("The disk is full: 0 KiB are left.")
        super().flush(thorough=thorough)

    def write_full_chunks(self, *, thorough: bool = True) -> None:
        if self.refuses.is_set():
            raise ReplayFileError("The disk is full: 0 KiB are left.")
        super().write_full_chunks(thorough=thorough)


@pytest.fixture(autouse=True)
def _disk_is_well() -> Iterator[None]:
    RefusingWriter.refuses.clear()
    yield
    RefusingWriter.refuses.clear()


def test_that_what_was_recorded_before_a_flush_is_saved_after_it(tmp_path: Path) -> None:
    with pipeline(tmp_path) as running:
        running.start_episode()
        for part in range(5):
            running.record(range(part * 20, part * 20 + 20))
            running.sink.flush(WAIT_S)
            assert len(running.rows()) == part * 20 + 20
            running.check_refs()
        status = running.sink.status()
        assert (status.saved_steps, status.saved_frames, status.lost_steps, status.lost_frames) == (100, 100, 0, 0)
        assert (status.fault, status.queue_depth, status.oldest_unsaved_s) == ("", 0, 0.0)


def test_that_a_row_is_never_committed_before_its_picture_while_the_disk_refuses(
    tmp_path: Path, expect_log: LogExpectations
) -> None:
    """L1: rows whose pictures were refused stand between rows whose pictures wait in memory."""
    expect_log(logging.ERROR, "Pictures are not being kept")
    with pipeline(tmp_path, writer=RefusingWriter) as running:
        running.start_episode()
        running.record(range(5))
        running.sink.flush(WAIT_S)
        RefusingWriter.refuses.set()
        running.record(range(5, 9))
        wait_until(lambda: running.sink.status().fault != "")
        running.record(range(9, 30))
        wait_until(lambda: running.sink.status().lost_frames >= 10 and running.sink.status().queue_depth == 0)
        running.check_refs()
        assert "disk is full" in running.sink.status().fault
        RefusingWriter.refuses.clear()
        wait_until(lambda: running.sink.status().oldest_unsaved_s == 0.0 and running.sink.status().fault == "")
        assert [row.step_index for row in running.rows()] == list(range(30))
        running.check_refs()
        lost = [row for row in running.rows() if row.frame_state is FrameState.LOST]
        assert len(lost) == running.sink.status().lost_frames > 0
        assert all(row.frame_ref is None for row in lost)
        running.record(range(30, 40))
        running.sink.flush(WAIT_S)
        assert all(row.frame_ref is not None for row in running.rows()[30:]), "recording goes on"
        running.check_refs()


def test_that_a_disk_that_refuses_to_the_end_costs_pictures_and_no_rows(
    tmp_path: Path, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "Pictures are not being kept")
    running = Pipeline(tmp_path, writer=RefusingWriter)
    running.start_episode()
    RefusingWriter.refuses.set()
    running.record(range(20))
    running.bus.publish(EpisodeChanged(final_of("run", 0, steps=19, frames=20)))
    running.bus.publish(RunEnded("run", RunState.COMPLETED, START))
    with pytest.raises(StoreError, match="disk is full"):
        running.sink.flush(WAIT_S)
    running.close()
    store = TelemetrySQLiteStore(tmp_path / "telemetry.sqlite", read_only=True)
    rows = store.load_steps("run", "e0000")
    assert [row.step_index for row in rows] == list(range(20))
    assert all(row.frame_ref is None and row.frame_state is FrameState.LOST for row in rows)
    rollup = store.get_episode("run")
    assert (rollup.status, rollup.frames, rollup.dropped_frames) == (EpisodeStatus.COMPLETED, 0, 20)
    assert store.list_runs()[0].state is RunState.COMPLETED
    assert running.sink.status().lost_frames == 20
    assert running.sink.status().lost_steps == 0
    store.close()


def test_that_a_file_that_cannot_be_opened_costs_pictures_and_no_rows(
    tmp_path: Path, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "Pictures are not being kept")
    (tmp_path / "run.h5").write_text("something of the user's " * 100)
    with pipeline(tmp_path) as running:
        running.start_episode()
        running.record(range(20))
        running.bus.publish(EpisodeChanged(final_of("run", 0, steps=19, frames=20)))
        wait_until(lambda: running.sink.status().oldest_unsaved_s == 0.0 and running.sink.status().saved_steps == 20)
        rollup = running.store.get_episode("run")
        assert (rollup.frames, rollup.dropped_frames) == (0, 20), "the summary says what became of the pictures"
        assert running.sink.status().lost_frames == 20
        assert running.sink.status().fault
    assert (tmp_path / "run.h5").read_text().startswith("something of the user's")


@pytest.mark.parametrize("at", [0, 7, 19])
def test_that_a_step_with_an_unstorable_action_is_counted_and_the_others_kept(
    tmp_path: Path, expect_log: LogExpectations, at: int
) -> None:
    expect_log(logging.ERROR, "A step was not saved: .*cannot be stored exactly")
    with pipeline(tmp_path) as running:
        running.start_episode()
        for number in range(20):
            running.record([number], **({"action": object()} if number == at else {}))
        running.sink.flush(WAIT_S)
        assert [row.step_index for row in running.rows()] == [number for number in range(20) if number != at]
        running.check_refs()
        assert (running.sink.status().lost_steps, running.sink.status().saved_steps) == (1, 19)
        assert running.sink.status().fault == ""


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)
ODD_STEPS: dict[str, dict[str, Any]] = {
    "frame of objects": {"render_payload": np.array([[None]], dtype=object)},
    "frame of text": {"render_payload": np.array(["a"])},
    "reward of text": {"reward": "many"},
    "agent that is no text": {"agent_id": ["a"]},
    "unstorable observation": {"observation": {"a": object()}},
    "observation that holds itself": {"observation": ENDLESS},
    "agent of half a character": {"agent_id": "\ud800"},
}


@pytest.mark.parametrize("odd", list(ODD_STEPS))
def test_that_no_odd_step_costs_another_one(tmp_path: Path, odd: str, caplog: pytest.LogCaptureFixture) -> None:
    """L3: a bad value is reported, and the rest is kept; announced here by hand, since its wording may differ."""
    logging.getLogger("gym_gui").propagate = False
    logging.getLogger("gym_gui").addHandler(caplog.handler)
    try:
        with pipeline(tmp_path) as running:
            running.start_episode()
            running.record(range(10))
            running.record([10], **ODD_STEPS[odd])
            running.record(range(11, 20))
            running.sink.flush(WAIT_S)
            kept = {row.step_index for row in running.rows()}
            assert kept >= set(range(20)) - {10}
            status = running.sink.status()
            assert status.saved_steps + status.lost_steps == 20
            assert status.lost_steps + status.lost_frames == 1 or 10 in kept
            running.check_refs()
            assert caplog.records, "it was said"
    finally:
        logging.getLogger("gym_gui").propagate = True
        logging.getLogger("gym_gui").removeHandler(caplog.handler)


class FaultyStore(TelemetrySQLiteStore):
    """A store with a fault of ours: inserting raises what nobody expects."""

    def insert_steps(self, steps: Sequence[StepRecord]) -> None:
        if steps:
            raise ZeroDivisionError("planted")
        super().insert_steps(steps)


def test_that_a_fault_of_ours_is_said_counted_and_hangs_nobody(tmp_path: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "fault of ours")
    with pipeline(tmp_path, store=FaultyStore) as running:
        running.start_episode()
        for _ in range(3):
            running.record(range(20))
            running.sink.flush(WAIT_S)
        assert running.sink.status().lost_steps == 60
        assert running.sink.status().saved_steps == 0


class LockedStore(TelemetrySQLiteStore):
    """A database that another program holds while `locked` is set."""

    locked = threading.Event()

    def insert_steps(self, steps: Sequence[StepRecord]) -> None:
        if steps and self.locked.is_set():
            raise StoreError("The telemetry database could not be written: database is locked.")
        super().insert_steps(steps)


def test_that_rows_wait_for_a_database_that_is_locked(tmp_path: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "Steps are not being saved")
    LockedStore.locked.set()
    with pipeline(tmp_path, store=LockedStore, overflow=ShedFrames()) as running:
        running.start_episode()
        running.record(range(50))
        with pytest.raises(StoreError, match="locked"):
            running.sink.flush(WAIT_S)
        assert "locked" in running.sink.status().fault
        assert running.sink.status().lost_steps == 0
        assert running.sink.status().oldest_unsaved_s > 0
        LockedStore.locked.clear()
        wait_until(lambda: running.sink.status().saved_steps == 50)
        assert running.sink.status().fault == ""
        running.check_refs()


def test_that_a_database_that_is_locked_to_the_end_is_said_and_close_returns(
    tmp_path: Path, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "Steps are not being saved")
    expect_log(logging.ERROR, "50 steps were not saved")
    LockedStore.locked.set()
    running = Pipeline(tmp_path, store=LockedStore)
    running.start_episode()
    running.record(range(50))
    running.close()
    LockedStore.locked.clear()
    assert running.sink.status().lost_steps == 50


def test_that_a_flush_gives_up_in_time(tmp_path: Path) -> None:
    store = TelemetrySQLiteStore(tmp_path / "telemetry.sqlite")
    bus = RunBus()
    sink = TelemetryDBSink(store, bus)
    bus.publish(RunStarted(run_of("run")))
    with pytest.raises(StoreError, match="not started"):
        sink.flush(0.1)
    sink.start()
    sink.flush(WAIT_S)
    sink.close()
    sink.close()
    store.close()


def test_that_closing_saves_what_nobody_flushed(tmp_path: Path) -> None:
    running = Pipeline(tmp_path, overflow=Block(capacity=2_000))
    running.start_episode()
    running.record(range(1_000))
    running.close()
    store = TelemetrySQLiteStore(tmp_path / "telemetry.sqlite", read_only=True)
    assert len(store.load_steps("run", "e0000")) == 1_000
    store.close()
    assert running.sink.status().saved_steps == 1_000


def test_that_a_sink_without_a_replay_file_keeps_rows_and_says_that_it_keeps_no_pictures(tmp_path: Path) -> None:
    with pipeline(tmp_path, keep_arrays=False) as running:
        running.start_episode()
        running.record(range(10))
        running.bus.publish(EpisodeChanged(final_of("run", 0, steps=9, frames=10)))
        running.sink.flush(WAIT_S)
        assert [(row.frame_ref, row.frame_state) for row in running.rows()] == [(None, FrameState.NONE)] * 10
        assert running.store.get_episode("run").frames == 0
    assert not list(tmp_path.glob("*.h5"))


def test_that_steps_nobody_announced_are_kept(tmp_path: Path) -> None:
    with pipeline(tmp_path) as running:
        running.record(range(10))
        running.sink.flush(WAIT_S)
        assert len(running.rows()) == 10
        assert running.store.get_run("run").env_id == "unknown"


def test_that_shed_pictures_are_counted_in_their_episode(tmp_path: Path) -> None:
    with pipeline(tmp_path) as running:
        running.start_episode()
        for number in range(20):
            step = step_of("run", 0, number, number)
            running.bus.publish(StepRecorded(step.without_frame(FrameState.SHED) if number % 4 == 0 else step))
        running.bus.publish(EpisodeChanged(final_of("run", 0, steps=19, frames=20)))
        running.sink.flush(WAIT_S)
        rollup = running.store.get_episode("run")
        assert (rollup.frames, rollup.dropped_frames) == (15, 5)
        assert [row.frame_state for row in running.rows()[:2]] == [FrameState.SHED, FrameState.KEPT]
        running.check_refs()


def test_that_many_runs_are_kept_apart(tmp_path: Path) -> None:
    with pipeline(tmp_path) as running:
        for run in range(4):
            running.bus.publish(RunStarted(run_of(f"run-{run}")))
        for number in range(40):
            running.bus.publish(StepRecorded(replace(step_of(f"run-{number % 4}", 0, number, number), agent_id="a")))
        for run in range(4):
            running.bus.publish(RunEnded(f"run-{run}", RunState.COMPLETED, START))
        running.sink.flush(WAIT_S)
        with FrameResolver(tmp_path) as resolver:
            assert resolver.list_runs() == [f"run-{run}" for run in range(4)]
            for run in range(4):
                rows = running.store.load_steps(f"run-{run}", "e0000")
                assert [row.step_index for row in rows] == list(range(run, 40, 4))
                for row in rows:
                    assert row.frame_ref is not None
                    assert np.array_equal(resolver.require(row.frame_ref), frame_of(row.step_index))
