"""TrainerPublisher: a worker's batches to a trainer, by credit; to a file of this machine while nobody answers.

`put` runs on the thread that makes batches and never raises. One thread sends, one beats.
"""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
import uuid
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model import FrameState, RunState
from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.spaces import SpaceSerializer
from gym_gui.services.batch_destination import DestinationStatus
from gym_gui.services.trainer.client.outbox import MAX_SPOOL_BYTES, Outbox
from gym_gui.services.trainer.client.publisher_link import PublisherLink
from gym_gui.services.trainer.client.spool import SpoolFile
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.batch_wire import batch_to_wire
from gym_gui.services.trainer.wire.documents import to_text
from gym_gui.services.trainer.wire.protocol import CAPABILITIES, own_protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from pathlib import Path

    from gym_gui.core.data_model import RunRecord, StepBatch
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.services.batch_destination import Order

MIB: Final = 1024 * 1024
# In memory at most; beyond it pictures are let go, and the rest is spooled.
MEMORY_BYTES: Final = 32 * MIB
_WAIT_S: Final = 0.05
_ANSWER_S: Final = 2.0
_COUNT: Final = itertools.count()
# A forked child keeps what it inherited, so that nothing of its parent's is let go when it is collected.
_INHERITED: Final[list[object]] = []


