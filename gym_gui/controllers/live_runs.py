"""The list of runs: asked for again and again, sorted, searched and filtered without waiting.

`LiveRunsController` lives on the thread that its task runner answers on; asking happens in tasks.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from gym_gui.core.clock import utc_now
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.services.trainer.run_store import TrainingRun

# A run that says nothing for so long wants a look.
STALE_S: Final = 30.0
# Less than its speed is taken over: where that is nothing and steps come all the same, they are no training.
_FRESH_S: Final = 3.0
_PERCENT: Final = 100
#: What is said in place of a speed of 0 while it evaluates.
EVALUATING: Final = "evaluating"


class RunColumn(StrEnum):
    """What the list can be sorted by."""

    NAME = "run"
    STATE = "state"
    PROGRESS = "progress"
    STEPS = "steps"
    SPEED = "steps/s"
    RETURN = "return"
    AGE = "last step"
    HOST = "host"
    GPU = "GPU"
    STARTED = "started"


class StateGroup(StrEnum):
    """Filters of the list."""

    ACTIVE = "active"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


_GROUPS: Final = {
    TrainingState.PENDING: StateGroup.WAITING,
    TrainingState.DISPATCHING: StateGroup.ACTIVE,
    TrainingState.RUNNING: StateGroup.ACTIVE,
    TrainingState.PAUSED: StateGroup.PAUSED,
    TrainingState.COMPLETED: StateGroup.COMPLETED,
    TrainingState.FAILED: StateGroup.FAILED,
    TrainingState.CANCELLED: StateGroup.CANCELLED,
}
# What wants attention comes first when sorted by state.
_STATE_ORDER: Final = {
    TrainingState.RUNNING: 0,
    TrainingState.DISPATCHING: 1,
    TrainingState.PAUSED: 2,
    TrainingState.PENDING: 3,
    TrainingState.FAILED: 4,
    TrainingState.COMPLETED: 5,
    TrainingState.CANCELLED: 6,
}


def group_of(run: LiveRun) -> StateGroup:
    """The filter that lets a run through."""
    return StateGroup.ARCHIVED if run.archived else _GROUPS[run.state]


def age_s(run: LiveRun | TrainingRun, now: datetime | None = None) -> float:
    """Seconds since its last step; nan where there was none."""
    last = run.progress.last_step_at
    return math.nan if last is None else max(0.0, ((now or utc_now()) - last).total_seconds())


def speed_of(run: LiveRun | TrainingRun) -> float | None:
    """Steps a second now; None where it takes none, or nobody knows."""
    return _known(run.progress.steps_per_s) if run.state is TrainingState.RUNNING else None


def is_evaluating(run: LiveRun | TrainingRun) -> bool:
    """Whether its newest steps were an evaluation's, which count for nothing in how far it has come."""
    return speed_of(run) == 0 and age_s(run) < _FRESH_S


def whole_percent(share: float) -> int:
    """A share that is done, 0 to 1, as everyone is told it: rounded down, and 100 only where all is done."""
    if share >= 1:
        return _PERCENT
    # 0.29 is a little less than it in binary, and is 29 %.
    return min(_PERCENT - 1, math.floor(round(share * _PERCENT, 6)))


def run_labels(runs: Iterable[LiveRun]) -> dict[str, str]:
    """What each run is called: its name, and the end of its id where another has the same name."""
    listed = list(runs)
    counts = Counter(run.name for run in listed)
    return {run.run_id: f"{run.name} · {_tail(run)}" if counts[run.name] > 1 else run.name for run in listed}


def _tail(run: LiveRun) -> str:
    """What an id adds to a name: ids begin with the name, as far as it can stand in one."""
    return run.run_id.rpartition("-")[2] or run.run_id


@dataclass(frozen=True, slots=True)
class StateChip:
    """A filter with how many runs it lets through."""

    group: StateGroup
    count: int
    on: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LiveRunsState:
    """What the list shows.

    Attributes:
        runs: Every run, newest first.
        shown: Those that search and filters let through, in order.
        chips: The filters; none on lets all through that are not archived.
        search: What is searched for.
        sort: The column sorted by.
        descending: Its direction.
        loaded: Whether there was an answer yet.
        fault: One sentence where the list could not be read; empty otherwise.
        link: How the trainer stands.
    """

    runs: Sequence[LiveRun] = ()
    shown: Sequence[LiveRun] = ()
    chips: tuple[StateChip, ...] = ()
    search: str = ""
    sort: RunColumn = RunColumn.STARTED
    descending: bool = True
    loaded: bool = False
    fault: str = ""
    link: TrainerLink | None = None

    @property
    def filtered(self) -> bool:
        """Whether something is hidden that could be shown."""
        return bool(self.search.strip()) or any(chip.on for chip in self.chips)

    def find(self, run_id: str) -> LiveRun | None:
        """The run of that id."""
        return next((run for run in self.runs if run.run_id == run_id), None)


