"""Paints a graph at given places: edges, arrows, nodes by value, labels where they do not overlap.

Lines go in one call and nodes are ready pictures: two hundred nodes take a few milliseconds. Large graphs are painted
in tasks; only the painter's making asks the theme, on the Qt thread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import shortened
from gym_gui.ui.widgets.graph_room import Room, around
from gym_gui.ui.widgets.payload_colors import ink_on, mixed, value_color

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.ui.theme import Theme
    from gym_gui.ui.widgets.graph_shape import GraphShape

SMALLEST: Final = 3.0
LARGEST: Final = 22.0
_SHARE: Final = 0.36  # of the way to the nearest other node
_PAIR: Final = 2
_MEASURED: Final = 400
_LABELLED: Final = 250  # nodes whose labels are tried: more would not find a place
_BUCKETS: Final = 24
_ARROW: Final = 7.0
_BARB: Final = 0.42  # radians between an arrow's middle and its sides
_ASIDE: Final = 3.5  # of an edge whose opposite is there too
_SMOOTH_EDGES: Final = 1_500
_EDGE_LABELS: Final = 200
_LONGEST: Final = 18
_INSIDE_FROM: Final = 9.0
_AVOIDED_EDGES: Final = 300
_SHORT_LABEL: Final = 3
_LOOP: Final = 0.6
_MIDDLE: Final = 0.5  # where all values are one
_LINE_SHARE: Final = 0.65
_LINE_WIDTH: Final = 1.25
_NO_VALUE_SHARE: Final = 0.35
_EDGE_LABEL_SHARE: Final = 0.8  # of its label an edge must be long
_MOST_SPRITES: Final = 400  # zooming makes nodes of many sizes
_VEIL: Final = 0.75


def node_radius(gap: float) -> float:
    """The radius of a node, logical pixels, where neighbours are mostly *gap* away from each other."""
    return min(LARGEST, max(SMALLEST, gap * _SHARE))


def typical_gap(places: NDArray[np.float64]) -> float:
    """How far the nearest other node mostly is, in the places' own unit; 1 for a single node."""
    if len(places) < _PAIR:
        return 1.0
    if len(places) > _MEASURED:  # what a node has for itself, where all share the room evenly
        wide, high = np.ptp(places, axis=0).tolist()
        return math.sqrt(max(wide * high, max(wide, high) ** 2 * 0.01) / len(places))
    apart = np.linalg.norm(places[:, None, :] - places[None, :, :], axis=2)
    np.fill_diagonal(apart, np.inf)
    return float(np.quantile(apart.min(axis=1), 0.3)) or 1.0


@dataclass(frozen=True, slots=True)
class GraphPicture:
    """What is painted.

    Attributes:
        shape: The graph.
        spots: ``float64 (nodes, 2)`` logical pixels.
        radius: Of a node.
    """

    shape: GraphShape
    spots: NDArray[np.float64]
    radius: float


