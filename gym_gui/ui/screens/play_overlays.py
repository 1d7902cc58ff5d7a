"""What lies over the picture of a game, and where: HUD, pill, message, key hint, control strip, help, seed panel.

Qt thread. It places and fills; the game's page decides when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.play_help import HelpOverlay, KeyHint
from gym_gui.ui.screens.play_hud import HudWidget, game_block, rate_block, score_text
from gym_gui.ui.screens.play_message import GameMessage
from gym_gui.ui.screens.play_strip import ControlStrip, SeedPanel
from gym_gui.ui.widgets.basics import make_label

if TYPE_CHECKING:
    from gym_gui.ui.theme import Theme


class Pill(QFrame):
    """One short sentence over the upper edge of the picture."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("overlay", "true")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = make_label("")
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_16, tokens.SPACE_8, tokens.SPACE_16, tokens.SPACE_8)
        row.addWidget(self._text)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def say(self, text: str) -> None:
        """Say *text*; nothing hides the pill."""
        self._text.setText(text)
        self.setVisible(bool(text))
        self.adjustSize()


class GameOverlays:
    """The overlays of one page, as its children.

    Args:
        theme: The look.
        page: What they lie over.
    """

    def __init__(self, theme: Theme, page: QWidget) -> None:
        self._page = page
        self.game_hud = HudWidget(theme, page)
        self.rate_hud = HudWidget(theme, page)
        self.pill = Pill(page)
        self.hint = KeyHint(theme, page)
        self.message = GameMessage(theme, page)
        self.strip = ControlStrip(theme, page)
        self.help = HelpOverlay(theme, page)
        self.seed_panel = SeedPanel(page)
        for overlay in (self.strip, self.message, self.help):
            overlay.setMouseTracking(True)

    def show_hud(self, state: SessionState, *, shown: bool, fault: bool) -> None:
        """Fill the HUD and place it, or hide it."""
        if shown:
            self.game_hud.show_block(game_block(state))
            self.rate_hud.show_block(rate_block(state, fault=fault))
            self._place_hud()
        self.game_hud.setVisible(shown)
        self.rate_hud.setVisible(shown)

    def ask_seed(self, seed: int | None) -> None:
        """Show the seed panel over the strip."""
        self.hint.hide()
        strip = self.strip.geometry()
        self.seed_panel.ask(seed, QPoint(strip.center().x(), strip.top()))

    def place(self) -> None:
        """Put every overlay where it belongs on a page of this size."""
        page = self._page
        for overlay in (self.strip, self.hint, self.pill, self.help):
            overlay.adjustSize()
        self._place_hud()
        bottom = page.height() - tokens.SPACE_16
        self.strip.move((page.width() - self.strip.width()) // 2, bottom - self.strip.height())
        above = bottom - self.strip.height() - tokens.SPACE_8
        self.hint.move((page.width() - self.hint.width()) // 2, above - self.hint.height())
        self.pill.move((page.width() - self.pill.width()) // 2, tokens.SPACE_16)
        for centred in (self.help, self.message):
            centred.move((page.width() - centred.width()) // 2, max(0, (page.height() - centred.height()) // 2))

    def _place_hud(self) -> None:
        self.game_hud.move(tokens.SPACE_16, tokens.SPACE_16)
        self.rate_hud.move(self._page.width() - self.rate_hud.width() - tokens.SPACE_16, tokens.SPACE_16)


def pill_text(state: SessionState) -> str:
    """What the pill says in this state; empty for nothing."""
    if state.phase is Phase.PAUSED:
        taken = any("p" in binding.keys for binding in state.bindings)
        key = "Esc" if taken else "P"
        return f"Paused. {key} goes on." if state.turn_based else f"Paused. {key} goes on, the period key steps."
    if state.phase is Phase.EPISODE_OVER:
        how = "Time is up" if state.truncated and not state.terminated else "Episode over"
        then = "next one in a moment, any key skips"
        if state.waiting:
            then = "Space or Enter for the next" if state.turn_based else "press any key for the next"
        return f"{how}  ·  score {score_text(state.total_reward)}  ·  {then}"
    return state.message if state.phase is Phase.PLAYING else ""