class TrainerPublisher:
    """A `BatchDestination` that is a trainer.

    Args:
        address: ``host:port`` of the trainer; it need not answer.
        run: The run's record; the trainer may name the run otherwise, where that name is another's.
        spaces: What actions and observations are drawn from; None where nobody knows.
        session: One execution of the script: processes of the same one join the same run.
        worker_id: The name to ask for; None for any.
        worker_token: The secret of a worker that the trainer started; None for a script's own.
        token: What a trainer on another machine wants to be shown.
        ca: File of the certificate to trust; None for no TLS.
        spool_dir: Where batches wait while nobody answers.
        on_behalf_of: The process that works, where it is not this one: its signs of life come through `heartbeat`, and
            where these stay out, nothing is said of it.

    Raises:
        ConfigError: the certificate cannot be read, or the token would travel in the open.
    """

    # Of one life: see `_begin`.
    _pid: int
    _stream: str
    _next_seq: int
    _seqs: deque[tuple[int, int]]
    _durable: int
    _dropped_frames: int
    _closed: bool
    _outbox: Outbox
    _link: PublisherLink

    def __init__(
        self,
        address: str,
        run: RunRecord,
        *,
        spaces: RunSpaces | None,
        session: str,
        worker_id: str | None = None,
        worker_token: str | None = None,
        token: str | None = None,
        ca: str | PathLike[str] | None = None,
        spool_dir: Path,
        on_behalf_of: int | None = None,
    ) -> None:
        self.run_id = run.run_id
        self.worker_id = worker_id or ""
        self._run = run
        self._address = address
        self._spool_dir = spool_dir
        self._on_behalf_of = on_behalf_of
        self._registration = pb.RegisterWorkerRequest(
            run=run.run_id,
            worker_id=worker_id or "",
            run_record_json=to_text(run),
            spaces_json=_spaces_text(spaces),
            host=socket.gethostname(),
            protocol=own_protocol(),
            capabilities=CAPABILITIES,
            session=session,
            worker_token=worker_token or "",
        )
        self._token, self._ca = token, ca
        self._lock = threading.Lock()
        self._begin()
        self._link.wait_registered(_ANSWER_S)
        self._take_names()

    def put(self, batch: StepBatch) -> None:
        """Take a batch over; waits a little at most. Under pressure its pictures are let go, and counted."""
        with self._lock:
            self._here()
            if self._closed:
                return
            self._take_names()
            if self._sees_pressure():
                self._dropped_frames += batch.frame_count
                batch = batch.without_frames(FrameState.SHED)
            self._note_durable()
            self._seqs.append((self._next_seq, batch.seq))
            message = pb.PublishRequest(
                run_id=self.run_id,
                worker_id=self.worker_id,
                stream=self._stream,
                batch=batch_to_wire(replace(batch, seq=self._next_seq)),
                dropped_frames=self._dropped_frames,
            )
            self._next_seq += 1
            self._outbox.put(self._next_seq - 1, message.SerializeToString())
            if not self._link.connected or self._outbox.memory_bytes > MEMORY_BYTES:
                self._outbox.spool()

    def heartbeat(self, *, steps: int, phase: str) -> None:
        """Say how far the worker is; sent along when it is time."""
        self._here()
        self._link.beat(steps, phase)

    def orders(self) -> Sequence[Order]:
        """What was asked for since the last call; never waits."""
        return () if self._pid != os.getpid() else self._link.take_orders()

    def answer(self, order: Order, outcome: str, detail: str = "") -> None:
        """Say what became of an order."""
        if self._pid == os.getpid():
            self._link.answer(order.order_id, outcome, detail)

    def status(self) -> DestinationStatus:
        """How it stands now."""
        self._here()
        with self._lock, self._outbox.changed:
            self._note_durable()
            return DestinationStatus(
                durable_seq=self._durable,
                waiting_bytes=self._outbox.memory_bytes,
                spooled_bytes=self._outbox.spooled_bytes,
                dropped_frames=self._dropped_frames,
                connected=self._link.connected,
                starved=self._link.starved,
                fault=self._outbox.fault or self._link.fault,
            )

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until every batch taken over is on the trainer's disk, or the spool's; whether it is."""
        self._here()
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        outbox = self._outbox
        while True:
            with outbox.changed:
                if not len(outbox):
                    return True
            if not self._link.connected and outbox.spool():
                outbox.sync()
                return True
            left_s = _WAIT_S if deadline_s is None else min(_WAIT_S, deadline_s - time.monotonic())
            if left_s <= 0:
                return False
            with outbox.changed:
                if len(outbox):
                    outbox.changed.wait(left_s)

    def close(self, state: RunState, reason: str = "", *, timeout_s: float = 10.0) -> None:
        """Hand everything on and say how the worker ended; what is not taken in time stays in the spool."""
        with self._lock:
            if self._closed or self._pid != os.getpid():
                return
            self._closed = True
            end = pb.PublishRequest(
                run_id=self.run_id,
                worker_id=self.worker_id,
                stream=self._stream,
                end=pb.RunEnd(state=state.value, reason=reason, seq=self._next_seq),
                dropped_frames=self._dropped_frames,
            )
            self._outbox.put(self._next_seq, end.SerializeToString())
        self.flush(timeout_s)
        self._link.close()
        self._outbox.spool()
        self._outbox.sync()
        self._outbox.close()

    # Inside.

    def _begin(self) -> None:
        """A life of its own: at first, and in a forked child again."""
        self._pid = os.getpid()
        self._stream = uuid.uuid4().hex
        self._next_seq = 1
        self._seqs = deque()
        self._durable = 0
        self._dropped_frames = 0
        self._closed = False
        request = pb.RegisterWorkerRequest()
        request.CopyFrom(self._registration)
        request.stream, request.pid = self._stream, self._on_behalf_of or self._pid
        self._outbox = Outbox(lambda: self._make_spool(request))
        self._link = PublisherLink(
            self._address,
            request,
            self._outbox,
            spool_dir=self._spool_dir,
            token=self._token,
            ca=self._ca,
            on_behalf_of=self._on_behalf_of,
        )
        self._link.start()

    def _here(self) -> None:
        """Begin anew in a child process: what its parent has under way is the parent's."""
        if self._pid != os.getpid():
            _INHERITED.extend((self._outbox.abandon(), self._link, self._outbox))
            self._lock = threading.Lock()
            self._registration.worker_id = ""
            self.worker_id = ""
            self._begin()

    def _note_durable(self) -> None:
        """Our own numbers back to those of whoever makes the batches."""
        while self._seqs and self._seqs[0][0] <= self._link.durable_seq:
            self._durable = self._seqs.popleft()[1]

    def _take_names(self) -> None:
        """The trainer's names, once it gave some; until then, names that no other process gives."""
        names = self._link.names
        if names is not None:
            self.run_id, self.worker_id = names
        elif not self.worker_id:
            self.worker_id = f"p{self._pid}-{next(_COUNT)}"

    def _sees_pressure(self) -> bool:
        """Whether the trainer is so far behind that pictures have to go; waits a little for it."""
        outbox = self._outbox
        if not self._link.connected:
            return outbox.spooled_bytes > MAX_SPOOL_BYTES or bool(outbox.fault)
        if outbox.memory_bytes > MEMORY_BYTES // 2:
            with outbox.changed:
                outbox.changed.wait_for(lambda: outbox.memory_bytes <= MEMORY_BYTES // 2, _WAIT_S)
        return outbox.memory_bytes > MEMORY_BYTES // 2

    def _make_spool(self, request: pb.RegisterWorkerRequest) -> SpoolFile:
        about: dict[str, Any] = {
            "address": self._address,
            "run": self.run_id,
            "worker": self.worker_id,
            "host": request.host,
            "pid": request.pid,
        }
        return SpoolFile.create(self._spool_dir, self._stream, about, request.SerializeToString())


def _spaces_text(spaces: RunSpaces | None) -> str:
    """Both spaces as JSON, for a trainer that is told nothing else; empty where one cannot be described."""
    if spaces is None or spaces.action is None or spaces.observation is None:
        return ""
    import msgspec  # noqa: PLC0415 - as heavy as what it encodes

    try:
        forms = {
            "action": SpaceSerializer.to_json(spaces.action),
            "observation": SpaceSerializer.to_json(spaces.observation),
        }
        return msgspec.json.encode(forms).decode()
    except (EnvironmentFault, TypeError):
        return ""
