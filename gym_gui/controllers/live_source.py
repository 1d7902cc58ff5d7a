"""LiveSource: where the live screens get runs, pictures, curves and logs from, be it a trainer or a var folder.

Everything here is asked in tasks, never on the thread that paints; several tasks may ask at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from gym_gui.services.trainer.run_store import RunProgress
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeTable, RunRecord, ScalarColumns
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.run_store import RunTransition
    from gym_gui.services.trainer.status import AlertStatus, GpuStatus, QueueStatus, WorkerStatus

UNKNOWN_ALGORITHM = "script"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWorker:
    """One process of a run.

    Attributes:
        worker_id: Unique within the run.
        host: Where it runs; empty where nobody said.
        pid: Its process id; 0 where nobody said.
        heard_at: When it was last heard of; None before.
    """

    worker_id: str
    host: str = ""
    pid: int = 0
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRun:
    """One line of the live screens.

    Attributes:
        run_id: The run; its recording has the same id.
        name: What people call it; the run id where nobody gave it a name.
        state: Where it stands.
        reason: Why, one sentence; empty where there is nothing to say.
        env_id: The environment; empty where a script says nothing.
        algorithm: ``PPO``, ``random``, ``script``, or the policy's name.
        created_at: Aware, UTC.
        started_at: When its worker first ran.
        ended_at: When it ended.
        progress: How far it has come.
        total_steps: Steps that it is to take; 0 where nobody knows.
        steps_before: Those of the checkpoint that it went on from, which its progress counts on.
        host: Where it runs.
        gpus: GPUs that it holds.
        workers: Its processes.
        config: What it was started with; None for a run that no trainer started.
        frames: Which training episodes keep pictures, as `core.frame_choice` has it; empty where nobody says.
        attempt: Counts up where the same configuration runs again.
        restarts: How often it was started again after a failure.
        archived: Whether it was put out of the way.
        purged: Whether its data is gone.
        managed: Whether a trainer takes orders for it.
    """

    run_id: str
    name: str
    state: TrainingState
    created_at: datetime
    reason: str = ""
    env_id: str = ""
    algorithm: str = UNKNOWN_ALGORITHM
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: RunProgress = field(default_factory=RunProgress)
    total_steps: int = 0
    steps_before: int = 0
    host: str = ""
    gpus: tuple[int, ...] = ()
    workers: tuple[LiveWorker, ...] = ()
    config: TrainingConfig | None = None
    frames: str = ""
    attempt: int = 1
    restarts: int = 0
    archived: bool = False
    purged: bool = False
    managed: bool = False

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1; None where nobody knows.

        Of a run that reached its end all is done: the steps of an episode that the end cut off may not be counted.
        """
        if self.total_steps <= 0:
            return None
        if self.state is TrainingState.COMPLETED:
            return 1.0
        return min(1.0, self.progress.steps / self.total_steps)

    @property
    def mean_steps_per_s(self) -> float:
        """Steps a second over the whole of a run that has ended, those before its checkpoint left out; NaN before."""
        if self.ended_at is None:
            return math.nan
        took_s = (self.ended_at - (self.started_at or self.created_at)).total_seconds()
        return max(0, self.progress.steps - self.steps_before) / took_s if took_s > 0 else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class LivePicture:
    """The newest picture of one worker.

    Attributes:
        run_id: The run.
        worker_id: The worker.
        seq: Grows with every picture of this worker.
        frame: ``uint8 (H, W, 3)``, owned.
        episode_id: The episode that it belongs to.
        step_index: Its step in there.
        episode_return: The return so far.
        time_us: When, microseconds since 1970, UTC.
    """

    run_id: str
    worker_id: str
    seq: int
    frame: NDArray[np.uint8]
    episode_id: str
    step_index: int
    episode_return: float
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveHealth:
    """How machine and trainer stand; None where nobody knows.

    Attributes:
        host: The machine that is described.
        cpu_percent: Of all cores, 0 to 100.
        cores: Logical cores.
        memory_used_bytes: Of the machine.
        memory_total_bytes: Of the machine.
        trainer_bytes: Memory of the trainer's own process; None without one.
        disk_free_bytes: Where recordings go.
        disk_total_bytes: Likewise.
        gpus: Empty where there is none.
        queues: By run, what is under way to the disk.
        workers: Who is connected, or was a moment ago.
        drops: By cause, how many pictures or updates were let go.
        running: Runs that hold a slot.
        waiting: Runs that wait for one.
        capacity: Slots; 0 where nobody counts.
        alerts: Newest first.
        fault: One sentence where recording itself is in trouble.
    """

    host: str = ""
    cpu_percent: float | None = None
    cores: int = 0
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    trainer_bytes: int | None = None
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    gpus: tuple[GpuStatus, ...] = ()
    queues: tuple[QueueStatus, ...] = ()
    workers: tuple[WorkerStatus, ...] = ()
    drops: Mapping[str, int] = field(default_factory=dict)
    running: int = 0
    waiting: int = 0
    capacity: int = 0
    alerts: tuple[AlertStatus, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A step of a recording.

    Attributes:
        run_id: The recording; processes that train together record one each.
        episode_id: Its episode.
        step_index: Its step.
    """

    run_id: str
    episode_id: str
    step_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """A piece of a run's log.

    Attributes:
        data: UTF-8 bytes as the worker wrote them; a character may be cut at the end.
        offset: Where the next piece begins.
        missing: One sentence where there is no log.
    """

    data: bytes = b""
    offset: int = 0
    missing: str = ""


class LiveSource(Protocol):
    """Answers what the live screens ask; every method may wait for a disk or a network.

    Every method raises `EnvironmentFault` where the world refuses; those that name a run `RunNotFoundError` where
    there is none.
    """

    def list_runs(self) -> Sequence[LiveRun]:
        """Every run, newest first."""

    def get_record(self, run_id: str) -> RunRecord | None:
        """What the recording says of the run: versions, host, environment; None before anything was recorded."""

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """Every change of its state, oldest first; empty where nobody wrote them down."""

    def load_episode_table(self, run_id: str, *, after_key: int = 0) -> EpisodeTable:
        """Episodes that ended; see `EpisodeTable` for how to go on reading."""

    def load_scalars(self, run_id: str, *, after_row: int = 0) -> tuple[ScalarColumns, int]:
        """What the learner logged beyond a row that an earlier answer named, and the row to go on from."""

    def find_moment(self, run_id: str, time_us: int) -> Moment | None:
        """What was under way at an instant, microseconds since 1970; None where nothing was recorded then."""

    def pictures(self, run_id: str, seen: Mapping[str, int]) -> Sequence[LivePicture]:
        """The newest picture of each worker of a run that has one newer than the `seq` in *seen*."""

    def read_log(self, run_id: str, offset: int) -> LogPart:
        """What the log holds from *offset* on, at most a megabyte."""

    def health(self) -> LiveHealth:
        """How machine and trainer stand now."""

    def close(self) -> None:
        """Let go of everything; safe to call twice."""


class TrainerOrders(Protocol):
    """What only a trainer can do; every method waits for its answer.

    Every method raises `EnvironmentFault`: `TrainerRefusedError` and `RunTransitionError` for what it will not do.
    """

    def submit(self, config: TrainingConfig, *, resume_from: str | None = None) -> str:
        """Queue a run; its id.

        Raises:
            DuplicateRunError: a run of the same configuration is active.
        """

    def cancel(self, run_id: str, reason: str) -> None:
        """Stop it for good; what is recorded stays."""

    def pause(self, run_id: str, reason: str) -> None:
        """Let its worker wait between two steps."""

    def resume(self, run_id: str, reason: str) -> None:
        """Let a paused one go on."""

    def archive(self, run_id: str, reason: str) -> None:
        """Put an ended run out of the way."""

    def unarchive(self, run_id: str, reason: str) -> None:
        """Take it out of the archive again."""

    def order(self, run_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        """``take-control``, ``act``, ``hand-back``, ``checkpoint``, ``evaluate``."""
