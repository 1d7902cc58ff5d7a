"""What arrives of a recorded step: its action, its info, its reward, its picture, each as it was."""

from __future__ import annotations

import json
import threading
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from destinations import Destinations
from gymnasium import spaces
from small_envs import Counting, Structured
from synthetic import frame_of

from gym_gui.core.data_model import FrameState
from gym_gui.core.data_model.batch import (
    FRAME_STATE_SHIFT,
    REWARD_NAN,
    REWARD_NEGATIVE_ZERO,
)
from gym_gui.core.value_codec import decode_value
from gym_gui.wrappers import RecordTelemetry

SHED = FrameState.SHED << FRAME_STATE_SHIFT


def play(env: gym.Env[Any, Any], episodes: int, *, seed: int | None = 7, action: Any = 1) -> None:
    for number in range(episodes):
        env.reset(seed=None if seed is None else seed + number)
        done = False
        while not done:
            _, _, terminated, truncated, _ = env.step(action)
            done = terminated or truncated


def test_that_containers_come_back_exactly() -> None:
    made = Destinations()
    env = RecordTelemetry(Structured(), run="r", make_destination=made)
    env.reset(seed=1)
    env.step((2, np.array([0.5, -0.5], np.float32)))
    env.close()
    row = made.last.rows()[1]
    choice, force = decode_value(row["action"])
    assert choice == 2
    assert force.tolist() == [0.5, -0.5]
    observation = decode_value(row["extra"])["observation"]
    assert observation["left"] == 1
    assert observation["grid"].dtype == np.int8


def test_that_an_action_is_recorded_as_it_was_before_the_environment_wrote_to_it() -> None:
    made = Destinations()
    env = RecordTelemetry(Counting(action_space=spaces.Box(-1, 1, (2,))), run="r", make_destination=made)
    env.reset(seed=1)
    env.step(np.array([0.25, 0.5], np.float32))
    env.close()
    assert decode_value(made.last.rows()[1]["action"]).tolist() == [0.25, 0.5]


@pytest.mark.parametrize("action", [np.int64(1), np.array(1), np.array([1]), True])
def test_that_a_discrete_action_is_an_integer_whatever_it_was_given_as(action: Any) -> None:
    made = Destinations()
    env = RecordTelemetry(Counting(), run="r", make_destination=made)
    env.reset()
    env.step(action)
    env.close()
    assert made.last.rows()[1]["action"] == 1


def test_that_an_odd_action_is_kept_beside_the_others() -> None:
    made = Destinations()
    env = RecordTelemetry(Counting(), run="r", make_destination=made)
    env.reset()
    env.step(1)
    env.step("left")
    env.close()
    assert [decode_value(row["action"]) for row in made.last.rows()[1:]] == [1, "left"]


def test_that_infos_are_kept_as_they_were() -> None:
    made = Destinations()
    inner = Counting()
    listed = [1]
    inner.info = {"lives": 3, "spot": np.array([1, 2]), "listed": listed}
    env = RecordTelemetry(inner, run="r", make_destination=made)
    env.reset()
    listed.append(2)
    inner.info["spot"][0] = 9
    env.step(0)
    env.close()
    told = [json.loads(row["info"]) for row in made.last.rows()]
    assert told == [
        {"lives": 3, "spot": [1, 2], "listed": [1]},
        {"lives": 3, "spot": [9, 2], "listed": [1, 2]},
    ]


def test_that_odd_rewards_are_told_apart() -> None:
    class Odd(Counting):
        def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
            observation, _, terminated, truncated, info = super().step(action)
            odd: list[Any] = [None, float("nan"), -0.0, np.float32(0.5), np.array([2])]
            return observation, odd[self.number], terminated, truncated, info

    made = Destinations()
    env = RecordTelemetry(Odd(length=4), run="r", frames="none", make_destination=made)
    play(env, 1)
    env.close()
    rows = made.last.rows()[1:]
    assert [row["flags"] & (REWARD_NAN | REWARD_NEGATIVE_ZERO) for row in rows] == [
        REWARD_NAN,
        REWARD_NEGATIVE_ZERO,
        0,
        0,
    ]
    assert [row["reward"] for row in rows[2:]] == [0.5, 2.0]


def test_that_pictures_of_another_size_begin_at_the_next_chunk() -> None:
    class Growing(Counting):
        def render(self) -> Any:
            return frame_of(self.number, (72 + 8 * (self.number // 3), 96, 3))

    made = Destinations()
    env = RecordTelemetry(Growing(length=11), run="r", make_destination=made)
    play(env, 2)
    env.close()
    for row in made.last.rows():
        assert np.array_equal(row["frame"], frame_of(row["step"], (72 + 8 * (row["step"] // 3), 96, 3)))


def test_that_pictures_are_let_go_and_counted_when_nobody_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gym_gui.wrappers.sending.MAX_ARRAY_BYTES", 10 * frame_of(0).nbytes)
    made = Destinations()
    held = threading.Event()
    env = RecordTelemetry(Counting(length=100), run="r", make_destination=made)
    env.reset()
    taking = made.last.put

    def slow(batch: Any) -> None:
        held.wait(20)
        taking(batch)

    made.last.put = slow  # type: ignore[method-assign]  # a destination that hangs
    for _ in range(100):
        env.step(0)
    held.set()
    env.close()
    rows = made.last.rows()
    shed = [row for row in rows if row["flags"] & (3 << FRAME_STATE_SHIFT) == SHED]
    assert len(rows) == 101
    assert shed
    (rollup,) = made.last.episodes()
    assert (rollup.frames, rollup.dropped_frames) == (101 - len(shed), len(shed))
    assert all(np.array_equal(row["frame"], frame_of(row["step"])) for row in rows if row["frame"] is not None)
