"""The player in the window: real keys and clicks on a real recording, checked by the pixels that are painted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolButton
from recordings import Recordings

from gym_gui.controllers.replay_columns import AgentStep
from gym_gui.controllers.replay_state import StepDetails
from gym_gui.core.data_model import EpisodeStatus
from gym_gui.ui.screens.replay_screen import ReplayScreen
from gym_gui.ui.widgets.step_inspector import agent_facts, info_facts, step_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.screens.player_page import PlayerPage

STEPS = 300
WAIT_MS = 10_000


@pytest.fixture
def recordings(var_dir: Path) -> Iterator[Recordings]:
    made = Recordings(var_dir)
    yield made
    made.close()


@pytest.fixture
def episode(recordings: Recordings) -> EpisodeRollup:
    """An episode of 300 steps that was recorded before the window opened."""
    rollup = recordings.record(STEPS, shed={200, 201})
    recordings.finish(rollup.run_id)
    return rollup


@pytest.fixture
def screen(episode: EpisodeRollup, window: MainWindow) -> ReplayScreen:
    """The Replay screen, shown."""
    del episode  # it has to be there before the window is
    return replay_screen(window)


@pytest.fixture
def player(screen: ReplayScreen, episode: EpisodeRollup, qtbot: QtBot) -> PlayerPage:
    """The player with the episode open."""
    screen.open_episode(episode.run_id, episode.episode_id)
    qtbot.waitUntil(lambda: painted_step(screen.player) == 0 and not screen.player.controller.state.loading)
    return screen.player


def replay_screen(window: MainWindow) -> ReplayScreen:
    """Go to the Replay screen."""
    window.show_screen("replay")
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    return screen


def painted_step(player: PlayerPage) -> int | None:
    """The step that the pixel in the middle of the painted picture tells; None where there is no picture."""
    picture = player.stage.picture
    if picture.image is None:
        return None
    color = picture.grab().toImage().pixelColor(picture.target.center() * picture.devicePixelRatioF())
    return color.red() + 256 * color.green()


def at(player: PlayerPage, step: int) -> Callable[[], bool]:
    """Whether playhead and painted picture are both at *step*."""
    return lambda: player.controller.state.step_index == step and painted_step(player) == step


@pytest.mark.parametrize(
    ("keys", "stands"),
    [
        ([(Qt.Key.Key_Period, "")], 101),
        ([(Qt.Key.Key_Comma, "")], 99),
        ([(Qt.Key.Key_Right, ""), (Qt.Key.Key_Right, "")], 102),
        ([(Qt.Key.Key_Period, "shift")], 110),
        ([(Qt.Key.Key_Comma, "shift")], 90),
        ([(Qt.Key.Key_Greater, "shift")], 110),
        ([(Qt.Key.Key_Less, "shift")], 90),
        ([(Qt.Key.Key_End, "")], STEPS),
        ([(Qt.Key.Key_Home, "")], 0),
        ([(Qt.Key.Key_End, ""), (Qt.Key.Key_Left, "")], STEPS - 1),
    ],
)
def test_that_keys_step_and_jump(player: PlayerPage, qtbot: QtBot, keys: list[tuple[Qt.Key, str]], stands: int) -> None:
    player.controller.seek(100)
    for key, modifier in keys:
        held = Qt.KeyboardModifier.ShiftModifier if modifier else Qt.KeyboardModifier.NoModifier
        QTest.keyClick(player, key, held)
    qtbot.waitUntil(at(player, stands), timeout=WAIT_MS)


def test_that_space_plays_and_pauses(player: PlayerPage, qtbot: QtBot) -> None:
    QTest.keyClick(player, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: player.controller.state.playing and player.controller.state.position > 5, timeout=WAIT_MS)
    QTest.keyClick(player, Qt.Key.Key_Space)
    state = player.controller.state
    assert not state.playing
    qtbot.waitUntil(at(player, state.step_index), timeout=WAIT_MS)


def test_that_j_k_l_and_brackets_set_direction_and_speed(player: PlayerPage) -> None:
    player.controller.seek(150)
    told = []
    for key in "llljjk]][":
        QTest.keyClicks(player, key)
        state = player.controller.state
        told.append((state.playing, state.direction, state.speed))
    assert told == [
        (True, 1, 1.0),
        (True, 1, 2.0),
        (True, 1, 4.0),
        (True, -1, 1.0),
        (True, -1, 2.0),
        (False, 1, 1.0),
        (False, 1, 2.0),
        (False, 1, 4.0),
        (False, 1, 2.0),
    ]


def test_that_reverse_plays_down_to_the_first_picture(player: PlayerPage, qtbot: QtBot) -> None:
    player.controller.set_speed(16.0)
    player.controller.end()
    QTest.mouseClick(button_of(player, "Play backwards"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(at(player, 0), timeout=WAIT_MS)
    assert not player.controller.state.playing


def test_that_every_transport_button_does_what_its_tooltip_says(player: PlayerPage, qtbot: QtBot) -> None:
    player.controller.seek(100)
    for name, stands in (
        ("One step on", 101),
        ("Ten steps on", 111),
        ("One step back", 110),
        ("Ten steps back", 100),
        ("Go to the end", STEPS),
        ("Go to the start", 0),
    ):
        QTest.mouseClick(button_of(player, name), Qt.MouseButton.LeftButton)
        qtbot.waitUntil(at(player, stands), timeout=WAIT_MS)
    QTest.mouseClick(button_of(player, "Loop"), Qt.MouseButton.LeftButton)
    assert player.controller.state.loop


def button_of(player: PlayerPage, name: str) -> QWidget:
    """The transport's button of this name."""
    return next(b for b in player.transport.findChildren(QToolButton) if b.accessibleName() == name)


