"""LiveDesk: every run that the window knows of, a trainer's and those recorded without one, as one list.

Any thread. The trainer is looked for and started in tasks; what it does not answer is told in one sentence.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from gym_gui.controllers.live_runs import LinkState, TrainerLink
from gym_gui.core.closing import Closing
from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.controllers.live_source import LiveHealth, LiveRun, LiveSource, TrainerOrders
    from gym_gui.services.trainer.config import TrainingConfig


class TrainerSource(Protocol):
    """A trainer: what it tells, and what it takes orders for."""

    @property
    def source(self) -> LiveSource:
        """What it tells."""

    @property
    def orders(self) -> TrainerOrders:
        """What it takes orders for."""

    @property
    def address(self) -> str:
        """Where it is, for a person."""

    def close(self) -> None:
        """Let go of it; it goes on by itself."""


class Judge(Protocol):
    """Finds out what this machine can begin; see `RunJudge`."""

    def misfit_of(self, config: TrainingConfig) -> str:
        """One sentence where it cannot begin that run; empty where it can, or where that cannot be told."""

    def close(self) -> None:
        """End what is being judged."""


class LiveDesk(Closing):
    """Both kinds of runs.

    Args:
        recorded: The runs of the window's own var folder.
        find: Finds a trainer that runs; None where there is none.
        start: Starts one where none runs, and waits until it answers.
        judge: Judges what the trainer's machine can begin, where that is this one; closed with the desk at the latest.
    """

    def __init__(
        self,
        recorded: LiveSource,
        *,
        find: Callable[[], TrainerSource | None],
        start: Callable[[], TrainerSource],
        judge: Judge | None = None,
    ) -> None:
        self.recorded = recorded
        self._find = find
        self._start = start
        self._judge = judge
        self._lock = threading.Lock()  # of the trainer: looked for by one task at a time
        self._trainer: TrainerSource | None = None
        self._link = TrainerLink()
        self._managed: frozenset[str] = frozenset()
        self._kept: list[LiveRun] = []
        self._closed = False

    @property
    def link(self) -> TrainerLink:
        """How the trainer stands."""
        return self._link

    def list_runs(self) -> Sequence[LiveRun]:
        """Every run, newest first; a trainer's word on a run goes before its recording's."""
        runs = self._managed_runs()
        managed = [run for run in runs if run.managed]
        # Scripts that record to the trainer by themselves: their recording, where it is in this folder, tells more.
        strangers = [run for run in runs if not run.managed]
        known = {run.run_id for run in managed}
        with self._lock:
            self._managed = frozenset(run.run_id for run in runs)
        # Processes that train together are workers of one run: their recordings are no runs of their own.
        recorded = [run for run in self.recorded.list_runs() if run.run_id not in known]
        found = {run.run_id: run for run in (*strangers, *recorded, *managed)}
        return sorted(found.values(), key=lambda run: run.created_at, reverse=True)

    def source_of(self, run_id: str) -> LiveSource:
        """Whom to ask about a run."""
        trainer = self._trainer
        return trainer.source if trainer is not None and run_id in self._managed else self.recorded

    def health(self) -> LiveHealth:
        """How machine and trainer stand."""
        trainer = self._trainer
        if trainer is not None and self._link.state is LinkState.CONNECTED:
            return trainer.source.health()
        return self.recorded.health()

    def orders(self) -> TrainerOrders:
        """Whom to give orders: the trainer, started where none runs.

        Raises:
            TrainerUnavailableError: none could be started.
        """
        with self._lock:
            if self._trainer is None:
                self._link = TrainerLink(LinkState.STARTING, "Starting the trainer…")
                try:
                    self._take(self._start())
                except EnvironmentFault as error:
                    self._link = TrainerLink(LinkState.NONE, str(error))
                    raise
            if self._trainer is None:
                raise EnvironmentFault("The window is closing.")
            return self._trainer.orders

    def misfit(self, config: TrainingConfig) -> str:
        """One sentence where the trainer's machine cannot begin that run; empty where it can, or nobody knows."""
        return "" if self._judge is None else self._judge.misfit_of(config)

    def stop_judging(self) -> None:
        """Nobody waits for what is being judged any more."""
        if self._judge is not None:
            self._judge.close()

    @override
    def close(self) -> None:
        self._closed = True
        self.stop_judging()
        with self._lock:
            trainer, self._trainer = self._trainer, None
        if trainer is not None:
            trainer.close()
        self.recorded.close()

    # Inside.

    def _managed_runs(self) -> Sequence[LiveRun]:
        with self._lock:
            if self._trainer is None and not self._closed:
                self._look()
            trainer = self._trainer
        if trainer is None:
            return self._kept
        try:
            runs = trainer.source.list_runs()
        except EnvironmentFault as error:
            self._link = TrainerLink(LinkState.LOST, str(error))
            with self._lock:
                # The next question looks anew: the daemon may be back at another port.
                if self._trainer is trainer:
                    self._trainer = None
            trainer.close()
            return self._kept
        self._link = TrainerLink(LinkState.CONNECTED, f"Trainer at {trainer.address}")
        self._kept = list(runs)
        return runs

    def _look(self) -> None:
        try:
            found = self._find()
        except EnvironmentFault as error:
            self._link = TrainerLink(LinkState.LOST, str(error))
            return
        if found is not None:
            self._take(found)
        elif self._kept and self._link.state is not LinkState.LOST:
            self._link = TrainerLink(LinkState.LOST, "The trainer has stopped. Starting a run starts it again.")

    def _take(self, trainer: TrainerSource) -> None:
        if self._closed:
            trainer.close()
            return
        self._trainer = trainer
        self._link = TrainerLink(LinkState.CONNECTED, f"Trainer at {trainer.address}")
