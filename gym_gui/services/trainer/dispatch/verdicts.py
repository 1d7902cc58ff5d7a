"""Verdicts: how a run whose processes are gone has ended, and whether it is started again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import RunState
from gym_gui.services.trainer.disk_room import SENTENCE
from gym_gui.services.trainer.dispatch.active_run import Verdict, spoken_exit
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from gym_gui.services.trainer.dispatch.active_run import ActiveRun

STOPPED_ON_ORDER: Final = 3
UNSTARTED: Final = "The trainer ended while it was starting the worker."
_BY_WORD: Final = {
    "completed": TrainingState.COMPLETED,
    "failed": TrainingState.FAILED,
    "cancelled": TrainingState.CANCELLED,
}
_BY_WIRE: Final = {
    RunState.COMPLETED: TrainingState.COMPLETED,
    RunState.FAULTED: TrainingState.FAILED,
    RunState.CANCELLED: TrainingState.CANCELLED,
}


def verdict_on(active: ActiveRun) -> Verdict:
    """How a run ended, all of its processes being gone.

    What we decided counts first, but for a worker that had finished all the same; then what was ordered; then what the
    worker says; then what the system says.
    """
    said = _said(active)
    if said is not None and said.state is TrainingState.COMPLETED:
        return said
    if active.cancel_reason is not None:
        return Verdict(TrainingState.CANCELLED, active.cancel_reason)
    if active.verdict is not None:
        return active.verdict
    if said is not None and said.state is TrainingState.CANCELLED and _was_lost(active):
        said = None
    return said or _as_the_system_says(active)


def _was_lost(active: ActiveRun) -> bool:
    """Whether whoever stands for the worker says that something went wrong, and nobody here ordered a stop.

    A cluster that is stopped asks its workers to stop, too.
    """
    code = None if active.process is None else active.process.exit_code()
    return active.stop_at is None and code not in {None, 0, STOPPED_ON_ORDER}


def _as_the_system_says(active: ActiveRun) -> Verdict:
    code = None if active.process is None else active.process.exit_code()
    if code is None and active.run.state is TrainingState.DISPATCHING and not active.folder.log_path.exists():
        # One that waited for a run, and ended with its trainer before it heard of this one: a run begins with its log.
        return Verdict(TrainingState.PENDING, UNSTARTED)
    if code == 0:
        return Verdict(TrainingState.COMPLETED, "Its worker ended.")
    if code == STOPPED_ON_ORDER:
        return Verdict(TrainingState.CANCELLED, "Its worker was asked to stop.")
    sentence = f"{spoken_exit(code)}."
    if (
        active.ended_without_room and code is not None and code > 0
    ):  # no signal; its log cannot say so: that lies on the same disk
        sentence = f"{sentence} {SENTENCE}"
    return Verdict(TrainingState.FAILED, with_last_lines(active, sentence))


def after_failure(active: ActiveRun, verdict: Verdict) -> Verdict:
    """*verdict*, or another start where it is a failure and the configuration lets it."""
    allowed, done = active.run.config.restarts, active.run.restarts
    if verdict.state is not TrainingState.FAILED or done >= allowed:
        return verdict
    reason = verdict.reason if verdict.reason.endswith((".", "!", "?")) else f"{verdict.reason}."
    return Verdict(TrainingState.PENDING, f"{reason} It is started again ({done + 1} of {allowed}).")


def with_last_lines(active: ActiveRun, sentence: str) -> str:
    """*sentence* and the last lines of the worker's log, if it has any."""
    tail = active.folder.log_tail()
    return f"{sentence} Its last lines: {tail}" if tail else sentence


def _said(active: ActiveRun) -> Verdict | None:
    outcome = active.folder.outcome()
    if outcome is not None and outcome.state in _BY_WORD:
        state = _BY_WORD[outcome.state]
        return Verdict(state, outcome.reason or f"Its worker says that it {outcome.state}.")
    if active.said is not None and active.said[0] in _BY_WIRE:
        state = _BY_WIRE[active.said[0]]
        return Verdict(state, active.said[1] or f"Its worker says that it {active.said[0].value}.")
    return None