def test_that_a_typed_step_is_gone_to(player: PlayerPage, qtbot: QtBot) -> None:
    QTest.keyClick(player, Qt.Key.Key_G)
    edit = player.transport.steps.edit
    assert edit.hasFocus()
    QTest.keyClicks(edit, "2,34")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(at(player, 234), timeout=WAIT_MS)
    assert player.transport.steps.text == "234 / 300"
    assert player.hasFocus()


def test_that_typing_a_step_can_be_given_up(player: PlayerPage) -> None:
    player.controller.seek(50)
    QTest.keyClick(player, Qt.Key.Key_G)
    edit = player.transport.steps.edit
    QTest.keyClicks(edit, "99")
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert player.transport.steps.text == "50 / 300"
    assert player.isVisible()


def test_that_a_click_and_a_drag_on_the_plots_seek(player: PlayerPage, qtbot: QtBot) -> None:
    timeline = player.timeline
    x_of = timeline.scale.x_of
    place = QPoint(round(x_of(120)), timeline.height() // 2)
    QTest.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place)
    asked = timeline.scale.position_at(place.x())
    assert abs(asked - 120) <= 1
    qtbot.waitUntil(at(player, asked), timeout=WAIT_MS)
    QTest.mousePress(timeline, Qt.MouseButton.LeftButton, pos=place)
    for step in range(121, 181):
        QTest.mouseMove(timeline, QPoint(round(x_of(step)), 10))
    QTest.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=QPoint(round(x_of(180)), 10))
    qtbot.waitUntil(at(player, timeline.scale.position_at(round(x_of(180)))), timeout=WAIT_MS)
    assert timeline.position == player.controller.state.position


def test_that_the_playhead_is_painted_where_the_step_is(player: PlayerPage, qtbot: QtBot) -> None:
    player.controller.seek(100)
    qtbot.waitUntil(at(player, 100), timeout=WAIT_MS)
    image = player.timeline.grab().toImage()
    ratio = player.timeline.devicePixelRatioF()
    x = int((round(player.timeline.scale.x_of(100)) + 0.5) * ratio)
    color = image.pixelColor(x, int(60 * ratio))
    assert color.name() == player._theme.color("accent").name()


def test_that_the_readout_tells_step_reward_return_and_event(player: PlayerPage) -> None:
    assert player.timeline.readout(100) == "Step 100  ·  reward 1  ·  return 20  ·  Life lost, 2 left"
    assert "Terminated" in player.timeline.readout(STEPS)
    assert player.timeline.readout(0) == "Step 0  ·  return 0"


def test_that_the_inspector_tells_the_step(player: PlayerPage, qtbot: QtBot) -> None:
    player.controller.seek(10)
    qtbot.waitUntil(lambda: player.inspector.facts().get("frame_number") == "40", timeout=WAIT_MS)
    facts = player.inspector.facts()
    assert facts["Action"].startswith("10")
    assert facts["Action"].endswith("Up fire")
    assert (facts["Reward"], facts["Return"]) == ("+1", "2")


