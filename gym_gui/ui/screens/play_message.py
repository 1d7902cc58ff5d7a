"""What stands where the picture would be: the game is starting, or it failed and why.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_button, make_label

if TYPE_CHECKING:
    from gym_gui.ui.theme import Theme

_WIDTH: Final = 440


class GameMessage(QFrame):
    """A card in the middle; a fault offers to try again or to leave."""

    retry_requested = Signal()
    leave_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("overlay", "true")
        self._theme = theme
        self._icon = QLabel()
        self._title = make_label("", "title", wrap=True)
        self._text = make_label("", wrap=True)
        self._hint = make_label("", "muted", wrap=True)
        self.retry_button = make_button("Try again", self.retry_requested.emit, "primary")
        self.leave_button = make_button("All games", self.leave_requested.emit)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_24, tokens.SPACE_24, tokens.SPACE_24, tokens.SPACE_24)
        column.setSpacing(tokens.SPACE_12)
        for label in (self._icon, self._title, self._text, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        for label in (self._title, self._text, self._hint):
            label.setFixedWidth(_WIDTH)
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, tokens.SPACE_4, 0, 0)
        row.setSpacing(tokens.SPACE_8)
        row.addStretch(1)
        row.addWidget(self.retry_button)
        row.addWidget(self.leave_button)
        row.addStretch(1)
        column.addWidget(self._buttons)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def show_state(self, state: SessionState, name: str) -> None:
        """Show what this state has to say, if it is about to start or has failed."""
        faulted = state.phase is Phase.FAULTED
        if not faulted and state.phase is not Phase.LOADING:
            self.hide()
            return
        icon, role = ("alert-octagon-outline", "overlay_bad") if faulted else ("progress-clock", "overlay_muted")
        side = tokens.SPACE_32
        self._icon.setPixmap(self._theme.icon(icon, role).pixmap(QSize(side, side), self.devicePixelRatioF()))
        self._title.setText(f"{name} stopped" if faulted else f"Starting {name}…")
        self._text.setText(state.message if faulted else "")
        self._hint.setText(state.hint if faulted else "")
        self._text.setVisible(faulted)
        self._hint.setVisible(faulted and bool(state.hint))
        self._buttons.setVisible(faulted)
        self.adjustSize()
        self.show()
        self.raise_()
        if faulted:
            self.retry_button.setFocus(Qt.FocusReason.OtherFocusReason)
