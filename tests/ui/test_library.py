"""The library in the window: real keys and clicks on real recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from recordings import Recordings

from gym_gui.core.data_model import EpisodeStatus
from gym_gui.ui.screens.library_model import COLUMNS, PICTURE, RIGHT_ALIGNED
from gym_gui.ui.screens.library_table import ROW_HEIGHT
from gym_gui.ui.screens.replay_screen import ReplayScreen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.screens.library_page import LibraryPage

WAIT_MS = 10_000


@pytest.fixture
def recordings(var_dir: Path) -> Iterator[Recordings]:
    made = Recordings(var_dir)
    yield made
    made.close()


@pytest.fixture
def filled(recordings: Recordings) -> Recordings:
    """Five episodes of four games."""
    recordings.record(40, env_id="ALE/Breakout-v5", player="human", seed=11)
    recordings.record(10, env_id="CarRacing-v3", player="random", status=EpisodeStatus.FAULTED, fault="It raised.")
    recordings.record(1250, env_id="ALE/MsPacman-v5", player="dqn", status=EpisodeStatus.ABANDONED)
    recordings.record(5, env_id="FrozenLake-v1", player="human")
    recordings.record(7, env_id="ALE/Breakout-v5", player="dqn")
    for index in range(1, 6):
        recordings.finish(f"run-{index:05d}")
    return recordings


@pytest.fixture
def library(filled: Recordings, window: MainWindow, qtbot: QtBot) -> LibraryPage:
    """The library with its five lines."""
    del filled
    page = open_library(window)
    qtbot.waitUntil(lambda: len(lines(page)) == 5, timeout=WAIT_MS)
    return page


def open_library(window: MainWindow) -> LibraryPage:
    """Go to the library."""
    window.show_screen("replay")
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    return screen.library


def lines(page: LibraryPage) -> list[str]:
    """The games of the lines that are shown."""
    model = page.table.model()
    column = COLUMNS.index(COLUMNS[0]) + 1
    return [str(model.data(model.index(row, column))) for row in range(model.rowCount())]


def test_that_every_episode_has_a_line_newest_first(library: LibraryPage) -> None:
    assert lines(library) == ["Breakout", "Frozen Lake", "Ms Pacman", "Car Racing", "Breakout"]
    assert library.count.text() == "5 episodes"


def test_that_typing_in_the_table_searches(library: LibraryPage) -> None:
    QTest.keyClicks(library.table, "brea")
    assert library.search.text() == "brea"
    assert lines(library) == ["Breakout", "Breakout"]
    assert library.count.text() == "2 of 5 episodes"


def test_that_ctrl_f_searches_and_escape_clears(library: LibraryPage) -> None:
    QTest.keyClick(library.table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert library.search.hasFocus()
    QTest.keyClicks(library.search, "human")
    assert len(lines(library)) == 2
    QTest.keyClick(library.search, Qt.Key.Key_Escape)
    assert len(lines(library)) == 5
    assert library.table.hasFocus()


def test_that_a_chip_filters(library: LibraryPage) -> None:
    chip = library.chips.button("dqn")
    assert chip is not None
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert lines(library) == ["Breakout", "Ms Pacman"]
    assert chip.isChecked()
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert len(lines(library)) == 5


def test_that_a_click_on_a_title_sorts_and_a_second_turns_it_round(library: LibraryPage) -> None:
    header = library.table.horizontalHeader()
    section = 1 + [column.value for column in COLUMNS].index("steps")
    place = header.viewport().rect().topLeft()
    place.setX(header.sectionViewportPosition(section) + 20)
    place.setY(10)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert lines(library) == ["Ms Pacman", "Breakout", "Car Racing", "Breakout", "Frozen Lake"]
    assert library.table.model().headerData(section, Qt.Orientation.Horizontal) == "Steps ↓"
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert lines(library)[0] == "Frozen Lake"


def test_that_enter_opens_the_chosen_episode(library: LibraryPage, window: MainWindow, qtbot: QtBot) -> None:
    QTest.keyClick(library.table, Qt.Key.Key_Down)
    QTest.keyClick(library.table, Qt.Key.Key_Return)
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    qtbot.waitUntil(lambda: screen.player.controller.state.length == 6, timeout=WAIT_MS)
    assert screen.player.header.title == "Frozen Lake"
    assert screen.player.controller.state.run is not None
    assert screen.player.header.facts.endswith(f"run {screen.player.controller.state.run.run_id}")
    QTest.keyClick(screen.player, Qt.Key.Key_Backspace)
    chosen = library.table.chosen_entry()
    assert chosen is not None
    assert chosen.game == "Frozen Lake"


def test_that_episodes_are_counted_as_the_command_line_counts_them(
    filled: Recordings, library: LibraryPage, window: MainWindow, qtbot: QtBot
) -> None:
    filled.record(4, env_id="CartPole-v1", episode_index=3)
    library.refresh()
    qtbot.waitUntil(lambda: lines(library)[0] == "Cart Pole", timeout=WAIT_MS)
    model = library.table.model()
    section = 1 + [column.value for column in COLUMNS].index("episode")
    assert model.data(model.index(0, section)) == "3"
    library.table.setCurrentIndex(model.index(0, 1))
    assert library.details.title.startswith("Episode 3 by")
    QTest.keyClick(library.table, Qt.Key.Key_Return)
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    qtbot.waitUntil(lambda: "episode 3" in screen.player.header.facts, timeout=WAIT_MS)


def test_that_a_double_click_opens(library: LibraryPage, window: MainWindow, qtbot: QtBot) -> None:
    table = library.table
    place = table.visualRect(table.model().index(2, 1)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    qtbot.waitUntil(lambda: screen.player.header.title == "Ms Pacman", timeout=WAIT_MS)


def test_that_chosen_lines_are_copied_as_text(library: LibraryPage) -> None:
    QTest.keyClick(library.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(library.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0].split("\t")[:3] == ["Game", "Player", "Episode"]
    assert [line.split("\t")[0] for line in copied[1:]] == ["Breakout", "Frozen Lake"]
    assert copied[1].split("\t")[-1] == "run-00005"


def test_that_the_details_follow_the_chosen_line(library: LibraryPage, window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1440, 900)
    library.table.setCurrentIndex(library.table.model().index(3, 1))
    qtbot.waitUntil(lambda: library.details.facts().get("frameskip") == "1", timeout=WAIT_MS)
    facts = library.details.facts()
    assert facts["Fault"] == "It raised."
    assert facts["Run"] == "run-00002"
    assert facts["gymnasium"] == "1.4.0"


def test_that_the_details_fold_away(library: LibraryPage, window: MainWindow) -> None:
    window.resize(1440, 900)
    assert library.details.isVisible()
    QTest.mouseClick(library._details_button, Qt.MouseButton.LeftButton)
    assert not library.details.isVisible()


def test_that_numbers_stand_right_with_thousands_apart(library: LibraryPage) -> None:
    model = library.table.model()
    section = 1 + [column.value for column in COLUMNS].index("steps")
    index = model.index(2, section)
    assert model.data(index) == "1,250"
    assert model.data(index, Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight


def test_that_pictures_of_the_ends_are_painted(library: LibraryPage, qtbot: QtBot) -> None:
    table = library.table
    box = table.visualRect(table.model().index(0, PICTURE))

    def painted() -> bool:
        color = table.viewport().grab().toImage().pixelColor(box.center() * table.devicePixelRatioF())
        return (color.red(), color.green(), color.blue()) == (7, 0, 77)

    qtbot.waitUntil(painted, timeout=WAIT_MS)


def test_that_column_widths_are_remembered(library: LibraryPage, window: MainWindow, qtbot: QtBot) -> None:
    context = window.context
    assert context is not None
    library.table.setColumnWidth(2, 222)
    qtbot.waitUntil(lambda: bool(context.settings().ui.library_columns), timeout=WAIT_MS)
    again = type(library.table)(context.theme, library.thumbnails, context.settings().ui.library_columns)
    qtbot.addWidget(again)
    assert again.columnWidth(2) == 222


def test_that_a_search_without_a_match_offers_to_clear(library: LibraryPage) -> None:
    library.search.setText("no game is called that")
    assert not library.table.isVisible()
    assert library.count.text() == "0 of 5 episodes"
    QTest.mouseClick(library._empty.button, Qt.MouseButton.LeftButton)
    assert len(lines(library)) == 5
    assert library.search.text() == ""
    assert library.table.isVisible()


def test_that_an_empty_library_invites_to_play(window: MainWindow, qtbot: QtBot) -> None:
    page = open_library(window)
    qtbot.waitUntil(
        lambda: page._empty.button.isVisible() and page._empty.button.text() == "Play a game", timeout=WAIT_MS
    )
    QTest.mouseClick(page._empty.button, Qt.MouseButton.LeftButton)
    assert window.made_screen("play") is not None
    assert not page.isVisible()


def test_that_what_another_process_records_appears_and_nothing_jumps(
    filled: Recordings, library: LibraryPage, qtbot: QtBot
) -> None:
    table = library.table
    for _ in range(20):
        filled.record(2, env_id="Taxi-v4")
    library.refresh()
    qtbot.waitUntil(lambda: len(lines(library)) == 25, timeout=WAIT_MS)
    chosen_row = 15
    table.setCurrentIndex(table.model().index(chosen_row, 1))
    table.verticalScrollBar().setValue(chosen_row * ROW_HEIGHT - 100)
    chosen = table.chosen_entry()
    assert chosen is not None
    stood = table.visualRect(table.currentIndex()).top()
    library.poll_timer.setInterval(20)
    filled.record(3, env_id="CartPole-v1")
    qtbot.waitUntil(lambda: lines(library)[0] == "Cart Pole", timeout=WAIT_MS)
    now = table.chosen_entry()
    assert now is not None
    assert now.key == chosen.key
    assert table.currentIndex().row() == chosen_row + 1
    assert table.visualRect(table.currentIndex()).top() == stood


def test_that_the_first_line_stays_in_sight_while_recordings_arrive(
    filled: Recordings, library: LibraryPage, qtbot: QtBot
) -> None:
    library.poll_timer.setInterval(20)
    filled.record(3, env_id="CartPole-v1")
    qtbot.waitUntil(lambda: lines(library)[0] == "Cart Pole", timeout=WAIT_MS)
    assert library.table.verticalScrollBar().value() == 0


def test_that_an_open_player_is_not_disturbed_by_polling(
    filled: Recordings, library: LibraryPage, window: MainWindow
) -> None:
    del filled
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    assert library.poll_timer.isActive()
    QTest.keyClick(library.table, Qt.Key.Key_Return)
    assert not library.poll_timer.isActive()
    QTest.keyClick(screen.player, Qt.Key.Key_Escape)
    assert library.poll_timer.isActive()


@pytest.mark.parametrize(
    "key", [Qt.Key.Key_Escape, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Tab, Qt.Key.Key_F2]
)
def test_that_a_key_without_a_sign_types_nothing(library: LibraryPage, key: Qt.Key) -> None:
    QTest.keyClick(library.table, key)
    assert library.search.text() == ""
    assert len(lines(library)) == 5


def test_that_escape_clears_the_search_from_the_table(library: LibraryPage) -> None:
    library.search.setText("human")
    library.table.setFocus()
    QTest.keyClick(library.table, Qt.Key.Key_Escape)
    assert library.search.text() == ""
    assert len(lines(library)) == 5


def test_that_home_and_end_go_to_the_first_and_the_last_line(library: LibraryPage) -> None:
    table = library.table
    QTest.keyClick(table, Qt.Key.Key_End)
    assert table.currentIndex().row() == 4
    QTest.keyClick(table, Qt.Key.Key_Home)
    assert table.currentIndex().row() == 0
    QTest.keyClick(table, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert len(table.selectionModel().selectedRows()) == 5


@pytest.mark.parametrize("width", [1024, 1280, 1440, 2200])
def test_that_columns_fill_the_table_and_numbers_stand_whole(
    filled: Recordings, library: LibraryPage, window: MainWindow, qtbot: QtBot, width: int
) -> None:
    filled.record(9, env_id="LunarLander-v3", seed=1753728123456789, player="a-policy-with-a-name-that-is-quite-long")
    window.resize(width, 820)
    library.refresh()
    qtbot.waitUntil(lambda: len(lines(library)) == 6, timeout=WAIT_MS)
    table = library.table
    assert table.horizontalScrollBar().maximum() == 0
    metrics = table.fontMetrics()
    for place, column in enumerate(COLUMNS, start=1):
        texts = [str(table.model().data(table.model().index(row, place))) for row in range(6)]
        if column in RIGHT_ALIGNED:
            assert max(metrics.horizontalAdvance(text) for text in texts) + 8 <= table.columnWidth(place)


def test_that_coming_back_shows_what_was_recorded_meanwhile(
    library: LibraryPage, filled: Recordings, window: MainWindow, qtbot: QtBot
) -> None:
    window.show_screen("settings")
    filled.record(3, env_id="CartPole-v1")
    window.show_screen("replay")
    qtbot.waitUntil(lambda: lines(library)[0] == "Cart Pole", timeout=WAIT_MS)
