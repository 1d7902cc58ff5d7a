"""Payloads in the player: the switch, its key, what is remembered, legacy payloads, and the inspector's panels."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from payloads import graph, grid, text
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListView, QMenu
from recordings import Recordings

from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.replay_screen import ReplayScreen
from gym_gui.ui.view_choices import LEGACY, PAYLOAD, PICTURE
from gym_gui.ui.widgets.grid_view import GridView
from gym_gui.ui.widgets.payload_facts import LargeValue, vector_panel
from gym_gui.ui.widgets.payload_panels import ArrayLines, LazyArray
from gym_gui.ui.widgets.step_inspector import WIDTH
from gym_gui.ui.widgets.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.screens.player_page import PlayerPage

    More = Callable[[int], Mapping[str, Any]]

WAIT_MS = 15_000
Key = Qt.Key
Left = Qt.MouseButton.LeftButton


@pytest.fixture
def recordings(var_dir: Path) -> Iterator[Recordings]:
    made = Recordings(var_dir)
    yield made
    made.close()


class Watcher:
    """A person who opens episodes."""

    def __init__(self, qtbot: QtBot, window: MainWindow, recordings: Recordings) -> None:
        self.qtbot = qtbot
        self.window = window
        self.recordings = recordings
        window.show_screen("replay")
        screen = window.made_screen("replay")
        assert isinstance(screen, ReplayScreen)
        self.screen = screen

    @property
    def player(self) -> PlayerPage:
        return self.screen.player

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=WAIT_MS)

    def open(self, more: More, *, env_id: str = "FrozenLake-v1", pictures: bool = True) -> PlayerPage:
        self.recordings.more = more
        rollup = self.recordings.record(30, env_id=env_id, pictures=pictures)
        self.recordings.finish(rollup.run_id)
        self.screen.open_episode(rollup.run_id, rollup.episode_id)
        self.until(lambda: self.player.controller.state.loaded == 31)
        return self.player

    def shows(self, view: str) -> None:
        """Wait until *view* is what is seen."""
        self.until(lambda: self.player.stage.shown == view)
        assert self.player.stage.payload.isVisible() == (view != PICTURE)


@pytest.fixture
def watcher(qtbot: QtBot, window: MainWindow, recordings: Recordings) -> Watcher:
    return Watcher(qtbot, window, recordings)


def walking(step: int) -> Mapping[str, Any]:
    return {"view": grid(step // 4 % 4, step % 4)}


def test_that_v_and_the_switch_change_between_picture_and_grid(watcher: Watcher) -> None:
    player = watcher.open(walking)
    switch = player.stage.switch
    watcher.until(switch.isVisible)
    watcher.shows(PICTURE)
    QTest.keyClick(player, Key.Key_V)
    watcher.shows(PAYLOAD)
    assert switch.button(PAYLOAD).isChecked()
    assert switch.button(PAYLOAD).text() == "Grid"
    assert "(V)" in switch.button(PAYLOAD).toolTip()
    QTest.mouseClick(switch.button(PICTURE), Left)
    watcher.shows(PICTURE)
    QTest.mouseClick(switch.button(PAYLOAD), Left)
    watcher.shows(PAYLOAD)
    assert player.player_actions.view.shortcut().toString() == "V"


def test_that_the_agent_walks_with_the_playhead(watcher: Watcher) -> None:
    player = watcher.open(walking)
    watcher.until(player.stage.switch.isVisible)
    QTest.keyClick(player, Key.Key_V)
    for step, place in ((0, (0, 0)), (5, (1, 1)), (30, (3, 2)), (14, (3, 2))):
        player.controller.seek(step)
        watcher.until(partial(stands_at, player, place))
    view = player.stage.payload.widget
    assert isinstance(view, GridView)
    box, ratio = view.cell_rect(3, 2), view.devicePixelRatioF()
    color = view.grab().toImage().pixelColor(int((box.left() + 1) * ratio), int(box.center().y() * ratio))
    assert color == view._theme.color("accent"), "the agent's cell has a frame"


def stands_at(player: PlayerPage, place: tuple[int, int]) -> bool:
    """Whether the agent of the grid that is shown stands there."""
    return agent_of(player) == place


def agent_of(player: PlayerPage) -> tuple[int, int] | None:
    """Where the agent stands in the grid that is shown."""
    view = player.stage.payload.widget
    if not isinstance(view, GridView) or view.payload is None:
        return None
    (agent,) = view.payload.agents
    return agent.row, agent.column


def test_that_a_click_on_the_grid_plays_and_pauses(watcher: Watcher) -> None:
    player = watcher.open(walking, pictures=False)
    watcher.shows(PAYLOAD)
    widget = player.stage.payload.widget
    assert widget is not None
    QTest.mouseClick(widget, Left)
    assert player.controller.state.playing
    QTest.mouseClick(widget, Left)
    assert not player.controller.state.playing


def test_that_the_choice_is_remembered_by_environment(watcher: Watcher) -> None:
    player = watcher.open(walking)
    watcher.until(player.stage.switch.isVisible)
    QTest.keyClick(player, Key.Key_V)
    watcher.shows(PAYLOAD)
    watcher.open(walking, env_id="Taxi-v4")
    watcher.until(player.stage.switch.isVisible)
    watcher.shows(PICTURE)
    watcher.open(walking)
    watcher.shows(PAYLOAD)
    assert player.stage.switch.button(PAYLOAD).isChecked()


def test_that_the_menu_has_both_keys(watcher: Watcher) -> None:
    menu = watcher.player.header.findChild(QMenu)
    assert isinstance(menu, QMenu)
    keys = {action.text(): action.shortcut().toString() for action in menu.actions()}
    assert keys["Picture or grid, graph, text"] == "V"
    assert keys["Legacy payloads as text"] == "Shift+V"


def test_that_a_view_stands_where_no_picture_is(watcher: Watcher) -> None:
    player = watcher.open(lambda step: {"view": text(step)}, pictures=False)
    watcher.shows(PAYLOAD)
    assert player.stage.message == ""
    assert not player.stage.switch.isVisible()
    widget = player.stage.payload.widget
    assert isinstance(widget, TextView)
    player.controller.seek(7)
    watcher.until(lambda: widget.text == text(7)["text"])
    QTest.keyClick(player, Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == text(7)["text"]


def test_that_a_view_stands_in_for_pictures_that_are_gone(watcher: Watcher) -> None:
    watcher.recordings.more = walking
    rollup = watcher.recordings.record(30)
    watcher.recordings.finish(rollup.run_id).unlink()
    watcher.screen.open_episode(rollup.run_id)
    watcher.shows(PAYLOAD)
    watcher.until(lambda: rollup.run_id in watcher.player.stage.message)
    assert agent_of(watcher.player) == (0, 0)


def test_that_a_graph_is_drawn_in_the_player(watcher: Watcher) -> None:
    player = watcher.open(lambda step: {"view": graph(step)}, pictures=False)
    watcher.shows(PAYLOAD)
    view = player.stage.payload.widget
    assert view is not None
    watcher.until(lambda: "6 nodes" in getattr(view, "readout", ""))


def test_that_without_views_nothing_is_made_and_the_sentence_stands(watcher: Watcher) -> None:
    player = watcher.open(lambda _: {}, pictures=False)
    watcher.until(lambda: "draws no picture" in player.stage.message)
    assert not player.stage.switch.isVisible()
    assert player.stage.payload.widget is None
    assert not player.player_actions.view.isEnabled()


def test_that_nothing_of_an_episode_is_left_in_the_next(watcher: Watcher) -> None:
    player = watcher.open(walking, pictures=False)
    watcher.shows(PAYLOAD)
    watcher.open(lambda _: {}, pictures=False)
    watcher.until(lambda: "draws no picture" in player.stage.message)
    assert not player.stage.payload.isVisible()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"payload_version": 0, "render_hint": "@..#"}, "version 0"),
        ({"view": {"kind": "grid", "rows": 2, "columns": 2, "cells": [[1]]}}, "not 2 rows of 2"),
    ],
)
def test_that_legacy_payloads_are_text_while_that_is_wanted(watcher: Watcher, fields: dict[str, Any], why: str) -> None:
    player = watcher.open(lambda _: fields)
    watcher.until(player.stage.switch.isVisible)
    QTest.mouseClick(player.stage.switch.button(LEGACY), Left)
    watcher.shows(LEGACY)
    view = player.stage.payload.widget
    assert isinstance(view, TextView)
    assert view.title.text() == "Legacy payload"
    assert why in view.sentence.text()
    watcher.until(lambda: any(why in value for value in player.inspector.panels.facts().values()))
    QTest.keyClick(player, Key.Key_V, Qt.KeyboardModifier.ShiftModifier)
    watcher.shows(PICTURE)
    assert not player.stage.switch.isVisible()
    toggle = player.inspector.panels.legacy
    assert not toggle.isChecked()
    player.inspector.ensureWidgetVisible(toggle)
    QTest.mouseClick(toggle, Left)
    watcher.shows(LEGACY)
    assert player.player_actions.legacy.isChecked()


def vector_row(step: int) -> Mapping[str, Any]:
    return {
        "vector_metadata": {
            "vector_index": 3,
            "batch_size": 64,
            "autoreset_mode": "NextStep",
            "reset_mask": [place % 9 == 0 for place in range(64)],
            "seeds": list(range(100, 164)),
        },
        "normalization_stats": {
            "observation": {"mean": np.full((84, 84), float(step)), "count": 1000 + step},
            "reward": {"mean": 0.25, "var": 1.5},
        },
        "space_signature": "ab" * 32,
    }


def test_that_the_inspector_tells_vector_metadata_and_statistics(watcher: Watcher) -> None:
    player = watcher.open(vector_row)
    player.controller.seek(8)
    panels = player.inspector.panels
    watcher.until(lambda: panels.facts().get("observation.count") == "1008")
    facts = panels.facts()
    assert (facts["Index"], facts["Batch"], facts["Autoreset"]) == ("3", "64", "NextStep")
    assert facts["Reset now"].startswith("8 of 64: 0, 9, 18")
    assert facts["observation.mean"].endswith("8 to 8, mean 8")
    assert facts["reward.var"] == "1.5"
    assert facts["Spaces"] == "ab" * 32
    assert facts["Version"] == "1"


@pytest.mark.parametrize(
    ("seeds", "shown"), [([None] * 3, "none"), ([None] * 64, "none"), ([None, 4], "none, 4"), ([7, 8], "7, 8")]
)
def test_that_seeds_that_were_not_given_are_none(seeds: list[int | None], shown: str) -> None:
    panel = vector_panel({"seeds": seeds})
    assert [(fact.key, fact.value) for fact in panel.facts] == [("Seeds", shown)]
    assert panel.large == ()


def lines_of(large: LazyArray) -> ArrayLines | None:
    """The lines that were laid out; None while there are none."""
    return large.lines


def test_that_a_large_array_is_laid_out_only_when_it_is_opened(watcher: Watcher) -> None:
    player = watcher.open(vector_row)
    panels = player.inspector.panels
    watcher.until(lambda: "observation.mean" in panels.facts())
    large = next(one for one in panels.findChildren(LazyArray) if one.name == "observation.mean")
    assert lines_of(large) is None
    player.inspector.ensureWidgetVisible(large)
    QTest.mouseClick(large._head, Left)
    lines = lines_of(large)
    assert lines is not None
    assert lines.rowCount() == 84 * 84 // 2
    assert lines.index(42).data().split() == ["[1,", "0]", "0", "0"]
    player.controller.seek(8)
    watcher.until(lambda: lines.index(42).data().split() == ["[1,", "0]", "8", "8"])


@pytest.mark.parametrize(
    "array",
    [
        np.linspace(-1.23456789e-5, 7e11, 90).reshape(9, 10),
        np.full((3, 100, 100), -1e-300),
        np.arange(-100, 100),
        np.array([True, False] * 30),
        np.arange(200, dtype=np.uint8).reshape(10, 20),
    ],
    ids=["floats", "cube", "integers", "flags", "bytes"],
)
def test_that_every_value_of_a_large_array_fits_its_line(watcher: Watcher, array: NDArray[Any]) -> None:
    theme = watcher.player.inspector.panels.vector._theme
    large = LazyArray(theme, LargeValue("value", array))
    watcher.qtbot.addWidget(large)
    large.setFixedWidth(WIDTH - 2 * tokens.SPACE_12 - tokens.SPACE_16)
    large.fold(opened=True)
    lines = lines_of(large)
    assert lines is not None
    (view,) = large.findChildren(QListView)
    room = large.width() - tokens.SPACE_16  # but for the bar at its side
    widest = max(view.fontMetrics().horizontalAdvance(lines.index(row).data()) for row in range(lines.rowCount()))
    assert widest <= room
    values = " ".join(lines.index(row).data().partition("]")[2] for row in range(lines.rowCount())).split()
    assert len(values) == array.size


def test_that_what_gymnasium_normalises_with_is_told_in_words(watcher: Watcher) -> None:
    """`NormalizeReward` follows the discounted return: its mean is none of rewards."""
    player = watcher.open(lambda _: {"normalization_stats": {"reward_mean": 4.5, "observation_var": 0.25, "own_x": 1}})
    panels = player.inspector.panels
    watcher.until(lambda: panels.facts().get("own_x") == "1")
    facts = panels.facts()
    assert (facts["Return mean, discounted"], facts["Observation variance"]) == ("4.5", "0.25")


def test_that_what_is_drawn_keeps_clear_of_the_sentence_about_its_picture(watcher: Watcher) -> None:
    player = watcher.open(lambda step: {"view": graph(step)}, pictures=False)
    watcher.shows(PAYLOAD)
    payload = player.stage.payload
    whole = payload.target.bottom()
    player.stage.show_state(replace(player.controller.state, message="The disk refused it.", missing=True))
    assert player.stage.message == "The disk refused it."
    assert payload.widget is not None
    assert payload.widget.geometry().bottom() < payload.height() - tokens.SPACE_32
    player.stage.show_state(player.controller.state)
    assert payload.target.bottom() == whole


def test_that_panels_without_content_take_no_room(watcher: Watcher) -> None:
    player = watcher.open(walking)
    panels = player.inspector.panels
    # Both that there is to see, each as the switch above the picture calls it.
    watcher.until(lambda: panels.facts().get("Kind") == "RGB, 40 \u00d7 30\nGrid, 4 rows, 4 columns")
    assert not panels.vector.isVisible()
    assert not panels.stats.isVisible()
