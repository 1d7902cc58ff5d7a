"""A drawn keyboard on which the keys of a game are lit, one hue a control.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import key_glyph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtGui import QPaintEvent

    from gym_gui.adapters.controls import Binding
    from gym_gui.ui.theme import Theme

_UNIT: Final = 30
_GAP: Final = tokens.SPACE_4
_STEP: Final = _UNIT + _GAP

# Each row: where it begins, and its keys with their widths, all in key units.
_ROWS: Final[tuple[tuple[float, tuple[tuple[str, float], ...]], ...]] = (
    (0.5, tuple((key, 1.0) for key in "1234567890-+")),
    (0.0, (("tab", 1.0), *((key, 1.0) for key in "qwertyuiop"))),
    (1.25, (*((key, 1.0) for key in "asdfghjkl"), ("enter", 1.75))),
    (0.0, (("shift", 1.75), *((key, 1.0) for key in "zxcvbnm,."))),
    (0.0, (("ctrl", 1.5), ("alt", 1.25), ("space", 5.25))),
)
_ARROWS: Final = (("up", 12.75, 3), ("left", 11.75, 4), ("down", 12.75, 4), ("right", 13.75, 4))
_WIDTH_UNITS: Final = 14.75


def control_hues(bindings: Sequence[Binding]) -> dict[str, str]:
    """The hue of each key that a control uses; the keys of one control share theirs."""
    return {
        key: tokens.PLOT_HUES[place % len(tokens.PLOT_HUES)]
        for place, binding in enumerate(bindings)
        for key in binding.keys
    }


def drawn_keys() -> tuple[str, ...]:
    """The name of every key in the drawing."""
    return (*(name for _, keys in _ROWS for name, _ in keys), *(name for name, _, _ in _ARROWS))


class KeyboardDrawing(QWidget):
    """Letters, digits, arrows and the keys around them; those in *hues* are lit."""

    def __init__(self, theme: Theme, hues: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hues = hues
        self._font = theme.font(tokens.CAPTION_PX)
        self.setFixedSize(self.sizeHint())
        self.setAccessibleName("Keyboard with the keys of this game lit")

    @override
    def sizeHint(self) -> QSize:
        return QSize(round(_WIDTH_UNITS * _STEP), len(_ROWS) * _STEP)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self._font)
            for line, (start, keys) in enumerate(_ROWS):
                left = start
                for name, width in keys:
                    self._paint_key(painter, name, QPointF(left * _STEP, line * _STEP), width)
                    left += width
            for name, left, line in _ARROWS:
                self._paint_key(painter, name, QPointF(left * _STEP, line * _STEP), 1.0)

    def _paint_key(self, painter: QPainter, name: str, corner: QPointF, width: float) -> None:
        hue = self._hues.get(name)
        cap = QRectF(corner.x() + 0.5, corner.y() + 0.5, width * _STEP - _GAP - 1, _UNIT - 1)
        painter.setPen(QPen(self._theme.color("overlay_hover") if hue is None else QColor(hue), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush if hue is None else QColor(hue))
        painter.drawRoundedRect(cap, tokens.RADIUS - 1, tokens.RADIUS - 1)
        painter.setPen(self._theme.color("overlay_muted" if hue is None else "picture"))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key_glyph(name))