def test_that_the_frame_reference_is_copied(player: PlayerPage, episode: EpisodeRollup, qtbot: QtBot) -> None:
    player.controller.seek(42)
    ref = f"h5://{episode.run_id}/frames/42"
    qtbot.waitUntil(lambda: player.inspector.facts().get("Frame") == ref, timeout=WAIT_MS)
    copy = next(b for b in player.inspector.findChildren(QToolButton) if b.toolTip() == "Copy" and b.isVisible())
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == ref


def test_that_a_step_without_a_picture_says_so_over_the_one_before(player: PlayerPage, qtbot: QtBot) -> None:
    player.controller.seek(201)
    qtbot.waitUntil(lambda: painted_step(player) == 199, timeout=WAIT_MS)
    assert "No picture was kept for this step" in player.stage.message
    player.controller.seek(202)
    qtbot.waitUntil(at(player, 204 - 2), timeout=WAIT_MS)
    assert player.stage.message == ""


def test_that_escape_goes_back_to_the_library(screen: ReplayScreen, player: PlayerPage) -> None:
    QTest.keyClick(player, Qt.Key.Key_Escape)
    assert screen.library.isVisible()
    assert not player.isVisible()
    assert player.controller.state.length == 0


def test_that_the_menu_lists_every_action_with_its_key(player: PlayerPage) -> None:
    menu = player.header.findChild(QMenu)
    assert isinstance(menu, QMenu)
    shortcuts = {action.text(): action.shortcut().toString() for action in menu.actions() if action.text()}
    assert shortcuts["Play or pause"] == "Space"
    assert shortcuts["Faster"] == "]"
    assert shortcuts["Go to the end"] == "End"
    assert len(shortcuts) >= 15


