"""Where a training run stands, and which change may follow which."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import RunTransitionError


class TrainingState(StrEnum):
    """Where a training run stands."""

    PENDING = "pending"  # waits for a slot
    DISPATCHING = "dispatching"  # has its slot; its worker is being started
    RUNNING = "running"
    PAUSED = "paused"  # its worker waits between two steps
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_active(self) -> bool:
        """Whether it may still do something."""
        return self not in ENDED


class Retention(StrEnum):
    """What became of an ended run's data."""

    NONE = ""  # as it was left
    RETAINED = "retained"  # archived: kept, and out of the way
    PURGED = "purged"  # rows, pictures and checkpoints are gone; the registry remembers that it was


ENDED: Final = frozenset({TrainingState.COMPLETED, TrainingState.FAILED, TrainingState.CANCELLED})

# A recording that nobody dispatched: what it says of itself, as the state of a run.
STATE_OF_RECORDED: Final = {
    RunState.RUNNING: TrainingState.RUNNING,
    RunState.COMPLETED: TrainingState.COMPLETED,
    RunState.FAULTED: TrainingState.FAILED,
    RunState.CANCELLED: TrainingState.CANCELLED,
    RunState.INTERRUPTED: TrainingState.FAILED,
}

# A run of a trainer's that is over, as its recording says it.
RECORDED_AS: Final = {
    TrainingState.COMPLETED: RunState.COMPLETED,
    TrainingState.FAILED: RunState.FAULTED,
    TrainingState.CANCELLED: RunState.CANCELLED,
}

_S = TrainingState
TRANSITIONS: Final[dict[TrainingState, frozenset[TrainingState]]] = {
    _S.PENDING: frozenset({_S.DISPATCHING, _S.CANCELLED, _S.FAILED}),
    # Back to PENDING: the worker never started, or a restart waits for a slot.
    _S.DISPATCHING: frozenset({_S.RUNNING, _S.PENDING, _S.FAILED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.PENDING, _S.COMPLETED, _S.FAILED, _S.CANCELLED}),
    _S.PAUSED: frozenset({_S.RUNNING, _S.PENDING, _S.COMPLETED, _S.FAILED, _S.CANCELLED}),
    _S.COMPLETED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}
RETENTIONS: Final[dict[Retention, frozenset[Retention]]] = {
    Retention.NONE: frozenset({Retention.RETAINED}),
    # Back to NONE: a run is taken out of the archive again.
    Retention.RETAINED: frozenset({Retention.NONE, Retention.PURGED}),
    Retention.PURGED: frozenset(),
}
_RETAINED_AS: Final = {
    Retention.NONE: "not archived",
    Retention.RETAINED: "archived",
    Retention.PURGED: "purged",
}


def check_transition(run_id: str, before: TrainingState, after: TrainingState) -> None:
    """Let a change of state pass, or refuse it.

    Raises:
        RunTransitionError: *after* may not follow *before*.
    """
    if before is after:
        raise RunTransitionError(f"Run {run_id} is {before.value} already.")
    if after not in TRANSITIONS[before]:
        raise RunTransitionError(f"Run {run_id} is {before.value}; it cannot become {after.value}.")


def check_retention(run_id: str, state: TrainingState, before: Retention, after: Retention) -> None:
    """Let a change of what becomes of a run's data pass, or refuse it.

    Raises:
        RunTransitionError: the run has not ended, or *after* may not follow *before*.
    """
    if state not in ENDED:
        raise RunTransitionError(f"Run {run_id} is {state.value}; only a run that has ended can be archived.")
    if after not in RETENTIONS[before]:
        now, wanted = _RETAINED_AS[before], _RETAINED_AS[after]
        again = "" if after is Retention.NONE else " already"
        raise RunTransitionError(
            f"Run {run_id} is {now}{again}." if before is after else f"Run {run_id} is {now}; it cannot be {wanted}.",
            hint="Archive it first." if after is Retention.PURGED and before is Retention.NONE else "",
        )
