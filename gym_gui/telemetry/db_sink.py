"""TelemetryDBSink: the one queue's one reader. Arrays to HDF5 and flushed, then rows to SQLite and committed.

Owns the sink thread, which survives every fault of the world and says what it could not keep.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from gym_gui.core.typing_compat import override
from gym_gui.telemetry.array_keeper import ArrayKeeper, WriterFactory
from gym_gui.telemetry.events import BatchRecorded, EpisodeChanged, RunStarted, StepRecorded, TelemetryEvent
from gym_gui.telemetry.overflow import Block, OverflowPolicy
from gym_gui.telemetry.queue_sink import RETRY_S, QueueSink, ends_something
from gym_gui.telemetry.row_committer import Held, RowCommitter, steps_in
from gym_gui.telemetry.sink_status import SinkStatus

if TYPE_CHECKING:
    from gym_gui.replay.writer import ReplayWriter
    from gym_gui.telemetry.run_bus import RunBus
    from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

_LOGGER = logging.getLogger(__name__)

# A quarter of a second is the promise; the rest is for writing.
FLUSH_INTERVAL_S: Final = 0.18
# A chunk of frames: at 60 Hz the sink wakes when one is whole, so that hardly any is written twice.
_WAKE_EVENTS: Final = 8
_BATCH_EVENTS: Final = 256
# Fewer than this waiting: there is time to compress for size.
_CALM_EVENTS: Final = 24
_REFUSED_S: Final = 0.1
# Rows that the database refuses wait here; beyond this the queue's own policy takes over.
_MAX_HELD: Final = 20_000


class TelemetryDBSink(QueueSink):
    """Drains the bus to disk.

    Args:
        store: Where rows go; written by the sink's thread only.
        bus: What it listens to, from now on.
        replay_writer: Makes the writer of a run's arrays; or one writer for everything; or None to keep no arrays.
        overflow: What happens when the disk is slower than the producer.
        flush_interval_s: How long a step may wait for company.
    """

    def __init__(
        self,
        store: TelemetrySQLiteStore,
        bus: RunBus,
        *,
        replay_writer: WriterFactory | ReplayWriter | None = None,
        overflow: OverflowPolicy | None = None,
        flush_interval_s: float = FLUSH_INTERVAL_S,
    ) -> None:
        super().__init__(
            bus.subscribe("db-sink", overflow or Block()), store.path.parent, thread_name="telemetry-db-sink"
        )
        self._arrays = ArrayKeeper(replay_writer)
        self._interval_s = flush_interval_s
        self._rows = RowCommitter(store, self._arrays)
        self._held: list[Held] = []
        self._first_waiting_s: float | None = None

    @override
    def status(self) -> SinkStatus:
        """How it stands now; may be called from any thread."""
        held, waiting_s = self._held[:1], self._first_waiting_s
        oldest_s = held[0].since_s if held else waiting_s
        return SinkStatus(
            queue_depth=self._queue.depth,
            saved_steps=self._rows.saved_steps,
            saved_frames=self._arrays.saved_frames,
            shed_frames=self._queue.shed_frames,
            lost_frames=self._arrays.lost_frames,
            lost_steps=self._rows.lost_steps + self._queue.dropped,
            oldest_unsaved_s=0.0 if oldest_s is None else time.monotonic() - oldest_s,
            blocked_s=self._queue.blocked_s,
            disk_free_bytes=self._disk_free_bytes,
            fault=self._standing_fault(),
        )

    @override
    def records(self, run_id: str) -> bool:
        return run_id in self._arrays.open_runs()

    @override
    def _standing_fault(self) -> str:
        return self._rows.fault or self._arrays.fault

    @override
    def _run(self) -> None:
        while True:
            stopping = self._stopping
            try:
                self._wait()
                self._pass(force=stopping)
            except Exception as error:  # the thread's edge: it must outlive its own faults, and say so
                _LOGGER.exception("The sink met a fault of ours; what it was saving is lost")
                self._rows.fault = f"Recording met an error of the application: {error!r}."
                self._rows.lost_steps += sum(steps_in(held.item) for held in self._held)
                self._held = []
            self._tell_done()
            if stopping and not self._queue.depth:
                break
        try:
            self._rows.commit_without_arrays(self._held)
            for run_id in self._arrays.open_runs():
                self._arrays.end_run(run_id)
        except Exception:  # as above; whoever waits for the end must not wait for ever
            _LOGGER.exception("The sink met a fault of ours while it closed")
        self._held = []
        self._tell_done()

    def _wait(self) -> None:
        if self._stopping:
            return
        if self._rows.fault:
            self._queue.wait(RETRY_S, count=_BATCH_EVENTS)
            return
        if not self._held:
            if not self._queue.wait(RETRY_S):
                return
            self._first_waiting_s = self._first_waiting_s or time.monotonic()
        if self._arrays.fault and self._held:
            self._queue.wait(_REFUSED_S, count=_BATCH_EVENTS)  # not in a hurry, even for a flush
            return
        left_s = self._oldest_s() + self._interval_s - time.monotonic()
        if left_s > 0 and self._flush_upto <= self._done:
            self._queue.wait(left_s, count=_WAKE_EVENTS)

    def _oldest_s(self) -> float:
        if self._held:
            return self._held[0].since_s
        return self._first_waiting_s or time.monotonic()

    def _pass(self, *, force: bool) -> None:
        now_s = time.monotonic()
        since_s = self._first_waiting_s or now_s
        events: list[TelemetryEvent] = []
        if len(self._held) < _MAX_HELD or force:
            number = self._queue.taken
            events = self._queue.poll(_BATCH_EVENTS)
            self._first_waiting_s = now_s if self._queue.depth else None
            thorough = len(events) + self._queue.depth < _CALM_EVENTS
            for event in events:
                number += 1
                try:
                    self._held.append(self._take(number, since_s, event, thorough=thorough))
                except Exception as error:  # noqa: BLE001 - the thread's edge: a fault of ours must not cost the other events
                    self._rows.count_lost(event, error)
        if not self._held:
            return
        everything = (
            force
            or self._flush_upto > self._done
            or now_s - self._held[0].since_s >= self._interval_s
            or any(ends_something(event) for event in events)
        )
        self._arrays.write(everything=everything, thorough=len(events) < _CALM_EVENTS)
        self._held = self._rows.commit(self._held)

    def _take(self, number: int, since_s: float, event: TelemetryEvent, *, thorough: bool) -> Held:
        if isinstance(event, StepRecorded):
            step, row = self._arrays.detach(event.step, thorough=thorough)
            return Held(number, since_s, step, row=row)
        if isinstance(event, BatchRecorded):
            landed, row = self._arrays.land(event.batch)
            return Held(number, since_s, landed, row=row, ended=self._arrays.end_episodes(event.batch))
        if isinstance(event, EpisodeChanged):
            rollup, stored_bytes = self._arrays.end_episode(event.rollup)
            return Held(number, since_s, EpisodeChanged(rollup), stored_bytes)
        if isinstance(event, RunStarted):
            self._arrays.begin_run(event.run_id)
        return Held(number, since_s, event)

    def _tell_done(self) -> None:
        self._tell(self._held[0].number - 1 if self._held else self._queue.taken)
