"""What a curve plot draws once and keeps: grid, axes, curves, the band of several runs, and a label at each line's end.

Qt thread. A curve costs its pixels, not its points: `CurvePyramid.view` gives one place a pixel column.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from PySide6.QtCore import QByteArray, QDataStream, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPixmap, QPolygonF

from gym_gui.controllers.curve_pyramid import mean_and_band
from gym_gui.controllers.run_curves import Axis
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import axis_text, duration_text, number_text
from gym_gui.ui.widgets.timeline_plot import nice_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.controllers.curve_pyramid import CurveView
    from gym_gui.controllers.live_curves import CurveLine, CurvePlotState
    from gym_gui.ui.theme import Theme

_Value = TypeVar("_Value", float, "NDArray[np.float64]")

GUTTER: Final = 52
HEAD: Final = 24
FOOT: Final = 20
MARGIN: Final = 12
_LABEL_ROOM: Final = 120
_LABEL_HEIGHT: Final = 15
_VALUE_ROOM: Final = 56  # of the newest value beside a plot's name
_MOST_LABELS: Final = 8
_TICK_WIDTH: Final = 64.0
_TICK_HEIGHT: Final = 26.0
_FAINT: Final = 70  # alpha of what lies behind a smoothed line
_BAND: Final = 60
_PAD: Final = 0.06  # of the height, above and below the curve
_DOT_ROOM: Final = 8  # pixels a point from which points are dotted
_RING_ROOM: Final = 12  # pixels a ring at least
_RING: Final = 3.0
_LEGEND: Final = "has pictures"
_FAR: Final = 1e5
_WHOLE_SECONDS_FROM: Final = 10  # as `duration_text` has them
_GREATEST: Final = sys.float_info.max
_TIES: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Frame:
    """A window of values and the pixels that it fills.

    Attributes:
        area: Logical pixels of the curves.
        left: x at its left edge.
        right: x at its right edge.
        low: y at its lower edge.
        high: y at its upper edge.
    """

    area: QRectF
    left: float
    right: float
    low: float
    high: float

    def x_of(self, value: float) -> float:
        """The pixel of an x."""
        return self.area.left() + (value - self.left) / (self.right - self.left) * self.area.width()

    def y_of(self, value: float) -> float:
        """The pixel of a y."""
        return self.area.bottom() - _share(value, self.low, self.high) * self.area.height()

    def value_at(self, x: float) -> float:
        """The x of a pixel."""
        return self.left + (x - self.area.left()) / max(1.0, self.area.width()) * (self.right - self.left)

    @property
    def columns(self) -> int:
        """Pixel columns."""
        return max(1, int(self.area.width()))


def hue_of(line: CurveLine) -> QColor:
    """The colour of a run's curves."""
    return QColor(tokens.PLOT_HUES[line.hue % len(tokens.PLOT_HUES)])


def _pen(line: CurveLine, color: QColor, width: int) -> QPen:
    """A pen that tells more runs apart than there are hues: beyond them lines are dashed."""
    dashed = line.hue >= len(tokens.PLOT_HUES)
    return QPen(color, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)


def x_text(axis: Axis, value: float) -> str:
    """An x as the axis names it."""
    return duration_text(value) if axis is Axis.TIME else axis_text(value)


def x_ticks(axis: Axis, frame: Frame) -> list[tuple[float, str]]:
    """Where ticks of x stand, and what is written there."""
    # There is nothing between two steps, nor in what is told in whole seconds.
    least = 0.0 if axis is Axis.TIME and frame.right < _WHOLE_SECONDS_FROM else 1.0
    values = _ticks(frame.left, frame.right, frame.area.width() / _TICK_WIDTH, least=least)
    return list(zip(values, _texts(values, axis), strict=True))


def full_range(*plots: CurvePlotState) -> tuple[float, float]:
    """Least and greatest x of all lines of *plots*, never of no width."""
    ranges = [found for plot in plots for line in plot.lines if (found := line.raw.x_range) is not None]
    if not ranges:
        return 0.0, 1.0
    left, right = min(one[0] for one in ranges), max(one[1] for one in ranges)
    return (left, right) if right > left else (left - 0.5, right + 0.5)


