"""The window's own keys during a game, and how they are told from the game's.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from gym_gui.ui.screens.play_keys import key_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtGui import QKeyEvent

    from gym_gui.adapters.controls import Binding
    from gym_gui.controllers.session import SessionController


class GameShortcuts:
    """What each key of the window does.

    Args:
        session: The game.
        escape: Leaves what is on top: the help, full screen, a game that cannot go on.
        ask_seed: Asks for the seed of a new episode.
        toggle_hud: Shows or hides the HUD.
        toggle_sound: Mutes the game, or lets it be heard.
        toggle_help: Shows or hides the game's keys.
        switch_view: Shows the next of picture, grid, graph or text.
    """

    def __init__(
        self,
        session: SessionController,
        *,
        escape: Callable[[], object],
        ask_seed: Callable[[], object],
        toggle_hud: Callable[[], object],
        toggle_sound: Callable[[], object],
        toggle_help: Callable[[], object],
        switch_view: Callable[[], object],
    ) -> None:
        key = Qt.Key
        # By key, and whether Ctrl is held.
        self._acts: dict[tuple[int, bool], Callable[[], object]] = {
            (key.Key_Escape, False): escape,
            (key.Key_P, False): session.toggle,
            (key.Key_Pause, False): session.toggle,
            (key.Key_Period, False): session.single_step,
            (key.Key_Plus, False): lambda: session.change_speed(1),
            (key.Key_Equal, False): lambda: session.change_speed(1),
            (key.Key_Minus, False): lambda: session.change_speed(-1),
            (key.Key_F5, False): session.reset,
            (key.Key_R, True): ask_seed,
            (key.Key_H, False): toggle_hud,
            (key.Key_M, False): toggle_sound,
            (key.Key_F1, False): toggle_help,
            (key.Key_V, False): switch_view,
            (key.Key_W, True): session.stop,
        }

    def find(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What the key does; None where the window has no use for it."""
        if event.modifiers() & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier):
            return None
        return self._acts.get((event.key(), _with_ctrl(event)))

    def belongs_to_game(self, event: QKeyEvent, bindings: Iterable[Binding]) -> bool:
        """Whether the key is the game's: its own come first, but for a pair with Ctrl that the window has a use for."""
        name = key_name(event.key())
        bound = bool(name) and any(name in binding.keys for binding in bindings)
        return bound and not (_with_ctrl(event) and (event.key(), True) in self._acts)


def _with_ctrl(event: QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
