"""What is known of the chosen run: how it stands, its settings, environment, packages, and how its state changed.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from gym_gui.controllers.live_runs import EVALUATING
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_runs_model import (
    STATE_ICONS,
    age_text,
    is_stale,
    progress_text,
    return_text,
    speed_text,
    state_word,
)
from gym_gui.ui.texts import axis_text, breakable, duration_text, when_text
from gym_gui.ui.widgets.basics import make_label
from gym_gui.ui.widgets.fact_grid import Fact, FactGrid, FoldingGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.controllers.live_details import RunDetails
    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.ui.theme import Theme

WIDTH: Final = 340
_GROUPS: Final = ("Settings", "Environment", "Code and packages")


def now_facts(run: LiveRun) -> list[Fact]:
    """How a run stands."""
    progress = run.progress
    began, ended = run.started_at or run.created_at, run.ended_at
    facts = [
        Fact("Steps", f"{progress.steps:,}"),
        Fact(
            "Progress",
            f"{progress_text(run)} of {axis_text(run.total_steps)}" if run.total_steps else "",
            tip=f"{progress.steps:,} of {run.total_steps:,} steps",
        ),
        Fact("Episodes", f"{progress.episodes:,}"),
        Fact("Mean return", return_text(run), tip="Of the newest 100 episodes"),
        Fact("Speed", _current_speed_text(run)),
        Fact("Mean speed", _mean_speed_text(run)),
        Fact("Last step", age_text(run), state="warn" if is_stale(run) else ""),
        Fact("Pictures", f"{progress.frames:,} kept" if progress.frames else ""),
        Fact("Let go", f"{progress.dropped_frames:,} pictures" if progress.dropped_frames else "", state="warn"),
        Fact("Started", when_text(began)),
        Fact("Ended", when_text(ended) if ended is not None else ""),
        Fact("Took", duration_text((ended - began).total_seconds()) if ended is not None else ""),
        Fact("Host", run.host),
        Fact("GPU", ", ".join(map(str, run.gpus))),
        Fact("Workers", str(len(run.workers)) if len(run.workers) > 1 else ""),
        Fact("Attempt", f"{run.attempt}" if run.attempt > 1 else ""),
        Fact("Restarts", f"{run.restarts}" if run.restarts else "", state="warn"),
        Fact("Run", run.run_id, copy=run.run_id),
    ]
    return [fact for fact in facts if fact.value]


def _current_speed_text(run: LiveRun) -> str:
    text = speed_text(run)
    return f"{text} steps/s" if text and text != EVALUATING else text


def _mean_speed_text(run: LiveRun) -> str:
    speed = run.mean_steps_per_s
    return f"{axis_text(round(speed))} steps/s" if speed > 0 else ""


class LiveDetails(QScrollArea):
    """The details of one run.

    Args:
        theme: The look.
        notify: Told what was copied.
    """

    def __init__(self, theme: Theme, notify: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._details: RunDetails | None = None
        self._title = make_label("", "title", wrap=True)
        self._subtitle = make_label("", "muted", wrap=True)
        self._icon = QLabel()
        self._state = make_label("", wrap=True)
        self._reason = make_label("", "muted", wrap=True)
        self._now = FactGrid(theme, notify)
        self._history = FactGrid(theme, notify, wrap=True)
        self._grids = {title: FactGrid(theme, notify, wrap=True) for title in _GROUPS}
        self._folds = {title: FoldingGroup(theme, title, grid) for title, grid in self._grids.items()}
        self._history_fold = FoldingGroup(theme, "History", self._history)
        self._body = QWidget()
        self._build()
        self._body.hide()

    @override
    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 480)

    @property
    def title(self) -> str:
        """Which run it is about."""
        return "" if self._details is None else self._details.run.name

    def facts(self) -> dict[str, str]:
        """What is told."""
        grids = (self._now, *self._grids.values(), self._history)
        return {fact.key: fact.value for grid in grids for fact in grid.facts}

    def show_details(self, details: RunDetails | None) -> None:
        """Show these; None shows nothing."""
        self._details = details
        self._body.setVisible(details is not None)
        if details is None:
            return
        run = details.run
        self._title.setText(breakable(run.name))
        self._subtitle.setText(" · ".join(filter(None, (breakable(run.env_id), run.algorithm))))
        name, role = STATE_ICONS[run.state]
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(self._theme.icon(name, role).pixmap(QSize(tokens.ICON, tokens.ICON), ratio))
        self._state.setText(state_word(run.state).capitalize())
        self._reason.setText(breakable(run.reason))
        self._reason.setVisible(bool(run.reason))
        self._now.set_facts(now_facts(run))
        known = {group.title: group.facts for group in details.groups}
        for title, grid in self._grids.items():
            facts = known.get(title, ())
            grid.set_facts([Fact(fact.key, fact.value) for fact in facts])
            self._folds[title].setVisible(bool(facts))
        self._show_history(details)

    def _show_history(self, details: RunDetails) -> None:
        facts = [
            Fact(state_word(one.after), f"{when_text(one.at)}\n{one.reason}".strip(), tip=when_text(one.at, exact=True))
            for one in reversed(details.transitions)
        ]
        self._history.set_facts(facts)
        self._history_fold.set_note(details.fault)
        self._history_fold.setVisible(bool(facts) or bool(details.fault))

    def _build(self) -> None:
        state = QHBoxLayout()
        state.setSpacing(tokens.SPACE_8)
        state.addWidget(self._icon)
        state.addWidget(self._state, 1)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(tokens.SPACE_16, tokens.SPACE_4, tokens.SPACE_16, tokens.SPACE_16)
        column.setSpacing(tokens.SPACE_8)
        column.addWidget(self._title)
        column.addWidget(self._subtitle)
        column.addLayout(state)
        column.addWidget(self._reason)
        column.addWidget(self._now)
        for fold in self._folds.values():
            column.addWidget(fold)
        column.addWidget(self._history_fold)
        column.addStretch(1)
        self.setWidget(self._body)
        self.setWidgetResizable(True)
        self.setFixedWidth(WIDTH)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
