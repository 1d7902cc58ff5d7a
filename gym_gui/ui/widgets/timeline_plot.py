"""What the timeline draws once and keeps: lanes, curves and glyphs of an episode, reduced to one value a pixel.

Qt thread; the reduction is numpy over whole columns, a millisecond for 60,000 rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from gym_gui.controllers.replay_columns import TERMINATED, TRUNCATED
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import axis_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gym_gui.controllers.replay_columns import EpisodeColumns
    from gym_gui.ui.theme import Theme

# The lanes are low: the picture above them is what is watched.
GUTTER: Final = 112
MARGIN_RIGHT: Final = 24
SLIDER_HEIGHT: Final = 24
EVENTS_HEIGHT: Final = 20
REWARD_HEIGHT: Final = 24
RETURN_HEIGHT: Final = 36
AXIS_HEIGHT: Final = 18
LANE_GAP: Final = 8
FULL_HEIGHT: Final = SLIDER_HEIGHT + EVENTS_HEIGHT + REWARD_HEIGHT + RETURN_HEIGHT + AXIS_HEIGHT + 3 * LANE_GAP
COMPACT_HEIGHT: Final = SLIDER_HEIGHT + EVENTS_HEIGHT + LANE_GAP

_GLYPH: Final = 14
_LABEL_GAP: Final = 8
_AXIS_LABEL_WIDTH: Final = 90
_TICK_ROOM: Final = 14
_LEFT_MIDDLE: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_LEAST_BAR: Final = 2.0  # a small reward beside a great one is still a reward
_WIDEST_BAR: Final = 24.0
_FEW_ROWS: Final = 2.0  # pixels a row from which each row is drawn as itself


@dataclass(frozen=True, slots=True)
class EventMark:
    """One thing that happened.

    Attributes:
        position: Its row.
        icon: Material Design icon.
        role: Its colour.
        text: What it was.
    """

    position: int
    icon: str
    role: str
    text: str


def marks_of(columns: EpisodeColumns) -> list[EventMark]:
    """Every event of the episode, in order."""
    marks = [
        EventMark(int(row), "heart-broken", "bad", f"Life lost, {int(columns.lives[row])} left")
        for row in columns.life_losses()
    ]
    for row in np.flatnonzero(columns.flags):
        flags = int(columns.flags[row])
        if flags & TERMINATED:
            marks.append(EventMark(int(row), "flag-checkered", "text", "Terminated"))
        if flags & TRUNCATED:
            marks.append(EventMark(int(row), "content-cut", "warn", "Truncated"))
    return sorted(marks, key=lambda mark: mark.position)


@dataclass(frozen=True, slots=True)
class Scale:
    """Rows to pixels and back, within one width.

    Attributes:
        length: Rows of the episode.
        width: Of the widget.
    """

    length: int
    width: int

    @property
    def left(self) -> int:
        """Where row 0 stands."""
        return GUTTER

    @property
    def span(self) -> int:
        """Pixels from the first row to the last."""
        return max(1, self.width - GUTTER - MARGIN_RIGHT)

    def x_of(self, position: float) -> float:
        """The pixel of a row."""
        return self.left + self.span * position / max(1, self.length - 1)

    def position_at(self, x: float) -> int:
        """The row nearest to a pixel, within the episode."""
        position = round((x - self.left) / self.span * max(1, self.length - 1))
        return min(max(position, 0), max(0, self.length - 1))


class TimelinePlot:
    """Draws the still part of the timeline into a pixmap.

    Args:
        theme: The look.
    """

    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def draw(
        self, columns: EpisodeColumns, marks: list[EventMark], scale: Scale, ratio: float, *, compact: bool
    ) -> QPixmap:
        """The lanes of *columns* at the widget's size.

        Args:
            columns: The rows.
            marks: Their events.
            scale: Rows to pixels.
            ratio: Device pixels a logical pixel.
            compact: The events only.
        """
        height = COMPACT_HEIGHT if compact else FULL_HEIGHT
        pixmap = QPixmap(QSize(math.ceil(scale.width * ratio), math.ceil(height * ratio)))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self._theme.color("surface"))
        with QPainter(pixmap) as painter:
            painter.setFont(self._theme.font(tokens.CAPTION_PX))
            events = QRectF(scale.left, SLIDER_HEIGHT, scale.span, EVENTS_HEIGHT)
            self._name(painter, "Events", events)
            self._draw_events(painter, marks, scale, events)
            if not compact:
                self._draw_plots(painter, columns, scale)
        return pixmap

    def _draw_plots(self, painter: QPainter, columns: EpisodeColumns, scale: Scale) -> None:
        y = SLIDER_HEIGHT + EVENTS_HEIGHT + LANE_GAP
        reward = QRectF(scale.left, y, scale.span, REWARD_HEIGHT)
        y += REWARD_HEIGHT + LANE_GAP
        returns = QRectF(scale.left, y, scale.span, RETURN_HEIGHT)
        y += RETURN_HEIGHT + LANE_GAP
        axis = QRectF(scale.left, y, scale.span, AXIS_HEIGHT)
        self._draw_axis(painter, scale, axis, QRectF(reward.topLeft(), returns.bottomRight()))
        if len(columns):
            self._draw_rewards(painter, columns.rewards, scale, reward)
            self._draw_returns(painter, columns.returns, scale, returns)
        for lane, name in ((reward, "Reward"), (returns, "Return"), (axis, "Step")):
            self._name(painter, name, lane)

    def _name(self, painter: QPainter, name: str, lane: QRectF) -> None:
        painter.setPen(self._theme.color("text_muted"))
        painter.drawText(lane.translated(tokens.SPACE_16 - lane.left(), 0), _LEFT_MIDDLE, name)

    def _ticks(self, painter: QPainter, values: list[float], lane: QRectF, y_of: Callable[[float], float]) -> None:
        """A grid line and a number for each of *values* that has room; earlier ones come first."""
        taken: list[float] = []
        for value in values:
            y = round(y_of(value)) + 0.5
            if any(abs(y - other) < _TICK_ROOM for other in taken):
                continue
            taken.append(y)
            painter.setPen(QPen(self._theme.color("line"), 1))
            painter.drawLine(QLineF(lane.left(), y, lane.right(), y))
            painter.setPen(self._theme.color("text_muted"))
            box = QRectF(0, y - _TICK_ROOM, GUTTER - _LABEL_GAP, 2 * _TICK_ROOM)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, axis_text(value))

    def _draw_axis(self, painter: QPainter, scale: Scale, axis: QRectF, grid: QRectF) -> None:
        if scale.length < 2:  # noqa: PLR2004 - one row has no axis
            return
        step = max(1, int(nice_step(scale.length - 1, scale.span / _AXIS_LABEL_WIDTH)))
        for position in range(0, scale.length, step):
            x = round(scale.x_of(position)) + 0.5
            painter.setPen(QPen(self._theme.color("line"), 1))
            painter.drawLine(QLineF(x, grid.top(), x, grid.bottom() + LANE_GAP))
            painter.setPen(self._theme.color("text_muted"))
            box = QRectF(x - _AXIS_LABEL_WIDTH / 2, axis.top(), _AXIS_LABEL_WIDTH, axis.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{position:,}")

    def _draw_events(self, painter: QPainter, marks: list[EventMark], scale: Scale, lane: QRectF) -> None:
        taken: list[float] = []
        # From the end: how the episode ended comes before the life that was lost with it.
        for mark in reversed(marks):
            x = scale.x_of(mark.position)
            painter.setPen(QPen(self._theme.color(mark.role), 1))
            painter.drawLine(QLineF(round(x) + 0.5, lane.bottom() - 4, round(x) + 0.5, lane.bottom()))
            if taken and taken[-1] - x < _GLYPH + 1:
                continue  # so near to the next that two glyphs would make a blot; the tick tells
            taken.append(x)
            icon = self._theme.icon(mark.icon, mark.role)
            icon.paint(painter, QRectF(x - _GLYPH / 2, lane.top(), _GLYPH, _GLYPH).toRect())

    def _draw_rewards(self, painter: QPainter, rewards: NDArray[np.float64], scale: Scale, lane: QRectF) -> None:
        values, unit = _of_finite_reach(np.nan_to_num(rewards, nan=0.0, posinf=0.0, neginf=0.0))
        high, low = max(0.0, float(values.max())), min(0.0, float(values.min()))
        reach = (high - low) or 1.0
        zero = lane.top() + lane.height() * (high / reach) if high != low else lane.bottom()
        ends = [(high or low) / unit, 0.0]
        self._ticks(painter, ends, lane, lambda value: zero - value * unit / reach * lane.height())
        starts, lows, highs = reduce_columns(values, scale)
        wide = min(_WIDEST_BAR, max(2.0, scale.span / max(1, scale.length) - 1))
        above, below = np.maximum(highs, 0.0), np.minimum(lows, 0.0)
        for tops, hue in ((above, tokens.PLOT_HUES[0]), (below, tokens.PLOT_HUES[4])):
            color = QColor(hue)
            for place in np.flatnonzero(tops):
                x = scale.x_of(float(starts[place]))
                height = -float(tops[place]) / reach * lane.height()
                height = math.copysign(max(_LEAST_BAR, abs(height)), height)
                # The first and the last row stand on the edges of the lane: half of their bars is beyond.
                bar = QRectF(x - wide / 2, zero, wide, height).normalized()
                painter.fillRect(bar.intersected(lane.adjusted(0, -_LEAST_BAR, 0, _LEAST_BAR)), color)

    def _draw_returns(self, painter: QPainter, returns: NDArray[np.float64], scale: Scale, lane: QRectF) -> None:
        values, unit = _of_finite_reach(_held_within(returns))
        low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
        if low == high:
            high = low + 1.0
        plot = lane.adjusted(0, 6, 0, -6)  # the extreme labels stay inside the lane

        def y_of(value: float) -> float:
            return plot.bottom() - (value - low) / (high - low) * plot.height()

        self._ticks(painter, [high / unit, low / unit, 0.0], lane, lambda value: y_of(value * unit))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.PLOT_HUES[2]), 1))
        starts, lows, highs = reduce_columns(values, scale)
        points: list[QPointF] = []
        for start, least, most in zip(starts.tolist(), lows.tolist(), highs.tolist(), strict=True):
            x = scale.x_of(start)
            points.append(QPointF(x, y_of(least)))
            if most != least:
                points.append(QPointF(x, y_of(most)))
        painter.drawPolyline(QPolygonF(points))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _of_finite_reach(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """*values* in a unit in which the way from the least to the greatest is a number, and that unit: 1 as a rule."""
    reach = max(0.0, float(values.max())) - min(0.0, float(values.min()))
    # Two finite values can lie farther apart than a float64 reaches; a power of two changes none of their digits.
    return (values, 1.0) if math.isfinite(reach) else (values * 0.25, 0.25)


def _held_within(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """*values* with the infinite ones at the greatest and the least finite one, where they leave the lane."""
    finite = values[np.isfinite(values)]
    high, low = (float(finite.max()), float(finite.min())) if len(finite) else (0.0, 0.0)
    return np.nan_to_num(values, nan=0.0, posinf=max(0.0, high), neginf=min(0.0, low))


def reduce_columns(
    values: NDArray[np.float64], scale: Scale
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """First row, least and greatest value of what falls on each pixel; each row for itself where there is room.

    Args:
        values: ``float64 (rows,)``, the loaded part of the episode.
        scale: Rows to pixels.
    """
    rows = np.arange(len(values), dtype=np.int64)
    if scale.span / max(1, scale.length) >= _FEW_ROWS:
        return rows, values, values
    pixels = rows * scale.span // max(1, scale.length - 1)
    starts = np.flatnonzero(np.diff(pixels, prepend=-1))
    return starts, np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)


def nice_step(reach: float, parts: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides *reach* into about *parts* parts."""
    raw = max(reach, 1e-12) / max(parts, 1.0)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
