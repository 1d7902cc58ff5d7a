"""Orders to the trainer: start, pause, resume, cancel, clone, archive; each answered with one sentence.

`LiveOrdersController` lives on the thread that its task runner answers on.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from gym_gui.core.errors import DuplicateRunError, EnvironmentFault
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gym_gui.controllers.live_source import LiveRun, TrainerOrders
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.services.trainer.config import TrainingConfig

_BY_HAND: Final = "asked for in the window"


class RunAct(StrEnum):
    """What can be done with a run."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    CONTINUE = "continue"  # a new run from the newest checkpoint of an ended one
    CLONE = "clone"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"


def allowed(run: LiveRun) -> frozenset[RunAct]:
    """What can be done with this run now."""
    if not run.managed:
        return frozenset()
    acts = {RunAct.CLONE} if run.config is not None else set()
    if run.state is TrainingState.RUNNING:
        acts |= {RunAct.PAUSE, RunAct.CANCEL}
    elif run.state is TrainingState.PAUSED:
        acts |= {RunAct.RESUME, RunAct.CANCEL}
    elif run.state.is_active:
        acts.add(RunAct.CANCEL)
    elif not run.purged:
        acts |= {RunAct.CONTINUE, RunAct.UNARCHIVE if run.archived else RunAct.ARCHIVE}
    return frozenset(acts)


def why_not(run: LiveRun) -> str:
    """One sentence where nothing can be done with a run; empty otherwise."""
    if run.managed:
        return ""
    return "This run was started outside the trainer: stop it where it was started."


def what_goes(runs: Sequence[LiveRun]) -> str:
    """What cancelling loses, in a sentence or two."""
    if len(runs) == 1:
        run = runs[0]
        done = f" {run.progress.steps:,} steps are done." if run.progress.steps else ""
        return (
            f"{run.name} stops for good.{done} Its recording and its checkpoints stay; the learner's state since the "
            "last checkpoint goes."
        )
    return (
        f"{len(runs)} runs stop for good. Their recordings and checkpoints stay; what the learners know since their "
        "last checkpoints goes."
    )


class OrderDesk(Protocol):
    """Who takes orders."""

    def orders(self) -> TrainerOrders:
        """The trainer; started where none runs."""

    def misfit(self, config: TrainingConfig) -> str:
        """One sentence where the trainer's machine cannot begin that run; empty where it can, or nobody knows."""


class OrdersView(Protocol):
    """The face of a `LiveOrdersController`."""

    def tell(self, sentence: str) -> None:
        """An order was carried out or refused."""

    def show_started(self, run_id: str) -> None:
        """A run was submitted."""

    def show_refused(self, sentence: str, duplicate_of: str) -> None:
        """A run could not be started; *duplicate_of*: the active run of the same configuration, or nothing."""

    def runs_changed(self) -> None:
        """The list is to be asked for again."""


class LiveOrdersController:
    """Gives orders.

    Args:
        desk: Who takes them.
        runner: Where it is waited for the answers.
        view: What shows them.
    """

    def __init__(self, desk: OrderDesk, runner: TaskRunner, view: OrdersView) -> None:
        self._desk = desk
        self._runner = runner
        self._view = view
        self._starting = False
        self._judging = False
        self._to_judge: tuple[TrainingConfig, Callable[[str], None]] | None = None

    @property
    def starting(self) -> bool:
        """Whether a run is on its way to the trainer."""
        return self._starting

    def start(self, config: TrainingConfig, *, resume_from: str | None = None) -> None:
        """Queue a run; starts the trainer where none runs."""
        if self._starting:
            return
        self._starting = True

        def started(run_id: str) -> None:
            self._starting = False
            self._view.show_started(run_id)
            self._view.runs_changed()

        def refused(error: Exception) -> None:
            self._starting = False
            duplicate = error.run_id if isinstance(error, DuplicateRunError) else ""
            self._view.show_refused(str(error) or type(error).__name__, duplicate)

        self._runner.submit(lambda: self._desk.orders().submit(config, resume_from=resume_from), started, refused)

    def judge(self, config: TrainingConfig, told: Callable[[str], None]) -> None:
        """Find out whether a run could begin; *told* gets one sentence where not. Of several, the last is judged."""
        self._to_judge = config, told
        if not self._judging:
            self._judge_next()

    def _judge_next(self) -> None:
        self._judging = self._to_judge is not None
        if self._to_judge is None:
            return
        (config, told), self._to_judge = self._to_judge, None

        def judged(sentence: str) -> None:
            told(sentence)
            self._judge_next()

        self._runner.submit(lambda: self._desk.misfit(config), judged, lambda _error: judged(""))

    def act(self, act: RunAct, runs: Sequence[LiveRun]) -> None:
        """Do something with all of these runs that allow it."""
        chosen = [run for run in runs if act in allowed(run)]
        if not chosen:
            return
        if act is RunAct.CONTINUE and len(chosen) == 1 and chosen[0].config is not None:
            self.start(chosen[0].config, resume_from=chosen[0].run_id)
            return

        def work() -> list[str]:
            do = _do(self._desk.orders(), act)
            faults = []
            for run in chosen:
                try:
                    do(run)
                except EnvironmentFault as fault:
                    faults.append(str(fault))
            return faults

        def done(faults: list[str]) -> None:
            names = chosen[0].name if len(chosen) == 1 else f"{len(chosen)} runs"
            self._view.tell(faults[0] if faults else f"{names}: {_DONE[act]}.")
            self._view.runs_changed()

        self._runner.submit(work, done, lambda error: self._view.tell(str(error) or type(error).__name__))

    def order(self, run_id: str, kind: str, detail: Mapping[str, Any], *, done: Callable[[str], None]) -> None:
        """Order something of a run's worker; *done* gets the fault, empty where there was none."""

        def work() -> None:
            self._desk.orders().order(run_id, kind, detail)

        self._runner.submit(work, lambda _: done(""), lambda error: done(str(error) or type(error).__name__))


def cloned(config: TrainingConfig) -> TrainingConfig:
    """The same run again, to be changed: without a seed of its own it would be the same work."""
    return replace(config, name=f"{config.name} again" if config.name else "")


_DONE: Final = {
    RunAct.PAUSE: "pausing",
    RunAct.RESUME: "going on",
    RunAct.CANCEL: "cancelled",
    RunAct.ARCHIVE: "archived",
    RunAct.UNARCHIVE: "out of the archive",
    RunAct.CONTINUE: "continued",
}


def _do(orders: TrainerOrders, act: RunAct) -> Callable[[LiveRun], object]:
    def continued(run: LiveRun) -> None:
        if run.config is not None:
            orders.submit(run.config, resume_from=run.run_id)

    return {
        RunAct.PAUSE: lambda run: orders.pause(run.run_id, _BY_HAND),
        RunAct.RESUME: lambda run: orders.resume(run.run_id, _BY_HAND),
        RunAct.CANCEL: lambda run: orders.cancel(run.run_id, _BY_HAND),
        # Of these the trainer's own reason says what was done.
        RunAct.ARCHIVE: lambda run: orders.archive(run.run_id, ""),
        RunAct.UNARCHIVE: lambda run: orders.unarchive(run.run_id, ""),
        RunAct.CONTINUE: continued,
    }[act]
