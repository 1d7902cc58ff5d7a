"""RecorderSink: the bus to recording backends, the twin of `TelemetryDBSink` for runs that are not kept apart.

Owns the sink thread, which survives every fault of the world and says what it could not keep.
"""

from __future__ import annotations

import logging
import time
from itertools import groupby
from typing import TYPE_CHECKING, Final

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeStatus, RunRecord
from gym_gui.core.errors import EnvironmentFault, ReplayFileError, SchemaMismatchError
from gym_gui.core.typing_compat import override
from gym_gui.recording.config import FLUSH_INTERVAL_S
from gym_gui.recording.failover import NONE, FailoverBackend, gaps_of
from gym_gui.telemetry.batch_records import events_of
from gym_gui.telemetry.events import (
    BatchRecorded,
    EpisodeChanged,
    EpisodesInterrupted,
    RunEnded,
    RunStarted,
    StepRecorded,
    TelemetryEvent,
)
from gym_gui.telemetry.overflow import Block, OverflowPolicy
from gym_gui.telemetry.queue_sink import RETRY_S, QueueSink, ends_something
from gym_gui.telemetry.row_committer import steps_in
from gym_gui.telemetry.sink_status import SinkStatus
from gym_gui.telemetry.sqlite_store import unannounced_episode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup, StepRecord
    from gym_gui.recording.config import RecorderConfig
    from gym_gui.recording.failover import Gap
    from gym_gui.recording.listing import Listing
    from gym_gui.telemetry.run_bus import RunBus

_LOGGER = logging.getLogger(__name__)
_WAKE_EVENTS: Final = 32
_BATCH_EVENTS: Final = 64


