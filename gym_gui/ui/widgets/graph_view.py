"""A graph of nodes and edges: the wheel zooms, a drag moves it, a node under the pointer is read out.

Qt thread; places that the payload does not bring are found in a task where there are more than a few nodes.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QLinearGradient, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gym_gui.controllers.graph_layout import place_nodes
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import number_text, shortened
from gym_gui.ui.widgets.graph_paint import LARGEST, GraphPainter, GraphPicture, node_radius, typical_gap
from gym_gui.ui.widgets.graph_shape import GraphShape, joined, shape_of
from gym_gui.ui.widgets.payload_colors import value_color

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent

    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.schema.render_payload import GraphPayload
    from gym_gui.ui.theme import Theme

_log = logging.getLogger(__name__)

Places = dict[int | str, tuple[float, float]]

_KEPT_LAYOUTS: Final = 64
_MINIMUM: Final = QSize(120, 90)
_FOOT: Final = 32  # the line that is read out
_MARGIN: Final = 2.5 * LARGEST + tokens.SPACE_4  # an edge from a node to itself stands above it
_MARGIN_SHARE: Final = 0.15
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
        self._wanted: GraphShape | None = None
        self._places: NDArray[np.float64] | None = None
        self._layouts: OrderedDict[object, Places] = OrderedDict()
        self._last: Places = {}
        self._bounds: QRectF | None = None
        self._gap = 1.0
        self._being_found = False
        self._zoom = 1.0
        self._shift = QPointF()
        self._pressed: QPointF | None = None
        self._dragged = False
        self._hovered: int | None = None
        self._drawn: QImage | None = None
        self._painter: GraphPainter | None = None
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
            return "Laying the graph out…" if self._wanted is not None else ""
        if self._hovered is not None and self._hovered < len(shape.ids):
            return node_words(shape, self._hovered)
        return f"{_count(len(shape.ids), 'node')}, {_count(len(shape.pairs), 'edge')}  ·  {HOW}"

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
        shape = shape_of(payload)
        self._wanted = shape
        if self._shape is not None and not self._is_like(shape):
            self._drop()  # another graph: what is shown says nothing about it
        self._settle(shape)

    def forget(self) -> None:
        """Show nothing, and drop what is on its way."""
        self._payload = self._wanted = None
        self._last = {}
        self._drop()

    def fit(self) -> None:
        """Show all of it."""
        self._zoom, self._shift = 1.0, QPointF()
        self._redraw()

    # --- places -----------------------------------------------------------------------------------------------------

    def _is_like(self, shape: GraphShape) -> bool:
        shown = () if self._shape is None else self._shape.ids
        return 2 * len(set(shown) & set(shape.ids)) >= max(len(shown), len(shape.ids))

    def _drop(self) -> None:
        self._shape = self._places = None
        self._redraw()

    def _settle(self, shape: GraphShape) -> None:
        """Show *shape* where its places are known, else find them aside."""
        places = joined(shape, self._layouts.get(shape.topology, {}))
        if places is None:
            self._ask(shape)
        else:
            self._accept(shape, places)

    def _known(self, shape: GraphShape) -> Places:
        """Nodes that were there a step ago stay where they are, unless most of the graph is another."""
        given = shape.places
        if given:
            return given
        stays = {one: self._last[one] for one in shape.ids if one in self._last}
        return stays if 2 * len(stays) >= len(shape.ids) else {}

    def _ask(self, shape: GraphShape) -> None:
        # One at a time: places take longer to find than a game takes for a step.
        if self._being_found:
            return
        self._being_found = True
        known = self._known(shape)

        def done(places: NDArray[np.float64]) -> None:
            self._being_found = False
            self._keep(shape, places)
            if self._wanted is not None:
                self._settle(self._wanted)  # the newest: mostly the same nodes with other values

        def failed(error: Exception) -> None:
            self._being_found = False
            _log.error("A graph of %d nodes could not be laid out.", len(shape.ids), exc_info=error)

        self._runner.submit(lambda: place_nodes(shape.ids, shape.pairs, known), done, failed)
        self.update()

    def _keep(self, shape: GraphShape, places: NDArray[np.float64]) -> None:
        found = zip(shape.ids, places.tolist(), strict=True)
        self._layouts[shape.topology] = {one: (float(x), float(y)) for one, (x, y) in found}
        while len(self._layouts) > _KEPT_LAYOUTS:
            self._layouts.popitem(last=False)

    def _accept(self, shape: GraphShape, places: NDArray[np.float64]) -> None:
        another = self._shape is None
        self._shape, self._wanted, self._places = shape, None, places
        self._last = {one: (float(x), float(y)) for one, (x, y) in zip(shape.ids, places.tolist(), strict=True)}
        if another:
            self._zoom, self._shift, self._bounds = 1.0, QPointF(), None
        self._bounds = _around(places, self._bounds)
        self._gap = typical_gap(places)
        self._hovered = None if another else self._hovered
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
        self._drawn = None
        self.update()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._redraw()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        shape = self._shape
        if self._drawn is None or self._drawn.devicePixelRatio() != ratio:
            self._drawn = self._draw(ratio)
        painter.drawImage(0, 0, self._drawn)
        if shape is not None and self._hovered is not None and self._hovered < len(shape.ids):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("text"), 2))
            x, y = self._spots()[self._hovered].tolist()
            painter.drawEllipse(QPointF(x, y), self._radius() + 2, self._radius() + 2)
        self._paint_foot(painter)

    def _draw(self, ratio: float) -> QImage:
        image = QImage(self.size() * ratio, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(self._theme.color("surface"))
        if self._shape is not None:
            if self._painter is None or self._painter.ratio != ratio:
                self._painter = GraphPainter(self._theme, ratio)
            painter = QPainter(image)
            area = self._area()
            painter.setClipRect(area)
            self._painter.paint(painter, GraphPicture(self._shape, self._spots(), self._radius()), area)
            painter.end()
        return image

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


def node_words(shape: GraphShape, node: int) -> str:
    """A node in words: its label, value and edges."""
    name, label = str(shape.ids[node]), shape.labels[node]
    parts = [f"Node {name}" if label == name else f"Node {name}: {label}"]
    value = float(shape.values[node])
    if np.isfinite(value):
        parts.append(f"value {number_text(value)}")
    leaving = sum(pair[0] == node for pair in shape.pairs)
    reaching = sum(pair[1] == node for pair in shape.pairs)
    if shape.directed:
        parts.append(f"{leaving} out, {reaching} in")
    else:
        parts.append(_count(sum(node in pair for pair in shape.pairs), "edge"))
    return "  ·  ".join(parts)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"


def _around(places: NDArray[np.float64], before: QRectF | None) -> QRectF:
    """What all nodes need, and what they needed before: a node that moves must not move all others."""
    if not len(places):
        return before or QRectF(-1, -1, 2, 2)
    (left, top), (right, bottom) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    least = max(right - left, bottom - top) * 0.02 or 1.0
    box = QRectF(left, top, max(right - left, least), max(bottom - top, least))
    return box if before is None else box.united(before)