class LinkState(StrEnum):
    """How the trainer stands."""

    NONE = "none"  # none runs here; recorded runs are shown all the same
    STARTING = "starting"
    CONNECTED = "connected"
    LOST = "lost"  # one was there and does not answer


@dataclass(frozen=True, slots=True)
class TrainerLink:
    """How the trainer stands, and why, in one sentence with what to do about it."""

    state: LinkState = LinkState.NONE
    sentence: str = ""


class RunLister(Protocol):
    """Where the list comes from; asked in tasks only."""

    def list_runs(self) -> Sequence[LiveRun]:
        """Every run, newest first."""

    @property
    def link(self) -> TrainerLink:
        """How the trainer stands."""


class LiveRunsView(Protocol):
    """The face of a `LiveRunsController`."""

    def show_runs(self, state: LiveRunsState) -> None:
        """Something changed."""


class LiveRunsController:
    """Lists, filters, sorts.

    Args:
        lister: Where runs come from.
        runner: Where it is asked.
        view: What shows the answer.
    """

    def __init__(self, lister: RunLister, runner: TaskRunner, view: LiveRunsView) -> None:
        self._lister = lister
        self._runner = runner
        self._view = view
        self._state = LiveRunsState()
        self._on: set[StateGroup] = set()
        self._asking = False

    @property
    def state(self) -> LiveRunsState:
        """What is shown now."""
        return self._state

    def poll(self) -> None:
        """Ask once more, unless an answer is on its way."""
        if not self._asking:
            self._asking = True
            self._runner.submit(self._ask, self._arrived, self._failed)

    def search(self, text: str) -> None:
        """Show only runs that have every word of *text* in name, id, environment, algorithm, state, host or tags."""
        if text != self._state.search:
            self._arrange(search=text)

    def toggle(self, group: StateGroup) -> None:
        """Switch a filter."""
        self._on ^= {group}
        self._arrange()

    def clear_filters(self) -> None:
        """Show every run that is not archived."""
        self._on.clear()
        self._arrange(search="")

    def sort(self, column: RunColumn, *, descending: bool) -> None:
        """Order by a column; what is equal keeps the newest first."""
        self._arrange(sort=column, descending=descending)

    # Inside.

    def _ask(self) -> tuple[Sequence[LiveRun], TrainerLink]:
        return self._lister.list_runs(), self._lister.link

    def _arrived(self, answer: tuple[Sequence[LiveRun], TrainerLink]) -> None:
        self._asking = False
        runs, link = answer
        self._arrange(runs=runs, link=link, loaded=True, fault="")

    def _failed(self, error: Exception) -> None:
        self._asking = False
        self._arrange(fault=str(error) or type(error).__name__, loaded=True)

    def _arrange(self, **changes: Any) -> None:
        state = replace(self._state, **changes)
        counts = Counter(map(group_of, state.runs))
        chips = tuple(
            StateChip(group, counts[group], group in self._on)
            for group in StateGroup
            if counts[group] or group in self._on
        )
        shown = self._sorted([run for run in state.runs if self._lets_through(run, state.search)], state)
        self._state = replace(state, chips=chips, shown=shown)
        self._view.show_runs(self._state)

    def _lets_through(self, run: LiveRun, search: str) -> bool:
        group = group_of(run)
        if group not in self._on if self._on else group is StateGroup.ARCHIVED:
            return False
        words = search.lower().split()
        return not words or all(word in _text_of(run) for word in words)

    @staticmethod
    def _sorted(runs: list[LiveRun], state: LiveRunsState) -> list[LiveRun]:
        key, descending = _KEYS[state.sort], state.descending
        # What has no value comes last, whichever way.
        known = [run for run in runs if key(run) is not None]
        unknown = [run for run in runs if key(run) is None]
        return sorted(known, key=key, reverse=descending) + unknown


def _text_of(run: LiveRun) -> str:
    tags = "" if run.config is None else " ".join(f"{key}={value}" for key, value in run.config.tags.items())
    return f"{run.name} {run.run_id} {run.env_id} {run.algorithm} {run.state} {run.host} {tags}".lower()


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


_KEYS: Final[dict[RunColumn, Callable[[LiveRun], Any]]] = {
    RunColumn.NAME: lambda run: run.name.lower(),
    RunColumn.STATE: lambda run: _STATE_ORDER[run.state],
    RunColumn.PROGRESS: lambda run: run.share,
    RunColumn.STEPS: lambda run: run.progress.steps,
    RunColumn.SPEED: speed_of,
    RunColumn.RETURN: lambda run: _known(run.progress.mean_return),
    RunColumn.AGE: lambda run: None if run.progress.last_step_at is None else -run.progress.last_step_at.timestamp(),
    RunColumn.HOST: lambda run: run.host or None,
    RunColumn.GPU: lambda run: run.gpus or None,
    RunColumn.STARTED: lambda run: run.started_at or run.created_at,
}
