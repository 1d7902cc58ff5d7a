"""A graph of nodes and edges: the wheel zooms, a drag moves it, a node under the pointer is read out.

Qt thread; places that the payload does not bring are found in a task where there are more than a few nodes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QLinearGradient, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import number_text, shortened
from gym_gui.ui.widgets.graph_paint import LARGEST, GraphPainter, GraphPicture, node_radius, typical_gap
from gym_gui.ui.widgets.graph_places import LARGE, GraphPlaces, alike
from gym_gui.ui.widgets.graph_shape import counted, node_words
from gym_gui.ui.widgets.payload_colors import value_color

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent

    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.schema.render_payload import GraphPayload
    from gym_gui.ui.theme import Theme
    from gym_gui.ui.widgets.graph_shape import GraphShape

_log = logging.getLogger(__name__)

_MINIMUM: Final = QSize(120, 90)
_FOOT: Final = 32  # the line that is read out
_MARGIN: Final = 2 * LARGEST + tokens.SPACE_4  # an edge from a node to itself stands above it
_MARGIN_SHARE: Final = 0.2
_ZOOM_STEP: Final = 1.0015  # to the power of the wheel's eighths of a degree
_SMALLEST_ZOOM: Final = 0.25
_LARGEST_ZOOM: Final = 12.0
_DRAG_FROM: Final = 4
_SCALE: Final = QSize(96, 8)
HOW: Final = "wheel zooms, drag moves, double click shows all"


class GraphView(QWidget):
    """Paints one graph; emits `clicked` for a click that moved nothing.

    Args:
        theme: The look.
        runner: Where larger graphs are laid out.
    """

    clicked = Signal()

    def __init__(self, theme: Theme, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setMinimumSize(_MINIMUM)
        self._theme = theme
        self._runner = runner
        self._payload: GraphPayload | None = None
        self._shape: GraphShape | None = None
        self._places: NDArray[np.float64] | None = None
        self._bounds: QRectF | None = None
        self._gap = 1.0
        self._finder = GraphPlaces(runner, self._accept)
        self._zoom = 1.0
        self._shift = QPointF()
        self._pressed: QPointF | None = None
        self._dragged = False
        self._hovered: int | None = None
        self._drawn: QImage | None = None
        self._painter: GraphPainter | None = None
        self._version = 0
        self._drawn_version = -1
        self._drawing = False
        theme.changed.connect(self._restyle)

    @property
    def payload(self) -> GraphPayload | None:
        """What was asked to be shown."""
        return self._payload

    @property
    def note(self) -> str:
        """What is not shown of it; empty where all is."""
        return "" if self._shape is None else self._shape.left_out

    @property
    def target(self) -> QRect:
        """What is covered: all of it, since it can be moved."""
        return self.rect()

    @property
    def zoom(self) -> float:
        """How much larger than fitting."""
        return self._zoom

    @property
    def readout(self) -> str:
        """What the line below says."""
        shape = self._shape
        if shape is None:
            return "Laying the graph out…" if self._finder.waiting else ""
        if self._hovered is not None and self._hovered < len(shape.ids):
            return node_words(shape, self._hovered)
        return f"{counted(len(shape.ids), 'node')}, {counted(len(shape.pairs), 'edge')}  ·  {HOW}"

    def spot(self, node: int | str) -> QPointF | None:
        """Where a node is painted, logical pixels; None where it is not."""
        shape = self._shape
        if shape is None or node not in shape.ids:
            return None
        return QPointF(*self._spots()[shape.ids.index(node)].tolist())

    def show_graph(self, payload: GraphPayload) -> None:
        """Show *payload*: at once where its places are known, else as soon as they are found."""
        before, self._payload = self._payload, payload
        if payload is before or payload == before:
            return
        if self._shape is not None and not alike(self._shape.ids, [node.id for node in payload.nodes]):
            self._drop()  # another graph: what is shown says nothing about it
        self._finder.want(payload)
        self.update()

    def forget(self) -> None:
        """Show nothing, and drop what is on its way."""
        self._payload = None
        self._finder.forget()
        self._drop()

    def fit(self) -> None:
        """Show all of it."""
        self._zoom, self._shift = 1.0, QPointF()
        self._redraw()

    # --- places -----------------------------------------------------------------------------------------------------

    def _drop(self) -> None:
        self._shape = self._places = None
        self._redraw()

    def _accept(self, shape: GraphShape, places: NDArray[np.float64]) -> None:
        another = self._shape is None
        self._shape, self._places = shape, places
        if another:
            self._zoom, self._shift, self._bounds = 1.0, QPointF(), None
            self._hovered = None
        self._bounds = _around(places, self._bounds)
        self._gap = typical_gap(places)
        self.setAccessibleName(f"Graph of {len(shape.ids)} nodes and {len(shape.pairs)} edges")
        self._redraw()

    def _area(self) -> QRectF:
        return QRectF(0, 0, self.width(), max(1, self.height() - _FOOT))

    def _scale(self) -> float:
        bounds, area = self._bounds or QRectF(-1, -1, 2, 2), self._area()
        wide, high = (max(1.0, side - 2 * min(_MARGIN, side * _MARGIN_SHARE)) for side in (area.width(), area.height()))
        return min(wide / bounds.width(), high / bounds.height())

    def _spots(self) -> NDArray[np.float64]:
        """``float64 (nodes, 2)``: where nodes are painted, logical pixels."""
        if self._places is None:
            return np.empty((0, 2))
        middle = (self._bounds or QRectF(-1, -1, 2, 2)).center()
        centre = self._area().center() + self._shift
        scale = self._scale() * self._zoom
        return (self._places - [middle.x(), middle.y()]) * scale + [centre.x(), centre.y()]

    def _radius(self) -> float:
        return node_radius(self._gap * self._scale() * self._zoom)

    # --- painting ---------------------------------------------------------------------------------------------------

    def _restyle(self) -> None:
        self._painter = None
        self._redraw()

    def _redraw(self) -> None:
        self._version += 1
        self.update()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._redraw()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            shape = self._shape
            self._draw()
            painter.fillRect(self.rect(), self._theme.color("surface"))
            if self._drawn is not None:
                painter.drawImage(0, 0, self._drawn)
            if shape is not None and self._hovered is not None and self._hovered < len(shape.ids):
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(QPen(self._theme.color("text"), 2))
                x, y = self._spots()[self._hovered].tolist()
                painter.drawEllipse(QPointF(x, y), self._radius() + 2, self._radius() + 2)
            self._paint_foot(painter)

    def _draw(self) -> None:
        """Bring the drawing up to date: at once where it takes no time, else aside; until then the last one stays."""
        ratio, version, shape = self.devicePixelRatioF(), self._version, self._shape
        if self._painter is None or self._painter.ratio != ratio:
            self._painter = GraphPainter(self._theme, ratio)
        elif self._drawn_version == version:
            return
        painter, size = self._painter, self.size()
        picture = None if shape is None else GraphPicture(shape, self._spots(), self._radius())
        if shape is None or len(shape.ids) + len(shape.pairs) <= LARGE:
            self._drawn, self._drawn_version = painter.draw(picture, size, _FOOT), version
        elif not self._drawing:
            self._drawing = True
            self._runner.submit(
                lambda: painter.draw(picture, size, _FOOT), lambda image: self._take(image, version), self._failed
            )

    def _take(self, image: QImage, version: int) -> None:
        self._drawing = False
        if self._shape is not None:
            self._drawn, self._drawn_version = image, version
            self.update()

    def _failed(self, error: Exception) -> None:
        self._drawing = False
        _log.error("A graph could not be painted.", exc_info=error)

    def _paint_foot(self, painter: QPainter) -> None:
        theme = self._theme
        foot = QRectF(tokens.SPACE_16, self.height() - _FOOT, self.width() - 2 * tokens.SPACE_16, _FOOT)
        painter.setFont(theme.font(tokens.CAPTION_PX))
        right = self._paint_scale(painter, foot)
        words = foot.adjusted(0, 0, right - foot.right() - tokens.SPACE_16, 0)
        painter.setPen(theme.color("text" if self._hovered is not None else "text_muted"))
        text = painter.fontMetrics().elidedText(self.readout, Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_scale(self, painter: QPainter, foot: QRectF) -> float:
        """What the colours mean, at the right of the line; where it begins."""
        span = None if self._shape is None else self._shape.range
        if span is None:
            return foot.right()
        theme, metrics = self._theme, painter.fontMetrics()
        low, high = (shortened(number_text(value), 12) for value in span)
        painter.setPen(theme.color("text_muted"))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(foot, flags, high)
        bar = QRectF(0, 0, _SCALE.width(), _SCALE.height())
        bar.moveCenter(foot.center())
        bar.moveRight(foot.right() - metrics.horizontalAdvance(high) - tokens.SPACE_8)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        gradient.setColorAt(0, value_color(theme, 0))
        gradient.setColorAt(1, value_color(theme, 1))
        painter.fillRect(bar, gradient)
        painter.drawText(QRectF(foot.left(), foot.top(), bar.left() - tokens.SPACE_8 - foot.left(), _FOOT), flags, low)
        return bar.left() - tokens.SPACE_8 - metrics.horizontalAdvance(low)

    # --- the mouse --------------------------------------------------------------------------------------------------

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()
        before = self._zoom
        self._zoom = min(_LARGEST_ZOOM, max(_SMALLEST_ZOOM, before * _ZOOM_STEP**turned))
        # What is under the pointer stays under it.
        reach = event.position() - self._area().center() - self._shift
        self._shift += reach * (1 - self._zoom / before)
        self._redraw()
        event.accept()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = event.position(), False
            event.accept()
        else:
            super().mousePressEvent(event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            self._hover(self._node_at(event.position()))
            event.ignore()  # the page below shows its controls when the pointer moves
            return
        way = event.position() - self._pressed
        if self._dragged or way.manhattanLength() >= _DRAG_FROM:
            self._dragged = True
            self._pressed = event.position()
            self._shift += way
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._redraw()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and event.button() is Qt.MouseButton.LeftButton:
            self._pressed = None
            self.unsetCursor()
            if not self._dragged:
                self.clicked.emit()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()
        self.clicked.emit()  # the first click of the two played or paused: this takes it back

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def _hover(self, node: int | None) -> None:
        if node != self._hovered:
            self._hovered = node
            self.update()

    def _node_at(self, spot: QPointF) -> int | None:
        spots = self._spots()
        if not len(spots):
            return None
        far = np.hypot(spots[:, 0] - spot.x(), spots[:, 1] - spot.y())
        nearest = int(far.argmin())
        return nearest if far[nearest] <= self._radius() + _DRAG_FROM else None


def _around(places: NDArray[np.float64], before: QRectF | None) -> QRectF:
    """What all nodes need, and what they needed before: a node that moves must not move all others."""
    if not len(places):
        return before or QRectF(-1, -1, 2, 2)
    (left, top), (right, bottom) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    least = max(right - left, bottom - top) * 0.02 or 1.0
    box = QRectF(left, top, max(right - left, least), max(bottom - top, least))
    return box if before is None else box.united(before)
