"""A number that is typed, in a range; what is left empty or out of range goes back to the nearest that fits.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit

from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

_KEY_STEPS = {Qt.Key.Key_Up: 1.0, Qt.Key.Key_Down: -1.0, Qt.Key.Key_PageUp: 10.0, Qt.Key.Key_PageDown: -10.0}


class NumberField(QLineEdit):
    """A number; Up and Down change it by one, Page Up and Page Down by ten.

    Args:
        name: What a screen reader calls it.
        width: Pixels.
        whole: Whether only whole numbers fit.
    """

    changed = Signal()

    def __init__(self, name: str, width: int, *, whole: bool = True) -> None:
        super().__init__()
        self._whole = whole
        self._low, self._high = 0.0, 0.0
        self._value = 0.0
        self.setAccessibleName(name)
        self.setFixedWidth(width)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.textEdited.connect(self._take)
        self.editingFinished.connect(self._show)

    @property
    def value(self) -> float:
        """The number."""
        return self._value

    def set_range(self, low: float, high: float) -> None:
        """What fits."""
        self._low, self._high = low, high
        self.set_value(self._value)

    def set_value(self, value: float) -> None:
        """Show *value*, or the nearest that fits; does not emit `changed`."""
        self._value = min(max(value, self._low), self._high)
        self._show()

    def _take(self, text: str) -> None:
        try:
            number = float(text.replace(",", ""))
        except ValueError:
            return
        if number == number:  # noqa: PLR0124 - no nan
            self._value = min(max(round(number) if self._whole else number, self._low), self._high)
            self.changed.emit()

    def _show(self) -> None:
        self.setText(f"{round(self._value):,}" if self._whole else f"{self._value:g}")

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _KEY_STEPS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self.set_value(self._value + step)
        self.changed.emit()
