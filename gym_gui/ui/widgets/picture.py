"""A game's picture, centred on black, scaled crisply: whole device pixels for small frames, smooth for big ones.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui.theme import DARK

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QPaintEvent, QResizeEvent

# From this width on, a picture is drawn art with smooth edges rather than pixels meant to be seen.
SMOOTH_FROM_WIDTH: Final = 300
_CHANNELS: Final = 3
# A difference between scales that is a rounding error.
_ROUNDING: Final = 1e-6
# Of its height a picture keeps at least this much when it leaves room for something else.
_LITTLE: Final = 0.9
_MINIMUM: Final = QSize(160, 120)


def image_from(frame: NDArray[np.uint8]) -> QImage:
    """A copy of *frame*, ``uint8 (H, W, 3)``, in the format that Qt paints fastest.

    Raises:
        ValueError: *frame* has another shape or dtype.
    """
    if frame.ndim != _CHANNELS or frame.shape[2] != _CHANNELS or frame.dtype != np.uint8:
        raise ValueError(f"A picture is uint8 (H, W, 3); this is {frame.dtype} {frame.shape}.")
    pixels = np.ascontiguousarray(frame)
    height, width = pixels.shape[:2]
    view = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGB888)
    # RGB32 paints three times faster than RGB888, and the conversion copies, so the array may go.
    return view.convertToFormat(QImage.Format.Format_RGB32)


def fit_picture(frame: QSize, area: QSize, ratio: float, *, integer: bool) -> QRectF:
    """Where a picture goes, in logical pixels, centred in *area* and aligned to device pixels.

    Args:
        frame: The picture's size in its own pixels.
        area: The widget's size in logical pixels.
        ratio: Device pixels for each logical pixel.
        integer: Scale by whole numbers where at least 2 fits; smaller pictures and bigger ones fill the area.
    """
    wide, high = area.width() * ratio, area.height() * ratio
    scale = min(wide / frame.width(), high / frame.height())
    if integer and scale >= 2:  # noqa: PLR2004 - at a scale of 1 a whole number would leave most of the area empty
        scale = float(int(scale))
    width, height = round(frame.width() * scale), round(frame.height() * scale)
    left, top = int((wide - width) / 2), int((high - height) / 2)
    return QRectF(left / ratio, top / ratio, width / ratio, height / ratio)


class PictureWidget(QWidget):
    """Paints the newest frame; only the picture's own rectangle is repainted when a frame comes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(_MINIMUM)
        self._image: QImage | None = None
        self._target = QRectF()
        self._integer = True
        self._room_below = 0
        self._ground = QColor(DARK.picture)
        self._is_new = False
        self.painted_frames = 0

    @property
    def image(self) -> QImage | None:
        """What is shown."""
        return self._image

    @property
    def target(self) -> QRect:
        """The rectangle that the picture covers."""
        return self._target.toAlignedRect()

    def set_integer_scale(self, *, integer: bool) -> None:
        """Scale small pictures by whole numbers only, or fill the area."""
        if integer != self._integer:
            self._integer = integer
            self._place()
            self.update()

    def leave_room_below(self, height: int) -> None:
        """Keep *height* logical pixels free below the picture, where that costs it little."""
        if height != self._room_below:
            self._room_below = height
            self._place()
            self.update()

    def show_frame(self, frame: NDArray[np.uint8] | None) -> None:
        """Show *frame*, ``uint8 (H, W, 3)``; None shows black. The array is copied."""
        self.show_image(None if frame is None else image_from(frame))

    def show_image(self, image: QImage | None) -> None:
        """Show a ready image, best in format RGB32."""
        before = self._image
        self._image = image
        self._is_new = image is not None
        if image is None or before is None or image.size() != before.size():
            self._place()
            self.update()
        else:
            self.update(self.target)

    @override
    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            image = self._image
            if image is None:
                painter.fillRect(event.rect(), self._ground)
                return
            if not self.target.contains(event.rect()):
                painter.fillRect(event.rect(), self._ground)
            scale = self._target.width() * self.devicePixelRatioF() / image.width()
            whole = abs(scale - round(scale)) < _ROUNDING
            smooth = not whole and (image.width() >= SMOOTH_FROM_WIDTH or scale < 1)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(self._target, image)
            # What is painted again because something over it changed is no new frame.
            self.painted_frames += self._is_new
            self._is_new = False

    def _place(self) -> None:
        if self._image is None or self._image.isNull():
            self._target = QRectF()
        else:
            self._target = self._fit(self._image.size())

    def _fit(self, frame: QSize) -> QRectF:
        ratio = self.devicePixelRatioF()
        whole = fit_picture(frame, self.size(), ratio, integer=self._integer)
        if self.height() - whole.bottom() >= self._room_below:
            return whole
        area = QSize(self.width(), self.height() - self._room_below)
        smaller = fit_picture(frame, area, ratio, integer=self._integer)
        steps = smaller.width() * ratio / frame.width()
        crisp = abs(steps - round(steps)) < _ROUNDING or frame.width() >= SMOOTH_FROM_WIDTH or not self._integer
        return smaller if crisp and smaller.height() >= _LITTLE * whole.height() else whole
