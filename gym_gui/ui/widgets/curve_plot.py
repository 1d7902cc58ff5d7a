"""A curve plot that is looked into: zoom, pan, read-out under the pointer, and a click that opens what a point tells.

Qt thread. The still part is a pixmap; the pointer's line is drawn over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import number_text, shortened
from gym_gui.ui.widgets.curve_paint import CurvePainter, Frame, frame_of, full_range, hue_of, x_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import (
        QFocusEvent,
        QKeyEvent,
        QMouseEvent,
        QPaintEvent,
        QPixmap,
        QResizeEvent,
        QWheelEvent,
    )

    from gym_gui.controllers.live_curves import CurveLine, CurvePlotState
    from gym_gui.ui.theme import Theme

_ZOOM: Final = 1.25
_NOTCH: Final = 120
_PAN_SHARE: Final = 0.1
_DRAG_FROM: Final = 5  # pixels; less is a click
_WHAT_A_CLICK_DOES: Final = ", opens the nearest with some"  # where there is room to say so
_NARROWEST: Final = 1e-9  # of the whole
_KEY_STEP: Final = 1
_MINIMUM: Final = QSize(160, 84)


class CurvePlot(QWidget):
    """One metric of one or several runs.

    Args:
        theme: The look.
    """

    picked = Signal(object, int)  # the CurveLine, and the place of its point in order of x
    range_changed = Signal(float, float)
    range_reset = Signal()
    enlarge_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._painter = CurvePainter(theme)
        self._plot: CurvePlotState | None = None
        self._range: tuple[float, float] | None = None  # None: all of it
        self._whole = (0.0, 1.0)
        self._pixmap: QPixmap | None = None
        self._frame: Frame | None = None
        self._cursor: float | None = None  # a pixel
        self._pressed: QPointF | None = None
        self._dragged = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(_MINIMUM)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip("")
        theme.changed.connect(self._redraw)

    @property
    def plot(self) -> CurvePlotState | None:
        """What is shown."""
        return self._plot

    @property
    def frame(self) -> Frame | None:
        """Values and pixels of what was painted last; None before."""
        return self._frame

    @property
    def is_zoomed(self) -> bool:
        """Whether a part of the curve is shown."""
        return self._range is not None

    def show_plot(self, plot: CurvePlotState, beside: Sequence[CurvePlotState] = ()) -> None:
        """Show this; the part that is looked at stays.

        Args:
            plot: What is shown.
            beside: Plots that are shown at the same time; all of it reaches as far as all of them.
        """
        if self._plot is not None and plot.axis is not self._plot.axis:
            self._range = None
        self._plot = plot
        self._whole = full_range(plot, *beside)
        self.setAccessibleName(f"Curve of {plot.metric}")
        self._redraw()

    def show_range(self, left: float, right: float) -> None:
        """Look at this part."""
        self._range = (left, right)
        self._redraw()

    def show_all(self) -> None:
        """Look at all of it."""
        if self._range is not None:
            self._range = None
            self._redraw()

    def readout(self) -> str:
        """What is under the pointer or the keyboard's cursor; empty where nothing is."""
        found = self._under_cursor()
        return "" if found is None else found[2]

    # Inside.

    def _redraw(self) -> None:
        self._pixmap = None
        self.update()

    def _draw(self) -> None:
        plot = self._plot
        if plot is None:
            return
        left, right = self._range or self._whole
        self._frame = frame_of(plot, self.size(), left, right)
        self._pixmap = self._painter.draw(plot, self._frame, self.size(), self.devicePixelRatioF())

    def _under_cursor(self) -> tuple[CurveLine, int, str] | None:
        """The line whose point is nearest to the cursor, the point's place, and what it says."""
        plot, frame, cursor = self._plot, self._frame, self._cursor
        if plot is None or frame is None or cursor is None:
            return None
        x = frame.value_at(cursor)
        best: tuple[float, CurveLine, int] | None = None
        for line in plot.lines:
            place = line.raw.nearest(x, frame.left, frame.right, frame.columns)
            if place is None:
                continue
            distance = abs(frame.x_of(float(line.raw.x[place])) - cursor)
            if best is None or distance < best[0]:
                best = (distance, line, place)
        if best is None:
            return None
        _, line, place = best
        name = f"{shortened(line.label, 24)}  " if len(plot.lines) > 1 else ""
        at = x_text(plot.axis, float(line.raw.x[place]))
        text = f"{name}{number_text(float(line.raw.y[place]))} at {plot.axis.value} {at}"
        return line, place, f"{text}{_pictures_of(line, place)}"

    def _set_cursor(self, x: float | None) -> None:
        if x != self._cursor:
            self._cursor = x
            self.update()

    def _look_at(self, left: float, right: float) -> None:
        if self._plot is None:
            return
        least, most = self._whole
        whole = most - least
        width = max(right - left, whole * _NARROWEST)
        if width >= whole:
            self.show_all()
            self.range_reset.emit()
            return
        left = min(max(left, least), most - width)
        self.show_range(left, left + width)
        self.range_changed.emit(left, left + width)

    def _zoom(self, factor: float, at: float | None = None) -> None:
        frame = self._frame
        if frame is None:
            return
        middle = (frame.left + frame.right) / 2 if at is None else frame.value_at(at)
        self._look_at(middle - (middle - frame.left) / factor, middle + (frame.right - middle) / factor)

    def _pan(self, share: float) -> None:
        frame = self._frame
        if frame is not None and self._range is not None:
            move = (frame.right - frame.left) * share
            self._look_at(frame.left + move, frame.right + move)

    def _pick(self) -> None:
        found = self._under_cursor()
        if found is not None:
            self.picked.emit(found[0], found[1])

    @override
    def sizeHint(self) -> QSize:
        return QSize(360, 180)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._pixmap is None:
            self._draw()
        with QPainter(self) as painter:
            if self._pixmap is None or self._frame is None:
                painter.fillRect(self.rect(), self._theme.color("surface"))
                return
            painter.drawPixmap(0, 0, self._pixmap)
            if self.hasFocus():
                painter.setPen(QPen(self._theme.color("accent"), 1))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            self._paint_cursor(painter, self._frame)

    def _paint_cursor(self, painter: QPainter, frame: Frame) -> None:
        found = self._under_cursor()
        if found is None:
            return
        line, place, text = found
        spot = QPointF(frame.x_of(float(line.raw.x[place])), frame.y_of(float(line.raw.y[place])))
        painter.setPen(QPen(self._theme.color("text_muted"), 1))
        painter.drawLine(QLineF(round(spot.x()) + 0.5, frame.area.top(), round(spot.x()) + 0.5, frame.area.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(hue_of(line))
        painter.drawEllipse(spot, 3, 3)
        font = self._theme.font(tokens.CAPTION_PX)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        if metrics.horizontalAdvance(text) + 2 * tokens.SPACE_8 > self.width():
            text = text.partition(_WHAT_A_CLICK_DOES)[0]
        width = metrics.horizontalAdvance(text) + 2 * tokens.SPACE_8
        left = spot.x() + tokens.SPACE_8
        if left + width > self.width():
            left = max(0.0, spot.x() - tokens.SPACE_8 - width)
        box = QRectF(left, frame.area.top(), width, tokens.SPACE_24)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("surface_pressed"))
        painter.drawRoundedRect(box, tokens.RADIUS, tokens.RADIUS)
        painter.setPen(self._theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._redraw()

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._set_cursor(None)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._set_cursor(None)
        self.update()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = event.position(), False

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            self._set_cursor(event.position().x())
            return
        moved = event.position().x() - self._pressed.x()
        if abs(moved) >= _DRAG_FROM or self._dragged:
            self._dragged = True
            self._cursor = None
            self._pressed = event.position()
            if self._frame is not None:
                self._pan(-moved / max(1.0, self._frame.area.width()))

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._pressed is not None:
            self._pressed = None
            self._set_cursor(event.position().x())
            if not self._dragged:
                self._pick()

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / _NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or event.angleDelta().x():
            self._pan(-(event.angleDelta().x() / _NOTCH or notches) * _PAN_SHARE)
        elif notches:
            self._zoom(_ZOOM**notches, event.position().x())
        event.accept()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal}:
            self._zoom(_ZOOM, self._cursor)
        elif key == Qt.Key.Key_Minus:
            self._zoom(1 / _ZOOM, self._cursor)
        elif key in {Qt.Key.Key_0, Qt.Key.Key_Home}:
            self.show_all()
            self.range_reset.emit()
        elif key in {Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}:
            self._pan(-_PAN_SHARE if key == Qt.Key.Key_PageUp else _PAN_SHARE)
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self._move_cursor(-_KEY_STEP if key == Qt.Key.Key_Left else _KEY_STEP, event.modifiers())
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._pick()
        elif key == Qt.Key.Key_F:
            self.enlarge_requested.emit()
        else:
            super().keyPressEvent(event)

    def _move_cursor(self, pixels: int, modifiers: Qt.KeyboardModifier) -> None:
        frame = self._frame
        if frame is None:
            return
        far = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        start = frame.area.center().x() if self._cursor is None else self._cursor
        wanted = start + pixels * (tokens.SPACE_24 if far else 2)
        self._set_cursor(min(max(wanted, frame.area.left()), frame.area.right()))


def _pictures_of(line: CurveLine, place: int) -> str:
    """Whether a point's episode can be looked at, and what a click does where it cannot; nothing where all can."""
    if line.pictured is None:
        return ""
    if not len(line.pictured):
        return " · no pictures"
    return " · has pictures" if line.nearest_pictured(place) == place else f" · no pictures{_WHAT_A_CLICK_DOES}"
