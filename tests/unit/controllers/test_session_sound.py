"""A person hears the game where time goes by as on the console, and records its sound or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.controllers.session_fakes import Desk, FakeAdapter

from gym_gui.controllers.session_state import Phase
from gym_gui.core.sound import SOUND

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE_HZ = 30_720.0


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A game of 60 steps a second that is heard."""
    made = Desk(FakeAdapter(rate_hz=60.0, sound_rate_hz=RATE_HZ))
    yield made
    made.controller.close()


def start(desk: Desk) -> None:
    desk.controller.start("Fake-v0")
    desk.wait_for(Phase.PLAYING)
    desk.time.settle()


def test_that_each_step_is_heard_once_and_recorded_with_its_sound(desk: Desk) -> None:
    start(desk)
    desk.time.advance(0.501)
    assert desk.controller.state.has_sound
    assert desk.heard == [(step, 30_720) for step in range(1, 31)]
    assert desk.telemetry.runs[0].metadata["sound_rate_hz"] == RATE_HZ
    first, *others = desk.telemetry.steps
    assert first.extra is None
    assert [step.extra[SOUND][0] for step in others if step.extra is not None] == list(range(1, 31))


@pytest.mark.parametrize("speed", [0.25, 2.0])
def test_that_another_speed_is_silent_and_recorded_all_the_same(desk: Desk, speed: float) -> None:
    start(desk)
    desk.order(lambda: desk.controller.set_speed(speed))
    desk.time.advance(0.501)
    assert desk.heard == []
    assert all(step.extra is not None for step in desk.telemetry.steps[1:])
    desk.order(lambda: desk.controller.set_speed(1.0))
    desk.time.advance(0.101)
    assert len(desk.heard) >= 5


def test_that_a_paused_game_and_its_single_steps_are_silent(desk: Desk) -> None:
    start(desk)
    desk.order(desk.controller.pause)
    for _ in range(3):
        desk.order(desk.controller.single_step)
    assert len(desk.telemetry.steps) == 4
    assert desk.heard == []


def test_that_sound_that_is_not_recorded_is_heard(desk: Desk) -> None:
    desk.keeps_sound = False
    start(desk)
    desk.time.advance(0.201)
    assert len(desk.heard) == 12
    assert [step.extra for step in desk.telemetry.steps] == [None] * 13
    assert "sound_rate_hz" not in desk.telemetry.runs[0].metadata


def test_that_a_game_slowed_down_by_the_settings_is_silent() -> None:
    desk = Desk(FakeAdapter(rate_hz=30.0, sound_rate_hz=RATE_HZ))
    start(desk)
    desk.time.advance(0.501)
    desk.controller.close()
    assert desk.heard == []


def test_that_a_game_without_sound_says_so() -> None:
    desk = Desk(FakeAdapter(rate_hz=60.0))
    start(desk)
    desk.time.advance(0.101)
    desk.controller.close()
    assert not desk.telemetry.steps[-1].extra
    assert desk.heard == []
