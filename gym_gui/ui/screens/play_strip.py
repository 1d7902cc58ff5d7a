"""The slim control strip over the lower edge of the picture, and the small panel that asks for a seed.

Qt thread. The strip only emits; the game's page decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from gym_gui.controllers.session import SPEEDS
from gym_gui.controllers.session_loop import SEED_BITS
from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_button, make_label, make_line, make_tool_button, set_state

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance
    from PySide6.QtGui import QKeyEvent

    from gym_gui.ui.theme import Theme
    from gym_gui.ui.widgets.view_switch import ViewSwitch

_ANY: Final = 16_777_215  # Qt's own word for a size without limit
MAX_SEED: Final = 2**SEED_BITS - 1


class ControlStrip(QFrame):
    """Leave, pause, single step, speed, reset, reset with a seed, HUD, sound, full screen, keys."""

    leave_requested = Signal()
    pause_toggled = Signal()
    step_requested = Signal()
    speed_chosen = Signal(float)
    reset_requested = Signal()
    seed_requested = Signal()
    hud_toggled = Signal()
    sound_toggled = Signal()
    help_requested = Signal()
    full_screen_toggled = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("overlay", "true")
        self._theme = theme
        self._pause_icon = ""
        self._switch: ViewSwitch | None = None
        self._lines = [make_line(vertical=True) for _ in range(3)]
        row = self._row = QHBoxLayout(self)
        row.setSpacing(tokens.SPACE_4)
        self.leave_button = self._add(row, "arrow-left", "All games (Ctrl+W)", self.leave_requested)
        row.addWidget(self._lines[0])
        self.pause_button = self._add(row, "pause", "Pause (P or Esc)", self.pause_toggled)
        self.step_button = self._add(row, "debug-step-over", "Single step (.)", self.step_requested)
        self.speed_button = self._make_speed_button()
        row.addWidget(self.speed_button)
        row.addWidget(self._lines[1])
        self.reset_button = self._add(row, "restart", "New episode (F5)", self.reset_requested)
        self.seed_button = self._add(row, "seed-outline", "New episode with a seed… (Ctrl+R)", self.seed_requested)
        row.addWidget(self._lines[2])
        self.hud_button = self._add(row, "gauge", "Score and rate (H)", self.hud_toggled)
        self.hud_button.setCheckable(True)
        self.sound_button = self._add(row, "volume-high", "Mute (M)", self.sound_toggled)
        self.sound_button.hide()
        self.help_button = self._add(row, "keyboard-outline", "Keys of this game (F1)", self.help_requested)
        self.full_button = self._add(row, "fullscreen", "Full screen (F11)", self.full_screen_toggled)
        self.set_upright(upright=False)

    def show_session(self, state: SessionState) -> None:
        """Follow the game."""
        stands = state.phase is Phase.PAUSED
        icon = "play" if stands else "pause"
        if icon != self._pause_icon:
            self._pause_icon = icon
            self._theme.set_icon(self.pause_button, icon, "overlay_text")
            self.pause_button.setToolTip("Go on (P or Esc)" if stands else "Pause (P or Esc)")
        self.speed_button.setText(f"{state.speed:g}x")
        for button in (self.pause_button, self.step_button, self.speed_button):
            button.setVisible(not state.turn_based)
        self.sound_button.setVisible(state.has_sound)
        playable = state.in_game
        for button in (self.pause_button, self.step_button, self.reset_button, self.seed_button):
            button.setEnabled(playable)

    def show_sound(self, *, on: bool) -> None:
        """Offer to mute the game, or to let it be heard."""
        self._theme.set_icon(self.sound_button, "volume-high" if on else "volume-off", "overlay_text")
        self.sound_button.setToolTip("Mute (M)" if on else "Sound on (M)")
        self.sound_button.setAccessibleName("Mute" if on else "Sound on")

    def take_switch(self, switch: ViewSwitch) -> None:
        """Show *switch* beside the HUD's button, where it has something to choose from."""
        self._switch = switch
        self._row.insertWidget(self._row.indexOf(self.hud_button), switch)

    def adjust(self) -> None:
        """Take the room that its parts need now."""
        self._row.invalidate()
        self._row.activate()
        self.adjustSize()

    def show_full_screen(self, *, full: bool) -> None:
        """Offer to fill the monitor, or to stop doing so."""
        self._theme.set_icon(self.full_button, "fullscreen-exit" if full else "fullscreen", "overlay_text")
        self.full_button.setToolTip("Leave full screen (F11 or Esc)" if full else "Full screen (F11)")

    def set_upright(self, *, upright: bool) -> None:
        """One button below the other, or all in one line."""
        directions = QBoxLayout.Direction
        self._row.setDirection(directions.TopToBottom if upright else directions.LeftToRight)
        wide, high = (tokens.SPACE_4, tokens.SPACE_8) if upright else (tokens.SPACE_8, tokens.SPACE_4)
        self._row.setContentsMargins(wide, high, wide, high)
        for line in self._lines:
            line.setMinimumSize(*((0, 1) if upright else (1, 0)))
            line.setMaximumSize(*((_ANY, 1) if upright else (1, _ANY)))
        if self._switch is not None:
            self._switch.set_upright(upright=upright)
        self._row.activate()
        self.adjustSize()

    def _add(self, row: QHBoxLayout, icon: str, tooltip: str, signal: SignalInstance) -> QToolButton:
        button = make_tool_button(self._theme, icon, tooltip, role="overlay_text")
        # A click must not take the keys away from the game; Tab still reaches every button.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _checked=False: signal.emit())
        row.addWidget(button)
        return button

    def _make_speed_button(self) -> QToolButton:
        button = QToolButton()
        button.setProperty("wide", "true")
        button.setToolTip("Speed (+ and -)")
        button.setAccessibleName("Speed")
        button.setText("1x")
        button.setMinimumHeight(tokens.HIT_AREA)
        button.setMinimumWidth(tokens.SPACE_32 + tokens.SPACE_16)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for speed in SPEEDS:
            action = menu.addAction(f"{speed:g}x")
            action.triggered.connect(lambda _checked=False, speed=speed: self.speed_chosen.emit(speed))
        button.setMenu(menu)
        return button


