"""Spool files whose owner is dead, delivered by whoever comes by: a later publisher, or the trainer itself."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import RunState
from gym_gui.services.trainer.client.channel import make_stub
from gym_gui.services.trainer.client.spool import SpoolFile, orphans
from gym_gui.services.trainer.proto import trainer_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import grpc

_REGISTER_S: Final = 5.0
_WAIT_S: Final = 0.5


def registration_of(spool: SpoolFile) -> pb.RegisterWorkerRequest | None:
    """How a spooled stream registers; None where that cannot be read."""
    request = pb.RegisterWorkerRequest()
    try:
        request.ParseFromString(spool.registration)
    except Exception:  # noqa: BLE001 - protobuf's own error type is no public one
        return None
    return request


def messages_of(spool: SpoolFile, run_id: str, worker_id: str, stream: str) -> Iterator[pb.PublishRequest]:
    """What a dead worker had to say under its name of today, and that it died where it did not say how it ended."""
    seq, ended = 0, False
    for data in spool.messages():
        message = pb.PublishRequest()
        try:
            message.ParseFromString(data)
        except Exception:  # noqa: BLE001, S112 - as above; what cannot be read was not written by us
            continue
        seq = max(seq, message.batch.seq, message.legacy.seq, message.end.seq)
        ended |= message.WhichOneof("body") == "end"
        message.run_id, message.worker_id, message.stream = run_id, worker_id, stream
        yield message
    if not ended:
        end = pb.RunEnd(state=RunState.INTERRUPTED.value, reason="Its process died.", seq=seq + 1)
        yield pb.PublishRequest(run_id=run_id, worker_id=worker_id, stream=stream, end=end)


def deliver_orphans(channel: grpc.Channel, folder: Path, address: str, stopping: threading.Event) -> bool:
    """Deliver every orphaned spool file that is for *address*; whether there is nothing left to deliver.

    Raises:
        grpc.RpcError: the trainer went away; what it did not take stays.
    """
    for spool in orphans(folder):
        try:
            if spool.about.get("address") == address and not _deliver(channel, spool, stopping):
                return False
        finally:
            spool.close()
    return True


def _deliver(channel: grpc.Channel, spool: SpoolFile, stopping: threading.Event) -> bool:
    request = registration_of(spool)
    if request is None:
        return True
    stub = make_stub(channel)
    request.worker_token = ""
    reply = stub.RegisterWorker(request, timeout=_REGISTER_S)
    credits_: queue.Queue[int] = queue.Queue()
    credits_.put(reply.credit_bytes)
    broken = threading.Event()

    def outgoing() -> Iterator[pb.PublishRequest]:
        left = credits_.get()
        for message in messages_of(spool, reply.run_id, reply.worker_id, request.stream):
            while left <= 0:
                if broken.is_set() or stopping.is_set():
                    return
                try:
                    left += credits_.get(timeout=_WAIT_S)
                except queue.Empty:
                    continue
            left -= message.ByteSize()
            yield message

    call = stub.Publish(outgoing())
    try:
        for answer in call:
            credits_.put(answer.credit_bytes)
            if stopping.is_set():
                return False
    finally:
        broken.set()
        call.cancel()
    spool.remove()
    return True
