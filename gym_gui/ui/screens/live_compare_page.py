"""Runs side by side: the settings in which they differ, and their curves over one another.

Qt thread; satisfies `CurvesView`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from gym_gui.controllers.live_curves import LiveCurvesController
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_curves_panel import CurvesPanel
from gym_gui.ui.screens.live_watch_page import CURVES_MS
from gym_gui.ui.texts import shortened
from gym_gui.ui.widgets.basics import make_label, make_timer, make_tool_button
from gym_gui.ui.widgets.plain_table import PlainRow, PlainTable

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent

    from gym_gui.controllers.live_curves import CurvesState
    from gym_gui.controllers.live_desk import LiveDesk
    from gym_gui.controllers.live_details import Comparison
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.ui.screens.context import ScreenContext

_TITLE_LETTERS = 22
_SAME = "These runs have the same settings."


class LiveComparePage(QWidget):
    """A table over curves.

    Args:
        context: What the screen may use.
        desk: Whom to ask about each run.
        runner: Threads for curves.
    """

    left = Signal()

    def __init__(
        self, context: ScreenContext, desk: LiveDesk, runner: TaskRunner, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        theme = context.theme
        self._context = context
        self.curves = LiveCurvesController(desk, runner, self)
        self.panel = CurvesPanel(theme, self.curves)
        self.table = PlainTable(theme, "Settings that differ", ("Setting",), wide=None)
        self.title = make_label("", "title")
        self._note = make_label("", "muted")
        head = QHBoxLayout()
        head.setContentsMargins(tokens.SPACE_16, tokens.SPACE_4, tokens.SPACE_16, tokens.SPACE_4)
        head.setSpacing(tokens.SPACE_8)
        head.addWidget(make_tool_button(theme, "arrow-left", "Back to the runs (Esc)", self.left.emit))
        head.addWidget(self.title)
        head.addWidget(self._note)
        head.addStretch(1)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(tokens.SPACE_12, 0, 0, 0)
        column.addWidget(self.table)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(upper)
        splitter.addWidget(self.panel)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        splitter.setChildrenCollapsible(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(splitter, 1)
        self._timer = make_timer(self, CURVES_MS, self.curves.poll, single=False)
        self.setFocusProxy(self.table)

    def show_comparison(self, comparison: Comparison) -> None:
        """Show these runs."""
        runs, rows = comparison.runs, comparison.rows
        self.title.setText(f"{len(runs)} runs compared")
        self._note.setText("" if rows else _SAME)
        self.table.set_titles(["Setting", *(shortened(run.name, _TITLE_LETTERS) for run in runs)])
        self.table.show_rows([PlainRow((row.key, *(value or "-" for value in row.values))) for row in rows])
        self.curves.show(runs)

    def show_curves(self, state: CurvesState) -> None:
        """Part of `CurvesView`."""
        self.panel.show_curves(state)

    def open_episode(self, run_id: str, episode_id: str, step_index: int) -> None:
        """Part of `CurvesView`."""
        self._context.open_episode(run_id, episode_id, step_index)

    def tell(self, sentence: str) -> None:
        """Part of `CurvesView`."""
        self._context.notify(sentence)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
