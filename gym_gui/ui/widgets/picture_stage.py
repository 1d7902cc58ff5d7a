"""Where the player's picture stands, and the sentence that stands there when there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QStackedLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import breakable
from gym_gui.ui.widgets.picture import PictureWidget

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from gym_gui.controllers.replay_state import ReplayState
    from gym_gui.ui.theme import Theme


class _Caption(QWidget):
    """A sentence over the picture: along its lower edge, or in the middle where there is no picture."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = self._lines = ""
        self._middle = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    @property
    def text(self) -> str:
        return self._text

    def show_text(self, text: str, *, middle: bool) -> None:
        if (text, middle) != (self._text, self._middle):
            self._text, self._middle = text, middle
            self._lines = breakable(text)  # paths and references are longer than a line
            self.setAccessibleName(text)
            self.setVisible(bool(text))
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            font = self._theme.font(tokens.BODY_PX)
            painter.setFont(font)
            room = QRectF(self.rect()).adjusted(tokens.SPACE_24, tokens.SPACE_16, -tokens.SPACE_24, -tokens.SPACE_16)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            bounds = QFontMetricsF(font).boundingRect(room, flags, self._lines)
            box = bounds.adjusted(-tokens.SPACE_12, -tokens.SPACE_8, tokens.SPACE_12, tokens.SPACE_8)
            if not self._middle:
                box.moveBottom(room.bottom())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("overlay"))
            painter.drawRoundedRect(box, tokens.RADIUS, tokens.RADIUS)
            painter.setPen(self._theme.color("overlay_text"))
            painter.drawText(box, flags, self._lines)


class PictureStage(QWidget):
    """The picture on black with its caption; a click on it plays or pauses.

    Args:
        theme: The look.
    """

    clicked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = PictureWidget()
        self._caption = _Caption(theme, self)
        self._caption.hide()
        self._unpaintable = ""
        self._layers = QStackedLayout(self)
        self._layers.setStackingMode(QStackedLayout.StackingMode.StackAll)
        self._layers.addWidget(self._caption)
        self.add_layer(self.picture)

    @property
    def message(self) -> str:
        """The sentence that stands over the picture or in its place."""
        return self._caption.text

    def add_layer(self, widget: QWidget) -> None:
        """Put *widget* over the picture and below the caption."""
        self._layers.addWidget(widget)
        self.picture.lower()  # the layout puts what comes last at the bottom
        self._layers.setCurrentWidget(self._caption)
        self._caption.setVisible(bool(self._caption.text))

    def say(self, text: str) -> None:
        """Say *text* along the lower edge; nothing hides it."""
        self._caption.show_text(text, middle=False)

    def show_frame(self, frame: NDArray[np.uint8] | None) -> None:
        """Show *frame*, ``uint8 (H, W, 3)``; None shows black."""
        self._unpaintable = ""
        try:
            self.picture.show_frame(frame)
        except ValueError as error:
            self.picture.show_frame(None)
            self._unpaintable = str(error)

    def show_state(self, state: ReplayState) -> None:
        """Say what is to be said about the picture."""
        if self._unpaintable:
            self._caption.show_text(self._unpaintable, middle=True)
        elif state.message:
            self._caption.show_text(state.message, middle=state.missing)
        else:
            self._caption.show_text("Reading the episode…" if state.loading and not state.length else "", middle=True)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.clicked.emit()
