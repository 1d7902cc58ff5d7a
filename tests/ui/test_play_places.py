"""Overlays stand beside the picture where there is room: the paddle, the gauges and the score stay in sight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gym_gui.adapters.controls import Binding
from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.ui.screens.play import PlayScreen
from gym_gui.ui.screens.play_places import STRIP_ROOM, Ground
from gym_gui.ui.widgets.picture import PictureWidget

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.screens.play_game import GamePage

WAIT_MS = 15_000
ATARI = np.zeros((210, 160, 3), np.uint8)
WIDE = np.zeros((400, 600, 3), np.uint8)
BINDINGS = tuple(Binding((key,), key.title()) for key in ("up", "down", "left", "right", "space"))
PLAYING = SessionState(
    phase=Phase.PLAYING, env_id="Fake-v0", run_id="run", seed=7, recording=True, target_hz=60.0, bindings=BINDINGS
)
PAUSED = SessionState(
    phase=Phase.PAUSED, env_id="Fake-v0", run_id="run", seed=7, recording=True, target_hz=60.0, bindings=BINDINGS
)


def ground(picture: QRect) -> Ground:
    return Ground(page=QSize(900, 700), picture=picture, hud_bottom=150, hud_width=180, bottom=640)


def test_that_text_stands_above_the_picture_then_below_then_over_it() -> None:
    box = QSize(300, 36)
    assert ground(QRect(200, 60, 500, 500)).beside(box) == QPoint(300, 12)
    assert ground(QRect(200, 0, 500, 560)).beside(box) == QPoint(300, 582)
    filling = ground(QRect(0, 0, 900, 640))
    assert filling.beside(box) is None
    assert filling.over(box) == QPoint(300, 16), "between the HUD's blocks"
    assert filling.over(QSize(700, 36)) == QPoint(100, 158), "under them"


def test_that_a_side_is_one_only_where_words_fit() -> None:
    assert ground(QRect(250, 0, 400, 700)).side == 250 - 32
    assert ground(QRect(150, 0, 600, 700)).side == 0
    assert ground(QRect()).side == 0


@pytest.mark.parametrize("size", [(948, 672), (1204, 792), (1364, 872), (1900, 1000)])
@pytest.mark.parametrize("frame", [ATARI, WIDE], ids=["atari", "wide"])
def test_that_neither_controls_nor_the_pause_cover_an_atari_game(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int], frame: np.ndarray
) -> None:
    game = page(window)
    game.setParent(None)
    qtbot.addWidget(game)
    game.resize(*size)
    game.show()
    game.show_session(PLAYING)
    game.picture.show_frame(frame)
    game.show_session(PAUSED)
    overlays, picture = game.overlays, game.picture.target
    assert overlays.strip.isVisible()
    assert not overlays.strip.geometry().intersects(picture)
    covering = [
        part for part in (overlays.strip, overlays.rate_hud) if part.geometry().intersects(overlays.pill.geometry())
    ]
    assert covering == []
    if frame is ATARI:
        assert not overlays.pill.geometry().intersects(picture)
    for part in (overlays.strip, overlays.pill):
        assert game.rect().contains(part.geometry())


def test_that_a_picture_leaves_room_below_only_where_it_costs_little(qtbot: QtBot) -> None:
    picture = PictureWidget()
    qtbot.addWidget(picture)
    picture.leave_room_below(STRIP_ROOM)
    picture.resize(900, 690)
    picture.show_frame(ATARI)
    assert picture.target == QRect(210, 0, 480, 630), "three times its size, moved up"
    picture.resize(900, 670)
    assert picture.target.height() == 630, "twice its size would be too small"
    picture.show_frame(WIDE)
    assert picture.height() - picture.target.bottom() > STRIP_ROOM - 2


def test_that_the_key_hint_goes_at_the_first_key_of_the_game(qtbot: QtBot, window: MainWindow) -> None:
    game = page(window)
    assert window.context is not None
    assert window.context.recorder is not None
    window.context.recorder.session.start("MountainCar-v0")
    qtbot.waitUntil(game.overlays.hint.isVisible, timeout=WAIT_MS)
    QTest.keyClick(game, Qt.Key.Key_Left)
    assert not game.overlays.hint.isVisible()
    for phase in (Phase.PAUSED, Phase.PLAYING):
        game.show_session(replace(game.state, phase=phase))
    assert not game.overlays.hint.isVisible(), "its keys are known"


def test_that_the_key_hint_comes_again_where_nobody_could_read_it(window: MainWindow) -> None:
    game = page(window)
    for phase in (Phase.LOADING, Phase.EPISODE_OVER):
        game.show_session(replace(PLAYING, phase=phase))
        assert game.overlays.hint.isHidden()
    game.show_session(PLAYING)
    assert not game.overlays.hint.isHidden()


@pytest.mark.parametrize("size", [(948, 672), (1204, 792)], ids=["upright", "lying"])
def test_that_a_tip_lies_beside_the_controls_and_covers_none(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    game = page(window)
    game.setParent(None)
    qtbot.addWidget(game)
    game.resize(*size)
    game.show()
    game.show_session(PLAYING)
    game.picture.show_frame(ATARI)
    game.show_session(PAUSED)
    strip, tip = game.overlays.strip, game.overlays.tip
    for button in (strip.leave_button, strip.seed_button, strip.full_button):
        QApplication.sendEvent(button, QHelpEvent(QEvent.Type.ToolTip, QPoint(1, 1), QPoint(1, 1)))
        assert tip.text == button.toolTip()
        assert tip.isVisible()
        assert not tip.geometry().intersects(strip.geometry())
        assert game.rect().contains(tip.geometry())
    QApplication.sendEvent(strip.full_button, QEvent(QEvent.Type.Leave))
    assert not tip.isVisible()


def page(window: MainWindow) -> GamePage:
    screen = window.made_screen("play")
    assert isinstance(screen, PlayScreen)
    return screen.game
