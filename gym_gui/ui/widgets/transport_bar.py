"""The transport: start, steps, reverse, play, end, speed, loop; every button an action that a key does too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QWidget

from gym_gui.controllers.replay_state import SPEEDS
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import clock_text, speed_text
from gym_gui.ui.widgets.basics import make_button, make_label
from gym_gui.ui.widgets.player_actions import MIRRORED, PlayerActions, player_icon
from gym_gui.ui.widgets.step_field import StepField

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QAction

    from gym_gui.controllers.replay_state import ReplayState
    from gym_gui.ui.theme import Theme

_PLAY_SIZE: Final = 36
_SPEED_WIDTH: Final = 64


class TransportBar(QFrame):
    """One row of buttons across the player.

    Args:
        theme: The look.
        actions: What the buttons do.
        set_speed: Called with a speed chosen from the menu.
    """

    def __init__(
        self, theme: Theme, actions: PlayerActions, set_speed: Callable[[float], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._actions = actions
        self._playing: tuple[bool, int] | None = None
        self.steps = StepField(theme)
        self._time = make_label("", "muted")
        self._time.setFont(theme.font(tokens.BODY_PX))
        # These two change their icons with what is played, their actions in the menu do not.
        self._play = make_button("", actions.toggle.trigger, "primary", tooltip=actions.toggle.toolTip())
        self._play.setFixedSize(QSize(_PLAY_SIZE + tokens.SPACE_12, _PLAY_SIZE))
        self._play.setIconSize(QSize(tokens.ICON, tokens.ICON))
        self._play.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._play.setAccessibleName(actions.toggle.text())
        self._reverse = self._button(actions.reverse, own_icon=True)
        self._speed = self._speed_button(set_speed)
        self._build()
        theme.changed.connect(self._retint)
        self._retint()

    def _build(self) -> None:
        actions = self._actions
        left, middle, right = (QHBoxLayout() for _ in range(3))
        for part in (left, middle, right):
            part.setSpacing(tokens.SPACE_4)
        left.addWidget(self.steps)
        left.addSpacing(tokens.SPACE_12)
        left.addWidget(self._time)
        left.addStretch(1)
        for action in (actions.home, actions.back_ten, actions.back_one):
            middle.addWidget(self._button(action))
        middle.addWidget(self._reverse)
        middle.addWidget(self._play)
        for action in (actions.on_one, actions.on_ten, actions.end):
            middle.addWidget(self._button(action))
        right.addStretch(1)
        right.addWidget(self._speed)
        self._sound = self._button(actions.sound)
        self._sound.setVisible(False)
        right.addWidget(self._sound)
        right.addWidget(self._button(actions.loop))
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_16, tokens.SPACE_8, tokens.SPACE_16, tokens.SPACE_4)
        row.setSpacing(tokens.SPACE_8)
        row.addLayout(left, 1)
        row.addLayout(middle)
        row.addLayout(right, 1)

    def show_state(self, state: ReplayState) -> None:
        """Follow the player."""
        is_empty = bool(state.why_empty)
        last = state.episode.steps if state.episode is not None and not is_empty else state.last
        for button in (self._play, self._reverse):
            button.setEnabled(not is_empty)
        self.steps.set_step(state.step_index, max(last, state.last))
        rate = state.run.step_rate_hz if state.run is not None and state.run.step_rate_hz > 0 else 1.0
        self._time.setText(f"{clock_text(state.position / rate)} / {clock_text(state.last / rate)}")
        self._speed.setText(speed_text(state.speed))
        self._sound.setVisible(state.has_sound)
        if self._playing != (state.playing, state.direction):
            self._playing = (state.playing, state.direction)
            self._retint()

    def _retint(self) -> None:
        playing, direction = self._playing or (False, 1)
        forward, backward = playing and direction > 0, playing and direction < 0
        self._play.setIcon(player_icon(self._theme, "pause" if forward else "play", "on_accent"))
        self._reverse.setIcon(player_icon(self._theme, "pause" if backward else f"{MIRRORED}play", "text"))

    def _button(self, action: QAction, *, own_icon: bool = False) -> QToolButton:
        button = QToolButton()
        if own_icon:
            button.setToolTip(action.toolTip())
            button.clicked.connect(action.trigger)
        else:
            button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setIconSize(QSize(tokens.ICON, tokens.ICON))
        button.setMinimumSize(QSize(tokens.HIT_AREA + tokens.SPACE_4, tokens.HIT_AREA))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text())
        return button

    def _speed_button(self, set_speed: Callable[[float], None]) -> QToolButton:
        button = QToolButton()
        button.setToolTip("Speed ([ slower, ] faster)")
        button.setAccessibleName("Speed")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFixedSize(QSize(_SPEED_WIDTH, tokens.HIT_AREA))
        menu = QMenu(button)
        group = QActionGroup(menu)
        for speed in SPEEDS:
            choice = menu.addAction(speed_text(speed))
            choice.setCheckable(True)
            group.addAction(choice)
            choice.triggered.connect(lambda _checked=False, chosen=speed: set_speed(chosen))

        def check_current() -> None:
            for choice in menu.actions():
                choice.setChecked(choice.text() == button.text())

        menu.aboutToShow.connect(check_current)
        button.setMenu(menu)
        return button
