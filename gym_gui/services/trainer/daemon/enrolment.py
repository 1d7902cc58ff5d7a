"""Workers at the door: which run theirs is, what they are called, whether they live, and when their run is over.

Everything here runs on the daemon's event loop, but `workers`, which any thread may ask.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import RunRecord, RunState
from gym_gui.core.errors import RunNotFoundError, TrainerRefusedError
from gym_gui.core.refs import check_run_id, is_run_id, numbered_run_id
from gym_gui.services.trainer.wire.documents import of_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from gym_gui.services.telemetry import TelemetryService
    from gym_gui.services.trainer.proto import trainer_pb2 as pb

# In a run's metadata: that a trainer records it, and for whom.
TRAINER_KEY: Final = "trainer"
# A worker that nobody heard of for so long is late; for so long, lost.
LATE_S: Final = 5.0
LOST_S: Final = 30.0
# One that is not connected, and was not heard of for so long, has nothing under way; it may just have registered.
_GONE_S: Final = 0.5
_MAX_WORKERS: Final = 4_096
_MAX_NAME: Final = 64


@dataclass(slots=True, eq=False, kw_only=True)
class EnrolledWorker:
    """A worker of a run that is recorded now.

    Attributes:
        run_id: The run.
        worker_id: Unique within it.
        stream: Its present life.
        session: The execution of the script that it belongs to.
        host: Where it runs.
        pid: Its process there.
        heard_s: When it was last heard of, monotonic.
        heard_at: Likewise, on the clock.
        phase: What it does, as it says.
        connected: Publish calls that are open.
        ended: How it ended; None while it lives.
        reason: Why, as it said.
        memory_bytes: Of its process, as it says.
        spooled_bytes: What waits in its file, as it says.
    """

    run_id: str
    worker_id: str
    stream: str
    session: str
    host: str
    pid: int
    heard_s: float = field(default_factory=time.monotonic)
    heard_at: datetime = field(default_factory=utc_now)
    phase: str = ""
    connected: int = 0
    ended: RunState | None = None
    reason: str = ""
    memory_bytes: int = 0
    spooled_bytes: int = 0

    def heard(self) -> None:
        """It was heard of now."""
        self.heard_s, self.heard_at = time.monotonic(), utc_now()

    @property
    def is_speaking(self) -> bool:
        """Whether more may come of it: a dead worker's last words, or its spool file."""
        return self.ended is None and self.silent_s < (LOST_S if self.connected else _GONE_S)

    @property
    def silent_s(self) -> float:
        """Seconds since it was last heard of."""
        return time.monotonic() - self.heard_s

    @property
    def is_late(self) -> bool:
        """Whether it lives, and should have been heard of."""
        return self.ended is None and self.silent_s > LATE_S


class RunOwner(Protocol):
    """Knows the runs that this trainer started."""

    def is_ours(self, run_id: str) -> bool:
        """Whether the dispatcher started it."""

    def is_watched(self, run_id: str) -> bool:
        """Whether the dispatcher says when it is over."""

    def verdict(self, run_id: str) -> RunState | None:
        """How the dispatcher says that it ended; None where it says nothing."""


