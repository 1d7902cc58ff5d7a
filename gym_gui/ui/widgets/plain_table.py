"""A small table of texts with a sign of state in its first column; for a handful of lines that change together.

Qt thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget

    from gym_gui.ui.theme import Theme

_ROW: Final = 28
_PADDING: Final = 3 * tokens.SPACE_8  # of a cell, both sides
_TALL: Final = 10_000
_MOST_LINES: Final = 8  # more are scrolled


@dataclass(frozen=True, slots=True)
class PlainRow:
    """One line.

    Attributes:
        texts: One a column.
        icon: Of the first column; empty for none.
        role: Its colour.
        key: What the line is called by whoever shows it.
        tip: Tooltip.
    """

    texts: tuple[str, ...]
    icon: str = ""
    role: str = "text"
    key: str = ""
    tip: str = ""


class PlainTable(QTableWidget):
    """Lines of texts.

    Args:
        theme: The look.
        name: What a screen reader calls it.
        titles: Of the columns.
        right: Columns whose texts are numbers.
        wide: The column that takes the room that is left; None: all are as wide as their texts, side by side.
        wraps: Whether the texts after the first column take more lines where they are long; else they are cut.
    """

    opened = Signal(str)

    def __init__(
        self,
        theme: Theme,
        name: str,
        titles: Sequence[str],
        *,
        right: frozenset[int] = frozenset(),
        wide: int | None = 0,
        wraps: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(0, len(titles), parent)
        self._theme = theme
        self._right = right
        self._wraps = wraps
        self._shown: tuple[PlainRow, ...] | None = None
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(list(titles))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(wraps)
        self.setTabKeyNavigation(False)
        self.setFont(theme.font(tokens.BODY_PX))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        if wide is not None:
            header.setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)
        if wraps:
            header.sectionResized.connect(lambda *_: self._fit_heights())
        self._align_titles()
        self.activated.connect(lambda index: self.opened.emit(self.rows[index.row()].key))
        theme.changed.connect(self._again)

    @property
    def rows(self) -> tuple[PlainRow, ...]:
        """What is shown."""
        return self._shown or ()

    def set_titles(self, titles: Sequence[str]) -> None:
        """Other columns."""
        self.setColumnCount(len(titles))
        self.setHorizontalHeaderLabels(list(titles))
        self._align_titles()

    def show_rows(self, rows: Sequence[PlainRow]) -> None:
        """Show these lines; the one that was chosen stays chosen."""
        shown = tuple(rows)
        if shown == self._shown:
            return
        current = self.currentRow()
        key = self.rows[current].key if 0 <= current < len(self.rows) else ""
        self._shown = shown
        self.setRowCount(len(shown))
        for place, row in enumerate(shown):
            for column, text in enumerate(row.texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(self._alignment(column))
                item.setToolTip(row.tip or text)
                if column == 0 and row.icon:
                    item.setIcon(self._theme.icon(row.icon, row.role))
                self.setItem(place, column, item)
            if key and row.key == key:
                self.setCurrentCell(place, 0)

        self._fit_heights()

    def _fit_heights(self) -> None:
        """Give each line the height that its texts need; Qt's own fitting forgets the padding, and a word is lost."""
        if not self._wraps:
            return
        metrics, flags = self.fontMetrics(), int(Qt.TextFlag.TextWordWrap)
        for place, row in enumerate(self.rows):
            rooms = [
                QRect(0, 0, max(1, self.columnWidth(column) - _PADDING), _TALL) for column in range(len(row.texts))
            ]
            tallest = max(
                metrics.boundingRect(room, flags, text).height()
                for room, text in zip(rooms[1:], row.texts[1:], strict=True)
            )
            self.setRowHeight(place, max(_ROW, tallest + tokens.SPACE_8))
        self.updateGeometry()

    def _align_titles(self) -> None:
        for column in range(self.columnCount()):
            item = self.horizontalHeaderItem(column)
            if item is not None:
                item.setTextAlignment(self._alignment(column))

    def _again(self) -> None:
        shown, self._shown = self.rows, None
        self.show_rows(shown)

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column in self._right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    @override
    def sizeHint(self) -> QSize:
        lines = sum(self.rowHeight(row) for row in range(min(_MOST_LINES, self.rowCount())))
        return QSize(320, self.horizontalHeader().height() + max(_ROW, lines) + tokens.SPACE_8)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            chosen = sorted({index.row() for index in self.selectedIndexes()})
            lines = ["\t".join(self.rows[row].texts) for row in chosen]
            QGuiApplication.clipboard().setText("\n".join(lines) + "\n")
        else:
            super().keyPressEvent(event)
