"""How much of something is used: a name, a bar, the numbers, and a word where it is too much.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from gym_gui.ui.theme import Theme

_BAR: Final = 6
_HEIGHT: Final = 40
_WARN_AT: Final = 0.85
_BAD_AT: Final = 0.95


class Meter(QWidget):
    """One bar.

    Args:
        theme: The look.
        name: What is measured.
        words: What is said from 85 % and from 95 % on; by default that it is nearly full, and full.
    """

    def __init__(
        self, theme: Theme, name: str, words: tuple[str, str] = ("nearly full", "full"), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._words = dict(zip(("warn", "bad"), words, strict=True))
        self._share: float | None = None
        self._text = ""
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def text(self) -> str:
        """Name, numbers and word, as they are read."""
        word = self._words.get(self.state, "")
        return f"{self._name} {self._text}" + (f" · {word}" if word else "")

    @property
    def state(self) -> str:
        """``warn`` or ``bad`` where it is too much, else ``accent``."""
        if self._share is None or self._share < _WARN_AT:
            return "accent"
        return "warn" if self._share < _BAD_AT else "bad"

    def show_share(self, share: float | None, text: str) -> None:
        """Show this share, 0 to 1, with its numbers; None where nobody knows."""
        if (share, text) != (self._share, self._text):
            self._share, self._text = share, text
            self.setAccessibleName(self.text)
            self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(220, _HEIGHT)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            state = self.state
            words = QRectF(0, 0, self.width(), _HEIGHT - _BAR - tokens.SPACE_12)
            painter.setFont(self._theme.font(tokens.BODY_PX))
            painter.setPen(self._theme.color("text"))
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(words, Qt.AlignmentFlag.AlignLeft | middle, self._name)
            word = self._words.get(state, "")
            painter.setPen(self._theme.color("text_muted" if state == "accent" else state))
            text = f"{word} · {self._text}" if word else self._text
            painter.drawText(words, Qt.AlignmentFlag.AlignRight | middle, text)
            bar = QRectF(0, words.bottom() + tokens.SPACE_4, self.width(), _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("surface_pressed"))
            painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
            if self._share is not None:
                bar.setWidth(bar.width() * min(1.0, max(0.0, self._share)))
                painter.setBrush(self._theme.color(state))
                painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
