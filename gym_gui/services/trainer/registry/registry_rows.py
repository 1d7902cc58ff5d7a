"""Rows of a registry as runs and back, whatever database keeps them."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.clock import from_iso, to_iso
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.dispatch.claiming import local_needs
from gym_gui.services.trainer.run_store import RunProgress, RunTransition, TrainingRun, WorkerProcess
from gym_gui.services.trainer.states import Retention, TrainingState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ADDED: Final = "It waits for a slot."
# Configurations never change, and a list of a thousand runs is asked for again and again.
_config_of: Final = lru_cache(maxsize=4_096)(TrainingConfig.from_json)


def new_run(
    run_id: str,
    config: TrainingConfig,
    *,
    attempt: int,
    resumed_from: str | None,
    steps_before: int,
    created_at: datetime,
    reason: str = "",
) -> TrainingRun:
    """A run as it is added."""
    return TrainingRun(
        run_id=run_id,
        config=config,
        digest=config.digest(),
        attempt=attempt,
        state=TrainingState.PENDING,
        reason=reason or ADDED,
        created_at=created_at,
        resumed_from=resumed_from,
        steps_before=steps_before,
        progress=RunProgress(steps=steps_before),
    )


def run_values(run: TrainingRun) -> dict[str, Any]:
    """A run as the columns of its row."""
    cpus, gpus = local_needs(run.config)
    return {
        "run_id": run.run_id,
        "config": run.config.to_json(),
        "digest": run.digest,
        "attempt": run.attempt,
        "state": run.state.value,
        "reason": run.reason,
        "retention": run.retention.value,
        "owner": run.owner,
        "priority": run.config.priority,
        "cpus": cpus,
        "gpus": gpus,
        "passed_over": 0,
        "created_at": to_iso(run.created_at),
        "started_at": to_iso(run.started_at),
        "ended_at": to_iso(run.ended_at),
        "resumed_from": run.resumed_from,
        "steps_before": run.steps_before,
        "restarts": run.restarts,
        "host": run.host,
        **progress_values(run.progress),
    }


def progress_values(progress: RunProgress) -> dict[str, Any]:
    """How far a run has come as columns; nan, which not every database holds, is NULL."""
    return {
        "steps": progress.steps,
        "episodes": progress.episodes,
        "mean_return": _nullable(progress.mean_return),
        "steps_per_s": _nullable(progress.steps_per_s),
        "last_step_at": to_iso(progress.last_step_at),
        "frames": progress.frames,
        "dropped_frames": progress.dropped_frames,
    }


def run_of(row: Mapping[str, Any], gpus: Sequence[int], workers: Sequence[WorkerProcess]) -> TrainingRun:
    """The run of a row.

    Raises:
        ConfigError: a newer application wrote its configuration.
    """
    return TrainingRun(
        run_id=row["run_id"],
        config=_config_of(row["config"]),
        digest=row["digest"],
        attempt=row["attempt"],
        state=TrainingState(row["state"]),
        reason=row["reason"],
        retention=Retention(row["retention"]),
        owner=row["owner"],
        created_at=datetime.fromisoformat(row["created_at"]),
        started_at=from_iso(row["started_at"]),
        ended_at=from_iso(row["ended_at"]),
        resumed_from=row["resumed_from"],
        # Whoever only reads brings nothing up to date, and may find a registry of a version before these columns.
        steps_before=row.get("steps_before", 0),
        host=row.get("host", ""),
        restarts=row["restarts"],
        progress=RunProgress(
            steps=row["steps"],
            episodes=row["episodes"],
            mean_return=_number(row["mean_return"]),
            steps_per_s=_number(row["steps_per_s"]),
            last_step_at=from_iso(row["last_step_at"]),
            frames=row["frames"],
            dropped_frames=row["dropped_frames"],
        ),
        gpus=tuple(gpus),
        workers=tuple(workers),
    )


def worker_values(worker: WorkerProcess) -> dict[str, Any]:
    """A worker as the columns of its row, those of its run not included."""
    return {
        "worker_id": worker.worker_id,
        "pid": worker.pid,
        "born_s": worker.born_s,
        "host": worker.host,
        "token_digest": worker.token_digest,
        "launcher": worker.launcher,
        "heartbeat_at": to_iso(worker.heartbeat_at),
    }


def worker_of(row: Mapping[str, Any]) -> WorkerProcess:
    """The worker of a row."""
    return WorkerProcess(
        worker_id=row["worker_id"],
        pid=row["pid"],
        born_s=row["born_s"],
        host=row["host"],
        token_digest=row["token_digest"],
        launcher=row["launcher"],
        heartbeat_at=from_iso(row["heartbeat_at"]),
    )


def hosts_of(workers: Sequence[WorkerProcess]) -> str:
    """The machines that *workers* run on, each once, separated by commas."""
    return ", ".join(dict.fromkeys(worker.host for worker in workers if worker.host))


def transition_of(row: Mapping[str, Any]) -> RunTransition:
    """The transition of a row."""
    return RunTransition(
        before=None if row["before"] is None else TrainingState(row["before"]),
        after=TrainingState(row["after"]),
        at=datetime.fromisoformat(row["at"]),
        reason=row["reason"],
    )


def move_values(run: TrainingRun, after: TrainingState, reason: str, now: datetime) -> dict[str, Any]:
    """What changes in a run's row as it moves."""
    values: dict[str, Any] = {"state": after.value, "reason": reason}
    if after is TrainingState.RUNNING and run.started_at is None:
        values["started_at"] = to_iso(now)
    if not after.is_active:
        values["ended_at"] = to_iso(now)
    if after is TrainingState.PENDING:
        values["passed_over"] = 0
    return values


def lets_go(after: TrainingState) -> bool:
    """Whether a run that becomes *after* holds nothing any more."""
    return after is TrainingState.PENDING or not after.is_active


def _nullable(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