def frame_of(plot: CurvePlotState, size: QSize, left: float, right: float) -> Frame:
    """The pixels of a plot of *size*, and a y range in which the curves between two x stand whole."""
    labelled = len(plot.lines) > 1
    room = _LABEL_ROOM if labelled else MARGIN
    area = QRectF(GUTTER, HEAD, max(1, size.width() - GUTTER - room), max(1, size.height() - HEAD - FOOT))
    lows, highs = [], []
    for line in plot.lines:
        # The smoothed line is what is read: what flickers behind it may leave the frame a little.
        found = line.smoothed.extremes(left, right)
        raw = line.raw.extremes(left, right)
        for one in (found, raw):
            if one is not None:
                lows.append(one[0])
                highs.append(one[1])
    low, high = (min(lows), max(highs)) if lows else (0.0, 1.0)
    pad = high * _PAD - low * _PAD if high > low else max(abs(high) * _PAD, 0.5)
    return Frame(area, left, right, max(low - pad, -_GREATEST), min(high + pad, _GREATEST))


class CurvePainter:
    """Draws the still part of a plot.

    Args:
        theme: The look.
    """

    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def draw(self, plot: CurvePlotState, frame: Frame, size: QSize, ratio: float) -> QPixmap:
        """The plot at a size, logical pixels, *ratio* device pixels each."""
        pixmap = QPixmap(QSize(math.ceil(size.width() * ratio), math.ceil(size.height() * ratio)))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self._theme.color("surface"))
        with QPainter(pixmap) as painter:
            painter.setFont(self._theme.font(tokens.CAPTION_PX))
            self._draw_axes(painter, plot.axis, frame, size)
            painter.setClipRect(frame.area.adjusted(0, -1, 1, 1))
            views = [line.smoothed.view(frame.left, frame.right, frame.columns) for line in plot.lines]
            if plot.band:
                self._draw_band(painter, plot, frame)
            for line, view in zip(plot.lines, views, strict=True):
                self._draw_line(painter, line, view, frame, faint=plot.band)
            painter.setClipRect(frame.area.adjusted(-_RING - 1, -_RING - 1, _RING + 1, _RING + 1))
            ringed = [self._draw_rings(painter, line, frame) for line in plot.lines]
            painter.setClipping(False)
            self._draw_head(painter, plot, size)
            if any(ringed):
                self._draw_legend(painter, plot, frame)
            if len(plot.lines) > 1:
                self._draw_labels(painter, plot.lines, views, frame, size)
        return pixmap

    def _draw_head(self, painter: QPainter, plot: CurvePlotState, size: QSize) -> None:
        painter.setPen(self._theme.color("text"))
        font = self._theme.font(tokens.CAPTION_PX, bold=True)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        name = metrics.elidedText(plot.metric, Qt.TextElideMode.ElideMiddle, size.width() - 2 * MARGIN - _LABEL_ROOM)
        painter.drawText(QRectF(MARGIN, 0, size.width() - 2 * MARGIN, HEAD), _TIES, name)
        painter.setFont(self._theme.font(tokens.CAPTION_PX))
        if len(plot.lines) == 1 and len(plot.lines[0].smoothed):
            painter.setPen(self._theme.color("text_muted"))
            box = QRectF(MARGIN + metrics.horizontalAdvance(name) + tokens.SPACE_8, 0, _LABEL_ROOM, HEAD)
            painter.drawText(box, _TIES, number_text(float(plot.lines[0].smoothed.y[-1])))

    def _draw_axes(self, painter: QPainter, axis: Axis, frame: Frame, size: QSize) -> None:
        area = frame.area
        grid, ink = QPen(self._theme.color("line"), 1), self._theme.color("text_muted")
        values = _ticks(frame.low, frame.high, area.height() / _TICK_HEIGHT)
        for value, text in zip(values, _texts(values, None), strict=True):
            y = round(frame.y_of(value)) + 0.5
            painter.setPen(grid)
            painter.drawLine(QLineF(area.left(), y, area.right(), y))
            painter.setPen(ink)
            box = QRectF(0, y - _LABEL_HEIGHT / 2, GUTTER - tokens.SPACE_8, _LABEL_HEIGHT)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        metrics = QFontMetricsF(painter.font())
        for value, text in x_ticks(axis, frame):
            x = round(frame.x_of(value)) + 0.5
            painter.setPen(grid)
            painter.drawLine(QLineF(x, area.top(), x, area.bottom() + tokens.SPACE_4))
            painter.setPen(ink)
            width = math.ceil(metrics.horizontalAdvance(text)) + 1
            box = QRectF(min(x - width / 2, size.width() - width - 2), area.bottom() + 3, width, _LABEL_HEIGHT)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_line(self, painter: QPainter, line: CurveLine, view: CurveView, frame: Frame, *, faint: bool) -> None:
        color = hue_of(line)
        if line.smoothed is not line.raw and not faint:
            behind = QColor(color)
            behind.setAlpha(_FAINT)
            painter.setPen(QPen(behind, 1))
            _draw_view(painter, line.raw.view(frame.left, frame.right, frame.columns), frame)
        if faint:
            color.setAlpha(2 * _FAINT)
        painter.setPen(_pen(line, color, 1))
        _draw_view(painter, view, frame)
        if view.exact and len(view) * _DOT_ROOM <= frame.columns:
            painter.setBrush(color)
            for x, y in zip(view.x.tolist(), view.mean.tolist(), strict=True):
                painter.drawEllipse(QPointF(frame.x_of(x), frame.y_of(y)), 2, 2)

    def _draw_rings(self, painter: QPainter, line: CurveLine, frame: Frame) -> bool:
        """Mark the points whose episodes can be looked at, as far as there is room; whether there was one."""
        places = line.pictured_between(frame.left, frame.right, max(1, frame.columns // _RING_ROOM))
        # On the line that is read: the smoothed one, which has the same points.
        curve = line.smoothed if len(line.smoothed) == len(line.raw) else line.raw
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._set_ring(painter, hue_of(line))
        for x, y in zip(curve.x[places].tolist(), curve.y[places].tolist(), strict=True):
            painter.drawEllipse(QPointF(frame.x_of(x), frame.y_of(y)), _RING, _RING)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        return bool(len(places))

    def _set_ring(self, painter: QPainter, color: QColor) -> None:
        painter.setPen(QPen(color, 1.5))
        painter.setBrush(self._theme.color("surface"))

    def _draw_legend(self, painter: QPainter, plot: CurvePlotState, frame: Frame) -> None:
        """What a ring is, at the right of the head, where the name leaves it room."""
        metrics = QFontMetricsF(painter.font())
        width = metrics.horizontalAdvance(_LEGEND)
        left = frame.area.right() - width
        name = QFontMetricsF(self._theme.font(tokens.CAPTION_PX, bold=True)).horizontalAdvance(plot.metric)
        if left - 2 * tokens.SPACE_12 < MARGIN + name + _VALUE_ROOM:
            return
        painter.setPen(self._theme.color("text_muted"))
        painter.drawText(QRectF(left, 0, width + 1, HEAD), _TIES, _LEGEND)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._set_ring(painter, hue_of(plot.lines[0]) if len(plot.lines) == 1 else self._theme.color("text_muted"))
        painter.drawEllipse(QPointF(left - tokens.SPACE_8, HEAD / 2), _RING, _RING)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_band(self, painter: QPainter, plot: CurvePlotState, frame: Frame) -> None:
        curves = [line.smoothed for line in plot.lines]
        x, mean, half = mean_and_band(curves, frame.left, frame.right, frame.columns)
        if not len(x):
            return
        band = QColor(self._theme.color("text"))
        band.setAlpha(_BAND)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band)
        edge = np.concatenate([x, x[::-1]]), np.concatenate([mean + half, (mean - half)[::-1]])
        painter.drawPolygon(_polygon(*edge, frame))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color("text"), 1))
        painter.drawPolyline(_polygon(x, mean, frame))

    def _draw_labels(
        self, painter: QPainter, lines: Sequence[CurveLine], views: Sequence[CurveView], frame: Frame, size: QSize
    ) -> None:
        """The name of each run beside the end of its line, moved apart where they would overlap."""
        ends = sorted((frame.y_of(float(view.mean[-1])), place) for place, view in enumerate(views) if len(view))[
            :_MOST_LABELS
        ]
        top = frame.area.top()
        places = _spread([y for y, _ in ends], _LABEL_HEIGHT, top, frame.area.bottom())
        left = frame.area.right() + tokens.SPACE_8
        metrics = QFontMetricsF(painter.font())
        for y, (_, place) in zip(places, ends, strict=True):
            line = lines[place]
            painter.setPen(_pen(line, hue_of(line), 2))
            painter.drawLine(QLineF(left, y, left + tokens.SPACE_8, y))
            painter.setPen(self._theme.color("text"))
            start = left + tokens.SPACE_12
            box = QRectF(start, y - _LABEL_HEIGHT / 2, size.width() - start - tokens.SPACE_4, _LABEL_HEIGHT)
            painter.drawText(box, _TIES, metrics.elidedText(line.label, Qt.TextElideMode.ElideMiddle, box.width()))


