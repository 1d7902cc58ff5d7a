"""ActiveRun: what the dispatcher knows of a run that holds a slot; its lock guards every field."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from gym_gui.services.trainer.dispatch import processes

if TYPE_CHECKING:
    import subprocess
    from datetime import datetime

    from gym_gui.core.data_model import RunState
    from gym_gui.services.batch_destination import Order
    from gym_gui.services.trainer.dispatch.run_folder import RunFolder
    from gym_gui.services.trainer.run_store import RunProgress, TrainingRun, WorkerProcess
    from gym_gui.services.trainer.states import TrainingState


_TOLD_EVERY_S: Final = 5.0  # heartbeats are many, and the registry is a disk


class RunProcess(Protocol):
    """The process that stands for a run."""

    @property
    def pid(self) -> int:
        """Its number."""

    def is_alive(self) -> bool:
        """Whether it has not ended."""

    def exit_code(self) -> int | None:
        """What it ended with, negative for a signal; None where nobody knows."""

    def let_go(self) -> None:
        """It goes on without us."""


class ChildProcess:
    """One that we started.

    Args:
        process: As it was started.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def is_alive(self) -> bool:
        """Whether it has not ended; one that has is reaped."""
        return self._process.poll() is None

    def exit_code(self) -> int | None:
        """What it ended with."""
        return self._process.returncode

    def let_go(self) -> None:
        """It goes on without us."""
        if self._process.poll() is None:
            self._process.returncode = 0  # or Python warns of a process that was forgotten, which this one is not


class FoundProcess:
    """One that an earlier trainer started.

    Args:
        worker: As the registry remembers it.
        mark: Its run's.
    """

    def __init__(self, worker: WorkerProcess, mark: str) -> None:
        self._worker = worker
        self._mark = mark
        self.pid = worker.pid

    def is_alive(self) -> bool:
        """Whether that very process lives."""
        return processes.is_alive(self._worker.pid, self._worker.born_s, self._mark)

    def exit_code(self) -> int | None:
        """Nobody but its parent could know."""
        return None

    def let_go(self) -> None:
        """It is nobody's already."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a run.

    Attributes:
        state: Its next one.
        reason: One sentence, or two.
    """

    state: TrainingState
    reason: str


@dataclass(slots=True, kw_only=True, eq=False)
class ActiveRun:
    """A run that holds a slot; instants are seconds of the monotonic clock.

    Attributes:
        run: As the registry has it.
        folder: Its folder.
        mark: What its processes carry.
        token_digest: SHA-256 of the secret that its workers register with.
        since: When it was started or adopted.
        start_timeout_s: How long until its worker must have registered.
        process: Stands for it; None where it could not be started.
        heard: Worker id -> when it was last heard of.
        late_after_s: Silence after which it counts as hung.
        progress: How far it has come, not yet in the registry; None where it is.
        latest: How far it has come; None before its first word.
        phase: What its worker says it does.
        orders: Order id -> order that nobody has answered.
        undelivered: Ids of those that nobody has been told.
        said: How the worker said over the wire that it ended.
        cancel_reason: Why it is to end; None where it is not.
        owed: The state that its worker is in, and why, where the registry could not be told yet.
        verdict: What was decided, before its process is gone.
        stop_at: When it was asked to stop.
        grace_s: How long it has for that.
        gone_at: When its process was first seen to be gone, or was killed.
        ended_without_room: Whether its disk was full then.
        memory_bytes: Of all its processes, as last measured.
        told_heard_at: The newest heartbeat that the registry knows of.
    """

    run: TrainingRun
    folder: RunFolder
    mark: str
    token_digest: str
    since: float
    start_timeout_s: float
    process: RunProcess | None = None
    heard: dict[str, float] = field(default_factory=dict)
    late_after_s: float = 15.0
    progress: RunProgress | None = None
    latest: RunProgress | None = None
    phase: str = ""
    orders: dict[int, Order] = field(default_factory=dict)
    undelivered: list[int] = field(default_factory=list)
    said: tuple[RunState, str] | None = None
    cancel_reason: str | None = None
    owed: Verdict | None = None
    verdict: Verdict | None = None
    stop_at: float | None = None
    grace_s: float = 0.0
    gone_at: float | None = None
    ended_without_room: bool = False
    memory_bytes: int = 0
    told_heard_at: float = float("-inf")

    def heard_of(self, worker_id: str, now: float) -> None:
        """A worker lives."""
        self.heard[worker_id] = max(now, self.heard.get(worker_id, now))

    def heard_lately(self, now: float, at: datetime) -> WorkerProcess | None:
        """Its worker with the instant in which it was last heard of; None where the registry knows that well enough.

        Args:
            now: Seconds of the monotonic clock.
            at: The same instant of the calendar.
        """
        worker = next(iter(self.run.workers), None)
        heard_at = None if worker is None else self.heard.get(worker.worker_id)
        if worker is None or heard_at is None or heard_at - self.told_heard_at < _TOLD_EVERY_S:
            return None
        self.told_heard_at = heard_at
        return replace(worker, heartbeat_at=at - timedelta(seconds=max(0.0, now - heard_at)))

    def last_heard(self, worker_id: str) -> float | None:
        """When the run was last heard of: by its own worker where that has spoken, else by any; None for never.

        Whatever the same process records beside it, or after its recording process was replaced, speaks for it, too.
        """
        pids = {worker.pid for worker in self.run.workers} | ({self.process.pid} if self.process is not None else set())
        beside = tuple(f"{worker_id}.{pid}." for pid in pids)
        own = [at for name, at in self.heard.items() if name == worker_id or name.startswith(beside)]
        return max(own or self.heard.values(), default=None)

    def order(self, order: Order) -> None:
        """Something for its workers to do; told at their next question."""
        self.orders[order.order_id] = order
        self.undelivered.append(order.order_id)

    def waiting_order(self, kind: str) -> Order | None:
        """The order of that kind that nobody has answered."""
        return next((order for order in self.orders.values() if order.kind == kind), None)

    def take_orders(self) -> list[Order]:
        """What nobody has been told yet, oldest first; each once."""
        taken = [self.orders[order_id] for order_id in self.undelivered if order_id in self.orders]
        self.undelivered.clear()
        return taken

    def tell_again(self) -> None:
        """A worker came back: what it may not have heard is told again."""
        self.undelivered = sorted(self.orders)

    def forgive(self, seconds: float) -> None:
        """The trainer itself slept: nobody was late in that time."""
        self.since += seconds
        for worker_id in self.heard:
            self.heard[worker_id] += seconds

    def ask_to_stop(self, now: float, grace_s: float) -> None:
        """Ask once; what is still there after *grace_s* is killed."""
        if self.stop_at is None:
            self.stop_at, self.grace_s = now, grace_s
            if self.process is not None:
                processes.ask_to_stop(self.process.pid)


def spoken_exit(code: int | None) -> str:
    """How a process ended, in words."""
    if code is None:
        return "The worker is gone"
    if code >= 0:
        return f"The worker ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"The worker was ended by {name}"
