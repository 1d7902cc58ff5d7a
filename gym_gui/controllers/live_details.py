"""What is known of the chosen run beyond its line: its recording's facts and how its state changed.

`LiveDetailsController` lives on the thread that its task runner answers on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gym_gui.controllers.live_facts import Difference, FactGroup, differences, fact_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.controllers.live_curves import SourceOf
    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.services.trainer.run_store import RunTransition


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RunDetails:
    """What is shown beside the list.

    Attributes:
        run: The run.
        groups: Its facts.
        transitions: How its state changed, oldest first.
        fault: One sentence where it could not be asked.
    """

    run: LiveRun
    groups: tuple[FactGroup, ...] = ()
    transitions: Sequence[RunTransition] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Several runs side by side.

    Attributes:
        runs: Which.
        rows: The settings in which they differ.
    """

    runs: tuple[LiveRun, ...]
    rows: tuple[Difference, ...]


class DetailsView(Protocol):
    """The face of a `LiveDetailsController`."""

    def show_details(self, details: RunDetails | None) -> None:
        """The chosen run's; None where none is chosen."""

    def show_comparison(self, comparison: Comparison) -> None:
        """What `compare` asked for."""


class LiveDetailsController:
    """Asks about the chosen run, again where its state changed.

    Args:
        desk: Whom to ask.
        runner: Where it is asked.
        view: What shows it.
    """

    def __init__(self, desk: SourceOf, runner: TaskRunner, view: DetailsView) -> None:
        self._desk = desk
        self._runner = runner
        self._view = view
        self._known: RunDetails | None = None
        self._asked: tuple[str, str, int] | None = None

    def show(self, run: LiveRun | None) -> None:
        """Show this run's details; safe to call with every poll."""
        if run is None:
            self._known, self._asked = None, None
            self._view.show_details(None)
            return
        known = self._known
        same = known is not None and known.run.run_id == run.run_id
        if known is not None and same:
            self._known = RunDetails(run=run, groups=known.groups, transitions=known.transitions, fault=known.fault)
        else:
            self._known = RunDetails(run=run)
        self._view.show_details(self._known)
        question = (run.run_id, run.state.value, run.restarts)
        if question != self._asked:
            self._asked = question
            self._runner.submit(lambda: self._ask(run), self._arrived, lambda error: self._failed(run, error))

    def compare(self, runs: Sequence[LiveRun]) -> None:
        """Find in what these runs differ."""
        chosen = tuple(runs)

        def work() -> Comparison:
            records = {run.run_id: self._desk.source_of(run.run_id).get_record(run.run_id) for run in chosen}
            return Comparison(chosen, differences(chosen, records))

        self._runner.submit(work, self._view.show_comparison, lambda _error: None)

    def _ask(self, run: LiveRun) -> RunDetails:
        source = self._desk.source_of(run.run_id)
        record = source.get_record(run.run_id)
        return RunDetails(run=run, groups=fact_groups(run, record), transitions=source.transitions(run.run_id))

    def _arrived(self, details: RunDetails) -> None:
        known = self._known
        if known is None or known.run.run_id != details.run.run_id:
            return
        self._known = RunDetails(run=known.run, groups=details.groups, transitions=details.transitions)
        self._view.show_details(self._known)

    def _failed(self, run: LiveRun, error: Exception) -> None:
        if self._known is not None and self._known.run.run_id == run.run_id:
            self._asked = None  # the next poll asks again
            self._known = RunDetails(run=run, fault=str(error) or type(error).__name__)
            self._view.show_details(self._known)
