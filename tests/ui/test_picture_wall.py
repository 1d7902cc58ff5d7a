"""What the wall says of a picture that is old, and of a return that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from gym_gui.controllers.live_source import LivePicture
from gym_gui.ui.theme import Theme
from gym_gui.ui.widgets.picture_wall import PictureWall
from gym_gui.ui.widgets.wall_caption import picture_facts

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

NOW_S = 1_000_000.0


class Clock:
    """Two clocks that a test turns."""

    def __init__(self) -> None:
        self.s = 50.0

    def __call__(self) -> float:
        return self.s

    def wall(self) -> float:
        """Seconds since 1970."""
        return NOW_S + self.s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wall(qtbot: QtBot, qapp: QApplication, clock: Clock) -> PictureWall:
    made = PictureWall(Theme(qapp, "dark"), clock=clock, wall_clock=clock.wall)
    qtbot.addWidget(made)
    made.resize(480, 320)
    made.show()
    qtbot.waitExposed(made)
    return made


def picture(seq: int, made_s: float, episode_return: float = 1.5) -> LivePicture:
    frame = np.full((20, 30, 3), seq, np.uint8)
    return LivePicture("run", "w0", seq, frame, "ep", 1_234, episode_return, round(made_s * 1e6))


def test_that_a_picture_that_grows_old_says_for_how_long_there_was_none(
    wall: PictureWall, clock: Clock, qtbot: QtBot
) -> None:
    wall.show_pictures([picture(1, clock.wall())])
    assert wall.age_of("w0") == ""
    before = wall.grab().toImage()
    clock.s += 12
    assert wall.age_of("w0") == "no picture for 12 s"
    # It says so by itself, although nothing comes.
    qtbot.waitUntil(lambda: wall.grab().toImage() != before, timeout=5_000)
    wall.show_pictures([picture(2, clock.wall())])
    assert wall.age_of("w0") == ""


def test_that_a_picture_left_from_long_ago_is_old_at_once(wall: PictureWall, clock: Clock) -> None:
    wall.show_pictures([picture(1, clock.wall() - 180)])
    assert wall.age_of("w0") == "no picture for 3 min 00 s"


def test_that_a_worker_whose_clock_is_wrong_is_not_called_silent(wall: PictureWall, clock: Clock) -> None:
    for seq in (1, 2):
        wall.show_pictures([picture(seq, clock.wall() - 600)])
    assert wall.age_of("w0") == ""


def test_that_pictures_that_are_meant_to_stand_have_no_age(wall: PictureWall, clock: Clock) -> None:
    wall.show_pictures([picture(1, clock.wall())])
    clock.s += 60
    wall.tell_ages(told=False)
    assert wall.age_of("w0") == ""


def test_that_an_unknown_return_is_left_out() -> None:
    assert picture_facts(picture(1, NOW_S)) == "step 1,234 · return 1.5"
    assert picture_facts(picture(1, NOW_S, float("nan"))) == "step 1,234"


def test_that_a_picture_that_is_old_by_choice_says_so_and_is_no_warning(wall: PictureWall, clock: Clock) -> None:
    wall.show_pictures([picture(1, clock.wall())])
    wall.tell_pace(lambda worker: (f"every 100th episode of {worker} has pictures · next in about 37", "next in 37"))
    assert wall.told_of("w0") == ""
    clock.s += 300
    assert wall.told_of("w0") == "every 100th episode of w0 has pictures · next in about 37"
    warning = wall.grab().toImage()
    wall.tell_pace(lambda _worker: ())
    assert wall.told_of("w0") == "no picture for 5 min 00 s"
    assert wall.grab().toImage() != warning