class SeedPanel(QFrame):
    """Asks for a seed; emits `chosen` with a whole number from 0 to 2**31 - 1."""

    chosen = Signal(int)
    dismissed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", "true")
        self._seed = QLineEdit()
        self._seed.setPlaceholderText(f"0 to {MAX_SEED}")
        self._seed.setMinimumWidth(180)
        self._seed.returnPressed.connect(self._choose)
        self._seed.textChanged.connect(lambda: self._check(asked=False))
        self._start = make_button("Start", self._choose, "primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_16, tokens.SPACE_12, tokens.SPACE_16, tokens.SPACE_16)
        column.setSpacing(tokens.SPACE_8)
        column.addWidget(make_label("New episode with this seed"))
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_8)
        row.addWidget(self._seed, 1)
        row.addWidget(self._start)
        column.addLayout(row)
        self._note = make_label("", "caption")
        column.addWidget(self._note)
        self.hide()

    @property
    def field(self) -> QLineEdit:
        """Where the seed is typed."""
        return self._seed

    @property
    def note(self) -> str:
        """What stands below the field: what a seed is good for, or what is wrong with this one."""
        return self._note.text()

    def ask(self, seed: int | None, above: QPoint) -> None:
        """Show the panel with the middle of its lower edge at *above*, offering *seed*."""
        self._seed.setText("" if seed is None else str(seed))
        self._seed.selectAll()
        self._check(asked=False)
        self.adjustSize()
        self.move(above.x() - self.width() // 2, above.y() - self.height() - tokens.SPACE_8)
        self.show()
        self.raise_()
        self._seed.setFocus(Qt.FocusReason.PopupFocusReason)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # What is typed here means nothing to the game below.
        event.accept()
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.dismissed.emit()

    def _check(self, *, asked: bool) -> None:
        # Nobody is told off for a field that is still empty, until they ask for a start.
        fault = seed_fault(self._seed.text()) if asked or self._seed.text() else ""
        self._note.setText(fault or "The same seed and keys give the same game.")
        set_state(self._note, "bad" if fault else "")

    def _choose(self) -> None:
        self._check(asked=True)
        if seed_fault(self._seed.text()):
            self._seed.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.hide()
        self.chosen.emit(int(self._seed.text().strip().lstrip("0") or "0"))


def seed_fault(text: str) -> str:
    """Why *text* is no seed, in a sentence; empty where it is one."""
    text = text.strip()
    if not text:
        return "Type a whole number."
    if re.fullmatch("-[0-9]+", text):
        return "A seed is not negative."
    if not re.fullmatch("[0-9]+", text):
        return "A seed is written in digits only."
    # Counted first: Python refuses to read a number of thousands of digits.
    digits = text.lstrip("0")
    if len(digits) > len(str(MAX_SEED)) or int(digits or "0") > MAX_SEED:
        return f"The highest seed is {MAX_SEED}."
    return ""
