"""The timeline: slider, events, rewards and return of an episode under one playhead; click or drag to seek.

Qt thread. What stands still is painted once into a pixmap; a tick repaints the playhead's strip only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QLineF, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gym_gui.controllers.replay_columns import EpisodeColumns, empty_columns
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import number_text
from gym_gui.ui.widgets.timeline_plot import (
    AXIS_HEIGHT,
    COMPACT_HEIGHT,
    FULL_HEIGHT,
    GUTTER,
    MARGIN_RIGHT,
    SLIDER_HEIGHT,
    EventMark,
    Scale,
    TimelinePlot,
    marks_of,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent

    from gym_gui.ui.theme import Theme

_STRIP: Final = 10  # half the width of what the playhead covers
_HANDLE: Final = 6
_TRACK: Final = 4
_READOUT_PAD: Final = 8
_NEAR_EVENT: Final = 6  # pixels within which the pointer means an event
_NOTCH: Final = 120  # one click of a mouse wheel, in eighths of a degree


class Timeline(QWidget):
    """Shows a whole episode and where the playhead is.

    Args:
        theme: The look.
    """

    seek_requested = Signal(int)
    step_requested = Signal(int)
    scrub_started = Signal()
    scrub_ended = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._plot = TimelinePlot(theme)
        self._columns = empty_columns()
        self._marks: list[EventMark] = []
        self._length = 0
        self._position = 0
        self._hover: int | None = None
        self._hover_point = QPointF()
        self._still: QPixmap | None = None
        self._dragging = False
        self._compact = False
        self.setFixedHeight(FULL_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Timeline")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self._redraw)

    @override
    def sizeHint(self) -> QSize:
        return QSize(640, self.height())

    @property
    def scale(self) -> Scale:
        """Rows to pixels, as it is now."""
        return Scale(self._length, self.width())

    @property
    def position(self) -> int:
        """Where the playhead stands."""
        return self._position

    @property
    def compact(self) -> bool:
        """Whether slider and events stand alone."""
        return self._compact

    def set_compact(self, *, compact: bool) -> None:
        """Show slider and events only, or the plots too."""
        if compact != self._compact:
            self._compact = compact
            self.setFixedHeight(COMPACT_HEIGHT if compact else FULL_HEIGHT)
            self._redraw()

    def set_columns(self, columns: EpisodeColumns) -> None:
        """Show these rows."""
        self._columns = columns
        self._marks = marks_of(columns)
        self._redraw()

    def set_position(self, position: int, length: int) -> None:
        """Put the playhead on a row of an episode of *length* rows."""
        if length != self._length:
            self._length = length
            self._redraw()
        if position != self._position:
            before, self._position = self._position, position
            self._update_strip(before)
            self._update_strip(position)
            left, right = sorted((round(self.scale.x_of(before)), round(self.scale.x_of(position))))
            self.update(QRect(left, 0, right - left, SLIDER_HEIGHT))  # the way that was filled or emptied

    def _redraw(self) -> None:
        self._still = None
        self.update()

    def _update_strip(self, position: int) -> None:
        x = self.scale.x_of(position)
        self.update(QRect(round(x) - _STRIP, 0, 2 * _STRIP + 1, self.height()))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._still = None

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._still is None:
            self._still = self._plot.draw(
                self._columns, self._marks, self.scale, self.devicePixelRatioF(), compact=self._compact
            )
        with QPainter(self) as painter:
            ratio = self._still.devicePixelRatio()
            dirty = QRectF(event.rect())
            painter.drawPixmap(
                dirty,
                self._still,
                QRectF(dirty.x() * ratio, dirty.y() * ratio, dirty.width() * ratio, dirty.height() * ratio),
            )
            if self._length:
                self._paint_playhead(painter)
                self._paint_hover(painter)

    @property
    def _lanes_bottom(self) -> int:
        return self.height() - (tokens.SPACE_8 if self._compact else AXIS_HEIGHT)

    def _paint_playhead(self, painter: QPainter) -> None:
        scale = self.scale
        x = scale.x_of(self._position)
        middle = SLIDER_HEIGHT / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for color, until in (
            ("surface_pressed", float(scale.left + scale.span)),
            ("text_muted", scale.x_of(max(0, len(self._columns) - 1)) if len(self._columns) < self._length else 0.0),
            ("accent", x),
        ):
            if until > scale.left:
                painter.setBrush(self._theme.color(color))
                bar = QRectF(scale.left, middle - _TRACK / 2, until - scale.left, _TRACK)
                painter.drawRoundedRect(bar, _TRACK / 2, _TRACK / 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(QPen(self._theme.color("accent"), 1))
        painter.drawLine(QLineF(round(x) + 0.5, middle, round(x) + 0.5, self._lanes_bottom))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("surface"), 2))
        painter.setBrush(self._theme.color("accent"))
        painter.drawEllipse(QPointF(round(x) + 0.5, middle), _HANDLE + 1, _HANDLE + 1)

    def _paint_hover(self, painter: QPainter) -> None:
        if self._hover is None or self._dragging:
            return
        x = round(self.scale.x_of(self._hover)) + 0.5
        painter.setPen(QPen(self._theme.color("text_muted"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QLineF(x, SLIDER_HEIGHT, x, self._lanes_bottom))
        text = self.readout(self._hover)
        painter.setFont(self._theme.font(tokens.CAPTION_PX))
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(text) + 2 * _READOUT_PAD
        height = metrics.height() + _READOUT_PAD
        left = x + 12 if x + 12 + width < self.width() else x - 12 - width
        top = min(max(0.0, self._hover_point.y() - height - 4), self.height() - height - 1.0)
        box = QRectF(left, top, width, height)
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.setBrush(self._theme.color("surface_raised"))
        painter.drawRoundedRect(box, tokens.RADIUS, tokens.RADIUS)
        painter.setPen(self._theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def readout(self, position: int) -> str:
        """What the pointer reads at a row: step, reward, return, and an event where one is near."""
        if position >= len(self._columns):
            return f"Step {position:,} · not read yet"
        reward = float(self._columns.rewards[position])
        parts = [f"Step {int(self._columns.steps[position]):,}"]
        if reward == reward:  # noqa: PLR0124 - nan: no reward after reset
            parts.append(f"reward {number_text(reward)}")
        parts.append(f"return {number_text(float(self._columns.returns[position]))}")
        x = self.scale.x_of(position)
        parts += [mark.text for mark in self._marks if abs(self.scale.x_of(mark.position) - x) <= _NEAR_EVENT][:1]
        return "  ·  ".join(parts)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._length:
            self._dragging = True
            self.scrub_started.emit()
            self._seek_to(event.position().x())

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._seek_to(event.position().x())
            return
        self._show_hover(event.position())

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._dragging:
            self._dragging = False
            self.scrub_ended.emit()

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.update()

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = int(event.angleDelta().y() / _NOTCH)
        if notches and self._length:
            self.step_requested.emit(-notches)
        event.accept()

    def _seek_to(self, x: float) -> None:
        self.seek_requested.emit(self.scale.position_at(x))

    def _show_hover(self, point: QPointF) -> None:
        inside = GUTTER - _STRIP <= point.x() <= self.width() - MARGIN_RIGHT + _STRIP
        self._hover = self.scale.position_at(point.x()) if inside and self._length else None
        self._hover_point = point
        self.update()