class GraphPainter:
    """Paints graphs in one theme at one ratio.

    Args:
        theme: The look.
        ratio: Device pixels for each logical pixel.
    """

    def __init__(self, theme: Theme, ratio: float) -> None:
        self.ratio = ratio
        # Asked for here, on the Qt thread: what is painted aside must not ask the theme.
        self._font = theme.font(tokens.CAPTION_PX)
        self._ink, self._ground, self._muted = (theme.color(role) for role in ("text", "surface", "text_muted"))
        self._veil = QColor(self._ground)
        self._veil.setAlphaF(_VEIL)
        self._line = mixed(self._muted, self._ground, _LINE_SHARE)
        self._no_value = mixed(self._muted, theme.color("surface_raised"), _NO_VALUE_SHARE)
        self._values = [value_color(theme, share / _BUCKETS) for share in range(_BUCKETS + 1)]
        self._sprites: dict[tuple[int, float], QImage] = {}

    def draw(self, picture: GraphPicture | None, size: QSize, foot: int) -> QImage:
        """The picture on its ground, *foot* logical pixels above the lower edge; on any thread, one at a time."""
        image = QImage(size * self.ratio, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(self.ratio)
        image.fill(self._ground)
        if picture is not None:
            with QPainter(image) as painter:
                area = QRectF(0, 0, size.width(), max(1, size.height() - foot))
                painter.setClipRect(area)
                self._paint(painter, picture, area)
        return image

    def _paint(self, painter: QPainter, picture: GraphPicture, area: QRectF) -> None:
        shape, spots = picture.shape, picture.spots
        room = Room(area.width(), area.height())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, len(shape.pairs) <= _SMOOTH_EDGES)
        lines = self._paint_edges(painter, picture)
        if len(lines) <= _AVOIDED_EDGES:
            drawn = [line.toTuple() for line in lines if not line.isNull()]
            room.draw_lines(np.array(drawn, np.float64).reshape(-1, 4))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shares = self._shares(shape)
        half = picture.radius + 1.5
        if len(self._sprites) > _MOST_SPRITES:
            self._sprites.clear()
        for share, (x, y) in zip(shares, spots.tolist(), strict=True):
            painter.drawImage(QPointF(x - half, y - half), self._sprite(share, picture.radius))
        room.take_discs(spots, picture.radius)
        painter.setFont(self._font)
        self._paint_labels(painter, picture, shares, room)
        self._paint_edge_labels(painter, shape, lines, room)

    def color_of(self, share: int) -> QColor:
        """The colour of one of the steps between lowest and highest; -1: no value."""
        return self._no_value if share < 0 else self._values[share]

    def _shares(self, shape: GraphShape) -> list[int]:
        span = shape.range
        if span is None:
            return [-1] * len(shape.ids)
        low, high = span
        parts = (shape.values - low) / (high - low) if high > low else shape.values * 0 + _MIDDLE
        return [round(part * _BUCKETS) if math.isfinite(part) else -1 for part in parts.tolist()]

    # --- edges ------------------------------------------------------------------------------------------------------

    def _paint_edges(self, painter: QPainter, picture: GraphPicture) -> list[QLineF]:
        shape = picture.shape
        painter.setPen(QPen(self._line, _LINE_WIDTH))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        lines = self._lines(picture)
        straight = [line for line in lines if not line.isNull()]
        painter.drawLines(straight)
        loops = [pair[0] for pair in shape.pairs if pair[0] == pair[1]]
        for node in loops:
            x, y = picture.spots[node].tolist()
            size = picture.radius * _LOOP
            painter.drawEllipse(QPointF(x, y - picture.radius - size * 0.6), size, size)
        if shape.directed:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._line)
            size = min(_ARROW, max(4.0, picture.radius))
            for line in straight:
                painter.drawPolygon(_arrow(line, size))
        return lines

    def _lines(self, picture: GraphPicture) -> list[QLineF]:
        """Each edge from rim to rim; a null line where its ends are one node or touch."""
        shape = picture.shape
        if not shape.pairs:
            return []
        pairs = np.array(shape.pairs, np.int64)
        start, end = picture.spots[pairs[:, 0]], picture.spots[pairs[:, 1]]
        way = end - start
        length = np.linalg.norm(way, axis=1)
        safe = np.where(length > 0, length, 1.0)[:, None]
        unit = way / safe
        if shape.directed:
            both = set(shape.pairs)
            twin = np.array([(target, source) in both for source, target in shape.pairs])
            aside = np.stack([-unit[:, 1], unit[:, 0]], axis=1) * _ASIDE * twin[:, None]
            start, end = start + aside, end + aside
        rim = (picture.radius + 1.5) * unit
        seen = length > 2 * picture.radius + 3
        ends = np.concatenate([start + rim, end - rim], axis=1).tolist()
        return [QLineF(*four) if ok else QLineF() for four, ok in zip(ends, seen.tolist(), strict=True)]

    def _paint_edge_labels(self, painter: QPainter, shape: GraphShape, lines: list[QLineF], room: Room) -> None:
        if len(lines) > _EDGE_LABELS:
            return
        metrics = QFontMetricsF(self._font)
        painter.setPen(self._muted)
        for line, label in zip(lines, shape.edge_labels, strict=True):
            if not label or line.isNull():
                continue
            text = shortened(label, _LONGEST)
            width, height = metrics.horizontalAdvance(text) + 6, metrics.height()
            x, y = line.center().toTuple()
            box = (x - width / 2, y - height / 2, width, height)
            if line.length() >= width * _EDGE_LABEL_SHARE and room.is_free(box):
                room.take(box)
                painter.fillRect(QRectF(*box), self._ground)
                painter.drawText(QRectF(*box), Qt.AlignmentFlag.AlignCenter, text)

    # --- nodes ------------------------------------------------------------------------------------------------------

    def _sprite(self, share: int, radius: float) -> QImage:
        key = (share, radius)
        found = self._sprites.get(key)
        if found is None:
            found = self._sprites[key] = self._paint_node(self.color_of(share), radius)
        return found

    def _paint_node(self, color: QColor, radius: float) -> QImage:
        side = math.ceil(2 * (radius + 1.5) * self.ratio)
        image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(self.ratio)
        image.fill(0)
        with QPainter(image) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._muted, 1))
            painter.setBrush(color)
            painter.drawEllipse(QPointF(radius + 1.5, radius + 1.5), radius, radius)
        return image

    def _paint_labels(self, painter: QPainter, picture: GraphPicture, shares: list[int], room: Room) -> None:
        metrics = QFontMetricsF(self._font)
        radius, height = picture.radius, metrics.height()
        for number in _inside(picture, room):
            x, y = picture.spots[number].tolist()
            text = shortened(picture.shape.labels[number], _LONGEST)
            width = metrics.horizontalAdvance(text) + 1
            if radius >= _INSIDE_FROM and len(text) <= _SHORT_LABEL and width <= 1.7 * radius:
                painter.setPen(ink_on(self.color_of(shares[number])))
                inside = QRectF(x - radius, y - radius, 2 * radius, 2 * radius)
                painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, text)
                continue
            box = room.best(around(x, y, radius, width, height))
            if box is not None:
                room.take(box)
                painter.fillRect(QRectF(*box), self._veil)  # edges run below it
                painter.setPen(self._ink)
                painter.drawText(QRectF(*box), Qt.AlignmentFlag.AlignCenter, text)


def _inside(picture: GraphPicture, room: Room) -> list[int]:
    """The nodes that are seen, of very many those with the most edges."""
    seen = np.flatnonzero(((picture.spots >= 0) & (picture.spots <= (room.width, room.height))).all(axis=1))
    if len(seen) <= _LABELLED:
        return [int(one) for one in seen]
    edges = np.bincount(np.array(picture.shape.pairs, np.int64).ravel(), minlength=len(picture.spots))
    return [int(one) for one in seen[np.argsort(-edges[seen], kind="stable")][:_LABELLED]]


def _arrow(line: QLineF, size: float) -> QPolygonF:
    tip, angle = line.p2(), math.atan2(line.dy(), line.dx())
    turned = (angle + _BARB, angle - _BARB)
    sides = [QPointF(tip.x() - size * math.cos(one), tip.y() - size * math.sin(one)) for one in turned]
    return QPolygonF([tip, *sides])
