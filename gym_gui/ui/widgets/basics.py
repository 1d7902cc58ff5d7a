"""Small factories and parts: labels of the type scale, buttons, lines, keycaps; so that screens look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent

    from gym_gui.ui.theme import Theme

KEY_GLYPHS = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "space": "Space",
    "enter": "Enter",
    "shift": "Shift",
    "ctrl": "Ctrl",
    "tab": "Tab",
    "escape": "Esc",
    "backspace": "Backspace",
}


def key_glyph(name: str) -> str:
    """How a key is written on a keycap: ``←``, ``Space``, ``W``."""
    return KEY_GLYPHS.get(name, name.upper() if len(name) == 1 else name.title())


def make_label(text: str = "", kind: str = "", *, wrap: bool = False) -> QLabel:
    """A label of the type scale: ``caption``, ``muted``, ``title``, ``headline``, or body."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    if kind:
        label.setProperty("type", kind)
    return label


def make_button(
    text: str, on_click: Callable[[], object] | None = None, kind: str = "", *, tooltip: str = ""
) -> QPushButton:
    """A push button: ``primary``, ``quiet``, ``danger``, ``chip`` or plain."""
    button = QPushButton(text)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    if kind:
        button.setProperty("kind", kind)
    if tooltip:
        button.setToolTip(tooltip)
    if on_click is not None:
        button.clicked.connect(lambda _checked=False: on_click())
    return button


def make_tool_button(
    theme: Theme, icon: str, tooltip: str, on_click: Callable[[], object] | None = None, *, role: str = "text"
) -> QToolButton:
    """A square button with an icon, at least 28 px, that says in its tooltip what it does."""
    button = QToolButton()
    button.setToolTip(tooltip)
    button.setAccessibleName(tooltip)
    button.setMinimumSize(QSize(tokens.HIT_AREA, tokens.HIT_AREA))
    theme.set_icon(button, icon, role)
    if on_click is not None:
        button.clicked.connect(lambda _checked=False: on_click())
    return button


def make_line(*, vertical: bool = False) -> QFrame:
    """A line one pixel wide."""
    line = QFrame()
    line.setProperty("line", "true")
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line


def make_timer(parent: QWidget, interval_ms: int, act: Callable[[], object], *, single: bool = True) -> QTimer:
    """A timer that does *act*, once or again and again; it must be started."""
    timer = QTimer(parent)
    timer.setInterval(interval_ms)
    timer.setSingleShot(single)
    timer.timeout.connect(act)
    return timer


def set_state(widget: QWidget, state: str) -> None:
    """Give a widget one of the states ``good``, ``warn``, ``bad`` or none, and restyle it."""
    if widget.property("state") != state:
        widget.setProperty("state", state)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Keycap(QWidget):
    """One key, drawn as a keycap.

    Args:
        name: Key name, such as ``left`` or ``a``.
        ink: Colour of text and border.
        face: Colour of the cap.
    """

    def __init__(self, name: str, ink: QColor, face: QColor, font: QFont) -> None:
        super().__init__()
        self._text = key_glyph(name)
        self._ink = ink
        self._face = face
        self.setFont(font)
        # A stylesheet font would win over setFont in metrics; measuring the same font we paint with avoids that.
        self._font = font
        width = max(26.0, QFontMetricsF(font).horizontalAdvance(self._text) + 16)
        self.setFixedSize(round(width), 26)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self._text)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            cap = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -2.5)
            border = QColor(self._ink)
            border.setAlpha(110)
            painter.setPen(QPen(border, 1))
            # The lower edge is drawn twice: it makes the cap stand out of the ground.
            painter.setBrush(border)
            painter.drawRoundedRect(cap.translated(0, 2), 5, 5)
            painter.setBrush(self._face)
            painter.drawRoundedRect(cap, 5, 5)
            painter.setPen(self._ink)
            painter.setFont(self._font)
            painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, self._text)
