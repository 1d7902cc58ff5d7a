"""The calls of workers: they register, publish by credit, beat, and take orders."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gym_gui.core.errors import EnvironmentFault, TrainerRefusedError
from gym_gui.services.trainer.daemon.core import seq_of
from gym_gui.services.trainer.daemon.ingest import change_of_pressure
from gym_gui.services.trainer.dispatch.dispatch_facts import Heartbeat
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.protocol import HEARTBEAT_MS, MAX_MESSAGE_BYTES, check_protocol, shared

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gym_gui.services.batch_destination import Order
    from gym_gui.services.trainer.daemon.core import TrainerCore
    from gym_gui.services.trainer.daemon.ingest import WorkerStream

# An order reaches a worker with a control stream this much later at most.
_ORDERS_S: Final = 0.1


class WorkerCalls:
    """The part of the servicer that workers call.

    Args:
        core: The daemon's parts.
    """

    def __init__(self, core: TrainerCore) -> None:
        self._core = core

    async def RegisterWorker(  # noqa: N802 - gRPC's name
        self, request: pb.RegisterWorkerRequest, _context: Any
    ) -> pb.RegisterWorkerReply:
        """A worker says who it is, and hears what it may send."""
        check_protocol(request.protocol, "The worker")
        core = self._core
        trusted = False
        if request.worker_token:
            trusted = await core.in_thread(core.runs.register, request.run, request.worker_id, request.worker_token)
            if not trusted:
                raise TrainerRefusedError(
                    f"Run {request.run[:80]} has no worker {request.worker_id[:80]} of that secret, or is over."
                )
        worker, stream = await core.enrol(request, trusted=trusted)
        # What is free is told here; calls of before are over, and so is their starving.
        stream.call += 1
        stream.returned_bytes, stream.starved = 0, False
        stream.news.set()
        return pb.RegisterWorkerReply(
            run_id=worker.run_id,
            worker_id=worker.worker_id,
            durable_seq=stream.durable_seq,
            credit_bytes=stream.credit_bytes,
            heartbeat_interval_ms=HEARTBEAT_MS,
            capabilities=shared(request.capabilities),
            max_message_bytes=MAX_MESSAGE_BYTES,
        )

    async def Publish(  # noqa: N802 - gRPC's name
        self, requests: AsyncIterator[pb.PublishRequest], _context: Any
    ) -> AsyncIterator[pb.PublishReply]:
        """Batches in, what became of them out: taken over, on disk, and what more may be sent."""
        publishing = _Publishing(self._core)
        reader = asyncio.create_task(publishing.read(requests))
        try:
            async for reply in publishing.replies(reader):
                yield reply
            await reader  # raises what ended it
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await reader
            publishing.close()

    async def Heartbeat(self, request: pb.HeartbeatRequest, _context: Any) -> pb.HeartbeatReply:  # noqa: N802 - gRPC's
        """A worker lives; orders go back."""
        core = self._core
        worker = core.enrolment.worker(request.run_id, request.worker_id)
        if worker is None:
            raise TrainerRefusedError(
                f"Worker {request.worker_id[:80]} of run {request.run_id[:80]} is not registered.",
                hint="Register again.",
            )
        worker.heard()
        worker.phase = request.phase[:32]
        worker.memory_bytes, worker.spooled_bytes = request.memory_bytes, request.spooled_bytes
        for report in request.reports:
            answer = (report.order_id, report.outcome, report.detail[:1_000])
            await core.in_thread(core.runs.answered, worker.run_id, worker.worker_id, *answer)
        heartbeat = Heartbeat(
            steps=request.steps,
            phase=request.phase[:32],
            cpu_s=request.cpu_s,
            memory_bytes=request.memory_bytes,
            spooled_bytes=request.spooled_bytes,
            dropped_frames=request.dropped_frames,
        )
        orders = await core.in_thread(core.runs.heartbeat, worker.run_id, worker.worker_id, heartbeat)
        return pb.HeartbeatReply(orders=map(_order_to_wire, orders))

    async def Control(  # noqa: N802 - gRPC's name
        self, reports: AsyncIterator[pb.WorkerReport], _context: Any
    ) -> AsyncIterator[pb.ControlOrder]:
        """Orders as they are given; answers to them."""
        core = self._core
        who: list[pb.WorkerReport] = []

        async def read() -> None:
            async for report in reports:
                who[:] = [report]
                if report.order_id:
                    await core.in_thread(
                        core.runs.answered,
                        report.run_id,
                        report.worker_id,
                        report.order_id,
                        report.outcome,
                        report.detail,
                    )

        reader = asyncio.create_task(read())
        try:
            while not reader.done():
                if who:
                    for order in await core.in_thread(core.runs.orders, who[0].run_id, who[0].worker_id):
                        yield _order_to_wire(order)
                await asyncio.wait((reader,), timeout=_ORDERS_S)
        finally:
            reader.cancel()


class _Publishing:
    """One Publish call."""

    def __init__(self, core: TrainerCore) -> None:
        self._core = core
        self._stream: WorkerStream | None = None
        self._call = 0
        self._begun = asyncio.Event()
        self._refused: list[tuple[int, str]] = []

    async def read(self, requests: AsyncIterator[pb.PublishRequest]) -> None:
        """Take over what comes, until the worker has sent everything."""
        try:
            async for request in requests:
                stream = self._stream or self._begin(request)
                if stream.call != self._call:
                    return  # the worker has a newer call
                self._take(stream, request)
                await self._core.ingest.room_for(stream)
        finally:
            self._begun.set()
            if self._stream is not None:
                self._stream.news.set()

    async def replies(self, reader: asyncio.Task[None]) -> AsyncIterator[pb.PublishReply]:
        """What there is to tell, until everything that was read is on disk."""
        await self._begun.wait()
        stream = self._stream
        if stream is None:
            return
        while True:
            await stream.news.wait()
            stream.news.clear()
            if stream.call != self._call:
                return
            for seq, sentence in self._refused:
                yield pb.PublishReply(refused=sentence, refused_seq=seq)
            self._refused.clear()
            yield _reply(stream)
            if reader.done() and stream.durable_seq >= stream.accepted_seq:
                return

    def close(self) -> None:
        """The call is over."""
        if self._stream is not None:
            worker = self._core.enrolment.worker(self._stream.run_id, self._stream.worker_id)
            if worker is not None:
                worker.connected = max(0, worker.connected - 1)
                worker.heard()

    def _begin(self, request: pb.PublishRequest) -> WorkerStream:
        core = self._core
        worker = core.enrolment.worker(request.run_id, request.worker_id)
        stream = core.ingest.find(request.run_id, request.worker_id, request.stream)
        if worker is None or stream is None:
            raise TrainerRefusedError(
                f"Worker {request.worker_id[:80]} of run {request.run_id[:80]} is not registered.",
                hint="Register again.",
            )
        stream.call += 1
        self._call = stream.call
        stream.news.set()
        worker.connected += 1
        self._stream = stream
        self._begun.set()
        return stream

    def _take(self, stream: WorkerStream, request: pb.PublishRequest) -> None:
        worker = self._core.enrolment.worker(stream.run_id, stream.worker_id)
        if worker is not None:
            worker.heard()
        try:
            self._core.take(stream, request)
        except EnvironmentFault as error:
            self._refused.append((seq_of(request), str(error)))


def _reply(stream: WorkerStream) -> pb.PublishReply:
    changed = change_of_pressure(stream)
    pressure = pb.PRESSURE_UNCHANGED if changed is None else pb.STARVED if changed else pb.RESUMED
    credit, stream.returned_bytes = stream.returned_bytes, 0
    return pb.PublishReply(
        accepted_seq=stream.accepted_seq, durable_seq=stream.durable_seq, credit_bytes=credit, pressure=pressure
    )


def _order_to_wire(order: Order) -> pb.ControlOrder:
    return pb.ControlOrder(
        order_id=order.order_id, kind=order.kind, detail_json=msgspec.json.encode(dict(order.detail)).decode()
    )
