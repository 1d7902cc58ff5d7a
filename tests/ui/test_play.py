"""The Play screen as a person uses it: real clicks and keys, a real game, and what was recorded of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from needs import needs_box2d
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.ui.screens.play import PlayScreen
from gym_gui.ui.screens.play_cards import CARD_ROLE
from gym_gui.ui.screens.play_hud import game_block

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gym_gui.core.data_model import EpisodeSummary
    from gym_gui.ui.main_window import MainWindow

WAIT_MS = 15_000
Key = Qt.Key


class Player:
    """A person in front of the window."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot = qtbot
        self.window = window
        screen = window.made_screen("play")
        assert isinstance(screen, PlayScreen)
        self.screen = screen
        assert window.context is not None
        assert window.context.recorder is not None
        self.session = window.context.recorder.session
        self.services = window.context.recorder.services

    @property
    def state(self) -> SessionState:
        return self.session.state

    def wait_for(self, phase: Phase) -> None:
        self.qtbot.waitUntil(lambda: self.state.phase is phase, timeout=WAIT_MS)

    def wait_for_games(self) -> None:
        self.qtbot.waitUntil(lambda: self.screen.catalog.games.rowCount() > 100, timeout=WAIT_MS)

    def shown_names(self) -> list[str]:
        games = self.screen.catalog.games
        return [games.index(row, 0).data() for row in range(games.rowCount())]

    def type_text(self, text: str) -> None:
        for letter in text:
            focused = QApplication.focusWidget()
            assert focused is not None
            QTest.keyClicks(focused, letter)

    def click_card(self, row: int) -> None:
        grid = self.screen.catalog.grid
        index = self.screen.catalog.games.index(row, 0)
        grid.scrollTo(index)
        QTest.mouseClick(
            grid.viewport(),
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
            grid.visualRect(index).center(),
        )

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.screen.game, key, modifier)

    def press_for_one_step(self, key: Qt.Key) -> None:
        before = self.state.step
        self.press(key)
        self.qtbot.waitUntil(lambda: self.state.step == before + 1, timeout=WAIT_MS)
        # A press that follows a release within milliseconds is auto-repeat, as X sends it.
        self.qtbot.waitUntil(lambda: not self.screen.game.keys.held, timeout=WAIT_MS)

    def start(self, env_id: str) -> None:
        self.screen.start(env_id)
        self.wait_for(Phase.PLAYING)
        game = self.screen.game
        self.qtbot.waitUntil(lambda: game.state.in_game and game.picture.image is not None, timeout=WAIT_MS)

    def recorded(self) -> list[EpisodeSummary]:
        assert self.session.wait_at_rest(WAIT_MS / 1000)
        self.services.telemetry.flush(WAIT_MS / 1000)
        return self.services.store.list_episodes()


@pytest.fixture
def player(qtbot: QtBot, window: MainWindow) -> Player:
    return Player(qtbot, window)


def test_that_a_game_is_found_by_typing_and_started_by_one_click(player: Player) -> None:
    player.wait_for_games()
    player.type_text("frozen")
    assert player.shown_names()[0] == "Frozen Lake"
    player.click_card(0)
    player.wait_for(Phase.PLAYING)
    assert player.state.env_id == "FrozenLake-v1"
    assert player.screen.game.isVisible()
    assert player.window.windowTitle() == "Frozen Lake - gym_gui"