def _draw_view(painter: QPainter, view: CurveView, frame: Frame) -> None:
    if not len(view):
        return
    if view.exact:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPolyline(_polygon(view.x, view.mean, frame))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        return
    # One stroke up and one down a column, without smooth edges: what is dense is quick that way.
    x = np.repeat(view.x, 2)
    y = np.empty(len(x))
    y[0::4], y[1::4] = view.low[0::2], view.high[0::2]
    y[2::4], y[3::4] = view.high[1::2], view.low[1::2]
    painter.drawPolyline(_polygon(x, y, frame))


def _polygon(x: NDArray[np.float64], y: NDArray[np.float64], frame: Frame) -> QPolygonF:
    area = frame.area
    across = area.left() + (x - frame.left) / (frame.right - frame.left) * area.width()
    with np.errstate(over="ignore"):  # far beyond the edges
        down = area.bottom() - _share(y, frame.low, frame.high) * area.height()
    points = np.empty(2 * len(x), ">f8")
    # Far beyond the edges the painter's numbers would overflow.
    points[0::2], points[1::2] = np.clip(across, -_FAR, _FAR), np.clip(down, -_FAR, _FAR)
    # As Qt reads a polygon from a stream: ten times as fast as a QPointF for each point.
    stream = QDataStream(QByteArray(len(x).to_bytes(4, "big") + points.tobytes()))
    polygon = QPolygonF()
    stream >> polygon
    return polygon


