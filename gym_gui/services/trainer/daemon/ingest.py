"""What workers publish, on its way to the sink: numbered, counted against its credit, told when it is on disk.

Everything here runs on the daemon's event loop, but `streams` and `queues`, which any thread may ask. The sink's own
thread is only asked how far it is.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from gym_gui.services.trainer.wire.batch_wire import batch_of_wire
from gym_gui.services.trainer.wire.legacy_steps import LegacyEpisodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gym_gui.core.data_model import RunState
    from gym_gui.core.data_model.batch import StepBatch
    from gym_gui.services.telemetry import TelemetryService
    from gym_gui.services.trainer.proto import trainer_pb2 as pb
    from gym_gui.telemetry.queue_sink import QueueSink

MIB: Final = 1024 * 1024
# What one worker may have under way: a quarter of a second of 32 MB/s.
WINDOW_BYTES: Final = 8 * MIB
# What all of them may; beyond it each further one gets a small window.
BUDGET_BYTES: Final = 256 * MIB
_SMALL_WINDOW_BYTES: Final = MIB
# Below an eighth of its window a stream is starved, and no longer above a half.
_STARVED_PART: Final = 8
_RESUMED_PART: Final = 2
# A client that ignores its credit is not read from beyond so many windows.
_PATIENCE: Final = 2


@dataclass(slots=True, eq=False, kw_only=True)
class WorkerStream:
    """One life of a worker, as the trainer sees it.

    Attributes:
        run_id: The run.
        worker_id: The worker.
        stream: Its life.
        window_bytes: What it may have under way.
        accepted_seq: Newest batch taken over.
        durable_seq: Newest batch on disk.
        under_way_bytes: Taken over, and not yet on disk.
        starved: Whether it was told to wait.
        starvations: How often it was.
        returned_bytes: Credit that is to be given back with the next reply.
        dropped_frames: Pictures let go at the worker so far, as it says.
        call: Counts its Publish calls; an older one ends when a newer one begins.
        ended: How it ended, as it said; None while it lives.
        news: Set where there is something to reply.
    """

    run_id: str
    worker_id: str
    stream: str
    window_bytes: int = WINDOW_BYTES
    accepted_seq: int = 0
    durable_seq: int = 0
    under_way_bytes: int = 0
    starved: bool = False
    starvations: int = 0
    returned_bytes: int = 0
    dropped_frames: int = 0
    call: int = 0
    ended: RunState | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    legacy: LegacyEpisodes | None = None

    @property
    def credit_bytes(self) -> int:
        """What it may still send."""
        return max(0, self.window_bytes - self.under_way_bytes)


class _UnderWay(NamedTuple):
    number: int  # of the newest event that it became
    stream: WorkerStream
    seq: int
    size_bytes: int
    since_s: float


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What of a run is under way.

    Attributes:
        depth: Batches.
        size_bytes: Of them.
        lag_s: Age of the oldest.
    """

    depth: int = 0
    size_bytes: int = 0
    lag_s: float = 0.0


