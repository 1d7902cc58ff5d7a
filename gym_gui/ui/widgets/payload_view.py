"""Draws whatever kind of payload a step carries: a grid, a graph, a text; the widgets are made when first needed.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from gym_gui.controllers.row_matter import DrawnPayload, LegacyPayload
from gym_gui.core.schema.render_payload import GraphPayload, GridPayload, TextPayload
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.graph_view import GraphView
from gym_gui.ui.widgets.grid_view import GridView
from gym_gui.ui.widgets.text_view import TextView

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QPaintEvent, QResizeEvent

    from gym_gui.controllers.views import TaskRunner
    from gym_gui.ui.theme import Theme

Shown: TypeAlias = DrawnPayload | LegacyPayload
_Widget: TypeAlias = GridView | GraphView | TextView

LEGACY_TITLE: Final = "Legacy payload"
_NOTE_HEIGHT: Final = 28
_WIDE_ENOUGH: Final = 480  # for text; what is wider only needs to be higher
_A_LOT: Final = 10_000


class PayloadView(QWidget):
    """Shows one payload at a time; emits `clicked` for a click that means nothing to what is shown.

    Args:
        theme: The look.
        runner: Where large graphs are laid out.
    """

    clicked = Signal()

    def __init__(self, theme: Theme, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = theme
        self._runner = runner
        self._made: dict[type[QWidget], _Widget] = {}
        self._widget: _Widget | None = None
        self._shown: Shown | None = None
        self._corner = QSize(0, 0)
        self._below = 0
        self._noted = ""
        theme.changed.connect(self.update)

    @property
    def shown(self) -> Shown | None:
        """What is shown."""
        return self._shown

    @property
    def widget(self) -> _Widget | None:
        """What draws it."""
        return self._widget

    @property
    def note(self) -> str:
        """What is not shown of the payload; empty where all is."""
        return "" if self._widget is None else self._widget.note

    @property
    def target(self) -> QRect:
        """What is covered by what is drawn, in this widget's pixels."""
        widget = self._widget
        return QRect() if widget is None else widget.target.translated(widget.pos())

    def keep_clear(self, corner: QSize, below: int) -> None:
        """Leave the upper corners, each of this size, and a strip along the lower edge to others."""
        if (corner, below) != (self._corner, self._below):
            self._corner, self._below = corner, below
            self._arrange()

    def show_payload(self, shown: Shown | None) -> None:
        """Show it; None leaves the ground."""
        if shown is self._shown:
            return
        self._shown = shown
        before = self._widget
        if shown is None:
            if isinstance(before, GraphView):
                before.forget()
            self._widget = None
        elif isinstance(shown, GridPayload):
            self._widget = self._get(GridView)
        elif isinstance(shown, GraphPayload):
            self._widget = self._get(GraphView)
        else:
            self._widget = self._get(TextView)
        if self._widget is not before:
            if before is not None:
                before.hide()
            if self._widget is not None:
                self._widget.show()
        self._fill()
        self._arrange()

    def copied(self) -> str | QImage | None:
        """What a copy takes: the selected text or all of it, or the drawing as a picture; None for nothing."""
        widget = self._widget
        if widget is None:
            return None
        if isinstance(widget, TextView):
            return widget.selected or widget.text
        return widget.grab().toImage()

    def _get(self, kind: type[_Widget]) -> _Widget:
        made = self._made.get(kind)
        if made is None:
            made = self._made[kind] = self._make(kind)
        return made

    def _make(self, kind: type[_Widget]) -> _Widget:
        if kind is GraphView:
            graph = GraphView(self._theme, self._runner, self)
            graph.clicked.connect(self.clicked)
            return graph
        return GridView(self._theme, self) if kind is GridView else TextView(self._theme, self)

    def _fill(self) -> None:
        widget, shown = self._widget, self._shown
        if isinstance(widget, GridView) and isinstance(shown, GridPayload):
            widget.show_grid(shown)
        elif isinstance(widget, GraphView) and isinstance(shown, GraphPayload):
            widget.show_graph(shown)
        elif isinstance(widget, TextView) and isinstance(shown, LegacyPayload):
            widget.show_text(shown.text, LEGACY_TITLE, shown.why)
        elif isinstance(widget, TextView) and isinstance(shown, TextPayload):
            widget.show_text(shown.text)
        if self.note != self._noted:
            self._noted = self.note
            self.update()

    # --- placing ----------------------------------------------------------------------------------------------------

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def _arrange(self) -> None:
        widget = self._widget
        if widget is None:
            return
        whole = self.rect().adjusted(0, 0, 0, -self._below - _NOTE_HEIGHT * bool(self.note))
        if not self._corner.isEmpty():
            # Between the corners, or below them: wherever it is larger.
            between = whole.adjusted(self._corner.width(), 0, -self._corner.width(), 0)
            under = whole.adjusted(0, self._corner.height(), 0, 0)
            whole = max((between, under), key=lambda room: self._worth(room.size()))
        widget.setGeometry(whole)

    def _worth(self, room: QSize) -> float:
        if room.isEmpty():
            return 0.0
        shown = self._shown
        if isinstance(shown, GridPayload):
            return min(room.width() / max(1, shown.columns), room.height() / max(1, shown.rows))
        if isinstance(shown, GraphPayload):
            return min(room.width() / 3, room.height() / 2)
        return min(room.width(), _WIDE_ENOUGH) + room.height() / _A_LOT

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(event.rect(), self._theme.color("surface"))
            if self.note:
                painter.setFont(self._theme.font(tokens.CAPTION_PX))
                painter.setPen(self._theme.color("text_muted"))
                foot = QRect(0, self.height() - self._below - _NOTE_HEIGHT, self.width(), _NOTE_HEIGHT)
                painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, self.note)