class Enrolment:
    """Who records what through this daemon.

    Args:
        telemetry: The door that runs are announced at.
        recorded: Gives the metadata of a run that was recorded; raises `RunNotFoundError`.
        owner: Knows the runs that this trainer started: those end when the dispatcher says so.
    """

    def __init__(
        self, telemetry: TelemetryService, recorded: Callable[[str], Mapping[str, Any]], owner: RunOwner
    ) -> None:
        self._telemetry = telemetry
        self._recorded = recorded
        self._owner = owner
        self._workers: dict[str, dict[str, EnrolledWorker]] = {}
        self._lock = threading.Lock()

    def runs(self) -> tuple[str, ...]:
        """Runs that are recorded now."""
        return tuple(self._workers)

    def workers(self, run_id: str | None = None) -> list[EnrolledWorker]:
        """The workers of a run, or of all of them."""
        with self._lock:
            chosen = self._workers.values() if run_id is None else (self._workers.get(run_id, {}),)
            return [worker for workers in chosen for worker in workers.values()]

    def worker(self, run_id: str, worker_id: str) -> EnrolledWorker | None:
        """The worker of that name."""
        return self._workers.get(run_id, {}).get(worker_id)

    def enrol(self, request: pb.RegisterWorkerRequest, *, trusted: bool) -> EnrolledWorker:
        """Let a worker in, and announce its run where it is the first.

        Args:
            request: Who asks.
            trusted: Whether the dispatcher knows it by its secret: it gets the name it asks for.

        Raises:
            TrainerRefusedError: what it says of itself cannot be.
            InvalidRunIdError: its run's name could not name a file.
        """
        wished = request.run.strip()
        record = _record_of(request, wished)
        run_id = check_run_id(wished or record.run_id)
        if not trusted:
            run_id = self._free_run(run_id, _session(request))
        workers = self._workers.get(run_id, {})
        worker_id = self._free_worker(workers, request, trusted=trusted)
        before = workers.get(worker_id)
        if before is None and sum(map(len, self._workers.values())) >= _MAX_WORKERS:
            raise TrainerRefusedError(f"This trainer has {_MAX_WORKERS:,} workers already.")
        worker = EnrolledWorker(
            run_id=run_id,
            worker_id=worker_id,
            stream=request.stream,
            session=_session(request),
            host=request.host[:_MAX_NAME],
            pid=request.pid,
        )
        if before is not None and before.stream == request.stream:
            worker.connected = before.connected
        if run_id not in self._workers:
            self._announce(record, run_id, request)
        with self._lock:
            self._workers.setdefault(run_id, {})[worker_id] = worker
        return worker

    def end(self, worker: EnrolledWorker, state: RunState, reason: str = "") -> None:
        """A worker says how it ended; with the last one its run ends, where no dispatcher watches over it."""
        worker.ended, worker.reason = state, reason
        self._end_if_over(worker.run_id)

    def look_around(self) -> list[EnrolledWorker]:
        """Workers that were lost since the last time; their runs end where nobody is left."""
        lost = [
            worker
            for worker in self.workers()
            if worker.ended is None and not worker.connected and worker.silent_s > LOST_S
        ]
        for worker in lost:
            self.end(worker, RunState.INTERRUPTED)
        return lost

    def end_run(self, run_id: str, state: RunState, reason: str = "") -> None:
        """A run is over."""
        with self._lock:
            known = self._workers.pop(run_id, None)
        if known is not None:
            self._telemetry.end_run(run_id, state, reason)

    def _end_if_over(self, run_id: str) -> None:
        workers = self._workers.get(run_id, {})
        states = [worker.ended for worker in workers.values()]
        if None in states or self._owner.is_watched(run_id):
            return
        worst = (RunState.FAULTED, RunState.INTERRUPTED, RunState.CANCELLED)
        told = next((state for state in worst if state in states), RunState.COMPLETED)
        reason = next((worker.reason for worker in workers.values() if worker.ended is told and worker.reason), "")
        # Late words of one of its workers do not say how a run of the dispatcher's ended.
        verdict = self._owner.verdict(run_id)
        self.end_run(run_id, verdict or told, reason if verdict in {None, told} else "")

    def _announce(self, record: RunRecord, run_id: str, request: pb.RegisterWorkerRequest) -> None:
        about = {"host": request.host[:_MAX_NAME], "session": _session(request), "ours": self._owner.is_ours(run_id)}
        metadata = {**record.metadata, TRAINER_KEY: about}
        if metadata.get("group") == record.run_id:
            metadata["group"] = run_id  # another execution of that name is no part of this one
        if request.spaces_json and "spaces" not in metadata:
            # What the steps are checked against, here and by whoever reads them later.
            metadata["spaces"] = _spaces_of(request.spaces_json)
        self._telemetry.start_run(replace(record, run_id=run_id, worker_id=None, metadata=metadata))

    def _free_run(self, wished: str, session: str) -> str:
        """The name itself, where it is free or of the same session; else the next one with a number."""
        place = 1
        while True:
            name = numbered_run_id(wished, place)
            if self._session_of(name) in {None, session}:
                return name
            place += 1

    def _session_of(self, run_id: str) -> str | None:
        """The session that a run belongs to; None where there is no such run."""
        workers = self._workers.get(run_id)
        if workers:
            return next(iter(workers.values())).session
        try:
            metadata: Mapping[str, Any] = self._recorded(run_id)
        except RunNotFoundError:
            return None
        about = metadata.get(TRAINER_KEY)
        return str(about.get("session", "")) if isinstance(about, dict) else ""

    def _free_worker(
        self, workers: Mapping[str, EnrolledWorker], request: pb.RegisterWorkerRequest, *, trusted: bool
    ) -> str:
        wished = request.worker_id
        if wished and not (is_run_id(wished) and len(wished) <= _MAX_NAME):
            raise TrainerRefusedError(f"{wished[:40]!r} cannot name a worker.", hint="Letters, digits, '.', '_', '-'.")
        if wished and (trusted or _is_same(workers.get(wished), request)):
            return wished
        same = (one for one in workers.values() if request.stream and one.stream == request.stream)
        known = next(same, None)
        if known is not None:
            return known.worker_id
        place = 2 if wished else 0
        while True:
            name = f"{wished}-{place}" if wished else f"w{place}"
            if name not in workers:
                return name
            place += 1


def _is_same(known: EnrolledWorker | None, request: pb.RegisterWorkerRequest) -> bool:
    """Whether who asks may have the name of the worker that is known by it."""
    if known is None or known.stream == request.stream or (known.host, known.pid) == (request.host, request.pid):
        return True
    return not known.connected and (known.ended is not None or known.silent_s > LATE_S)


def _session(request: pb.RegisterWorkerRequest) -> str:
    """One execution of a script; a client that names none is one by itself."""
    return request.session or f"{request.host}:{request.pid}"


def _spaces_of(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise TrainerRefusedError(f"The run's spaces cannot be read: {error}.") from error


def _record_of(request: pb.RegisterWorkerRequest, wished: str) -> RunRecord:
    if request.run_record_json:
        return of_text(RunRecord, request.run_record_json, "The run's record")
    return RunRecord(run_id=wished, env_id="unknown", created_at=utc_now(), player="", host=request.host)