class Ingest:
    """Takes batches over.

    Args:
        telemetry: The door that they go through.
        sink: Who saves them.
        on_batch: Told of every batch that was taken over, with its worker's stream.
    """

    def __init__(
        self, telemetry: TelemetryService, sink: QueueSink, on_batch: Callable[[WorkerStream, StepBatch], None]
    ) -> None:
        self._telemetry = telemetry
        self._sink = sink
        self._on_batch = on_batch
        self._streams: dict[tuple[str, str, str], WorkerStream] = {}
        self._under_way: deque[_UnderWay] = deque()
        self._room = asyncio.Event()
        self._lock = threading.Lock()
        self.refused = 0

    def open(self, run_id: str, worker_id: str, stream: str, *, durable_seq: int = 0) -> WorkerStream:
        """The stream of that name: the one that is known, or a new one whose newest batch on disk is *durable_seq*."""
        key = run_id, worker_id, stream
        found = self._streams.get(key)
        if found is None:
            small = (len(self._streams) + 1) * WINDOW_BYTES > BUDGET_BYTES
            found = WorkerStream(
                run_id=run_id,
                worker_id=worker_id,
                stream=stream,
                window_bytes=_SMALL_WINDOW_BYTES if small else WINDOW_BYTES,
                accepted_seq=durable_seq,
                durable_seq=durable_seq,
            )
            with self._lock:
                self._streams[key] = found
        return found

    def find(self, run_id: str, worker_id: str, stream: str) -> WorkerStream | None:
        """The stream of that name, if it was opened."""
        return self._streams.get((run_id, worker_id, stream))

    def forget(self, stream: WorkerStream) -> None:
        """Its worker is gone; what is under way goes on."""
        with self._lock:
            self._streams.pop((stream.run_id, stream.worker_id, stream.stream), None)

    def streams(self) -> Iterable[WorkerStream]:
        """Every open stream."""
        with self._lock:
            return tuple(self._streams.values())

    def take(self, stream: WorkerStream, message: pb.StepBatch, size_bytes: int) -> None:
        """Take a batch over; one that came before changes nothing.

        Raises:
            TrainerRefusedError: it is not as it must be; it was not kept.
        """
        if 0 < message.seq <= stream.accepted_seq:
            stream.returned_bytes += size_bytes
            stream.news.set()
            return
        batch = batch_of_wire(message, run_id=stream.run_id, worker_id=stream.worker_id, stream=stream.stream)
        self._telemetry.record_batch(batch)
        self._took(stream, batch.seq, size_bytes)
        self._on_batch(stream, batch)

    def take_legacy(self, stream: WorkerStream, message: pb.LegacySteps, size_bytes: int) -> None:
        """Take over steps of payload version 0, upgraded here, once.

        Raises:
            TrainerRefusedError: a step cannot be read; those before it were kept.
        """
        if 0 < message.seq <= stream.accepted_seq:
            stream.returned_bytes += size_bytes
            stream.news.set()
            return
        if stream.legacy is None:
            stream.legacy = LegacyEpisodes(self._telemetry, stream.run_id, stream.worker_id)
        told = stream.legacy.record(message.seq, stream.stream, message.step_json)
        self._took(stream, message.seq, size_bytes)
        self._on_batch(stream, told)

    def refuse(self, stream: WorkerStream, seq: int, size_bytes: int) -> None:
        """A batch was refused: it will not come again, so it counts as done, and its credit goes back."""
        self.refused += 1
        stream.accepted_seq = max(stream.accepted_seq, seq)
        stream.returned_bytes += size_bytes
        if not any(one.stream is stream for one in self._under_way):
            stream.durable_seq = stream.accepted_seq
        stream.news.set()

    def note_end(self, stream: WorkerStream, seq: int) -> None:
        """A worker said how it ended; it hears that this is on disk by the number that it gave it, 0 for none."""
        self._took(stream, seq, 0)

    def settle(self) -> None:
        """See how far the sink is, and let streams know what is on disk; cheap, to be called often."""
        done, moved = self._sink.done, False
        under_way = self._under_way
        while under_way and under_way[0].number <= done:
            with self._lock:
                one = under_way.popleft()
            stream, moved = one.stream, True
            stream.durable_seq = max(stream.durable_seq, one.seq)
            stream.under_way_bytes -= one.size_bytes
            stream.returned_bytes += one.size_bytes
            stream.news.set()
        if moved:
            self._room.set()

    @property
    def is_idle(self) -> bool:
        """Whether everything taken over is on disk."""
        return not self._under_way

    async def room_for(self, stream: WorkerStream) -> None:
        """Wait while a stream has far more under way than it was given: it is not read from meanwhile."""
        while stream.under_way_bytes > stream.window_bytes * _PATIENCE:
            self._room.clear()
            await self._room.wait()

    async def settled(self) -> None:
        """Wait until everything taken over is on disk."""
        while self._under_way:
            self._room.clear()
            await self._room.wait()

    def queues(self) -> dict[str, QueueFacts]:
        """What is under way, by run."""
        now_s = time.monotonic()
        found: dict[str, QueueFacts] = {}
        with self._lock:
            under_way = tuple(self._under_way)
        for one in under_way:
            facts = found.get(one.stream.run_id) or QueueFacts(lag_s=now_s - one.since_s)
            found[one.stream.run_id] = QueueFacts(facts.depth + 1, facts.size_bytes + one.size_bytes, facts.lag_s)
        return found

    def _took(self, stream: WorkerStream, seq: int, size_bytes: int) -> None:
        stream.accepted_seq = max(stream.accepted_seq, seq)
        stream.under_way_bytes += size_bytes
        taken = _UnderWay(self._sink.accepted, stream, seq, size_bytes, time.monotonic())
        with self._lock:
            self._under_way.append(taken)
        stream.news.set()


def change_of_pressure(stream: WorkerStream) -> bool | None:
    """True where a stream is starved from now on, False where it no longer is, None where nothing changed."""
    if not stream.starved and stream.credit_bytes * _STARVED_PART < stream.window_bytes:
        stream.starved = True
        stream.starvations += 1
        return True
    if stream.starved and stream.credit_bytes * _RESUMED_PART >= stream.window_bytes:
        stream.starved = False
        return False
    return None
