"""Payloads in a real game: the grid of the lake that is walked on, cards as text, a graph instead of nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gym_gui.controllers.session_state import Phase
from gym_gui.ui.screens.play import PlayScreen
from gym_gui.ui.screens.play_help import window_keys
from gym_gui.ui.view_choices import PAYLOAD, PICTURE
from gym_gui.ui.widgets.graph_view import GraphView
from gym_gui.ui.widgets.grid_view import GridView
from gym_gui.ui.widgets.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.screens.play_game import GamePage

WAIT_MS = 15_000
Key = Qt.Key


class Person:
    """Somebody who plays."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot = qtbot
        self.window = window
        screen = window.made_screen("play")
        assert isinstance(screen, PlayScreen)
        self.screen = screen

    @property
    def game(self) -> GamePage:
        return self.screen.game

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=WAIT_MS)

    def start(self, env_id: str) -> None:
        self.screen.start(env_id)
        self.until(lambda: self.game.state.env_id == env_id and self.game.state.phase is Phase.PLAYING)
        self.until(lambda: bool(self.game.view.shown))

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.game, key)
        self.until(lambda: not self.game.keys.held)


@pytest.fixture
def person(qtbot: QtBot, window: MainWindow) -> Person:
    return Person(qtbot, window)


@pytest.fixture
def graph_env() -> Iterator[str]:
    """The id of an environment that draws nothing and sees a graph."""
    import gymnasium  # noqa: PLC0415 - 0.4 s, for the tests that need it
    from gymnasium.spaces import Box, Discrete, Graph, GraphInstance  # noqa: PLC0415 - as above

    class Roads(gymnasium.Env[Any, Any]):
        metadata = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own form

        def __init__(self) -> None:
            self.action_space = Discrete(2)
            self.observation_space = Graph(node_space=Box(-1, 1, (1,)), edge_space=Box(0, 1, (1,)))

        def seen(self) -> GraphInstance:
            nodes = np.linspace(-1, 1, 5, dtype=np.float32).reshape(5, 1)
            return GraphInstance(nodes, np.ones((4, 1), np.float32), np.array([[0, 1], [1, 2], [2, 3], [3, 4]]))

        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[GraphInstance, dict[str, Any]]:
            super().reset(seed=seed, options=options)
            return self.seen(), {}

        def step(self, action: int) -> tuple[GraphInstance, float, bool, bool, dict[str, Any]]:  # noqa: ARG002 - as above
            return self.seen(), 1.0, False, False, {}

    def make_roads(**_: Any) -> Roads:
        return Roads()

    gymnasium.register("Roads-v0", make_roads, order_enforce=False, disable_env_checker=True)
    yield "Roads-v0"
    del gymnasium.registry["Roads-v0"]


def covers(game: GamePage) -> bool:
    """Whether the payload is seen in the picture's place."""
    return game.view.is_shown


def agent_of(game: GamePage) -> tuple[int, int] | None:
    """Where the agent stands in the grid that is shown."""
    view = game.view.payload.widget
    if not isinstance(view, GridView) or view.payload is None:
        return None
    (agent,) = view.payload.agents
    return agent.row, agent.column


def test_that_the_lake_is_a_grid_and_the_elf_walks_on_it(person: Person) -> None:
    person.start("CliffWalking-v1")
    game = person.game
    person.until(lambda: game.view.switch.has_choice)
    assert not covers(game)
    assert agent_of(game) is None, "nothing is read while the picture is looked at"
    QTest.keyClick(game, Key.Key_V)
    assert covers(game)
    person.until(lambda: agent_of(game) == (3, 0))
    person.press(Key.Key_Up)
    person.until(lambda: agent_of(game) == (2, 0))
    person.press(Key.Key_Right)
    person.until(lambda: agent_of(game) == (2, 1))
    view = game.view.payload.widget
    assert isinstance(view, GridView)
    box, ratio = view.cell_rect(2, 1), view.devicePixelRatioF()
    color = view.grab().toImage().pixelColor(int((box.left() + 1) * ratio), int(box.center().y() * ratio))
    assert color == view._theme.color("accent")
    cells = (
        view.cell_rect(0, 0)
        .united(view.cell_rect(3, 11))
        .toAlignedRect()
        .translated(view.mapTo(game, view.rect().topLeft()))
    )
    for hud in (game.overlays.game_hud, game.overlays.rate_hud):
        assert not hud.geometry().intersects(cells), "the HUD covers no cell"


def test_that_the_switch_in_the_strip_goes_back_and_the_choice_holds_for_the_replay(person: Person) -> None:
    person.start("FrozenLake-v1")
    game = person.game
    person.until(lambda: game.view.switch.has_choice)
    game._show_strip()
    assert game.view.switch.isVisible()
    QTest.mouseClick(game.view.switch.button(PAYLOAD), Qt.MouseButton.LeftButton)
    assert covers(game)
    assert person.window.context is not None
    assert person.window.context.view_choices.wanted("FrozenLake-v1") == PAYLOAD
    QTest.mouseClick(game.view.switch.button(PICTURE), Qt.MouseButton.LeftButton)
    assert not covers(game)
    assert game.hasFocus(), "the keys stay with the game"


def test_that_cards_are_text(person: Person) -> None:
    person.start("Blackjack-v1")
    person.until(lambda: person.game.view.switch.has_choice)
    QTest.keyClick(person.game, Key.Key_V)
    view = person.game.view.payload.widget
    assert isinstance(view, TextView)
    assert view.text.startswith("You: ")
    assert "Dealer: " in view.text


def test_that_a_graph_is_shown_where_nothing_is_drawn(person: Person, graph_env: str) -> None:
    person.start(graph_env)
    game = person.game
    view = game.view.payload.widget
    assert isinstance(view, GraphView)
    person.until(lambda: view.spot(4) is not None)
    assert covers(game)
    assert not game.overlays.message.isVisible()


@pytest.mark.parametrize("views", [True, False])
def test_that_the_help_names_the_key_where_there_is_something_to_switch(views: bool) -> None:
    keys = [key for keys, _ in window_keys((), turn_based=True, views=views, sound=False) for key in keys]
    assert ("V" in keys) is views
    assert "H" in keys


def test_that_another_game_shows_nothing_of_the_one_before(person: Person) -> None:
    person.start("FrozenLake-v1")
    person.until(lambda: person.game.view.switch.has_choice)
    QTest.keyClick(person.game, Key.Key_V)
    assert covers(person.game)
    person.screen.start("CartPole-v1")
    person.until(lambda: person.game.state.env_id == "CartPole-v1" and person.game.picture.image is not None)
    assert not covers(person.game)
    assert not person.game.view.switch.isVisible()
