"""The player's title line: back, what is being watched, how it ended, inspector and the menu of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QWidget

from gym_gui.controllers.library_entry import ENDING_TOLD, Ending, ending_of, game_of, player_of
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import shortened
from gym_gui.ui.widgets.basics import make_label, make_tool_button, set_state
from gym_gui.ui.widgets.fact_grid import ElidedLabel

if TYPE_CHECKING:
    from gym_gui.controllers.replay_state import ReplayState
    from gym_gui.core.data_model import EpisodeRollup, RunRecord
    from gym_gui.ui.theme import Theme
    from gym_gui.ui.widgets.player_actions import PlayerActions

_LONGEST_TITLE: Final = 40
ENDING_STATES: Final = {Ending.FAULTED: "bad", Ending.INTERRUPTED: "warn", Ending.RECORDING: "bad"}


class PlayerHeader(QFrame):
    """One line at the top of the player.

    Args:
        theme: The look.
        actions: The player's actions; the menu lists them all with their keys.
        switch: Between picture and payload, where a step has both.
    """

    def __init__(self, theme: Theme, actions: PlayerActions, switch: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[RunRecord | None, EpisodeRollup | None, bool] | None = None
        self._back = make_tool_button(theme, "arrow-left", actions.leave.toolTip(), actions.leave.trigger)
        self._title = make_label("", "title")
        self._facts = ElidedLabel()
        self._facts.setProperty("type", "muted")
        self._ending = make_label("")
        self._export = make_tool_button(theme, "export-variant", actions.export.toolTip(), actions.export.trigger)
        self._inspector = make_tool_button(
            theme, "information-outline", actions.inspector.toolTip(), actions.inspector.trigger
        )
        self._inspector.setCheckable(True)
        self._menu_button = make_tool_button(theme, "dots-vertical", "Everything that the player does, with its keys")
        self._menu = QMenu(self._menu_button)
        actions.fill(self._menu)
        self._menu_button.clicked.connect(self._open_menu)
        for button in (self._back, self._export, self._inspector, self._menu_button):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_8, tokens.SPACE_8, tokens.SPACE_12, tokens.SPACE_8)
        row.setSpacing(tokens.SPACE_8)
        row.addWidget(self._back)
        row.addWidget(self._title)
        row.addWidget(self._facts, 1)
        row.addWidget(self._ending)
        row.addSpacing(tokens.SPACE_8)
        row.addWidget(switch)
        row.addWidget(self._export)
        row.addWidget(self._inspector)
        row.addWidget(self._menu_button)

    @property
    def title(self) -> str:
        """What it says is being watched."""
        return self._title.text()

    @property
    def facts(self) -> str:
        """Who played, which episode, from which seed, of which run."""
        return self._facts.whole_text

    def show_state(self, state: ReplayState) -> None:
        """Say what is being watched."""
        shown = (state.run, state.episode, state.loading)
        if shown == self._shown:
            return
        self._shown = shown
        if state.run is None or state.episode is None:
            self._title.setText("Opening…" if state.loading else "Replay")
            self._facts.set_text("")
            self._ending.setText("")
            return
        game, _ = game_of(state.run.env_id)
        seed = "no seed" if state.episode.seed is None else f"seed {state.episode.seed}"
        ending = ending_of(state.episode)
        self._title.setText(shortened(game, _LONGEST_TITLE))
        self._title.setToolTip(state.run.env_id)
        player = player_of(state.run.player, state.episode)
        self._facts.set_text(
            f"{player}  ·  episode {state.episode.episode_index:,}  ·  {seed}  ·  run {state.run.run_id}"
        )
        self._ending.setText("● Recording" if ending is Ending.RECORDING else ending.value)
        self._ending.setToolTip(state.episode.fault or ENDING_TOLD[ending])
        set_state(self._ending, ENDING_STATES.get(ending, ""))

    def _open_menu(self) -> None:
        # Under the button and flush with its right edge, so that it stays over the window.
        corner = self._menu_button.mapToGlobal(self._menu_button.rect().bottomRight())
        self._menu.popup(corner - QPoint(self._menu.sizeHint().width(), 0))

    def show_inspector_open(self, *, opened: bool) -> None:
        """Say whether the inspector can be seen."""
        self._inspector.setChecked(opened)
