"""TelemetryService: the one door for producers, and the ring of what just happened.

`record_step` runs on the producer's thread, does no I/O and little else: the schema's checks and the ring's upkeep are
done on the sink's thread, or by whoever asks first.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.clock import utc_now
from gym_gui.core.refs import check_run_id
from gym_gui.services.schema_metrics import schema_metrics
from gym_gui.services.telemetry_schema import SchemaMode, SchemaValidator
from gym_gui.telemetry.events import (
    BatchRecorded,
    EpisodeChanged,
    EpisodesInterrupted,
    RunEnded,
    RunStarted,
    StepRecorded,
)
from gym_gui.telemetry.hub import TelemetryAsyncHub
from gym_gui.telemetry.run_bus import RunBus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunState, StepBatch, StepRecord
    from gym_gui.core.schema.mismatch import SchemaCounts
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.replay.frame_resolver import FrameResolver
    from gym_gui.telemetry.queue_sink import QueueSink
    from gym_gui.telemetry.sink_status import SinkStatus

_STRICT: Final = SchemaMode.STRICT
_RING_STEPS: Final = 512
_RING_BYTES: Final = 64 * 1024 * 1024
_RING_EPISODES: Final = 256
# Steps that wait for their checks at most; with more of them each new one pays for as many of the oldest.
_FRESH_STEPS: Final = 32
_SETTLED_AT_ONCE: Final = 2


class TelemetryService:
    """Takes what happened, remembers the newest of it, and publishes it.

    Args:
        hub: Where every event goes; None for a bus of its own, which nobody else hears.
        sink: Who saves it; None where nobody does.
        frame_resolver: Leads from refs back to pictures.
        ring_steps: Steps remembered at most.
        ring_bytes: Bytes of arrays remembered at most.
        schema: Checks every step; None for a tolerant validator, which counts and never refuses.
    """

    def __init__(
        self,
        hub: TelemetryAsyncHub | None = None,
        *,
        sink: QueueSink | None = None,
        frame_resolver: FrameResolver | None = None,
        ring_steps: int = _RING_STEPS,
        ring_bytes: int = _RING_BYTES,
        schema: SchemaValidator | None = None,
    ) -> None:
        self._schema = schema or SchemaValidator()
        self._hub = hub or TelemetryAsyncHub(RunBus())
        self._publish = self._hub.bus.publish
        self._sink = sink
        self._frame_resolver = frame_resolver
        # A deque that grows while it is copied raises: a copy can be interrupted by the garbage collector.
        self._ring_lock = threading.Lock()
        self._steps: deque[StepRecorded] = deque()
        self._ring_steps = ring_steps
        self._ring_bytes = ring_bytes
        self._bytes = 0
        self._episodes: deque[EpisodeRollup] = deque(maxlen=_RING_EPISODES)
        # Published, not yet checked and not yet in the ring.
        self._fresh: deque[StepRecorded] = deque()
        self._fresh_steps = _FRESH_STEPS
        if sink is None:
            self._fresh_steps = 0  # nobody else will do it
        else:
            sink.do_beside(self._settle)

    def start_run(self, run: RunRecord, *, spaces: RunSpaces | None = None) -> None:
        """Announce a run; its steps follow.

        Args:
            run: Its record.
            spaces: What its actions and observations are drawn from; None checks no step against them.

        Raises:
            InvalidRunIdError: its id could not name a file.
        """
        check_run_id(run.run_id)
        self._settle()
        self._schema.begin_run(run, spaces)
        self._publish(RunStarted(run))

    def end_run(self, run_id: str, state: RunState, reason: str = "") -> None:
        """Say that a run is over, and how; why, and what its steps were like, goes into its metadata."""
        self._settle()
        counts = self._schema.end_run(run_id)
        self._publish(RunEnded(run_id, state, utc_now(), counts.to_document() if counts.steps else None, reason))

    def interrupt_episodes(self, run_id: str) -> None:
        """Say that whoever played the open episodes of a run died, though the run goes on."""
        self._publish(EpisodesInterrupted(run_id))

    def record_episode_start(self, rollup: EpisodeRollup) -> None:
        """Announce an episode, before its step 0."""
        self._publish(EpisodeChanged(rollup))

    def record_step(self, step: StepRecord) -> None:
        """Publish a step, and see to it that it is checked and in the ring; waits only where a ``Block`` one is full.

        Raises:
            SchemaMismatchError: in strict mode, where the step does not keep the schema; it is not published.
        """
        if self._schema.mode is _STRICT:
            self._record_checked(step)
            return
        event = StepRecorded(step)
        self._fresh.append(event)
        if len(self._fresh) > self._fresh_steps:
            self._settle(_SETTLED_AT_ONCE)
        self._publish(event)

    def record_batch(self, batch: StepBatch) -> None:
        """Check a batch of steps as columns and publish it; the ring of recent steps is not for so many.

        Raises:
            SchemaMismatchError: in strict mode, where a step does not keep the schema; the batch is not published.
        """
        self._settle()
        with self._ring_lock:
            self._schema.check_batch(batch)
            self._episodes.extend(batch.ended)
        self._publish(BatchRecorded(batch))

    def record_payload(self, document: Mapping[str, Any]) -> StepRecord:
        """Record a step that came as a JSON document of any readable schema version; the record it became.

        A legacy one is upgraded here, once. A field that cannot be read is counted, and kept aside in the step's
        ``extra``, behind ``_unread``.

        Raises:
            SchemaMismatchError: a newer major version, or it does not say which step it is; in strict mode too where
                a field is not as it must be, or the step does not fit its run.
        """
        step, version = self._schema.upgraded(document)
        self._record_checked(step, version)
        return step

    @property
    def schema_mode(self) -> SchemaMode:
        """What a step that does not keep the schema meets."""
        return self._schema.mode

    def check_strictly(self) -> None:
        """From now on a step that does not keep the schema is raised at its producer, and not recorded."""
        self._schema.mode = SchemaMode.STRICT

    def schema_counts(self, run_id: str) -> SchemaCounts:
        """What the steps of a run were like so far, by worker, cause and schema version; any thread."""
        self._settle()
        return self._schema.counts(run_id)

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Steps by schema version and mismatches by cause, for an exporter: see `schema_metrics`."""
        self._settle()
        return schema_metrics(self._schema)

    def complete_episode(self, rollup: EpisodeRollup) -> None:
        """Publish an episode's final summary."""
        with self._ring_lock:
            self._episodes.append(rollup)
        self._publish(EpisodeChanged(rollup))

    def recent_steps(self, run_id: str | None = None, limit: int | None = None) -> list[StepRecord]:
        """The newest steps, oldest first; still attached."""
        self._settle()
        with self._ring_lock:
            events = tuple(self._steps)
        steps = [event.step for event in events if run_id in {None, event.run_id}]
        return steps if limit is None else steps[max(0, len(steps) - limit) :]

    def recent_episodes(self, run_id: str | None = None, limit: int | None = None) -> list[EpisodeRollup]:
        """The newest finished episodes, oldest first."""
        with self._ring_lock:
            newest = tuple(self._episodes)
        episodes = [rollup for rollup in newest if run_id in {None, rollup.run_id}]
        return episodes if limit is None else episodes[max(0, len(episodes) - limit) :]

    def get_step_with_frame(self, step: StepRecord) -> StepRecord:
        """The same step with its picture under ``render_payload["frame"]``, where there is one to be found."""
        if step.frame is not None or step.frame_ref is None or self._frame_resolver is None:
            return step
        frame = self._frame_resolver.resolve(step.frame_ref)
        return step if frame is None else replace(step, render_payload={"frame": frame})

    def flush(self, timeout_s: float | None = None) -> None:
        """Return when every step recorded before is on disk and visible to other processes.

        Raises:
            StoreError: it could not be done within *timeout_s*, or the disk refuses.
        """
        if self._sink is not None:
            self._sink.flush(timeout_s)

    def status(self) -> SinkStatus | None:
        """How saving stands; None where nobody saves."""
        return None if self._sink is None else self._sink.status()

    def _record_checked(self, step: StepRecord, version: str | None = None) -> None:
        """Check a step before anybody sees it."""
        event = StepRecorded(step)
        self._settle()
        with self._ring_lock:
            self._schema.check(step, version)
            self._remember(event)
        self._publish(event)

    def _settle(self, most: int = sys.maxsize) -> None:
        """Check the steps that were published without it, the oldest first, and put them into the ring; any thread."""
        with self._ring_lock:
            for _ in range(min(most, len(self._fresh))):
                event = self._fresh.popleft()
                self._remember(event)
                self._schema.count(event.step)

    def _remember(self, event: StepRecorded) -> None:
        ring = self._steps
        ring.append(event)
        self._bytes += event.attached_bytes
        while len(ring) > self._ring_steps or (self._bytes > self._ring_bytes and len(ring) > 1):
            self._bytes -= ring.popleft().attached_bytes
