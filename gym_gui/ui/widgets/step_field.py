"""Where playback stands, as text that can be typed over: ``123 / 4,567``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent

    from gym_gui.ui.theme import Theme


class _NumberEdit(QLineEdit):
    left = Signal()

    @override
    def event(self, event: QEvent) -> bool:
        overriding = isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride
        if isinstance(event, QKeyEvent) and overriding and event.key() == Qt.Key.Key_Escape:
            event.accept()  # gives up typing; it must not leave the player too
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class StepField(QWidget):
    """Shows the step and goes to the one that is typed.

    Args:
        theme: The look.
    """

    step_typed = Signal(int)
    finished = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._step = 0
        self._last = 0
        self._edit = _NumberEdit()
        self._edit.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._edit.setFont(theme.font(tokens.BODY_PX))
        self._edit.setAccessibleName("Step")
        self._edit.setToolTip("Type a step and press Enter (G)")
        self._edit.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._total = make_label("", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_8)
        row.addWidget(make_label("Step", "muted"))
        row.addWidget(self._edit)
        row.addWidget(self._total)
        self._edit.returnPressed.connect(self._take)
        self._edit.left.connect(self._restore)
        self.set_step(0, 0)

    @property
    def edit(self) -> QLineEdit:
        """The editable number."""
        return self._edit

    @property
    def text(self) -> str:
        """What it says: ``123 / 4,567``."""
        return f"{self._edit.text()} {self._total.text()}"

    def set_step(self, step: int, last: int) -> None:
        """Show *step* of *last*; what is being typed is left alone."""
        self._step = step
        if last != self._last or not self._total.text():
            self._last = last
            self._total.setText(f"/ {last:,}")
            digits = f"{last:,}00"
            self._edit.setFixedWidth(self._edit.fontMetrics().horizontalAdvance(digits) + 2 * tokens.SPACE_12)
        if not self._edit.hasFocus():
            self._edit.setText(f"{step:,}")

    def begin(self) -> None:
        """Let the user type."""
        self._edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._edit.selectAll()

    def _take(self) -> None:
        digits = "".join(char for char in self._edit.text() if char.isdigit())
        if digits:
            self.step_typed.emit(min(int(digits[:18]), self._last))
        self._restore()
        self.finished.emit()

    def _restore(self) -> None:
        self._edit.setText(f"{self._step:,}")
        if self._edit.hasFocus():
            self._edit.clearFocus()
            self.finished.emit()