def test_that_n_and_b_go_from_event_to_event(player: PlayerPage, qtbot: QtBot) -> None:
    QTest.keyClicks(player, "nnb")
    qtbot.waitUntil(at(player, STEPS // 3), timeout=WAIT_MS)


def test_that_the_plots_fold_away_and_come_back(player: PlayerPage, qtbot: QtBot) -> None:
    high = player.timeline.height()
    QTest.keyClicks(player, "p")
    assert player.timeline.height() < high
    place = QPoint(round(player.timeline.scale.x_of(90)), 10)
    QTest.mouseClick(player.timeline, Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(at(player, player.timeline.scale.position_at(place.x())), timeout=WAIT_MS)
    QTest.keyClicks(player, "p")
    assert player.timeline.height() == high


def test_that_a_click_on_the_picture_plays_and_pauses(player: PlayerPage) -> None:
    told = []
    for _ in range(2):
        QTest.mouseClick(player.stage, Qt.MouseButton.LeftButton)
        told.append(player.controller.state.playing)
    assert told == [True, False]


def test_that_picture_and_reference_are_copied(player: PlayerPage, episode: EpisodeRollup, qtbot: QtBot) -> None:
    player.controller.seek(77)
    qtbot.waitUntil(at(player, 77), timeout=WAIT_MS)
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(player, Qt.Key.Key_C, control)
    color = QGuiApplication.clipboard().image().pixelColor(3, 3)
    assert (color.red(), color.green(), color.blue()) == (77, 0, 77)
    QTest.keyClick(player, Qt.Key.Key_C, control | Qt.KeyboardModifier.ShiftModifier)
    assert QGuiApplication.clipboard().text() == f"h5://{episode.run_id}/frames/77"


def test_that_leaving_the_screen_pauses(window: MainWindow, player: PlayerPage) -> None:
    player.controller.play()
    window.show_screen("settings")
    assert not player.controller.state.playing


def test_that_a_missing_file_is_said_where_the_picture_would_be(
    recordings: Recordings, window: MainWindow, qtbot: QtBot
) -> None:
    rollup = recordings.record(30)
    recordings.finish(rollup.run_id).unlink()
    screen = replay_screen(window)
    screen.open_episode(rollup.run_id, rollup.episode_id)
    qtbot.waitUntil(lambda: rollup.run_id in screen.player.stage.message, timeout=WAIT_MS)
    screen.player.controller.seek(10)
    qtbot.waitUntil(lambda: screen.player.inspector.facts().get("Return") == "2", timeout=WAIT_MS)
    assert screen.player.timeline.scale.length == 31


def test_that_an_episode_that_is_not_there_is_said_with_a_way_back(window: MainWindow, qtbot: QtBot) -> None:
    screen = replay_screen(window)
    screen.open_episode("no-such-run")
    player = screen.player
    qtbot.waitUntil(lambda: bool(player.controller.state.fault), timeout=WAIT_MS)
    assert player._fault.isVisible()
    QTest.mouseClick(player._fault.button, Qt.MouseButton.LeftButton)
    assert screen.library.isVisible()


def test_that_an_episode_being_recorded_grows_while_it_is_watched(
    recordings: Recordings, window: MainWindow, qtbot: QtBot
) -> None:
    rollup = recordings.record(20, status=EpisodeStatus.RUNNING)
    screen = replay_screen(window)
    screen.open_episode(rollup.run_id)
    player = screen.player
    qtbot.waitUntil(lambda: player.controller.state.length == 21, timeout=WAIT_MS)
    recordings.append(rollup, 21, 40)
    qtbot.waitUntil(lambda: player.controller.state.length == 41, timeout=WAIT_MS)
    player.controller.end()
    qtbot.waitUntil(at(player, 40), timeout=WAIT_MS)


def test_that_both_themes_repaint_the_timeline(player: PlayerPage, window: MainWindow) -> None:
    grounds = set()
    for mode in ("dark", "light"):
        window.context.theme.set_mode(mode) if window.context is not None else None
        QApplication.processEvents()
        grounds.add(player.timeline.grab().toImage().pixelColor(2, 2).name())
    assert len(grounds) == 2


def test_that_the_value_under_the_pointer_can_be_copied_whole(player: PlayerPage, qtbot: QtBot) -> None:
    player.controller.seek(10)
    qtbot.waitUntil(lambda: player.inspector.facts().get("frame_number") == "40", timeout=WAIT_MS)
    grid = player.inspector._info
    key, _, copy = grid._rows[[fact.key for fact in grid.facts].index("frame_number")]
    assert not copy.isVisible()

    def pointed_at() -> bool:
        # Two places: a pointer that stands already where it is sent to does not move, and the row finds its place late.
        for place in (key.geometry().topLeft(), key.geometry().center()):
            QTest.mouseMove(grid, place)
        return copy.isVisible()

    qtbot.waitUntil(pointed_at, timeout=WAIT_MS)
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "40"


def test_that_a_long_value_is_copied_whole() -> None:
    long = "x" * 1_000
    (fact,) = info_facts({"long": long})
    assert len(fact.value) < len(long)
    assert fact.taken == long


def test_that_an_atari_picture_is_three_times_its_size_in_a_window_of_1440_by_900(
    recordings: Recordings, window: MainWindow, qtbot: QtBot
) -> None:
    rollup = recordings.record(20, shape=(210, 160, 3))
    recordings.finish(rollup.run_id)
    window.resize(1440, 900)
    screen = replay_screen(window)
    screen.open_episode(rollup.run_id)
    qtbot.waitUntil(at(screen.player, 0), timeout=WAIT_MS)
    assert not screen.player.timeline.compact
    qtbot.waitUntil(lambda: screen.player.stage.picture.target.height() == 630, timeout=WAIT_MS)


def test_that_the_step_names_each_of_several_agents() -> None:
    agents = (
        AgentStep(agent_id="a", action=5, reward=3.0, total_reward=6.0, terminated=False, truncated=False),
        AgentStep(agent_id="b", action=None, reward=None, total_reward=0.5, terminated=True, truncated=False),
    )
    details = StepDetails(
        position=3,
        step_index=3,
        action="",
        action_name="",
        action_parts=(),
        reward=3.0,
        total_reward=6.5,
        terminated=False,
        truncated=False,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        frame_ref=None,
        note="",
        info=None,
        agents=agents,
    )
    told = {fact.key: fact.value for fact in (*step_facts(details), *agent_facts(details.agents))}
    assert told["a"] == "5  ·  reward +3  ·  return 6"
    assert told["b"] == "return 0.5  ·  terminated"
    assert (told["Reward"], told["Return"]) == ("+3", "6.5")
    assert "Action" not in told