def test_that_a_search_begins_anew_after_a_game(player: Player) -> None:
    player.wait_for_games()
    player.type_text("pong")
    QTest.keyClick(player.screen.catalog.search, Key.Key_Return)
    player.wait_for(Phase.PLAYING)
    player.session.stop()
    player.qtbot.waitUntil(player.screen.catalog.isVisible, timeout=WAIT_MS)
    player.type_text("taxi")
    assert player.screen.catalog.search.text() == "taxi"
    assert player.shown_names()[0] == "Taxi"
    player.screen.catalog.grid.setFocus()
    QTest.keyClick(player.screen.catalog.grid, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    player.type_text("frozen")
    assert player.screen.catalog.search.text() == "frozen"


def test_that_return_in_the_search_field_plays_the_first_match(player: Player) -> None:
    player.wait_for_games()
    player.type_text("cart pole")
    QTest.keyClick(player.screen.catalog.search, Key.Key_Return)
    player.wait_for(Phase.PLAYING)
    assert player.state.env_id.startswith("CartPole")


def test_that_an_environment_of_ones_own_is_played_by_typing_its_id(
    player: Player, request: pytest.FixtureRequest
) -> None:
    player.wait_for_games()
    # Registered once the list is made, or it might be in the list.
    brittle_env = request.getfixturevalue("brittle_env")
    player.screen.catalog.search.setText("own")
    player.screen.catalog.search.setText(brittle_env)
    assert brittle_env in player.screen.catalog.empty.button.text()
    QTest.keyClick(player.screen.catalog.search, Key.Key_Return)
    player.wait_for(Phase.FAULTED)
    assert player.state.env_id == brittle_env


def test_that_an_environment_without_a_picture_says_so_and_is_played(player: Player, blind_env: str) -> None:
    player.screen.start(blind_env)
    player.wait_for(Phase.PLAYING)
    message = player.screen.game.overlays.message
    player.qtbot.waitUntil(lambda: "no picture" in message.text, timeout=WAIT_MS)
    assert message.isVisible()
    player.qtbot.waitUntil(lambda: player.state.step > 2, timeout=WAIT_MS)


@needs_box2d
def test_that_a_family_chip_filters_and_a_search_without_match_offers_all(player: Player) -> None:
    player.wait_for_games()
    every = len(player.shown_names())
    player.screen.catalog.search.setText("freeway")
    assert player.screen.catalog.count_text == "1 game"
    player.screen.catalog.search.clear()
    catalog = player.screen.catalog
    chip = next(chip for chip in catalog.chips.buttons() if chip.text() == "Box2D")
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert 0 < len(player.shown_names()) < 10
    player.type_text("zzz")
    assert player.shown_names() == []
    QTest.mouseClick(catalog.empty.button, Qt.MouseButton.LeftButton)
    assert len(player.shown_names()) == every


def test_that_a_game_that_is_not_installed_is_listed_last_with_its_reason_and_cannot_start(player: Player) -> None:
    player.wait_for_games()
    games = player.screen.catalog.games
    cards = [games.index(row, 0).data(CARD_ROLE) for row in range(games.rowCount())]
    missing = [card for card in cards if not card.available]
    if not missing:
        pytest.skip("every registered environment is installed here")
    assert cards[-len(missing) :] == missing
    assert all(card.reason for card in missing)
    player.click_card(len(cards) - 1)
    assert player.state.phase is Phase.IDLE
    mujoco = next((row for row, card in enumerate(cards) if card.reason == "needs the package mujoco"), None)
    if mujoco is not None:
        player.click_card(mujoco)
        assert player.window.toast.isVisible()
        assert player.window.toast.text.endswith(" needs the package mujoco. Install it with: pip install mujoco")
        assert "pip install mujoco" in games.index(mujoco, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_that_keys_move_the_taxi_turn_by_turn_and_everything_is_recorded(player: Player) -> None:
    player.start("Taxi-v4")
    for key in (Key.Key_Up, Key.Key_Left, Key.Key_Left):
        player.press_for_one_step(key)
    player.press(Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert player.state.phase is Phase.IDLE
    player.qtbot.waitUntil(player.screen.catalog.isVisible, timeout=WAIT_MS)
    (episode,) = player.recorded()
    assert episode.rollup.steps == 3
    assert episode.rollup.status is EpisodeStatus.ABANDONED
    run_id = episode.rollup.run_id
    steps = player.services.store.load_steps(run_id, episode.rollup.episode_id)
    assert [step.action for step in steps] == [None, 1, 3, 3]
    assert all(step.frame_ref for step in steps)
    (run,) = player.services.store.list_runs()
    assert run.state is RunState.COMPLETED


def test_that_a_played_game_moves_to_the_front_with_its_best_score(player: Player) -> None:
    player.wait_for_games()
    player.start("CliffWalking-v1")
    player.press(Key.Key_Up)
    player.qtbot.waitUntil(lambda: player.state.step == 1, timeout=WAIT_MS)
    player.session.stop()
    games = player.screen.catalog.games
    player.qtbot.waitUntil(lambda: games.index(0, 0).data(CARD_ROLE).last_played is not None, timeout=WAIT_MS)
    card = games.index(0, 0).data(CARD_ROLE)
    assert (card.env_id, card.best) == ("CliffWalking-v1", -1.0)


def test_that_the_picture_on_the_screen_is_the_step_that_was_recorded(player: Player) -> None:
    player.start("FrozenLake-v1")
    player.press(Key.Key_Down)
    player.qtbot.waitUntil(lambda: player.state.step == 1, timeout=WAIT_MS)
    newest = player.services.telemetry.recent_steps(limit=1)[0]
    assert newest.frame is not None
    height, width = newest.frame.shape[:2]
    image = player.screen.game.picture.image
    assert image is not None
    assert (image.width(), image.height()) == (width, height)
    for row, column in ((0, 0), (height // 2, width // 3), (height - 1, width - 1)):
        color = image.pixelColor(column, row)
        assert [color.red(), color.green(), color.blue()] == newest.frame[row, column].tolist()


def test_that_a_real_time_game_runs_pauses_steps_and_resets(player: Player) -> None:
    player.start("CartPole-v1")
    player.qtbot.waitUntil(lambda: player.state.step > 2, timeout=WAIT_MS)
    player.press(Key.Key_P)
    player.wait_for(Phase.PAUSED)
    assert "Paused" in player.screen.game.overlays.pill.text
    step = player.state.step
    player.press(Key.Key_Period)
    player.qtbot.waitUntil(lambda: player.state.step == step + 1, timeout=WAIT_MS)
    player.press(Key.Key_F5)
    player.qtbot.waitUntil(lambda: player.state.episode_index == 1, timeout=WAIT_MS)
    assert player.state.phase is Phase.PAUSED
    assert player.state.step == 0
    player.press(Key.Key_Escape)
    player.wait_for(Phase.PLAYING)


def test_that_the_hud_follows_steps_and_seeds_while_the_game_stands(player: Player) -> None:
    player.start("CartPole-v1")
    player.qtbot.waitUntil(lambda: player.state.step > 2, timeout=WAIT_MS)
    player.press(Key.Key_P)
    player.wait_for(Phase.PAUSED)
    hud = player.screen.game.overlays.game_hud
    for _ in range(3):
        elapsed_s = player.state.elapsed_s
        player.press_for_one_step(Key.Key_Period)
        player.qtbot.waitUntil(lambda: hud.block == game_block(player.state), timeout=WAIT_MS)
        assert player.state.elapsed_s >= elapsed_s + 1 / 50 - 1e-9
    player.session.reset(777)
    player.qtbot.waitUntil(lambda: player.state.seed == 777, timeout=WAIT_MS)
    player.qtbot.waitUntil(lambda: hud.block == game_block(player.state), timeout=WAIT_MS)
    assert player.state.phase is Phase.PAUSED
    assert hud.block is not None
    assert {row.label: row.value for row in hud.block.rows} == {
        "Step": "0",
        "Episode": "1",
        "Time": "0:00",
        "Seed": "777",
    }


def test_that_full_screen_belongs_to_the_game_and_escape_leaves_it_first(player: Player) -> None:
    window = player.window
    QTest.keyClick(window, Key.Key_F11)
    player.qtbot.waitUntil(window.isFullScreen, timeout=WAIT_MS)
    assert window.rail.isVisible(), "the catalogue needs a way out"
    player.qtbot.waitUntil(lambda: player.screen.catalog.games.rowCount() > 0, timeout=WAIT_MS)
    player.type_text("ca")
    player.qtbot.waitUntil(lambda: player.screen.catalog.search.text() == "ca", timeout=WAIT_MS)
    for _ in range(2):
        assert window.isFullScreen()
        focused = QApplication.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, Key.Key_Escape)
    assert player.screen.catalog.search.text() == ""
    player.qtbot.waitUntil(lambda: not window.isFullScreen(), timeout=WAIT_MS)
    QTest.keyClick(window, Key.Key_F11)
    player.qtbot.waitUntil(window.isFullScreen, timeout=WAIT_MS)
    player.start("CartPole-v1")
    player.qtbot.waitUntil(lambda: not window.rail.isVisible(), timeout=WAIT_MS)
    assert not window.status_bar.isVisible()
    full_button = player.screen.game.overlays.strip.full_button  # told when the page takes the rail's room
    player.qtbot.waitUntil(lambda: "Leave full screen" in full_button.toolTip(), timeout=WAIT_MS)
    assert player.screen.game.overlays.game_hud.isVisible()
    player.press(Key.Key_Escape)
    player.qtbot.waitUntil(lambda: not window.isFullScreen(), timeout=WAIT_MS)
    assert player.state.phase is Phase.PLAYING
    assert window.rail.isVisible()
    assert window.status_bar.isVisible()
    player.press(Key.Key_Escape)
    player.wait_for(Phase.PAUSED)


def test_that_a_reset_with_a_typed_seed_uses_it_and_goes_on(player: Player) -> None:
    player.start("CartPole-v1")
    player.press(Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    panel = player.screen.game.overlays.seed_panel
    assert panel.isVisible()
    panel.field.clear()
    QTest.keyClicks(panel.field, "12345")
    QTest.keyClick(panel.field, Key.Key_Return)
    player.qtbot.waitUntil(lambda: player.state.seed == 12345, timeout=WAIT_MS)
    assert not panel.isVisible()
    player.wait_for(Phase.PLAYING)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Type a whole number."),
        ("abc", "A seed is written in digits only."),
        ("-5", "A seed is not negative."),
        ("2147483648", "The highest seed is 2147483647."),
        ("9" * 5000, "The highest seed is 2147483647."),
    ],
)
def test_that_a_seed_that_is_none_is_not_accepted_and_why_is_said(player: Player, text: str, why: str) -> None:
    player.start("CartPole-v1")
    seed = player.state.seed
    player.screen.game.ask_seed()
    panel = player.screen.game.overlays.seed_panel
    panel.field.clear()
    if len(text) < 20:
        QTest.keyClicks(panel.field, text)
        assert panel.field.text() == text, "what is typed stands there"
    else:
        panel.field.setText(text)
    QTest.keyClick(panel.field, Key.Key_Return)
    assert panel.note == why
    assert panel.isVisible()
    assert player.state.seed == seed
    QTest.keyClick(panel.field, Key.Key_Escape)
    assert not panel.isVisible()
    player.wait_for(Phase.PLAYING)


def test_that_speed_keys_change_the_rate(player: Player) -> None:
    player.start("CartPole-v1")
    rate = player.state.target_hz
    player.press(Key.Key_Plus)
    player.qtbot.waitUntil(lambda: player.state.target_hz == 2 * rate, timeout=WAIT_MS)
    player.press(Key.Key_Minus)
    player.press(Key.Key_Minus)
    player.qtbot.waitUntil(lambda: player.state.speed == 0.5, timeout=WAIT_MS)


def test_that_f1_shows_the_keys_while_the_game_stands(player: Player) -> None:
    player.start("CartPole-v1")
    player.press(Key.Key_F1)
    player.wait_for(Phase.PAUSED)
    assert player.screen.game.overlays.help.isVisible()
    player.press(Key.Key_F1)
    player.wait_for(Phase.PLAYING)
    assert not player.screen.game.overlays.help.isVisible()


def test_that_h_hides_the_hud_and_the_choice_is_stored(player: Player) -> None:
    player.start("CartPole-v1")
    game = player.screen.game
    player.qtbot.waitUntil(game.overlays.game_hud.isVisible, timeout=WAIT_MS)
    player.press(Key.Key_H)
    assert not game.overlays.game_hud.isVisible()
    settings_file = player.services.paths.config_file
    player.qtbot.waitUntil(
        lambda: settings_file.exists() and "hud: false" in settings_file.read_text(), timeout=WAIT_MS
    )


def test_that_going_to_another_screen_pauses_and_lets_every_key_go(player: Player) -> None:
    player.start("MountainCar-v0")  # which lasts, however slow the machine is
    QTest.keyPress(player.screen.game, Key.Key_Left)
    assert player.screen.game.keys.held == {"left"}
    player.window.show_screen("settings")
    player.wait_for(Phase.PAUSED)
    assert player.screen.game.keys.held == frozenset()


def test_that_an_environment_that_raises_shows_why_and_the_window_lives(player: Player, brittle_env: str) -> None:
    player.screen.start(brittle_env)
    player.wait_for(Phase.FAULTED)
    message = player.screen.game.overlays.message
    player.qtbot.waitUntil(message.isVisible, timeout=WAIT_MS)
    assert "the tyre burst" in message.text
    assert message.title == "This game stopped", "its id stands in the sentence"
    for part in message.findChildren(QWidget):
        if part.isVisible():
            below = part.mapTo(message, part.rect().bottomLeft()).y()
            assert below < message.height()
            assert part.height() >= part.minimumSizeHint().height()
            if isinstance(part, QLabel) and part.wordWrap():
                assert part.height() >= part.heightForWidth(part.width())
    (episode,) = player.recorded()
    assert (episode.rollup.status, episode.rollup.steps) == (EpisodeStatus.FAULTED, 5)
    first_run = player.state.run_id
    QTest.mouseClick(message.retry_button, Qt.MouseButton.LeftButton)
    player.qtbot.waitUntil(
        lambda: player.state.phase is Phase.FAULTED and player.state.run_id != first_run, timeout=WAIT_MS
    )
    QTest.mouseClick(message.leave_button, Qt.MouseButton.LeftButton)
    player.qtbot.waitUntil(player.screen.catalog.isVisible, timeout=WAIT_MS)


def test_that_an_unknown_environment_is_answered_with_near_matches(player: Player) -> None:
    player.screen.start("CartPol-v1")
    player.wait_for(Phase.FAULTED)
    assert "CartPole-v1" in player.state.hint + player.state.message


def test_that_closing_the_window_in_mid_game_keeps_the_game(player: Player) -> None:
    player.start("CartPole-v1")
    player.qtbot.waitUntil(lambda: player.state.step > 3, timeout=WAIT_MS)
    settings = player.services.settings
    player.window.close()
    from gym_gui.services.bootstrap import open_archive  # noqa: PLC0415 - beside its only use

    with open_archive(settings) as archive:
        (episode,) = archive.store.list_episodes()
        assert episode.rollup.status is EpisodeStatus.ABANDONED
        assert (
            len(archive.store.load_steps(episode.rollup.run_id, episode.rollup.episode_id)) == episode.rollup.steps + 1
        )
