"""Training runs to their messages and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.clock import from_iso, to_iso, utc_now
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.run_store import RunProgress, RunTransition, TrainingRun, WorkerProcess
from gym_gui.services.trainer.states import Retention, TrainingState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def run_to_wire(run: TrainingRun, transitions: Iterable[RunTransition] = (), *, starved: Iterable[str] = ()) -> pb.Run:
    """The message of *run*.

    Args:
        run: The run.
        transitions: Its changes, where they were asked for.
        starved: Workers that were told to wait.
    """
    progress = run.progress
    waiting = set(starved)
    return pb.Run(
        run_id=run.run_id,
        config_json=run.config.to_json(),
        digest=run.digest,
        attempt=run.attempt,
        state=run.state.value,
        reason=run.reason,
        retention=run.retention.value,
        priority=run.config.priority,
        created_at=to_iso(run.created_at) or "",
        started_at=to_iso(run.started_at) or "",
        ended_at=to_iso(run.ended_at) or "",
        resumed_from=run.resumed_from or "",
        steps_before=run.steps_before,
        restarts=run.restarts,
        progress=pb.Progress(
            steps=progress.steps,
            total_steps=run.config.total_steps,
            episodes=progress.episodes,
            mean_return=progress.mean_return,
            steps_per_s=progress.steps_per_s,
            last_step_at=to_iso(progress.last_step_at) or "",
            frames=progress.frames,
            dropped_frames=progress.dropped_frames,
        ),
        host=run.host,
        gpus=run.gpus,
        transitions=map(_transition_to_wire, transitions),
        workers=(
            pb.Worker(
                worker_id=worker.worker_id,
                host=worker.host,
                pid=worker.pid,
                last_heartbeat_at=to_iso(worker.heartbeat_at) or "",
                starved=worker.worker_id in waiting,
            )
            for worker in run.workers
        ),
    )


def run_of_wire(message: pb.Run) -> TrainingRun:
    """The run that *message* carries.

    Raises:
        ConfigError: its settings are of a newer trainer.
        ValueError: so is its state.
    """
    progress = message.progress
    return TrainingRun(
        run_id=message.run_id,
        config=TrainingConfig.from_json(message.config_json),
        digest=message.digest,
        attempt=message.attempt,
        state=TrainingState(message.state),
        reason=message.reason,
        retention=Retention(message.retention),
        created_at=from_iso(message.created_at or None) or utc_now(),
        started_at=from_iso(message.started_at or None),
        ended_at=from_iso(message.ended_at or None),
        resumed_from=message.resumed_from or None,
        steps_before=message.steps_before,
        restarts=message.restarts,
        progress=RunProgress(
            steps=progress.steps,
            episodes=progress.episodes,
            mean_return=progress.mean_return,
            steps_per_s=progress.steps_per_s,
            last_step_at=from_iso(progress.last_step_at or None),
            frames=progress.frames,
            dropped_frames=progress.dropped_frames,
        ),
        gpus=tuple(message.gpus),
        host=message.host,
        workers=tuple(
            WorkerProcess(
                worker_id=worker.worker_id,
                pid=worker.pid,
                born_s=0.0,
                host=worker.host,
                token_digest="",
                heartbeat_at=from_iso(worker.last_heartbeat_at or None),
            )
            for worker in message.workers
        ),
    )


def transitions_of_wire(messages: Sequence[pb.Transition]) -> list[RunTransition]:
    """The changes that *messages* carry."""
    return [
        RunTransition(
            before=TrainingState(one.from_state) if one.from_state else None,
            after=TrainingState(one.to_state),
            at=from_iso(one.at or None) or utc_now(),
            reason=one.reason,
        )
        for one in messages
    ]


def _transition_to_wire(one: RunTransition) -> pb.Transition:
    return pb.Transition(
        from_state="" if one.before is None else one.before.value,
        to_state=one.after.value,
        at=to_iso(one.at) or "",
        reason=one.reason,
    )