def _share(value: _Value, low: float, high: float) -> _Value:
    """How far *value* is on the way from *low* to *high*, which may be longer than a float64 reaches."""
    if math.isfinite(high - low):
        return (value - low) / (high - low)
    return (value * 0.25 - low * 0.25) / (high * 0.25 - low * 0.25)


def _ticks(low: float, high: float, parts: float, *, least: float = 0.0) -> list[float]:
    parts = max(1.0, parts)
    if math.isfinite(high - low):
        step = max(nice_step(high - low, parts), least)
    else:
        step = min(nice_step(high / 10 - low / 10, parts), _GREATEST / 10) * 10
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _texts(values: list[float], axis: Axis | None) -> list[str]:
    """What stands at ticks: short, but no two alike."""
    short = [axis_text(value) if axis is None else x_text(axis, value) for value in values]
    return short if len(set(short)) == len(short) else [number_text(value) for value in values]


def _spread(wanted: list[float], height: float, top: float, bottom: float) -> list[float]:
    """Places as near to the wanted ones as *height* apart lets them be; *wanted* grows."""
    places: list[float] = []
    for y in wanted:
        places.append(max(y, places[-1] + height) if places else max(y, top))
    overflow = places[-1] - bottom if places else 0.0
    if overflow > 0:
        limit = bottom
        for place in range(len(places) - 1, -1, -1):
            places[place] = min(places[place], limit)
            limit = places[place] - height
    return places
