"""PublisherLink: the connection of one publisher: registers, sends by credit, hears what is on disk, comes back.

One thread sends and hears, one beats. Neither ever raises.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import grpc
import msgspec
import psutil

from gym_gui.core.errors import EnvironmentFault
from gym_gui.services.batch_destination import Order
from gym_gui.services.trainer.client.channel import make_stub, open_channel
from gym_gui.services.trainer.client.delivery import deliver_orphans
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.faults import error_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike
    from pathlib import Path

    from gym_gui.services.trainer.client.outbox import Outbox

_LOGGER = logging.getLogger(__name__)

PUBLISH: Final = "/gym_gui.trainer.v1.Trainer/Publish"
_REGISTER_S: Final = 5.0
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0
_BEAT_S: Final = 1.0
# While somebody plays in its place, a worker hears of each action this soon.
_ACTED_S: Final = 0.04
_SILENCE_S: Final = 5.0
# Another process's sign of life is as old as this at most.
_SILENT_WORKER_S: Final = 3.0


class PublisherLink:
    """Connects, and connects again.

    Args:
        address: The trainer.
        request: How the stream registers.
        outbox: What is to be sent.
        spool_dir: Where orphaned spool files to the same address lie.
        token: What the trainer wants to be shown.
        ca: File of the certificate to trust.

    Attributes:
        connected: Whether the trainer took the last thing that it was told.
        starved: Whether it told us to wait.
        fault: One sentence where it cannot be reached.
        durable_seq: Newest message on its disk.
        names: Run and worker as it named them; None before it did.
    """

    def __init__(
        self,
        address: str,
        request: pb.RegisterWorkerRequest,
        outbox: Outbox,
        *,
        spool_dir: Path,
        token: str | None,
        ca: str | PathLike[str] | None,
        on_behalf_of: int | None = None,
    ) -> None:
        self.connected = self.starved = False
        self.fault = ""
        self.durable_seq = 0
        self.names: tuple[str, str] | None = None
        self._address = address
        self._request = request
        self._outbox = outbox
        self._spool_dir = spool_dir
        self._channel = open_channel(address, token=token, ca=ca)
        self._stub = make_stub(self._channel)
        self._publish = self._channel.stream_stream(
            PUBLISH, request_serializer=bytes, response_deserializer=pb.PublishReply.FromString
        )
        self._stopping = threading.Event()
        # Its own: a script's seeded `random` is not drawn from behind its back.
        self._spread = random.Random()  # noqa: S311 - spreads the crowd, keeps no secret
        self._answered = threading.Event()
        self._credit_bytes = 0
        self._broken = False
        self._said_lost = self._registered = False
        self._is_acted_on = False
        self._call: Any = None
        self._beaten = pb.HeartbeatRequest()
        self._process = psutil.Process(on_behalf_of)
        self._told_s = None if on_behalf_of is None else time.monotonic()
        self._orders: list[Order] = []
        self._seen_orders: set[int] = set()
        self._reports: list[pb.WorkerReport] = []
        self._orders_lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, name="trainer-publisher", daemon=True),
            threading.Thread(target=self._beat, name="trainer-heartbeat", daemon=True),
        ]

    def start(self) -> None:
        """Begin to connect."""
        for thread in self._threads:
            thread.start()

    def wait_registered(self, timeout_s: float) -> None:
        """Wait until the trainer answered, or did not."""
        self._answered.wait(timeout_s)

    def beat(self, steps: int, phase: str) -> None:
        """What the next heartbeat says."""
        self._beaten = pb.HeartbeatRequest(steps=steps, phase=phase)
        if self._told_s is not None:
            self._told_s = time.monotonic()

    def take_orders(self) -> Sequence[Order]:
        """Orders since the last call."""
        with self._orders_lock:
            taken, self._orders = self._orders, []
        return taken

    def answer(self, order_id: int, outcome: str, detail: str) -> None:
        """What became of an order; sent with the next beat."""
        with self._orders_lock:
            self._reports.append(pb.WorkerReport(order_id=order_id, outcome=outcome, detail=detail))

    def close(self) -> None:
        """End both threads; what was not sent stays where it is."""
        self._stopping.set()
        with self._outbox.changed:
            self._outbox.changed.notify_all()
        self._channel.close()  # ends every call that is under way
        for thread in self._threads:
            thread.join()

    # The sending thread.

    def _run(self) -> None:
        wait_s = _FIRST_WAIT_S
        adopted = False
        while not self._stopping.is_set():
            try:
                self._register()
                wait_s = _FIRST_WAIT_S
                if not adopted:
                    adopted = deliver_orphans(self._channel, self._spool_dir, self._address, self._stopping)
                self._session()
            except grpc.RpcError as failure:
                self._lost(str(error_of(failure, self._address)))
                self._say_lost()
            except EnvironmentFault as error:
                self._lost(str(error))
                self._say_lost()
            except Exception as error:  # the edge of the thread: a training loop must never suffer from it
                if not self._stopping.is_set():  # a call on a closed channel is no fault
                    _LOGGER.exception("The way to the trainer met a fault of ours")
                self._lost(f"The application met an error of its own: {error!r}.")
            self._answered.set()
            self._stopping.wait(wait_s * self._spread.uniform(0.8, 1.2))
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _register(self) -> None:
        self._registered = False
        reply = self._stub.RegisterWorker(self._request, timeout=_REGISTER_S)
        self.names = reply.run_id, reply.worker_id
        # From now on it is known by these names; messages of before carry others, which do not count.
        self._request.run, self._request.worker_id = self.names
        self._heard(reply.durable_seq)
        self._credit_bytes = reply.credit_bytes
        self._broken, self.starved, self.fault = False, False, ""
        self.connected = self._registered = True
        self._answered.set()
        if self._said_lost:
            self._said_lost = False
            _LOGGER.info("The trainer at %s answers.", self._address)

    def _session(self) -> None:
        """Send and hear until the connection breaks or everything is said."""
        self._call = call = self._publish(self._outgoing())
        try:
            for reply in call:
                self._reply(reply)
        finally:
            with self._outbox.changed:
                self._broken = True
                self._outbox.changed.notify_all()
            self._call = None
            self.connected = False
            self._outbox.take_back()
            call.cancel()
        if not self._stopping.is_set():
            self._lost("The trainer ended the connection.")

    def _outgoing(self) -> Iterator[bytes]:
        """What is sent: the next message as soon as there is credit for it; runs on a thread of gRPC's."""
        outbox = self._outbox
        names = self.names or ("", "")
        while True:
            with outbox.changed:
                found = None
                while found is None:
                    if self._broken or self._stopping.is_set():
                        return
                    found = outbox.take(self._credit_bytes)
                    if found is None:
                        outbox.changed.wait(1.0)
                self._credit_bytes -= len(found[1])
            yield renamed(found[1], *names)

    def _reply(self, reply: pb.PublishReply) -> None:
        if reply.refused:
            _LOGGER.warning("The trainer refused a batch: %s", reply.refused)
            self.fault = reply.refused
        if reply.pressure != pb.PRESSURE_UNCHANGED:
            self.starved = reply.pressure == pb.STARVED
        with self._outbox.changed:
            self._credit_bytes += reply.credit_bytes
        self._heard(reply.durable_seq)

    def _heard(self, durable_seq: int) -> None:
        with self._outbox.changed:  # at once: who reads one of them finds the other true
            self.durable_seq = max(self.durable_seq, durable_seq)
            self._outbox.arrived(self.durable_seq)

    def _lost(self, fault: str) -> None:
        self.connected = False
        self.fault = fault
        self._outbox.take_back()
        self._outbox.spool()

    def _say_lost(self) -> None:
        """Once an outage, where nobody lets us in: an address may be mistyped."""
        if self._said_lost or self._registered or self._stopping.is_set():
            return
        self._said_lost = True
        _LOGGER.warning("%s Meanwhile everything is kept in %s, and sent once it answers.", self.fault, self._spool_dir)

    # The beating thread.

    def _beat(self) -> None:
        silent_s = time.monotonic()
        while not self._stopping.wait(_ACTED_S if self._is_acted_on else _BEAT_S):
            if self._told_s is not None and time.monotonic() - self._told_s > _SILENT_WORKER_S:
                continue  # the worker hangs: to beat for it would be a lie
            if self.names is None or not self.connected:
                silent_s = time.monotonic()
                continue
            try:
                self._beat_once(*self.names)
                silent_s = time.monotonic()
            except grpc.RpcError as failure:
                # A call that hangs on a cut cable tells nothing; one that is not answered does.
                if time.monotonic() - silent_s > _SILENCE_S or failure.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                    call = self._call
                    if call is not None:
                        call.cancel()
            except Exception:
                if not self._stopping.is_set():  # as above
                    _LOGGER.exception("A heartbeat met a fault of ours")

    def _beat_once(self, run_id: str, worker_id: str) -> None:
        request = pb.HeartbeatRequest()
        request.CopyFrom(self._beaten)
        request.run_id, request.worker_id = run_id, worker_id
        with contextlib.suppress(psutil.NoSuchProcess):
            times = self._process.cpu_times()
            request.cpu_s = times.user + times.system
            request.memory_bytes = self._process.memory_info().rss
        request.spooled_bytes = self._outbox.spooled_bytes
        with self._orders_lock:
            reports, self._reports = self._reports, []
        request.reports.extend(reports)
        try:
            reply = self._stub.Heartbeat(request, timeout=_BEAT_S * 2)
        except grpc.RpcError:
            with self._orders_lock:
                self._reports = reports + self._reports
            raise
        with self._orders_lock:
            for order in reply.orders:
                if order.order_id not in self._seen_orders:
                    self._seen_orders.add(order.order_id)
                    if order.kind in {"take-control", "hand-back"}:
                        self._is_acted_on = order.kind == "take-control"
                    self._orders.append(_order(order))


def _order(message: pb.ControlOrder) -> Order:
    try:
        detail = msgspec.json.decode(message.detail_json or "{}", type=dict[str, Any])
    except msgspec.MsgspecError:
        detail = {}
    return Order(order_id=message.order_id, kind=message.kind, detail=detail)


def renamed(data: bytes, run_id: str, worker_id: str) -> bytes:
    """A serialized `PublishRequest` under other names: of a field that comes twice, the last one counts."""
    return data + pb.PublishRequest(run_id=run_id, worker_id=worker_id).SerializeToString()
