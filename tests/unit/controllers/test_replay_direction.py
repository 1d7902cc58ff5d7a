"""Which way and how fast the player plays next."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest
from recordings import Recordings
from unit.controllers.replay_desk import Desk

from gym_gui.controllers.playback_clock import BACKWARD, FORWARD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


T = TypeVar("T")


@pytest.fixture
def desk(var_dir: Path) -> Iterator[Desk]:
    recordings = Recordings(var_dir)
    yield Desk(recordings)
    recordings.close()


@pytest.mark.parametrize("before", [(BACKWARD, 0), (FORWARD, BACKWARD, 0), (BACKWARD, 0, BACKWARD, 0)])
def test_that_playing_goes_forward_after_the_shuttle_went_back(desk: Desk, before: tuple[int, ...]) -> None:
    player = desk.open(desk.recordings.record(1000), position=500)
    for key in before:
        player.shuttle(key)
    player.toggle()
    desk.advance(0.1 + 1e-4)
    assert (player.state.playing, player.state.position) == (True, 506)


def test_that_reverse_is_for_once(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(100), position=50)
    player.set_loop(True)
    player.reverse()
    player.toggle()
    player.end()
    player.toggle()
    assert (player.state.playing, player.state.direction) == (True, FORWARD)


def test_that_another_episode_starts_at_the_runs_own_speed_and_keeps_the_loop(desk: Desk) -> None:
    first, second = desk.recordings.record(20), desk.recordings.record(20)
    player = desk.open(first)
    player.set_speed(4.0)
    player.set_loop(True)
    desk.open(second)
    assert (player.state.speed, player.state.loop) == (1.0, True)
    player.shuttle(FORWARD)
    player.shuttle(0)
    assert player.state.speed == 1.0