class RecorderSink(QueueSink):
    """Drains the bus into one backend a run.

    Args:
        config_of_run: How a run is recorded: its backend, its folder, and who takes over.
        bus: What it listens to, from now on.
        folder: Where recordings lie, for the free space.
        listing: Where runs and episodes are listed; None for nowhere.
        overflow: What happens when the disk is slower than the producer.
        flush_interval_s: How long a step may wait.
    """

    def __init__(
        self,
        config_of_run: Callable[[str], RecorderConfig],
        bus: RunBus,
        *,
        folder: Path,
        listing: Listing | None = None,
        overflow: OverflowPolicy | None = None,
        flush_interval_s: float = FLUSH_INTERVAL_S,
    ) -> None:
        super().__init__(bus.subscribe("recorder-sink", overflow or Block()), folder, thread_name="recorder-sink")
        self._config_of_run = config_of_run
        self._listing = listing
        self._interval_s = flush_interval_s
        self._backends: dict[str, FailoverBackend] = {}
        # Tried again with the same backend where the disk refuses: it may hold locks and files already.
        self._beginning: dict[str, FailoverBackend] = {}
        self._not_ours: set[str] = set()  # runs that another process records
        self._announced: set[tuple[str, str]] = set()  # episodes that go on
        self._held: list[TelemetryEvent] = []  # taken from the queue, refused by the disk
        self._unflushed_since_s: float | None = None
        self._saved_steps = self._saved_frames = self._lost_steps = 0
        self._fault = self._unfinished = ""
        self._last_loss = ""
        self._gaps: list[Gap] = []

    @override
    def status(self) -> SinkStatus:
        """How it stands now; may be called from any thread."""
        since_s, gaps = self._unflushed_since_s, self._gaps[-1:]
        lost = [str(gap) for gap in gaps if gap.lost]
        return SinkStatus(
            queue_depth=self._queue.depth,
            saved_steps=self._saved_steps,
            saved_frames=self._saved_frames,
            shed_frames=self._queue.shed_frames,
            lost_frames=0,
            lost_steps=self._lost_steps + self._queue.dropped,
            oldest_unsaved_s=0.0 if since_s is None else time.monotonic() - since_s,
            blocked_s=self._queue.blocked_s,
            disk_free_bytes=self._disk_free_bytes,
            fault=self._fault or "".join(lost) or self._unfinished,
            notice="".join(map(str, gaps)),
        )

    @override
    def records(self, run_id: str) -> bool:
        return run_id in self._backends or run_id in self._beginning

    # The sink's thread.

    @override
    def _standing_fault(self) -> str:
        return self._fault

    @override
    def _run(self) -> None:
        while True:
            stopping = self._stopping
            try:
                self._wait()
                self._pass(everything=stopping)
            except Exception as error:  # noqa: BLE001 - the thread's edge: it must outlive every fault, and say so
                self._refused(error)
            self._tell(self._done)
            if stopping and (self._fault or not (self._queue.depth or self._held)):
                break
        self._end()

    def _wait(self) -> None:
        if self._stopping:
            return
        if self._fault:
            self._queue.wait(RETRY_S, count=2**31)
        elif self._unflushed_since_s is None and self._queue.wait(RETRY_S):
            self._unflushed_since_s = time.monotonic()
        if self._unflushed_since_s is not None and self._flush_upto <= self._done and not self._fault:
            left_s = self._unflushed_since_s + self._interval_s - time.monotonic()
            if left_s > 0:
                self._queue.wait(left_s, count=_WAKE_EVENTS)

    def _pass(self, *, everything: bool) -> None:
        if self._fault and not self._held:
            self._flush_backends()  # what was taken before comes first: the queue is what is bounded
        if not self._held:
            self._held = self._unpacked(self._queue.poll(_BATCH_EVENTS))
        ends = any(ends_something(event) for event in self._held)
        since_s = self._unflushed_since_s
        while self._held:
            count = self._take(self._held)
            del self._held[:count]
        # What still waits in the queue has aged there already.
        patience_s = self._interval_s / 4 if self._queue.depth >= _BATCH_EVENTS else self._interval_s
        due = since_s is not None and time.monotonic() - since_s >= patience_s
        if (everything and not self._queue.depth) or ends or due or self._flush_upto > self._done:
            self._flush_backends()

    def _unpacked(self, events: list[TelemetryEvent]) -> list[TelemetryEvent]:
        found: list[TelemetryEvent] = []
        for event in events:
            try:
                found += events_of(event)
            except SchemaMismatchError as error:  # its bytes are not what they say: the others are not to blame
                self._lost_steps += steps_in(event)
                _LOGGER.error("A batch was not saved: %s", error)  # noqa: TRY400 - the world's fault, no trace
                continue
            if isinstance(event, BatchRecorded) and self._listing is not None:
                self._listing.log(event.batch)
        return found

    def _flush_backends(self) -> None:
        taken = self._queue.taken
        for backend in self._backends.values():
            backend.flush()
        # L1: what a list names can be opened.
        if self._listing is not None:
            self._listing.write()
        self._fault = ""
        self._done = taken
        self._unflushed_since_s = time.monotonic() if self._queue.depth else None

    def _take(self, events: Sequence[TelemetryEvent]) -> int:
        """Hand over the first of *events*, and the steps of the same run that follow it; how many these were."""
        first = events[0]
        if not self._is_ours(first):
            self._lost_steps += isinstance(first, StepRecorded)
            return 1
        if isinstance(first, StepRecorded):
            run_id, group = next(groupby(events, key=_run_of_step))
            steps = [event.step for event in group if isinstance(event, StepRecorded)]
            self._write(str(run_id), steps)
            return len(steps)
        if isinstance(first, EpisodeChanged):
            self._change_episode(first.rollup)
        elif isinstance(first, RunEnded):
            self._end_run(first)  # and with it its open episodes, which are interrupted no sooner
        return 1

    def _is_ours(self, event: TelemetryEvent) -> bool:
        """Begin the run of an event where it was not; False where another process records it."""
        run_id = event.run_id
        if run_id in self._not_ours:
            return False
        if run_id in self._backends or isinstance(event, EpisodesInterrupted | RunEnded):
            return True
        if isinstance(event, RunStarted):
            run = event.run
        else:  # nobody announced it: kept under a run that says so
            run = RunRecord(run_id=run_id, env_id="unknown", created_at=utc_now(), player="")
        try:
            self._begin(run)
        except ReplayFileError as error:
            if not isinstance(error.__cause__, TimeoutError):
                raise  # the disk's fault, which may pass
            _LOGGER.error("Nothing of it is recorded here: %s", error)  # noqa: TRY400 - the world's fault, no trace
            self._not_ours.add(run_id)
            self._beginning.pop(run_id, None)
            return False
        return True

    def _begin(self, run: RunRecord) -> None:
        backend = self._beginning.get(run.run_id)
        if backend is None:
            backend = FailoverBackend(self._config_of_run(run.run_id), on_gap=self._note_gap)
            self._beginning[run.run_id] = backend
        if self._listing is not None and not self._listing.knows(run.run_id):
            self._listing.begin_run(run, backend.backend_name)
        backend.begin_run(run)
        if not self._backends:  # beside others it is still news
            self._unfinished = ""
        self._backends[run.run_id] = self._beginning.pop(run.run_id)

    def _write(self, run_id: str, steps: Sequence[StepRecord]) -> None:
        backend = self._backends[run_id]
        for step in steps:
            if (run_id, step.episode_id) not in self._announced:
                self._change_episode(unannounced_episode(step))
        try:
            backend.write_steps(steps)
            kept = list(steps)
        except Exception as error:  # one bad step must not cost the others, nor hold them up for ever
            if _is_the_worlds(error):
                raise
            kept = [step for step in steps if self._write_one(backend, step)]
        keeps = backend.backend_name != NONE
        is_lost = not keeps and bool(backend.gaps)  # where none was chosen, nothing is lost
        if keeps:
            self._saved_steps += len(kept)
            self._saved_frames += sum(step.frame is not None for step in kept)
        elif is_lost:
            self._lost_steps += len(kept)
        if self._listing is not None:
            self._listing.count(kept, keeps_frames=keeps, is_lost=is_lost)

    def _write_one(self, backend: FailoverBackend, step: StepRecord) -> bool:
        try:
            backend.write_steps([step])
        except Exception as error:  # the thread's edge: a backend may be anyone's
            if _is_the_worlds(error):
                raise
            self._lost_steps += 1
            if repr(error) != self._last_loss:  # the first of its kind tells all
                self._last_loss = repr(error)
                ours = None if isinstance(error, EnvironmentFault) else error
                _LOGGER.error("A step was not saved: %s", error, exc_info=ours)  # noqa: TRY400 - a trace for ours only
            return False
        return True

    def _change_episode(self, rollup: EpisodeRollup) -> None:
        backend = self._backends[rollup.run_id]
        if self._listing is not None:
            self._listing.change_episode(rollup)
            rollup = self._listing.final(rollup)
        key = (rollup.run_id, rollup.episode_id)
        if rollup.status is EpisodeStatus.RUNNING:
            backend.begin_episode(rollup)
            self._announced.add(key)
        else:
            backend.end_episode(rollup)
            self._announced.discard(key)

    def _end_run(self, event: RunEnded) -> None:
        backend = self._backends.get(event.run_id)
        if backend is not None:
            backend.end_run(event.run_id, event.state, event.ended_at)
            backend.close()
            self._unfinished = backend.unfinished or self._unfinished
            self._backends.pop(event.run_id)
            self._announced = {key for key in self._announced if key[0] != event.run_id}
        if self._listing is not None:
            self._listing.end_run(event.run_id, event.state, event.ended_at, schema_counts=event.schema_counts)

    def _note_gap(self, gap: Gap) -> None:
        self._gaps.append(gap)
        if self._listing is not None:
            self._listing.add_metadata(gap.run_id, {"gaps": gaps_of(self._gaps, gap.run_id)})

    def _refused(self, error: Exception) -> None:
        said = str(error) if isinstance(error, EnvironmentFault) else f"An error of the application: {error!r}."
        if said == self._fault:
            return
        self._fault = said
        if isinstance(error, EnvironmentFault):
            _LOGGER.error("Steps are not being saved: %s", error)
        else:
            _LOGGER.error("The sink met a fault of ours", exc_info=error)

    def _end(self) -> None:
        lost = sum(map(steps_in, [*self._held, *self._queue.poll()]))
        self._held = []
        for run_id, backend in [*self._backends.items(), *self._beginning.items()]:
            try:
                backend.close()
            except Exception:  # whoever waits for the end must not wait for ever
                _LOGGER.exception("The recording of run %s did not close well", run_id)
        self._backends.clear()
        if self._listing is not None:
            self._listing.close()
        if lost:
            self._lost_steps += lost
            _LOGGER.error("%d steps were not saved: %s", lost, self._fault)
        self._tell(self._done)


def _is_the_worlds(error: Exception) -> bool:
    return isinstance(error, EnvironmentFault | OSError) and not isinstance(error, SchemaMismatchError)


def _run_of_step(event: TelemetryEvent) -> str | None:
    return event.run_id if isinstance(event, StepRecorded) else None
