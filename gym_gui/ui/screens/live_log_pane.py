"""The log of the chosen run: searched, filtered by level, its end kept in sight.

Qt thread; satisfies `LogView`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHBoxLayout, QLineEdit, QListView, QVBoxLayout, QWidget

from gym_gui.controllers.log_lines import LogLevel
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_label, make_tool_button

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent

    from gym_gui.controllers.live_log import LiveLogController, LogState
    from gym_gui.controllers.log_lines import LogLine
    from gym_gui.ui.theme import Theme

_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_SEARCH_WIDTH: Final = 200
_LEVELS: Final = {
    LogLevel.DEBUG: "Everything",
    LogLevel.INFO: "Info and graver",
    LogLevel.WARNING: "Warnings and errors",
    LogLevel.ERROR: "Errors",
}
_SIGNS: Final = {LogLevel.ERROR: "✖", LogLevel.WARNING: "▲", LogLevel.INFO: " ", LogLevel.DEBUG: "·"}
_ROLES: Final = {LogLevel.ERROR: "bad", LogLevel.WARNING: "warn", LogLevel.DEBUG: "text_muted"}
_LONGEST: Final = 2_000


class _LogModel(QAbstractListModel):
    """Lines; each has a sign of its level beside its colour."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.lines: Sequence[LogLine] = ()

    def show_lines(self, lines: Sequence[LogLine]) -> None:
        before = self.lines
        # What was there stands as it is where lines only came to it: a log grows at its end.
        grown = len(lines) >= len(before) > 0 and lines[0] is before[0] and lines[len(before) - 1] is before[-1]
        if grown and len(lines) > len(before):
            self.beginInsertRows(QModelIndex(), len(before), len(lines) - 1)
            self.lines = lines
            self.endInsertRows()
        elif not grown:
            self.beginResetModel()
            self.lines = lines
            self.endResetModel()

    @override
    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.lines)

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{_SIGNS[line.level]} {line.text[:_LONGEST]}"
        if role == Qt.ItemDataRole.ForegroundRole and line.level in _ROLES:
            return self._theme.color(_ROLES[line.level])
        return None


class LiveLogPane(QWidget):
    """The log and its controls.

    Args:
        theme: The look.
    """

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._controller: LiveLogController | None = None
        self._model = _LogModel(theme)
        self.view = QListView()
        self.view.setModel(self._model)
        self.view.setFont(theme.fixed_font(tokens.CAPTION_PX))
        self.view.setUniformItemSizes(True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.view.setAccessibleName("Log")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search the log…")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(_SEARCH_WIDTH)
        self.search.setAccessibleName("Search the log")
        self.level = QComboBox()
        self.level.setAccessibleName("Least grave level")
        for level, title in _LEVELS.items():
            self.level.addItem(title, level)
        self.follow = make_tool_button(theme, "arrow-collapse-down", "Keep the end in sight")
        self.follow.setCheckable(True)
        self.follow.setChecked(True)
        self.count = make_label("", "muted")
        self.missing = make_label("", "muted", wrap=True)
        self.missing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._build()

    def connect_controller(self, controller: LiveLogController) -> None:
        """Let the controls speak to this controller."""
        self._controller = controller
        self.search.textChanged.connect(controller.search)
        self.level.activated.connect(lambda place: controller.set_level(self.level.itemData(place)))
        self.follow.toggled.connect(lambda on: controller.set_following(following=on))
        self.view.verticalScrollBar().sliderMoved.connect(self._scrolled)

    def lines(self) -> list[str]:
        """What is shown."""
        return [line.text for line in self._model.lines]

    def show_log(self, state: LogState) -> None:
        """Part of `LogView`."""
        self._model.show_lines(state.lines)
        shown, total = len(state.lines), state.total
        whole = f"{total:,} line{'' if total == 1 else 's'}"
        self.count.setText(f"{shown:,} of {whole}" if shown != total else whole)
        self.missing.setText(state.missing or ("" if total else "Nothing has been written."))
        if total and not shown:
            self.missing.setText("No line matches.")
        self.missing.setVisible(not shown)
        self.view.setVisible(bool(shown))
        if self.follow.isChecked() != state.following:
            self.follow.setChecked(state.following)
        if state.following:
            self.view.scrollToBottom()

    def copy_selection(self) -> None:
        """Put the chosen lines on the clipboard, or all of them where none is chosen."""
        rows = sorted(index.row() for index in self.view.selectionModel().selectedIndexes())
        lines = [self._model.lines[row] for row in rows] or self._model.lines
        QGuiApplication.clipboard().setText("\n".join(line.text for line in lines) + "\n")

    def _scrolled(self, value: int) -> None:
        # Who scrolls up reads; who scrolls to the end follows again.
        if self._controller is not None:
            self._controller.set_following(following=value >= self.view.verticalScrollBar().maximum())

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(tokens.SPACE_12, tokens.SPACE_4, tokens.SPACE_8, tokens.SPACE_4)
        bar.setSpacing(tokens.SPACE_8)
        bar.addWidget(make_label("Log", "title"))
        bar.addWidget(self.count)
        bar.addStretch(1)
        bar.addWidget(self.level)
        bar.addWidget(self.search)
        bar.addWidget(self.follow)
        bar.addWidget(make_tool_button(self._theme, "content-copy", "Copy the chosen lines", self.copy_selection))
        bar.addWidget(make_tool_button(self._theme, "close", "Close the log (Ctrl+L)", self.closed.emit))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.missing, 1)
        column.addWidget(self.view, 1)
        self.setMinimumHeight(QFontMetrics(self.view.font()).lineSpacing() * 6 + tokens.SPACE_32)

    @override
    def sizeHint(self) -> QSize:
        return QSize(480, 220)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        elif event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
        else:
            super().keyPressEvent(event)
