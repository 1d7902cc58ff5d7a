"""Choices that read at a glance: a switch for on and off, and a row of segments for one of a few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_button

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from gym_gui.ui.theme import Theme

_TRACK: Final = QSize(36, 20)
_KNOB: Final = 14


class Switch(QAbstractButton):
    """On or off, with its words at the left of the track; Space switches it."""

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._font = theme.font()
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumHeight(tokens.HIT_AREA)
        theme.changed.connect(self.update)

    @override
    def sizeHint(self) -> QSize:
        width = QFontMetrics(self._font).horizontalAdvance(self.text())
        return QSize(width + tokens.SPACE_16 + _TRACK.width(), tokens.HIT_AREA)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self._font)
            enabled = self.isEnabled()
            painter.setPen(theme.color("text" if enabled else "text_muted"))
            words = QRectF(0, 0, self.width() - _TRACK.width() - tokens.SPACE_8, self.height())
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())
            top = (self.height() - _TRACK.height()) / 2
            track = QRectF(self.width() - _TRACK.width() - 1, top, _TRACK.width(), _TRACK.height())
            outline = "accent" if enabled and (self.isChecked() or self.hasFocus()) else "text_muted"
            painter.setPen(QPen(theme.color(outline), 2 if self.hasFocus() else 1))
            painter.setBrush(theme.color(("accent" if enabled else "text_muted") if self.isChecked() else "surface"))
            painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
            inset = (_TRACK.height() - _KNOB) / 2
            left = track.right() - inset - _KNOB if self.isChecked() else track.left() + inset
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("on_accent" if self.isChecked() else "text_muted"))
            painter.drawEllipse(QRectF(left, track.top() + inset, _KNOB, _KNOB))


class Segments(QWidget):
    """One of a few, side by side; emits `chosen` with the value that was picked."""

    chosen = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, str]], value: str) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_8)
        for key, text in choices:
            button = make_button(text, kind="chip")
            button.setCheckable(True)
            button.setChecked(key == value)
            button.setProperty("value", key)
            button.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
            self._group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)

    def set_value(self, value: str) -> None:
        """Show *value* as picked; where no button stands for it, none is. Emits nothing."""
        self._group.setExclusive(False)  # else the last checked one could not be let go
        for button in self._group.buttons():
            button.setChecked(button.property("value") == value)
        self._group.setExclusive(True)

    def button(self, value: str) -> QAbstractButton:
        """The button that stands for *value*.

        Raises:
            KeyError: there is none.
        """
        for button in self._group.buttons():
            if button.property("value") == value:
                return button
        raise KeyError(value)
