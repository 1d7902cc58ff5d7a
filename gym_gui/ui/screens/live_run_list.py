"""The runs as a narrow list beside pictures and curves: the same lines, and the same choice, as in the table.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QIcon, QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyledItemDelegate, QStyleOptionViewItem

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_runs_model import (
    RUN_ROLE,
    STATE_ICONS,
    progress_text,
    quiet_text,
    return_text,
    state_word,
)

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.ui.screens.live_runs_table import LiveRunsTable
    from gym_gui.ui.theme import Theme

WIDTH: Final = 212
_ROW: Final = 44
_RIGHT: Final = Qt.TextElideMode.ElideRight


class _RunDelegate(QStyledItemDelegate):
    """Sign of state and name; below, what it is doing."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(WIDTH - tokens.SPACE_24, _ROW)

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        run: LiveRun = index.data(RUN_ROLE)
        chosen = QStyleOptionViewItem(option)
        self.initStyleOption(chosen, index)
        chosen.text = ""
        chosen.icon = QIcon()
        widget = chosen.widget
        widget.style().drawControl(widget.style().ControlElement.CE_ItemViewItem, chosen, painter, widget)
        area = QRect(chosen.rect).adjusted(tokens.SPACE_8, tokens.SPACE_4, -tokens.SPACE_8, -tokens.SPACE_4)
        icon, role = STATE_ICONS[run.state]
        spot = QRect(area.left(), area.top() + 2, tokens.ICON_SMALL, tokens.ICON_SMALL)
        self._theme.icon(icon, role).paint(painter, spot)
        lines = area.adjusted(tokens.ICON_SMALL + tokens.SPACE_8, 0, 0, 0)
        painter.save()
        font = self._theme.font(tokens.BODY_PX)
        painter.setFont(font)
        painter.setPen(self._theme.color("text"))
        top = QRect(lines.left(), lines.top(), lines.width(), lines.height() // 2)
        painter.drawText(top, _MIDDLE, QFontMetrics(font).elidedText(index.data(), _RIGHT, lines.width()))
        font = self._theme.font(tokens.CAPTION_PX)
        painter.setFont(font)
        below = QRect(lines.left(), lines.top() + lines.height() // 2, lines.width(), lines.height() // 2)
        quiet = quiet_text(run)
        painter.setPen(self._theme.color("warn" if quiet else "text_muted"))
        said = (quiet or state_word(run.state), progress_text(run), return_text(run))
        text = " · ".join(filter(None, said))
        painter.drawText(below, _MIDDLE, QFontMetrics(font).elidedText(text, _RIGHT, lines.width()))
        painter.restore()


_MIDDLE: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class LiveRunList(QListView):
    """The list; it shares model and choice with the table.

    Args:
        theme: The look.
        table: What it shares them with.
    """

    def __init__(self, theme: Theme, table: LiveRunsTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(table.runs_model)
        self.setSelectionModel(table.selectionModel())
        self.setModelColumn(0)
        self.setItemDelegate(_RunDelegate(theme, self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setFixedWidth(WIDTH)
        self.setAccessibleName("Runs")
        self.setToolTip("Ctrl+click or Shift+arrows: several runs, their curves over one another")
