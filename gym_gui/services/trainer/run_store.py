"""RunStore: what the trainer remembers of its runs, whatever keeps it: SQLite, memory, PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gym_gui.services.trainer.states import Retention, TrainingState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from gym_gui.services.trainer.config import TrainingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTransition:
    """One change of a run's state.

    Attributes:
        before: What it was; None for the first.
        after: What it became.
        at: When, aware, UTC.
        reason: One sentence.
    """

    before: TrainingState | None
    after: TrainingState
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far a run has come; nan and None where nobody has said yet.

    Attributes:
        steps: Steps taken, of all its workers.
        episodes: Episodes that ended.
        mean_return: Of the newest 100 of them.
        steps_per_s: Over the newest seconds.
        last_step_at: When a step last came.
        frames: Pictures kept.
        dropped_frames: Pictures let go.
    """

    steps: int = 0
    episodes: int = 0
    mean_return: float = float("nan")
    steps_per_s: float = float("nan")
    last_step_at: datetime | None = None
    frames: int = 0
    dropped_frames: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """A process that the trainer started for a run; enough to find it again after the daemon's own death.

    Attributes:
        worker_id: Unique within the run.
        pid: Of the process, which leads its own session and process group.
        born_s: When it was started, as the system says (`psutil.Process.create_time`): a pid may be used again.
        host: Where.
        token_digest: SHA-256 of the secret that it registers with.
        launcher: Which launcher started it.
        heartbeat_at: When it was last heard of; None before.
    """

    worker_id: str
    pid: int
    born_s: float
    host: str
    token_digest: str
    launcher: str = "local"
    heartbeat_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """One run of the registry.

    Attributes:
        run_id: The same as that of its recording.
        config: What it is.
        digest: Of `config`.
        attempt: 1 for the first run of that digest, then counting up.
        state: Where it stands.
        reason: Why, one sentence; of the newest transition.
        retention: What became of its data.
        created_at: Aware, UTC.
        started_at: When its worker first ran.
        ended_at: When it ended.
        resumed_from: The run whose checkpoint it went on from.
        steps_before: Steps of training that this checkpoint had behind it; `progress` counts on from there.
        restarts: How often it was started again.
        progress: How far it has come.
        gpus: GPUs that it holds.
        workers: Its processes that may be alive.
        host: The machine that they run on, or ran on last; empty before. Several are separated by commas.
        owner: The trainer that has claimed it, as it calls itself; empty before.
    """

    run_id: str
    config: TrainingConfig
    digest: str
    attempt: int
    state: TrainingState
    reason: str
    created_at: datetime
    retention: Retention = Retention.NONE
    started_at: datetime | None = None
    ended_at: datetime | None = None
    resumed_from: str | None = None
    steps_before: int = 0
    restarts: int = 0
    progress: RunProgress = field(default_factory=RunProgress)
    gpus: tuple[int, ...] = ()
    workers: tuple[WorkerProcess, ...] = ()
    host: str = ""
    owner: str = ""


class RunStore(Protocol):
    """Keeps runs. Each call is one transaction; any thread may call.

    Every method that names a run raises `RunNotFoundError` where there is none, and `StoreError` where what keeps them
    refuses.
    """

    def add(
        self,
        run_id: str,
        config: TrainingConfig,
        *,
        resumed_from: str | None = None,
        steps_before: int = 0,
        reason: str = "",
    ) -> TrainingRun:
        """A new run, ``PENDING``; one that goes on from a checkpoint has come as far as that. *reason*: why, if told.

        Raises:
            DuplicateRunError: a run of the same digest is active, or one of that id is there; the error names it.
        """

    def get(self, run_id: str) -> TrainingRun:
        """One run, its newest transitions not included."""

    def list(
        self, states: Collection[TrainingState] = (), *, archived: bool = False, after: str = "", limit: int = 1_000
    ) -> Sequence[TrainingRun]:
        """Runs, newest first; of these states, or of all; those that come after the run *after* in that order."""

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """Every change of its state, oldest first; where only its retention changed, before and after are the same."""

    def move(self, run_id: str, after: TrainingState, reason: str) -> TrainingRun:
        """Change a run's state, with time and reason; what it holds is let go where it ends.

        Raises:
            RunTransitionError: the table does not let it.
        """

    def claim(
        self,
        *,
        cpus: float,
        gpus: Sequence[int],
        at_most: int,
        owner: str = "",
        except_for: Collection[str] = (),
    ) -> TrainingRun | None:
        """In one transaction: the next pending run that fits becomes ``DISPATCHING`` and holds its slots.

        By priority, then by age. A run that does not fit lets smaller ones by, but not for ever: one that was passed
        over ten times is waited for. A run that ran before goes to the trainer that has its checkpoints.

        Args:
            cpus: Cores of the machine; what active runs hold is taken off.
            gpus: Indices of the GPUs there are, likewise.
            at_most: Runs that may be active (dispatching, running, paused) at once.
            owner: Who claims. Several trainers, each of its own name and machine, may share a store.
            except_for: Runs that are not to go yet.
        """

    def retain(self, run_id: str, after: Retention, reason: str) -> TrainingRun:
        """Archive an ended run, take it out again, or note that its data is gone; *reason* is among its transitions.

        Raises:
            RunTransitionError: it has not ended, or the table does not let it.
        """

    def set_progress(self, run_id: str, progress: RunProgress) -> None:
        """How far it has come; the newest replaces what was there."""

    def set_workers(self, run_id: str, workers: Sequence[WorkerProcess]) -> None:
        """The processes that may be alive; replaces what was there. Where they ran is kept beyond them."""

    def count_restart(self, run_id: str) -> int:
        """One more restart; how many there were."""

    def close(self) -> None:
        """Let go of every connection; safe to call twice."""
