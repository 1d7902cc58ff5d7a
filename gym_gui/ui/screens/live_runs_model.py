"""The runs as a table model: text, alignment, icons and progress of each line, straight from the controller's state."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QIcon

from gym_gui.controllers.live_runs import (
    EVALUATING,
    STALE_S,
    RunColumn,
    age_s,
    is_evaluating,
    run_labels,
    speed_of,
    whole_percent,
)
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.states import TrainingState
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import axis_text, duration_text, number_text, when_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.controllers.live_runs import LiveRunsState
    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.ui.theme import Theme

_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()

COLUMNS: Final = tuple(RunColumn)
TITLES: Final = {
    column: column.value if column is RunColumn.GPU else column.value[0].upper() + column.value[1:]
    for column in COLUMNS
}
RIGHT_ALIGNED: Final = frozenset({RunColumn.STEPS, RunColumn.SPEED, RunColumn.RETURN, RunColumn.AGE})
RUN_ROLE: Final = Qt.ItemDataRole.UserRole
STATE_ICONS: Final = {
    TrainingState.PENDING: ("timer-sand", "text_muted"),
    TrainingState.DISPATCHING: ("rocket-launch-outline", "text_muted"),
    TrainingState.RUNNING: ("play-circle-outline", "good"),
    TrainingState.PAUSED: ("pause-circle-outline", "warn"),
    TrainingState.COMPLETED: ("check-circle-outline", "text_muted"),
    TrainingState.FAILED: ("alert-octagon", "bad"),
    TrainingState.CANCELLED: ("cancel", "text_muted"),
}
# Longer than a learner thinks between two rollouts, and soon enough to see that a worker stands still.
_QUIET_S: Final = 6.0
STATE_WORDS: Final = {
    TrainingState.PENDING: "waiting",
    TrainingState.DISPATCHING: "starting",
}


def state_word(state: TrainingState) -> str:
    """What a person calls a state."""
    return STATE_WORDS.get(state, state.value)


def progress_text(run: LiveRun) -> str:
    """``37 %``, or nothing where nobody knows the end."""
    share = run.share
    return "" if share is None else f"{whole_percent(share)} %"


def age_text(run: LiveRun) -> str:
    """``3 s ago``, of a run that is active; of an ended one there is nothing to worry about."""
    age = age_s(run)
    return f"{duration_text(age)} ago" if math.isfinite(age) and run.state.is_active else ""


def short_age_text(run: LiveRun) -> str:
    """Likewise, in few letters: the seconds of minutes and the minutes of hours tell nothing in a list."""
    return re.sub(r"(min|h) \d+ (s|min)", r"\1", age_text(run))


def is_stale(run: LiveRun) -> bool:
    """Whether it ought to step and does not."""
    return run.state is TrainingState.RUNNING and age_s(run) > STALE_S


def quiet_text(run: LiveRun) -> str:
    """``no step for 14 s``, of a run that ought to step and does not; nothing where all is well."""
    age = age_s(run)
    return f"no step for {duration_text(age)}" if run.state is TrainingState.RUNNING and age > _QUIET_S else ""


def speed_text(run: LiveRun) -> str:
    """Steps a second now, or what is done instead; nothing of a run that takes none."""
    if is_evaluating(run):
        return EVALUATING
    speed = speed_of(run)
    return "" if speed is None else axis_text(round(speed))


def return_text(run: LiveRun) -> str:
    """Mean return of the newest episodes."""
    value = run.progress.mean_return
    return number_text(round(value, 2)) if math.isfinite(value) else ""


TEXT: Final[dict[RunColumn, Callable[[LiveRun], str]]] = {
    RunColumn.NAME: lambda run: run.name,  # where two are called the same, `LiveRunsModel.label`
    RunColumn.STATE: lambda run: state_word(run.state),
    RunColumn.PROGRESS: progress_text,
    RunColumn.STEPS: lambda run: f"{run.progress.steps:,}",
    RunColumn.SPEED: speed_text,
    RunColumn.RETURN: return_text,
    RunColumn.AGE: short_age_text,
    RunColumn.HOST: lambda run: run.host,
    RunColumn.GPU: lambda run: ", ".join(map(str, run.gpus)),
    RunColumn.STARTED: lambda run: when_text(run.started_at or run.created_at),
}
_TIP: Final[dict[RunColumn, Callable[[LiveRun], str]]] = {
    RunColumn.NAME: lambda run: f"{run.run_id}\n{run.env_id} · {run.algorithm}",
    RunColumn.STATE: lambda run: run.reason,
    RunColumn.RETURN: lambda _: "Mean return of the newest 100 episodes",
    RunColumn.AGE: lambda run: "No step for long" if is_stale(run) else "",
    RunColumn.STARTED: lambda run: when_text(run.started_at or run.created_at, exact=True),
}


class LiveRunsModel(QAbstractTableModel):
    """Lines and columns of the runs.

    Args:
        theme: The look.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._runs: Sequence[LiveRun] = ()
        self._labels: dict[str, str] = {}
        self._icons: dict[tuple[str, str], QIcon] = {}
        self._sort = (RunColumn.STARTED, True)
        theme.changed.connect(self._icons.clear)

    @property
    def runs(self) -> Sequence[LiveRun]:
        """The lines in order."""
        return self._runs

    def show_state(self, state: LiveRunsState) -> bool:
        """Show these lines; whether other lines stand there now, or the same with news."""
        if self._sort != (state.sort, state.descending):
            self._sort = (state.sort, state.descending)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)
        self._labels = run_labels(state.runs)
        same = len(state.shown) == len(self._runs) and all(
            old.run_id == new.run_id for old, new in zip(self._runs, state.shown, strict=True)
        )
        if same:
            self._runs = state.shown
            if self._runs:
                self.dataChanged.emit(self.index(0, 0), self.index(len(self._runs) - 1, len(COLUMNS) - 1))
            return False
        self.beginResetModel()
        self._runs = state.shown
        self.endResetModel()
        return True

    def label(self, run: LiveRun) -> str:
        """What a run is called here: its name, and what tells it from others of that name."""
        return self._labels.get(run.run_id, run.name)

    def run(self, row: int) -> LiveRun:
        """The run of a line."""
        return self._runs[row]

    def row_of(self, run_id: str) -> int | None:
        """The line of a run; None where it is not shown."""
        return next((row for row, run in enumerate(self._runs) if run.run_id == run_id), None)

    def line_text(self, row: int) -> str:
        """A line as text, tabs between the columns, as it is copied."""
        run = self.run(row)
        return "\t".join([*(TEXT[column](run) for column in COLUMNS), run.run_id])

    @staticmethod
    def header_text() -> str:
        """The titles of `line_text`'s columns."""
        return "\t".join([*(TITLES[column] for column in COLUMNS), "Id"])

    @override
    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._runs)

    @override
    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        run, column = self.run(index.row()), COLUMNS[index.column()]
        value: Any = None
        if role == RUN_ROLE:
            value = run
        elif role == Qt.ItemDataRole.DisplayRole:
            value = self.label(run) if column is RunColumn.NAME else TEXT[column](run)
        elif role == Qt.ItemDataRole.TextAlignmentRole:
            value = _alignment(column)
        elif role == Qt.ItemDataRole.ToolTipRole and column in _TIP:
            value = _TIP[column](run)
        elif role == Qt.ItemDataRole.DecorationRole:
            value = self._decoration(run, column)
        return value

    def _decoration(self, run: LiveRun, column: RunColumn) -> QIcon | None:
        if column is RunColumn.STATE:
            return self._icon(*STATE_ICONS[run.state])
        if column is RunColumn.AGE and is_stale(run):
            return self._icon("alert", "warn")
        return None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{TITLES[column]} {'↓' if self._sort[1] else '↑'}" if column is self._sort[0] else TITLES[column]
        return _alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _icon(self, name: str, role: str) -> QIcon:
        icon = self._icons.get((name, role))
        if icon is None:
            # Drawn once: a font icon paints itself anew each time, a pixmap does not.
            drawn = self._theme.icon(name, role).pixmap(QSize(tokens.ICON_SMALL, tokens.ICON_SMALL), 2.0)
            icon = self._icons[name, role] = QIcon(drawn)
        return icon


def _alignment(column: RunColumn) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in RIGHT_ALIGNED else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
