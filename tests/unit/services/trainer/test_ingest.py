"""What is taken over is counted against credit; starving and resuming are told once, and so is what is on disk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from trainer_rig import make_batch

from gym_gui.core.errors import TrainerRefusedError
from gym_gui.services.trainer.daemon.ingest import Ingest, WorkerStream, change_of_pressure
from gym_gui.services.trainer.wire.batch_wire import batch_to_wire

if TYPE_CHECKING:
    from gym_gui.core.data_model import StepBatch


@dataclass
class Sink:
    """A disk that is as fast as the test lets it be."""

    accepted: int = 0
    done: int = 0


@dataclass
class Door:
    """Takes batches as the telemetry service does."""

    sink: Sink
    batches: list[StepBatch] = field(default_factory=list)

    def record_batch(self, batch: StepBatch) -> None:
        self.batches.append(batch)
        self.sink.accepted += 1


class Rig:
    def __init__(self) -> None:
        self.sink = Sink()
        self.door = Door(self.sink)
        self.told: list[int] = []
        telemetry: Any = self.door
        sink: Any = self.sink
        self.ingest = Ingest(telemetry, sink, lambda _stream, batch: self.told.append(batch.seq))
        self.stream = self.ingest.open("a-run", "w0", "s")

    def take(self, seq: int, size_bytes: int = 1_000) -> None:
        self.ingest.take(self.stream, batch_to_wire(make_batch(seq)), size_bytes)

    def saved(self, count: int) -> None:
        self.sink.done += count
        self.ingest.settle()


def test_that_a_batch_counts_as_durable_once_the_sink_has_it() -> None:
    rig = Rig()
    rig.take(1)
    rig.take(2)
    assert (rig.stream.accepted_seq, rig.stream.durable_seq) == (2, 0)
    rig.saved(1)
    assert (rig.stream.durable_seq, rig.stream.returned_bytes) == (1, 1_000)
    rig.saved(1)
    assert rig.stream.durable_seq == 2
    assert rig.ingest.is_idle


def test_that_a_batch_that_comes_again_changes_nothing_and_costs_nothing() -> None:
    rig = Rig()
    rig.take(1)
    rig.take(1)
    assert [batch.seq for batch in rig.door.batches] == [1]
    assert rig.told == [1]
    assert (rig.stream.under_way_bytes, rig.stream.returned_bytes) == (1_000, 1_000)


def test_that_what_is_on_disk_since_before_is_not_taken_again() -> None:
    rig = Rig()
    rig.stream = rig.ingest.open("a-run", "w0", "another life", durable_seq=5)
    rig.take(5)
    rig.take(6)
    assert [batch.seq for batch in rig.door.batches] == [6]


def pressures(stream: WorkerStream) -> list[bool]:
    found = change_of_pressure(stream)
    return [] if found is None else [found]


def test_that_starved_and_resumed_are_told_once_each_time() -> None:
    rig = Rig()
    told: list[bool] = []
    part = rig.stream.window_bytes // 10
    for _ in range(3):
        for _ in range(10):
            rig.take(rig.stream.accepted_seq + 1, part)
            told += pressures(rig.stream)
        for _ in range(10):
            rig.saved(1)
            told += pressures(rig.stream)
    assert told == [True, False] * 3
    assert rig.stream.starvations == 3


def test_that_what_is_refused_is_not_kept_and_gives_its_credit_back() -> None:
    rig = Rig()
    message = batch_to_wire(make_batch(1))
    message.rewards = b""
    with pytest.raises(TrainerRefusedError):
        rig.ingest.take(rig.stream, message, 500)
    rig.ingest.refuse(rig.stream, 1, 500)
    assert rig.door.batches == []
    assert (rig.stream.accepted_seq, rig.stream.durable_seq, rig.stream.returned_bytes) == (1, 1, 500)


def test_that_a_stream_that_ignores_its_credit_is_not_read_from() -> None:
    rig = Rig()
    rig.take(1, rig.stream.window_bytes * 3)

    async def story() -> bool:
        waiting = asyncio.create_task(rig.ingest.room_for(rig.stream))
        await asyncio.sleep(0)
        before = waiting.done()
        rig.saved(1)
        await waiting
        return before

    assert asyncio.run(story()) is False


def test_that_later_streams_get_small_windows_so_that_all_of_them_fit() -> None:
    rig = Rig()
    windows = [rig.ingest.open("a-run", f"w{place}", "s").window_bytes for place in range(1, 200)]
    assert sum(windows) < 512 * 1024 * 1024
    assert min(windows) >= 1024 * 1024


def test_that_queues_tell_depth_and_bytes_by_run() -> None:
    rig = Rig()
    rig.take(1, 10)
    rig.take(2, 20)
    facts = rig.ingest.queues()["a-run"]
    assert (facts.depth, facts.size_bytes) == (2, 30)
    assert facts.lag_s >= 0
