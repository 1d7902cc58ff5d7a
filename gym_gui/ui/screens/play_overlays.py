"""What lies over the picture of a game, and where: HUD, pill, message, key hint, control strip, help, seed panel.

Qt thread. It places and fills; the game's page decides when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.play_help import HelpOverlay, KeyHint
from gym_gui.ui.screens.play_hud import HudWidget, game_block, rate_block, score_text
from gym_gui.ui.screens.play_message import GameMessage
from gym_gui.ui.screens.play_places import Ground
from gym_gui.ui.screens.play_strip import ControlStrip, SeedPanel
from gym_gui.ui.widgets.basics import make_label
from gym_gui.ui.widgets.tip import BarTip

if TYPE_CHECKING:
    from gym_gui.ui.theme import Theme


class Pill(QFrame):
    """One short sentence beside the picture, or over its upper edge."""

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
        self.set_width(0)

    def set_width(self, width: int) -> None:
        """Break the sentence to be at most *width* wide; 0 keeps it in one line."""
        inner = max(0, width - 2 * tokens.SPACE_16)
        self._text.setWordWrap(bool(width))
        self._text.setMinimumWidth(inner)
        self._text.setMinimumHeight(self._text.heightForWidth(inner) if width else 0)
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
        self.tip = BarTip(self.strip, page)
        self.tip.watch(self.strip.findChildren(QToolButton))
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

    def hud_sizes(self) -> tuple[QSize, QSize]:
        """The sizes of the HUD's blocks in the upper corners; empty where they are hidden."""
        blocks = (self.game_hud, self.rate_hud)
        left, right = (hud.size() if hud.isVisibleTo(self._page) else QSize(0, 0) for hud in blocks)
        return left, right

    def ask_seed(self, seed: int | None) -> None:
        """Show the seed panel over the strip, or in the middle of the lower edge where the strip stands upright."""
        self.hint.hide()
        strip = self.strip.geometry()
        lying = strip.width() > strip.height()
        above = strip.top() if lying else self._page.height() - tokens.SPACE_8
        self.seed_panel.ask(seed, QPoint(self._page.width() // 2, above))

    def place(self, picture: QRect) -> None:
        """Put every overlay where it belongs on a page of this size with the picture in this rectangle."""
        page = self._page
        self.help.adjustSize()
        self._place_hud()
        self._place_strip(picture)
        ground = self._ground(picture)
        self._place_hint(ground)
        self._place_pill(ground)
        for centred in (self.help, self.message):
            centred.move((page.width() - centred.width()) // 2, max(0, (page.height() - centred.height()) // 2))

    def _place_strip(self, picture: QRect) -> None:
        strip, page = self.strip, self._page
        strip.set_upright(upright=False)
        room = page.height() - picture.bottom() - 1
        if picture.isValid() and room < strip.height() + 2 * tokens.SPACE_4:
            strip.set_upright(upright=True)
            rate_bottom = self.rate_hud.geometry().bottom() if self.rate_hud.isVisible() else 0
            free = page.height() - rate_bottom - 2 * tokens.SPACE_16
            if picture.left() >= strip.width() + 2 * tokens.SPACE_8 and strip.height() <= free:
                right, bottom = page.width() - tokens.SPACE_16, page.height() - tokens.SPACE_16
                strip.move(right - strip.width(), bottom - strip.height())
                return
            strip.set_upright(upright=False)
        strip.move((page.width() - strip.width()) // 2, page.height() - tokens.SPACE_8 - strip.height())

    def _ground(self, picture: QRect) -> Ground:
        # Placed as if strip and HUD were shown: what comes and goes must not push text about.
        lying = self.strip.width() > self.strip.height()
        return Ground(
            page=self._page.size(),
            picture=picture,
            hud_bottom=max(self.game_hud.geometry().bottom(), self.rate_hud.geometry().bottom()) + 1,
            hud_width=max(self.game_hud.width(), self.rate_hud.width()) + tokens.SPACE_16 + tokens.SPACE_8,
            bottom=self.strip.y() if lying else self._page.height(),
        )

    def _place_hint(self, ground: Ground) -> None:
        hint = self.hint
        hint.set_upright(upright=False)
        spot = ground.beside(hint.size()) if hint.width() <= ground.page.width() else None
        if spot is None:
            hint.set_upright(upright=True)
            if hint.width() <= ground.side:
                spot = ground.column(hint.size(), right=False)
            else:
                hint.set_upright(upright=False)
                spot = ground.over(hint.size())
        hint.move(spot)

    def _place_pill(self, ground: Ground) -> None:
        pill = self.pill
        pill.set_width(0)
        spot = ground.beside(pill.size())
        if spot is None and ground.side and pill.text:
            pill.set_width(min(pill.width(), ground.side))
            spot = ground.column(pill.size(), right=True)
        pill.move(ground.over(pill.size()) if spot is None else spot)

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
