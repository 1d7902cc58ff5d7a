"""The window around the screens: opening, faults of the var folder, shortcuts, settings, crossings into Qt."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from gym_gui.config.schema import UiConfig
from gym_gui.config.settings import Settings, load_settings
from gym_gui.core.errors import VarDirError
from gym_gui.services.bootstrap import open_services
from gym_gui.ui.application import CrashReporter
from gym_gui.ui.bridge import BusPump, QtTaskRunner
from gym_gui.ui.main_window import MainWindow
from gym_gui.ui.screens.settings import SettingsScreen
from gym_gui.ui.status_bar import NOT_OPEN
from gym_gui.ui.theme import ANSI_DARK, ANSI_LIGHT, DARK, LIGHT, Roles, Theme
from gym_gui.ui.widgets.messages import EmptyState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import LogExpectations
    from pytestqt.qtbot import QtBot

    from gym_gui.services.bootstrap import Services

WAIT_MS = 15_000
CONTROL = Qt.KeyboardModifier.ControlModifier


def test_that_a_var_folder_that_cannot_be_opened_is_explained_and_can_be_tried_again(
    qtbot: QtBot, qapp: QApplication, var_dir: Path
) -> None:
    settings = Settings(var_dir=var_dir, ui=UiConfig(theme="dark"))
    attempts: list[int] = []

    def open_at_the_second_try() -> Services:
        attempts.append(1)
        if len(attempts) == 1:
            raise VarDirError("The folder for recordings cannot be written: planted.", hint="Choose another one.")
        return open_services(settings)

    window = MainWindow(settings, Theme(qapp, "dark"), open_at_the_second_try, make_pictures=False)
    window.show()
    window.open()
    waiting = window.findChild(EmptyState)
    assert waiting is not None
    qtbot.waitUntil(waiting.button.isVisible, timeout=WAIT_MS)
    assert "cannot be written: planted" in waiting.title
    assert window.status_bar.line == NOT_OPEN, "nothing is being opened any more"
    QTest.mouseClick(waiting.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.context is not None, timeout=WAIT_MS)
    assert window.made_screen("play") is not None
    assert window.status_bar.line is not None
    assert window.status_bar.line.record == "Ready"
    window.close()
    window.deleteLater()


def test_that_a_window_opens_on_a_folder_that_is_none_and_on_a_database_that_is_none(
    qtbot: QtBot, qapp: QApplication, var_dir: Path
) -> None:
    var_dir.mkdir()
    settings = Settings(var_dir=var_dir / "file", ui=UiConfig(theme="dark"))
    settings.var_dir.write_text("in the way", encoding="utf-8")
    window = MainWindow(settings, Theme(qapp, "dark"), lambda: open_services(settings), make_pictures=False)
    window.show()
    window.open()
    waiting = window.findChild(EmptyState)
    assert waiting is not None
    qtbot.waitUntil(waiting.button.isVisible, timeout=WAIT_MS)
    assert "cannot be written" in waiting.title
    settings.var_dir.unlink()
    settings.paths.telemetry_db.parent.mkdir(parents=True)
    settings.paths.telemetry_db.write_text("no database" * 100, encoding="utf-8")
    QTest.mouseClick(waiting.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: waiting.button.isVisible() and "cannot be written" not in waiting.title, timeout=WAIT_MS)
    assert window.status_bar.line == NOT_OPEN
    window.close()
    window.deleteLater()


def test_that_the_title_names_the_screen(window: MainWindow) -> None:
    assert window.windowTitle() == "Play - gym_gui"
    window.show_screen("replay")
    assert window.windowTitle() == "Replay - gym_gui"
    window.show_screen("play")
    assert window.windowTitle() == "Play - gym_gui"


def test_that_the_rail_and_its_shortcuts_open_the_screens(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_4, CONTROL)
    settings = window.made_screen("settings")
    assert settings is not None
    assert settings.isVisible()
    QTest.mouseClick(window.rail.entry("replay"), Qt.MouseButton.LeftButton)
    replay = window.made_screen("replay")
    assert replay is not None
    assert replay.isVisible()
    assert window.rail.entry("replay").isChecked()
    QTest.keyClick(window, Qt.Key.Key_1, CONTROL)
    play = window.made_screen("play")
    assert play is not None
    assert play.isVisible()


def test_that_settings_take_effect_and_are_stored_at_once(qtbot: QtBot, window: MainWindow, var_dir: Path) -> None:
    window.show_screen("settings")
    screen = window.made_screen("settings")
    assert isinstance(screen, SettingsScreen)
    assert window.context is not None
    QTest.mouseClick(screen.themes.button("light"), Qt.MouseButton.LeftButton)
    assert window.context.theme.roles is LIGHT
    QTest.mouseClick(screen.integer, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: load_settings(var_dir).ui.theme == "light", timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not load_settings(var_dir).ui.integer_scale, timeout=WAIT_MS)
    assert screen.folder == str(var_dir)


def luminance(color: str) -> float:
    rgb = color[-6:]
    channels = [int(rgb[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("roles", [DARK, LIGHT], ids=["dark", "light"])
def test_that_text_can_be_read_on_every_ground(roles: Roles) -> None:
    for ground in (roles.surface, roles.surface_raised, roles.surface_hover, roles.accent_soft):
        for text in (roles.text, roles.text_muted, roles.good, roles.warn, roles.bad):
            assert contrast(text, ground) >= 4.5, (text, ground)
    for hue in ANSI_DARK if roles is DARK else ANSI_LIGHT:
        assert min(contrast(hue, roles.surface), contrast(hue, roles.surface_raised)) >= 4.5, hue
    assert contrast(roles.on_accent, roles.accent) >= 4.5
    assert contrast(roles.on_accent, roles.accent_hover) >= 4.5
    for text in (roles.overlay_text, roles.overlay_muted, roles.overlay_good, roles.overlay_warn, roles.overlay_bad):
        assert contrast(text, roles.overlay) >= 4.5


@pytest.fixture
def pump(qtbot: QtBot) -> Iterator[BusPump]:  # noqa: ARG001 - timers need an application
    pump = BusPump()
    yield pump
    pump.close()
    pump.deleteLater()


def test_that_wake_ups_of_other_threads_arrive_on_the_qt_thread_once_a_burst(qtbot: QtBot, pump: BusPump) -> None:
    polled_on: list[str] = []
    pump.add_poller(lambda: polled_on.append(threading.current_thread().name))
    threads = [threading.Thread(target=_wake_often, args=(pump,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    qtbot.waitUntil(lambda: bool(polled_on), timeout=WAIT_MS)
    assert set(polled_on) == {threading.main_thread().name}
    assert len(polled_on) < 10


def test_that_a_lost_wake_up_is_made_good(qtbot: QtBot, pump: BusPump) -> None:
    polled: list[int] = []
    pump.add_poller(lambda: polled.append(1))
    qtbot.waitUntil(lambda: len(polled) >= 2, timeout=WAIT_MS)


def test_that_answers_come_back_on_the_qt_thread(qtbot: QtBot) -> None:
    runner = QtTaskRunner()
    answered: list[tuple[str, str]] = []
    runner.submit(
        lambda: threading.current_thread().name,
        lambda name: answered.append((name, threading.current_thread().name)),
    )
    qtbot.waitUntil(lambda: bool(answered), timeout=WAIT_MS)
    assert answered[0][0].startswith("ui-task")
    assert answered[0][1] == threading.main_thread().name
    runner.close()
    runner.deleteLater()


@pytest.mark.qt_no_exception_capture
@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_that_an_exception_nobody_caught_is_logged_and_shown_once(qtbot: QtBot, expect_log: LogExpectations) -> None:
    expect_log(logging.CRITICAL, "ZeroDivisionError: planted")
    before = (sys.excepthook, threading.excepthook)
    crashes = CrashReporter()
    crashes.install()
    try:
        for _ in range(2):
            thread = threading.Thread(target=_fail)
            thread.start()
            thread.join()
        qtbot.waitUntil(lambda: bool(crashes.boxes), timeout=WAIT_MS)
    finally:
        crashes.uninstall()
    assert (sys.excepthook, threading.excepthook) == before
    (box,) = crashes.boxes
    assert isinstance(box, QMessageBox)
    assert box.informativeText() == "ZeroDivisionError: planted"
    assert "_fail" in box.detailedText()
    box.close()
    crashes.deleteLater()


def _wake_often(pump: BusPump) -> None:
    for _ in range(100):
        pump.wake()


def _fail() -> None:
    raise ZeroDivisionError("planted")
