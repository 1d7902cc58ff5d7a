"""A person's hand on an environment: whose actions count, how fast, and what happens when nobody says anything more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple

from gym_gui.core.errors import InvalidActionError
from gym_gui.workers.control import HumanControl, action_from_json


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def control(space: Any = None, fps: Any = 50) -> tuple[HumanControl, Clock]:
    clock = Clock()
    return HumanControl(space or Discrete(3), {"render_fps": fps}, clock=clock), clock


def test_that_the_newest_action_counts_until_the_next() -> None:
    hand, _ = control()
    hand.take({})
    assert hand.action() == 0  # nothing pressed yet
    hand.act({"action": 2})
    hand.act({"action": 1})
    assert [hand.action(), hand.action()] == [1, 1]


def test_that_steps_come_at_the_environments_pace() -> None:
    hand, clock = control(fps=50)
    assert hand.seconds_to_next() == 0.0  # a policy waits for nobody
    hand.take({})
    hand.stepped()
    assert hand.seconds_to_next() == pytest.approx(0.02)
    clock.now += 0.5  # the machine was busy: no hurry to catch up
    hand.stepped()
    hand.stepped()
    assert hand.seconds_to_next() == pytest.approx(0.02)


def test_that_silence_hands_back() -> None:
    hand, clock = control()
    hand.take({"timeout_s": 5})
    clock.now += 4
    hand.act({})  # still there
    clock.now += 4
    hand.seconds_to_next()
    assert hand.is_taken
    clock.now += 2
    hand.seconds_to_next()
    assert not hand.is_taken


@pytest.mark.parametrize("fps", [None, 0, -3, float("nan"), "fast"])
def test_that_an_odd_frame_rate_becomes_sixty(fps: Any) -> None:
    hand, _ = control(fps=fps)
    hand.take({})
    hand.stepped()
    assert hand.seconds_to_next() == pytest.approx(1 / 60)


@pytest.mark.parametrize(
    ("space", "value", "action"),
    [
        (Discrete(3), 2, 2),
        (Discrete(3, start=5), 6, 6),
        (Box(-1, 1, (2,), np.float32), [0.5, -1], np.array([0.5, -1], np.float32)),
        (MultiDiscrete([3, 4]), [2, 3], np.array([2, 3])),
        (MultiBinary(2), [1, 0], np.array([1, 0], np.int8)),
    ],
)
def test_that_json_becomes_an_action(space: Any, value: Any, action: Any) -> None:
    found = action_from_json(space, value)
    assert np.array_equal(found, action)
    assert space.contains(found)


def test_that_named_actions_come_by_name() -> None:
    space = Dict({"gear": Discrete(3), "pedal": Box(0, 1, (1,), np.float32)})
    found = action_from_json(space, {"gear": 1, "pedal": [0.25]})
    assert space.contains(found)
    assert float(found["pedal"][0]) == 0.25


@pytest.mark.parametrize(
    ("space", "value"),
    [
        (Discrete(3), 3),
        (Discrete(3), "left"),
        (Discrete(3), None),
        (Discrete(3), [1, 2]),
        (Discrete(3), 10**30),
        (Box(-1, 1, (2,), np.float32), [0.5]),
        (Box(-1, 1, (2,), np.float32), [5, 5]),
        (MultiDiscrete([3, 4]), {"a": 1}),
        (Tuple((Discrete(2), Discrete(2))), 5),
    ],
)
def test_that_what_is_no_action_is_refused(space: Any, value: Any) -> None:
    hand, _ = control(space)
    hand.take({})
    before = hand.action()
    with pytest.raises(InvalidActionError, match="is no action of"):
        hand.act({"action": value})
    assert np.array_equal(hand.action(), before)
