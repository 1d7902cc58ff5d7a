"""The window on a folder that can only be read: what reads works, nothing is written, playing says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from disks import only_readable
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from recordings import Recordings

from gym_gui.config.schema import UiConfig
from gym_gui.config.settings import Settings
from gym_gui.controllers.start_request import StartRequest
from gym_gui.ui.application import begin, make_window
from gym_gui.ui.screens.replay_screen import ReplayScreen
from gym_gui.ui.screens.settings import SettingsScreen
from gym_gui.ui.theme import LIGHT
from gym_gui.ui.widgets.messages import EmptyState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow

WAIT_MS = 15_000
STEPS = 60


@pytest.fixture
def folder(var_dir: Path) -> Iterator[Path]:
    """Two episodes, where nothing can be written."""
    recordings = Recordings(var_dir)
    for env_id in ("ALE/Breakout-v5", "CarRacing-v3"):
        recordings.finish(recordings.record(STEPS, env_id=env_id).run_id)
    recordings.close()
    with only_readable(var_dir) as folder:
        yield folder


@pytest.fixture
def reading(qtbot: QtBot, qapp: QApplication, folder: Path) -> Iterator[MainWindow]:
    """The window as the command line opens it."""
    del qapp  # made before the window makes one
    before = contents(folder)
    window = make_window(Settings(var_dir=folder, ui=UiConfig(theme="dark")))
    window.resize(1200, 760)
    window.show()
    window.open()
    qtbot.waitUntil(lambda: window.context is not None, timeout=WAIT_MS)
    yield window
    window.close()
    window.deleteLater()
    assert contents(folder) == before


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refusal(window: MainWindow) -> EmptyState:
    screen = window.made_screen("play")
    assert isinstance(screen, EmptyState)
    assert screen.isVisible()
    assert screen.title.startswith("The folder for recordings cannot be written: ")
    return screen


def test_that_the_play_screen_says_why_nothing_is_played_and_leads_to_the_recordings(reading: MainWindow) -> None:
    screen = refusal(reading)
    assert any("--var-dir" in label.text() for label in screen.findChildren(QLabel))
    assert reading.status_bar.line is not None
    assert reading.status_bar.line.record == "○ Recording is off"
    assert reading.status_bar.line.sentence == "This folder can only be read."
    QTest.mouseClick(screen.button, Qt.MouseButton.LeftButton)
    replay = reading.made_screen("replay")
    assert replay is not None
    assert replay.isVisible()


def test_that_a_game_that_was_asked_for_is_refused_and_the_window_stays(reading: MainWindow, qtbot: QtBot) -> None:
    begin(reading, StartRequest(kind="play", env_id="CartPole-v1"))
    refusal(reading)
    QTest.mouseClick(reading.status_bar, Qt.MouseButton.LeftButton)
    assert reading.status_details.isVisible()
    QTest.keyClick(reading, Qt.Key.Key_F11)
    qtbot.waitUntil(reading.isFullScreen, timeout=WAIT_MS)
    assert reading.rail.isVisible()


def test_that_episodes_are_listed_watched_and_their_references_copied(reading: MainWindow, qtbot: QtBot) -> None:
    reading.show_screen("replay")
    screen = reading.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    library = screen.library
    qtbot.waitUntil(lambda: library.count.text() == "2 episodes", timeout=WAIT_MS)
    entry = library.table.chosen_entry()
    assert entry is not None
    qtbot.waitUntil(lambda: library.thumbnails.get(entry.rollup) is not None, timeout=WAIT_MS)
    library.controller.poll()
    QTest.keyClick(library.table, Qt.Key.Key_Return)
    player = screen.player
    qtbot.waitUntil(lambda: player.stage.picture.image is not None, timeout=WAIT_MS)
    QTest.keyClick(player, Qt.Key.Key_End)

    def painted_last() -> bool:
        image = player.stage.picture.image
        return image is not None and image.pixelColor(0, 0).red() == STEPS

    qtbot.waitUntil(painted_last, timeout=WAIT_MS)
    QTest.keyClick(player, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert QGuiApplication.clipboard().text() == f"h5://{entry.rollup.run_id}/frames/{STEPS}"


def test_that_settings_last_until_the_window_closes(reading: MainWindow, qtbot: QtBot) -> None:
    reading.show_screen("settings")
    screen = reading.made_screen("settings")
    assert isinstance(screen, SettingsScreen)
    assert any("can only be read" in label.text() for label in screen.findChildren(QLabel))
    QTest.mouseClick(screen.themes.button("light"), Qt.MouseButton.LeftButton)
    assert reading.context is not None
    assert reading.context.theme.roles is LIGHT
    assert reading.context.settings().ui.theme == "light"
    idle: list[bool] = []
    reading.runner.submit(lambda: True, idle.append)
    qtbot.waitUntil(lambda: bool(idle), timeout=WAIT_MS)
    assert not reading.toast.isVisible(), "nothing was tried that failed"


@pytest.fixture
def empty_folder(var_dir: Path) -> Iterator[Path]:
    """A folder prepared for recordings that never came, where nothing can be written."""
    Recordings(var_dir).close()
    with only_readable(var_dir) as folder:
        yield folder


def empty_library(window: MainWindow, qtbot: QtBot) -> EmptyState:
    """What stands where the library's table would, once the window is open on it."""
    window.show()
    window.open()
    qtbot.waitUntil(lambda: window.context is not None, timeout=WAIT_MS)
    window.show_screen("replay")
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    return screen.library._empty


def test_that_an_empty_library_invites_to_nothing_that_cannot_be(
    qtbot: QtBot, qapp: QApplication, empty_folder: Path
) -> None:
    del qapp
    window = make_window(Settings(var_dir=empty_folder, ui=UiConfig(theme="dark")))
    empty = empty_library(window, qtbot)
    qtbot.waitUntil(lambda: empty.title == "Nothing recorded yet", timeout=WAIT_MS)
    assert not empty.button.isVisible()
    window.close()
    window.deleteLater()


def test_that_pictures_without_a_database_are_not_passed_over(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    del qapp
    recordings = Recordings(tmp_path / "var")
    recordings.record(3)
    recordings.close()
    for file in (tmp_path / "var").rglob("telemetry.sqlite*"):
        file.unlink()
    window = make_window(Settings(var_dir=tmp_path / "var", ui=UiConfig(theme="dark")))
    empty = empty_library(window, qtbot)
    qtbot.waitUntil(lambda: empty.title == "The recordings are not listed", timeout=WAIT_MS)
    assert empty.text.startswith("1 replay file lies here without rows")
    window.close()
    window.deleteLater()
