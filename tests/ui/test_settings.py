"""The settings screen: the same values as the file, checked while one types, and what overrides them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from gym_gui.config.settings import load_settings
from gym_gui.services.bootstrap import open_recordings
from gym_gui.ui.main_window import MainWindow
from gym_gui.ui.screens.settings import SettingsScreen
from gym_gui.ui.screens.settings_fields import ChoiceField, NumberField, SettingField
from gym_gui.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import LogExpectations
    from PySide6.QtWidgets import QApplication, QWidget
    from pytestqt.qtbot import QtBot

WAIT_MS = 15_000
LEFT = Qt.MouseButton.LeftButton
NOTHING: dict[str, str] = {}


@pytest.fixture
def open_screen(
    qtbot: QtBot, qapp: QApplication, var_dir: Path
) -> Iterator[Callable[..., tuple[MainWindow, SettingsScreen]]]:
    """Opens a window with these overrides and variables, and its settings screen."""
    opened: list[MainWindow] = []

    def open_it(
        *words: str, variables: dict[str, str] | None = None, size: tuple[int, int] = (1024, 700)
    ) -> tuple[MainWindow, SettingsScreen]:
        settings = load_settings(var_dir, words, variables=variables or NOTHING, lenient=True)
        theme = Theme(qapp, settings.ui.theme)
        window = MainWindow(settings, theme, lambda: open_recordings(settings), make_pictures=False)
        opened.append(window)
        window.resize(*size)
        window.show()
        window.open()
        qtbot.waitUntil(lambda: window.context is not None, timeout=WAIT_MS)
        window.show_screen("settings")
        screen = window.made_screen("settings")
        assert isinstance(screen, SettingsScreen)
        return window, screen

    yield open_it
    for window in opened:
        window.close()
        window.deleteLater()


def number(screen: SettingsScreen, name: str) -> NumberField:
    field = screen.field(name)
    assert isinstance(field, NumberField)
    return field


def choice(screen: SettingsScreen, name: str) -> ChoiceField:
    field = screen.field(name)
    assert isinstance(field, ChoiceField)
    return field


def shown(screen: SettingsScreen) -> set[str]:
    """The keys that have a field on the screen."""
    return {field.name for field in screen.findChildren(SettingField) if not field.isHidden()}


def test_that_a_number_is_checked_while_it_is_typed(
    qtbot: QtBot, var_dir: Path, open_screen: Callable[..., tuple[MainWindow, SettingsScreen]]
) -> None:
    window, screen = open_screen()
    field = number(screen, "record.buffer.max_records")
    assert window.context is not None
    before = window.context.settings().values()["record.buffer.max_records"]
    field.edit.setFocus()
    field.edit.selectAll()
    QTest.keyClicks(field.edit, "25x")
    assert field.sentence == "It must be a whole number from 1 to 1,000,000, not '25x'."
    assert window.context.settings().values()["record.buffer.max_records"] == before
    QTest.keyClick(field.edit, Qt.Key.Key_Backspace)
    assert field.sentence == ""
    QTest.keyClicks(field.edit, "00")
    qtbot.waitUntil(
        lambda: load_settings(var_dir, variables=NOTHING).values()["record.buffer.max_records"] == 2500,
        timeout=WAIT_MS,
    )


def test_that_another_format_brings_its_own_compression(
    qtbot: QtBot, var_dir: Path, open_screen: Callable[..., tuple[MainWindow, SettingsScreen]]
) -> None:
    _, screen = open_screen()
    assert "record.compression" not in shown(screen)
    assert not screen.storage_card.isHidden()
    QTest.mouseClick(choice(screen, "record.backend").segments.button("parquet"), LEFT)
    qtbot.waitUntil(lambda: "record.compression" in shown(screen), timeout=WAIT_MS)
    assert screen.storage_card.isHidden()
    QTest.mouseClick(choice(screen, "record.compression").segments.button("brotli"), LEFT)
    QTest.mouseClick(choice(screen, "record.backend").segments.button("hdf5"), LEFT)

    def stored() -> tuple[object, object]:
        node = load_settings(var_dir, variables=NOTHING).record_node
        return node["backend"], node.get("compression")

    qtbot.waitUntil(lambda: stored() == ("hdf5", "gzip"), timeout=WAIT_MS)
    assert choice(screen, "record.compression").segments.button("gzip").isChecked()


def test_that_recording_is_switched_off_and_on_again_as_it_was(
    qtbot: QtBot, var_dir: Path, open_screen: Callable[..., tuple[MainWindow, SettingsScreen]]
) -> None:
    var_dir.mkdir(exist_ok=True)
    (var_dir / "config.yaml").write_text("# mine\nrecord: sqlite\n", encoding="utf-8")
    _, screen = open_screen()
    assert screen.recording.isChecked()
    QTest.mouseClick(screen.recording, LEFT)
    qtbot.waitUntil(lambda: "record.backend" not in shown(screen), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: load_settings(var_dir, variables=NOTHING).options["record"] == "none", timeout=WAIT_MS)
    QTest.mouseClick(screen.recording, LEFT)
    qtbot.waitUntil(lambda: load_settings(var_dir, variables=NOTHING).options["record"] == "sqlite", timeout=WAIT_MS)
    assert "# mine" in (var_dir / "config.yaml").read_text(encoding="utf-8")


def test_that_what_is_overridden_says_by_what_and_cannot_be_changed(
    var_dir: Path, open_screen: Callable[..., tuple[MainWindow, SettingsScreen]]
) -> None:
    _, screen = open_screen("record=parquet", variables={"GYM_GUI_BUFFER_SIZE": "7", "GYM_GUI__ui__hud": "false"})
    field = number(screen, "record.buffer.max_records")
    assert field.sentence == "Set by the environment variable GYM_GUI_BUFFER_SIZE; it cannot be changed here."
    assert (field.edit.text(), field.edit.isEnabled()) == ("7", False)
    backend = choice(screen, "record.backend")
    assert backend.sentence == "Set by record=parquet on the command line; it cannot be changed here."
    QTest.mouseClick(backend.segments.button("hdf5"), LEFT)
    QTest.mouseClick(screen.recording, LEFT)
    QTest.mouseClick(screen.hud, LEFT)
    assert backend.segments.button("parquet").isChecked()
    assert not screen.hud.isChecked()
    assert not (var_dir / "config.yaml").exists()


def test_that_a_faulty_file_is_told_where_one_would_look(
    var_dir: Path, open_screen: Callable[..., tuple[MainWindow, SettingsScreen]], expect_log: LogExpectations
) -> None:
    var_dir.mkdir(exist_ok=True)
    (var_dir / "config.yaml").write_text("ui:\n  hudd: true\n  theme: light\n", encoding="utf-8")
    expect_log(30, "hudd")
    _, screen = open_screen()
    assert any("did you mean ui.hud?" in label.text() for label in screen.findChildren(QLabel) if label.isVisible())
    assert screen.themes.button("light").isChecked()


def test_that_a_fault_is_told_no_longer_once_it_is_mended_here(
    var_dir: Path, open_screen: Callable[..., tuple[MainWindow, SettingsScreen]], expect_log: LogExpectations
) -> None:
    var_dir.mkdir(exist_ok=True)
    (var_dir / "config.yaml").write_text("ui:\n  theme: drk\n", encoding="utf-8")
    expect_log(30, "drk")
    _, screen = open_screen()

    def told() -> list[str]:
        return [label.text() for label in screen.findChildren(QLabel) if label.isVisible() and "drk" in label.text()]

    assert len(told()) == 1
    QTest.mouseClick(screen.themes.button("light"), LEFT)
    assert told() == []
    assert not any(label.text() == "Not usable" for label in screen.findChildren(QLabel) if label.isVisible())


@pytest.mark.parametrize("size", [(760, 520), (1280, 820)])
def test_that_nothing_is_cut_off(
    qapp: QApplication, open_screen: Callable[..., tuple[MainWindow, SettingsScreen]], size: tuple[int, int]
) -> None:
    _, screen = open_screen(
        "record=parquet", "record.compression=zstd", variables={"GYM_GUI_BUFFER_SIZE": "7"}, size=size
    )
    qapp.processEvents()

    def is_cut(widget: QWidget) -> bool:
        wanted = widget.heightForWidth(widget.width()) if widget.hasHeightForWidth() else widget.sizeHint().height()
        right = widget.mapTo(screen, widget.rect().topRight()).x()
        width = 0 if widget.hasHeightForWidth() else widget.sizeHint().width()
        return widget.height() < wanted or widget.width() < width or right >= screen.width()

    labels = [label for label in screen.findChildren(QLabel) if label.isVisible()]
    chips = [field.segments.button(key) for field, key in [(choice(screen, "record.compression"), "none")]]
    assert len(labels) > 10
    assert [label.text() for label in labels if is_cut(label)] == []
    assert [chip.text() for chip in chips if is_cut(chip)] == []
