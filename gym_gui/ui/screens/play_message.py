"""What stands where the picture would be: the game is starting, it failed and why, or it draws nothing.

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
        column = self._column = QVBoxLayout(self)
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
    def title(self) -> str:
        """Its first line."""
        return self._title.text()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def show_state(self, state: SessionState, name: str, *, blind: bool) -> None:
        """Show what this state has to say: the game is about to start, has failed, or draws nothing (*blind*)."""
        if state.phase is Phase.FAULTED:
            # A game without a run never began: nothing stopped.
            # The sentence below often names it by its id; one name is enough.
            what = "This game" if name in state.message else name
            title = f"{what} stopped" if state.run_id else f"{what} cannot be played"
            self._say("alert-octagon-outline", "overlay_bad", (title, state.message, state.hint), buttons=True)
            self.retry_button.setFocus(Qt.FocusReason.OtherFocusReason)
        elif state.phase is Phase.LOADING:
            self._say("progress-clock", "overlay_muted", (f"Starting {name}…", "", ""), buttons=False)
        elif blind:
            words = ("Nothing to see", state.message, "Keys, score and recording work all the same.")
            self._say("image-off-outline", "overlay_muted", words, buttons=False)
        else:
            self.hide()

    def _say(self, icon: str, role: str, words: tuple[str, str, str], *, buttons: bool) -> None:
        side = tokens.SPACE_32
        self._icon.setPixmap(self._theme.icon(icon, role).pixmap(QSize(side, side), self.devicePixelRatioF()))
        for label, text in zip((self._title, self._text, self._hint), words, strict=True):
            label.setText(text)
            label.setVisible(bool(text))
            # A layout asks labels for a size hint, which knows nothing of lines that wrap at this width.
            label.ensurePolished()
            label.setFixedHeight(max(0, label.heightForWidth(_WIDTH)))
        self._buttons.setVisible(buttons)
        # What was just shown or hidden counts only once the layout has been told.
        self._column.invalidate()
        self._column.activate()
        self.adjustSize()
        self.show()
        self.raise_()
