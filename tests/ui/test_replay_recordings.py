"""The window plays recordings of every backend: from the library, and from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from elsewhere import BACKENDS, record_elsewhere
from recordings import picture_of
from ui.test_replay import at, replay_screen

from gym_gui.config.settings import load_settings
from gym_gui.controllers.recording import RecordingRequest, record
from gym_gui.controllers.replay_state import RECORDED_WITHOUT_STEPS
from gym_gui.controllers.start_request import StartRequest
from gym_gui.services.bootstrap import open_services
from gym_gui.ui.application import begin

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow


@pytest.mark.parametrize("backend", BACKENDS)
def test_that_a_recording_in_the_library_is_played(
    backend: str, var_dir: Path, window: MainWindow, qtbot: QtBot
) -> None:
    screen = replay_screen(window)
    qtbot.waitUntil(lambda: screen.library.controller.state.loaded)
    record_elsewhere(backend, var_dir / "recordings" / "guest", "guest", 12, picture=picture_of)
    screen.library.refresh()
    qtbot.waitUntil(lambda: [one.rollup.run_id for one in screen.library.controller.state.entries] == ["guest"])
    screen.open_episode("guest")
    qtbot.waitUntil(at(screen.player, 0))
    screen.player.controller.seek(7)
    qtbot.waitUntil(at(screen.player, 7))


@pytest.fixture
def without_steps(var_dir: Path) -> str:
    """A run that was recorded without its steps, before the window opened."""
    with open_services(load_settings(var_dir=var_dir, overrides=["record=none"])) as services:
        return record(services, RecordingRequest(env_id="CartPole-v1", steps=8, seed=1)).run_id


def test_that_a_run_without_its_steps_says_so_where_its_picture_would_be(
    without_steps: str, window: MainWindow, qtbot: QtBot
) -> None:
    screen = replay_screen(window)
    player = screen.player
    screen.open_episode(without_steps)
    qtbot.waitUntil(lambda: player.stage.message == RECORDED_WITHOUT_STEPS)
    assert player.controller.state.missing
    assert not player.player_actions.toggle.isEnabled()
    assert not player.player_actions.on_one.isEnabled()
    player.controller.close()
    assert player.player_actions.toggle.isEnabled()
    assert not player.stage.message


def test_that_a_recording_from_anywhere_is_played(tmp_path: Path, window: MainWindow, qtbot: QtBot) -> None:
    record_elsewhere("parquet", tmp_path / "usb", "guest", 12, picture=picture_of)
    start = StartRequest(kind="replay", run_id="guest", episode="e0000", recording=tmp_path / "usb")
    window.when_open(lambda: begin(window, start))
    qtbot.waitUntil(lambda: window.made_screen("replay") is not None)
    screen = replay_screen(window)
    qtbot.waitUntil(at(screen.player, 0))
    screen.player.controller.seek(11)
    qtbot.waitUntil(at(screen.player, 11))
