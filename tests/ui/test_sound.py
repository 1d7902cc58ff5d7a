"""Sound in the window: a game that is heard, a recording that is heard again, one key that mutes both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from recordings import Recordings

from gym_gui.config.settings import load_settings
from gym_gui.controllers.session_state import Phase
from gym_gui.ui.screens.play import PlayScreen
from gym_gui.ui.screens.replay_screen import ReplayScreen
from gym_gui.ui.screens.settings import SettingsScreen

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow

WAIT_MS = 15_000
SILENCE = 128
Key = Qt.Key


class Loudspeaker:
    """What would be heard, as SDL's driver for tests writes it: in real time, with silence where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def heard(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""

    @property
    def has_sounded(self) -> bool:
        return len(set(self.heard)) > 1


@pytest.fixture
def loudspeaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loudspeaker:
    path = tmp_path / "loudspeaker.raw"
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(path))
    return Loudspeaker(path)


def play_screen(window: MainWindow) -> PlayScreen:
    screen = window.made_screen("play")
    assert isinstance(screen, PlayScreen)
    return screen


def start(window: MainWindow, qtbot: QtBot, env_id: str) -> PlayScreen:
    screen = play_screen(window)
    screen.start(env_id)
    qtbot.waitUntil(lambda: screen.game.state.phase is Phase.PLAYING, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: screen.game.picture.image is not None, timeout=WAIT_MS)
    return screen


def test_that_a_game_is_heard_and_m_mutes_it_for_good(
    window: MainWindow, qtbot: QtBot, loudspeaker: Loudspeaker, var_dir: Path
) -> None:
    assert window.context is not None
    sound, settings = window.context.sound, window.context.settings
    screen = start(window, qtbot, "ALE/SpaceInvaders-v5")
    button = screen.game.overlays.strip.sound_button
    assert not button.isHidden()
    assert button.toolTip() == "Mute (M)"
    qtbot.waitUntil(lambda: loudspeaker.has_sounded, timeout=WAIT_MS)
    QTest.keyClick(screen.game, Key.Key_M)
    assert (sound.muted, settings().ui.sound, button.toolTip()) == (True, False, "Sound on (M)")
    qtbot.waitUntil(lambda: load_settings(var_dir).ui.sound is False, timeout=WAIT_MS)
    step = screen.game.state.step
    qtbot.waitUntil(lambda: window.context is not None and screen.game.state.step > step + 5, timeout=WAIT_MS)
    assert sound.is_idle
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert (sound.muted, settings().ui.sound, button.toolTip()) == (False, True, "Mute (M)")


def test_that_the_help_names_the_key_where_there_is_sound(window: MainWindow, qtbot: QtBot) -> None:
    screen = start(window, qtbot, "CartPole-v1")
    strip = screen.game.overlays.strip
    assert strip.sound_button.isHidden()
    assert "Sound on, off" not in shown_help(screen)
    screen.start("ALE/Breakout-v5")
    qtbot.waitUntil(lambda: screen.game.state.has_sound and screen.game.state.in_game, timeout=WAIT_MS)
    assert not strip.sound_button.isHidden()
    assert "Sound on, off" in shown_help(screen)


def shown_help(screen: PlayScreen) -> set[str]:
    game = screen.game
    game.toggle_help()
    texts = {label.text() for label in game.overlays.help.findChildren(QLabel) if not label.isHidden()}
    game.toggle_help()
    return texts


def test_that_a_recording_is_heard_as_it_was(
    window: MainWindow, qtbot: QtBot, loudspeaker: Loudspeaker, var_dir: Path
) -> None:
    recordings = Recordings(var_dir)
    rng = np.random.default_rng(0)
    steps = [rng.integers(1, 100, 512, np.uint8) for _ in range(241)]
    recordings.metadata = {"sound_rate_hz": 30_720.0}
    recordings.more = lambda step: {"extra": {"sound": steps[step]} if step else None}
    episode = recordings.record(240)
    recordings.finish(episode.run_id)
    recordings.close()
    window.show_screen("replay")
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    player = screen.player
    screen.open_episode(episode.run_id, episode.episode_id)
    qtbot.waitUntil(lambda: player.controller.state.loaded == 241, timeout=WAIT_MS)
    sound = player.player_actions.sound
    assert sound.isVisible()
    assert sound.isChecked()
    assert sound.toolTip() == "Sound (M)"
    QTest.keyClick(player, Key.Key_Space)
    qtbot.waitUntil(lambda: player.controller.state.position > 120, timeout=WAIT_MS)
    QTest.keyClick(player, Key.Key_Space)
    # Steps as they were recorded, each at once after the one before it, for at least a quarter of a second.
    heard = loudspeaker.heard
    assert any(together(steps, first, 16) in heard for first in range(1, 100)), len(heard)
    QTest.keyClick(player, Key.Key_M)
    assert window.context is not None
    assert (sound.isChecked(), window.context.sound.muted) == (False, True)


def together(steps: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]], first: int, count: int) -> bytes:
    return b"".join(one.tobytes() for one in steps[first : first + count])


def test_that_a_recording_without_sound_offers_none(window: MainWindow, qtbot: QtBot, var_dir: Path) -> None:
    recordings = Recordings(var_dir)
    episode = recordings.record(20)
    recordings.finish(episode.run_id)
    recordings.close()
    window.show_screen("replay")
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    screen.open_episode(episode.run_id, episode.episode_id)
    qtbot.waitUntil(lambda: screen.player.controller.state.loaded == 21, timeout=WAIT_MS)
    assert not screen.player.player_actions.sound.isVisible()


def test_that_the_settings_screen_switches_it_too(window: MainWindow) -> None:
    window.show_screen("settings")
    screen = window.made_screen("settings")
    assert isinstance(screen, SettingsScreen)
    assert screen.sound.isChecked()
    screen.sound.click()
    assert window.context is not None
    assert window.context.sound.muted
    assert not window.context.settings().ui.sound
    field = screen.field("record.include_sound")
    assert field.isVisibleTo(screen)
