"""The export dialog over the player: real keys and clicks, real files; stopped, replaced, and shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from recordings import Recordings
from shiboken6 import isValid
from synthetic import final_of, run_of
from ui.test_replay import WAIT_MS, replay_screen

from gym_gui.controllers.export_form import ExportForm
from gym_gui.core.data_model import EpisodeSummary
from gym_gui.recording.export import FORMATS
from gym_gui.ui.screens.export_dialog import ExportDialog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.screens.player_page import PlayerPage

STEPS = 120
# The offscreen platform's own words about every dialog.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def player(var_dir: Path, request: pytest.FixtureRequest, qtbot: QtBot) -> Iterator[PlayerPage]:
    """The player with an episode that was recorded before the window opened, at step 20."""
    made = Recordings(var_dir)
    rollup = made.record(STEPS)
    made.finish(rollup.run_id)
    yield open_player(rollup, request.getfixturevalue("window"), qtbot)
    made.close()


@pytest.fixture
def blind_player(var_dir: Path, request: pytest.FixtureRequest, qtbot: QtBot) -> Iterator[PlayerPage]:
    """The player with the second episode of a run, which has no pictures as its first one has."""
    made = Recordings(var_dir)
    first = made.record(STEPS, run_id="half")
    made.store.upsert_episode(replace(first, frames=STEPS + 1), stored_bytes=1000 * STEPS)
    rollup = made.record(STEPS, run_id="half", episode_index=1, pictures=False)
    made.finish(rollup.run_id)
    yield open_player(rollup, request.getfixturevalue("window"), qtbot)
    made.close()


def open_player(rollup: EpisodeRollup, window: MainWindow, qtbot: QtBot) -> PlayerPage:
    """Open an episode and go to step 20."""
    screen = replay_screen(window)
    screen.open_episode(rollup.run_id, rollup.episode_id)
    qtbot.waitUntil(
        lambda: screen.player.controller.state.episode is not None and not screen.player.controller.state.loading
    )
    screen.player.controller.seek(20)
    qtbot.waitUntil(lambda: screen.player.controller.state.step_index == 20, timeout=WAIT_MS)
    return screen.player


@pytest.fixture
def dialog(player: PlayerPage, qtbot: QtBot) -> Iterator[ExportDialog]:
    """The dialog that Ctrl+E opens."""
    yield from open_dialog(player, qtbot)


@pytest.fixture
def blind_dialog(blind_player: PlayerPage, qtbot: QtBot) -> Iterator[ExportDialog]:
    """Likewise, of the episode without pictures."""
    yield from open_dialog(blind_player, qtbot)


def open_dialog(player: PlayerPage, qtbot: QtBot) -> Iterator[ExportDialog]:
    """Open it; closed in the end."""
    QTest.keyClick(player, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: player.findChild(ExportDialog) is not None, timeout=WAIT_MS)
    found = player.findChild(ExportDialog)
    assert isinstance(found, ExportDialog)
    yield found
    if isValid(found):
        found.close()


def choose(dialog: ExportDialog, name: str, path: Path) -> None:
    """Choose a format and type where to."""
    dialog.formats.setCurrentRow([one.name for one in FORMATS].index(name))
    dialog.path.selectAll()
    QTest.keyClicks(dialog.path, str(path))


def export(dialog: ExportDialog, qtbot: QtBot) -> None:
    """Press Export and wait for its end."""
    QTest.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.job.running and bool(dialog.message.text()), timeout=WAIT_MS)


def test_that_every_format_is_offered_with_its_own_options(dialog: ExportDialog) -> None:
    shown = {}
    for row, one in enumerate(FORMATS):
        dialog.formats.setCurrentRow(row)
        shown[one.name] = {name for name, switch in dialog.options.switches.items() if not switch.isHidden()}
        assert Path(dialog.path.text()).name.startswith("Breakout-v5-episode-0")
    assert shown["mp4"] == {"overlay", "lossless"}  # no sound was recorded
    assert shown["parquet"] == {"frames", "partitioned"}
    assert shown["csv"] == set()
    assert dialog.isModal()


def test_that_an_episode_is_exported_and_its_path_copied(dialog: ExportDialog, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "out.csv"
    choose(dialog, "csv", path)
    assert dialog.estimate.text().startswith("121 rows, about ")
    export(dialog, qtbot)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 122
    assert dialog.message.text().startswith("Exported 121 rows")
    QTest.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == str(path)
    assert dialog.folder_button.isVisible()


def test_that_steps_begin_where_the_player_stands_and_can_be_typed(
    dialog: ExportDialog, tmp_path: Path, qtbot: QtBot
) -> None:
    choose(dialog, "png", tmp_path / "pictures")
    QTest.mouseClick(dialog.scopes.button("steps"), Qt.MouseButton.LeftButton)
    assert dialog.first.text() == "20"
    dialog.last.selectAll()
    QTest.keyClicks(dialog.last, "22")
    assert dialog.estimate.text().startswith("3 pictures")
    export(dialog, qtbot)
    assert sorted(path.name[-10:] for path in (tmp_path / "pictures").iterdir()) == [
        "000020.png",
        "000021.png",
        "000022.png",
    ]


def test_that_what_is_there_is_replaced_only_when_asked_twice(
    dialog: ExportDialog, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "out.json"
    path.write_text("mine")
    choose(dialog, "json", path)
    QTest.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    assert (dialog.export_button.text(), dialog.message.text()) == ("Replace it", "out.json is there already.")
    assert path.read_text() == "mine"
    export(dialog, qtbot)
    qtbot.waitUntil(lambda: dialog.message.text().startswith("Exported"), timeout=WAIT_MS)
    assert path.read_text(encoding="utf-8").startswith("{")


def test_that_an_export_can_be_stopped_and_leaves_nothing(dialog: ExportDialog, tmp_path: Path, qtbot: QtBot) -> None:
    choose(dialog, "mp4", tmp_path / "out.mp4")
    dialog.options.scale.set_value(8)
    QTest.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    assert dialog.job.running
    assert not dialog.formats.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not dialog.job.running, timeout=WAIT_MS)
    assert dialog.message.text() == "Stopped. Nothing was left behind."
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".mp4"]
    assert dialog.formats.isEnabled()


def test_that_what_cannot_be_is_said_in_the_dialog(dialog: ExportDialog, tmp_path: Path, qtbot: QtBot) -> None:
    choose(dialog, "csv", tmp_path / "no" / "folder" / "out.csv")
    export(dialog, qtbot)
    assert dialog.message.text().startswith("There is no folder")
    assert dialog.export_button.isEnabled()


def test_that_escape_closes_the_dialog_and_the_menu_names_the_key(player: PlayerPage, dialog: ExportDialog) -> None:
    assert player.player_actions.export.shortcut().toString() == "Ctrl+E"
    assert "Ctrl+E" in player.player_actions.export.toolTip()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert player.isVisible()


def offered(dialog: ExportDialog) -> set[str]:
    """The formats that can be chosen."""
    can = Qt.ItemFlag.ItemIsEnabled
    return {one.name for row, one in enumerate(FORMATS) if dialog.formats.item(row).flags() & can}


def test_that_an_episode_without_pictures_is_offered_no_format_that_needs_them(
    blind_dialog: ExportDialog, tmp_path: Path, qtbot: QtBot
) -> None:
    pictured = {"mp4", "gif", "png"}
    why = "No pictures of this episode were recorded, so there is no MP4 of it."
    assert not offered(blind_dialog) & pictured
    assert blind_dialog.formats.item([one.name for one in FORMATS].index("mp4")).toolTip() == why
    assert blind_dialog.form.format == "parquet"
    assert blind_dialog.estimate.text().startswith(f"{STEPS + 1} rows")
    choose(blind_dialog, "json", tmp_path / "out.json")
    export(blind_dialog, qtbot)
    assert blind_dialog.message.text().startswith("Exported")


def test_that_a_run_without_sound_is_offered_none(dialog: ExportDialog) -> None:
    assert offered(dialog) == {one.name for one in FORMATS} - {"wav"}
    why = "No sound of this run was recorded, so there is no WAV of it."
    assert dialog.formats.item([one.name for one in FORMATS].index("wav")).toolTip() == why


def test_that_pictures_elsewhere_in_the_run_are_counted_and_offered(blind_dialog: ExportDialog) -> None:
    QTest.mouseClick(blind_dialog.scopes.button("run"), Qt.MouseButton.LeftButton)
    assert {"mp4", "gif", "png"} <= offered(blind_dialog)
    blind_dialog.formats.setCurrentRow([one.name for one in FORMATS].index("gif"))
    assert blind_dialog.estimate.text().startswith(f"{STEPS + 1} pictures")
    QTest.mouseClick(blind_dialog.scopes.button("episode"), Qt.MouseButton.LeftButton)
    assert not blind_dialog.export_button.isEnabled()
    assert blind_dialog.message.text() == "No pictures of this episode were recorded, so there is no GIF of it."
    assert "about" not in blind_dialog.estimate.text()


def test_that_of_two_episodes_of_one_number_the_open_one_is_exported() -> None:
    first, second = (final_of("run", 3, steps=steps, episode_id=f"w{steps}-e3") for steps in (5, 9))
    episodes = tuple(EpisodeSummary(rollup=one, env_id="x", player="y", size_bytes=1) for one in (first, second))
    form = ExportForm(run=run_of("run"), episodes=episodes, opened=second, path="out.csv")
    assert (form.rows, form.request(overwrite=False).episodes) == (10, ("w9-e3",))
