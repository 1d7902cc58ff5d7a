"""The runs: search, filters, table, and what is known of the chosen one beside it.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from gym_gui.controllers.live_runs import LinkState
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_runs_table import LiveRunsTable
from gym_gui.ui.widgets.basics import make_button, make_label, make_line
from gym_gui.ui.widgets.chip_bar import FlowLayout
from gym_gui.ui.widgets.messages import EmptyState

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from gym_gui.controllers.live_runs import LiveRunsController, LiveRunsState, StateChip, StateGroup
    from gym_gui.ui.screens.context import ScreenContext

_NARROW: Final = 900  # below it the table needs the details' place
_SEARCH_WIDTH: Final = 240
_DETAILS_WIDTH: Final = 340


class LiveRunsPage(QWidget):
    """The table and its filters.

    Args:
        context: What the screen may use.
        controller: Lists, filters, sorts.
        details: What is shown beside the table.
    """

    watch_requested = Signal()
    start_requested = Signal()

    def __init__(
        self, context: ScreenContext, controller: LiveRunsController, details: QWidget, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._controller = controller
        self.details = details
        self._details_wanted: bool | None = None
        self._chips: tuple[StateChip, ...] = ()
        self.chip_buttons: dict[StateGroup, QPushButton] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search run, game, host…")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(_SEARCH_WIDTH)
        self.search.setToolTip("Search (Ctrl+F)")
        self.search.setAccessibleName("Search runs")
        self.search.textChanged.connect(controller.search)
        self.search.installEventFilter(self)
        self.table = LiveRunsTable(context.theme, context.settings().ui.live_columns)
        self.table.layout_remembered.connect(self._remember)
        self.table.sort_requested.connect(lambda column, down: controller.sort(column, descending=down))
        self.table.search_requested.connect(self._type_search)
        self.table.watch_requested.connect(lambda _run: self.watch_requested.emit())
        self.empty = EmptyState(context.theme)
        self._build()

    def show_state(self, state: LiveRunsState, *, said: str = "") -> None:
        """Show what the controller says, but not once more what is *said* above."""
        self.table.show_state(state)
        self._show_chips(state.chips)
        self._show_note(state, said)
        if not self._show_instead(state) and state.loaded and self._pages.currentWidget() is not self._body:
            self._pages.setCurrentWidget(self._body)
            self._keep_focus(self.table)
        if self.search.text() != state.search:
            self.search.setText(state.search)

    def begin_search(self) -> None:
        """Let the user type what to search for."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def toggle_details(self) -> None:
        """Show or hide what is beside the table."""
        self._details_wanted = not self.details.isVisible()
        self._fold()

    # Inside.

    def _build(self) -> None:
        self._flow = FlowLayout()
        top = QHBoxLayout()
        top.setContentsMargins(tokens.SPACE_24, 0, tokens.SPACE_16, tokens.SPACE_8)
        top.setSpacing(tokens.SPACE_12)
        top.addLayout(self._flow, 1)
        top.addWidget(self.search, 0, Qt.AlignmentFlag.AlignTop)
        self._body = QWidget()
        row = QHBoxLayout(self._body)
        row.setContentsMargins(tokens.SPACE_12, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.table, 1)
        self._line = make_line(vertical=True)
        row.addWidget(self._line)
        self.details.setFixedWidth(_DETAILS_WIDTH)
        row.addWidget(self.details)
        content = QFrame()
        self._pages = QStackedLayout(content)
        self._pages.addWidget(self._body)
        self._pages.addWidget(self.empty)
        self.empty.show_message("progress-clock", "Looking for runs…", "")
        self._pages.setCurrentWidget(self.empty)
        self.note = make_label("", "muted", wrap=True)
        self.note.setContentsMargins(tokens.SPACE_24, 0, tokens.SPACE_24, tokens.SPACE_8)
        self.note.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(top)
        outer.addWidget(self.note)
        outer.addWidget(content, 1)
        self.setFocusProxy(self.table)

    def _show_chips(self, chips: tuple[StateChip, ...]) -> None:
        if [chip.group for chip in chips] != [chip.group for chip in self._chips]:
            while (item := self._flow.takeAt(0)) is not None:
                widget = item.widget()
                if widget is not None:
                    widget.deleteLater()
            self.chip_buttons.clear()
            for chip in chips:
                button = make_button("", kind="chip")
                button.setCheckable(True)
                button.setFixedHeight(tokens.HIT_AREA)
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                button.setToolTip(f"Show only runs that are {chip.group.value}")
                button.clicked.connect(lambda _on=False, of=chip.group: self._controller.toggle(of))
                self.chip_buttons[chip.group] = button
                self._flow.addWidget(button)
        for chip in chips:
            button = self.chip_buttons[chip.group]
            button.setText(f"{chip.group.value}  {chip.count:,}")
            button.setChecked(chip.on)
        self._chips = chips

    def _show_note(self, state: LiveRunsState, said: str) -> None:
        link = state.link
        lost = link.sentence if link is not None and link.state is LinkState.LOST else ""
        text = state.fault or lost
        self.note.setText(text)
        self.note.setVisible(bool(state.runs and text) and text not in said)

    def _show_instead(self, state: LiveRunsState) -> bool:
        """Say why there is no table, where there is none; whether that was so."""
        link = state.link
        lost = link is not None and link.state is LinkState.LOST
        if state.shown:
            return False
        start = self.start_requested.emit
        if state.fault and not state.runs:
            self.empty.show_message(
                "alert-octagon-outline", "The runs cannot be listed", state.fault, "Try again", self._controller.poll,
                role="bad",
            )  # fmt: skip
        elif not state.loaded:
            return False
        elif state.runs:
            text = "Other words or fewer filters may find it."
            self.empty.show_message(
                "filter-remove-outline", "No run matches", text, "Clear filters", self._controller.clear_filters
            )
        elif lost and link is not None:
            self.empty.show_message(
                "lan-disconnect", "The trainer cannot be reached", link.sentence, "Start a run", start
            )
        else:
            text = "Start a run here, or record your own script with one line: env = gym_gui.RecordTelemetry(env)."
            self.empty.show_message("chart-line", "Nothing is being trained yet", text, "Start a run", start)
        if self._pages.currentWidget() is not self.empty:
            self._pages.setCurrentWidget(self.empty)
            self._keep_focus(self.empty.button)
        return True

    def _keep_focus(self, widget: QWidget) -> None:
        """What had the keys went away with its page: without a successor no shortcut would work."""
        if self.isVisible() and QApplication.focusWidget() is None:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _type_search(self, text: str) -> None:
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search.setText(self.search.text() + text)

    def _end_search(self) -> None:
        self.search.clear()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _remember(self, layout: str) -> None:
        self._context.change_settings(self._context.settings().with_value("ui.live_columns", layout))

    def _fold(self) -> None:
        wanted = self.width() >= _NARROW if self._details_wanted is None else self._details_wanted
        self.details.setVisible(wanted)
        self._line.setVisible(wanted)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in {Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self.table.setFocus(Qt.FocusReason.OtherFocusReason)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._end_search()
                return True
        return super().eventFilter(watched, event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._end_search()
        else:
            super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()
