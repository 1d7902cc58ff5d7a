"""One line around an environment: what arrives, and what a training loop never notices."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
import pytest
from destinations import Destinations
from small_envs import Counting, Screen
from synthetic import frame_of

from gym_gui.core.data_model import EpisodeStatus, FrameState, RunState
from gym_gui.core.data_model.batch import (
    FRAME_STATE_SHIFT,
    NO_REWARD,
    OBSERVATION_IS_FRAME,
    TERMINATED,
    TRUNCATED,
)
from gym_gui.core.errors import StoreError
from gym_gui.wrappers import RecordTelemetry

if TYPE_CHECKING:
    from conftest import LogExpectations

KEPT = FrameState.KEPT << FRAME_STATE_SHIFT


def play(env: gym.Env[Any, Any], episodes: int, *, seed: int | None = 7, action: Any = 1) -> None:
    for number in range(episodes):
        env.reset(seed=None if seed is None else seed + number)
        done = False
        while not done:
            _, _, terminated, truncated, _ = env.step(action)
            done = terminated or truncated


def test_that_every_step_arrives_as_it_was() -> None:
    made = Destinations()
    env = RecordTelemetry(Counting(), run="r", make_destination=made)
    play(env, 2)
    env.close()
    rows = made.last.rows()
    assert [(row["episode"], row["step"]) for row in rows] == [
        (f"ep-{episode:06d}", step) for episode in range(2) for step in range(6)
    ]
    for row in rows:
        step = row["step"]
        assert np.array_equal(row["frame"], frame_of(step))
        assert row["observation"].tolist() == [step] * 3
        assert row["observation"].dtype == np.float32
        ends = TERMINATED if step == 5 else 0
        assert row["flags"] == KEPT | (ends if step else NO_REWARD)
        if step:
            assert (row["action"], row["reward"]) == (1, float(step))
    assert [rollup.steps for rollup in made.last.episodes()] == [5, 5]
    assert [rollup.total_reward for rollup in made.last.episodes()] == [15.0, 15.0]
    assert [rollup.seed for rollup in made.last.episodes()] == [7, 8]
    assert [rollup.frames for rollup in made.last.episodes()] == [6, 6]
    assert made.last.ended == (RunState.COMPLETED, "")


def test_that_the_run_says_what_it_takes_to_play_it_again() -> None:
    made = Destinations()
    env = RecordTelemetry(
        gym.make("FrozenLake-v1", map_name="8x8", is_slippery=False), run="lake", make_destination=made
    )
    env.reset(seed=3)
    env.close()
    run = made.last.run
    assert run.env_id == "FrozenLake-v1"
    assert run.env_kwargs["map_name"] == "8x8"
    assert json.loads(run.env_spec or "")["kwargs"]["is_slippery"] is False
    assert {"gymnasium", "numpy", "python"} <= set(run.versions)
    assert run.metadata["name"] == "lake"
    assert "action" in run.metadata["spaces"]


def test_that_a_seed_nobody_gave_is_not_invented() -> None:
    made = Destinations()
    env = RecordTelemetry(gym.make("CartPole-v1"), run="r", make_destination=made)
    env.reset()
    env.reset()
    env.close()
    first, second = made.last.episodes()
    assert (first.seed, second.seed) == (None, None)
    assert second.metadata["continues"] == first.episode_id
    again = gym.make("CartPole-v1")
    drawn, _ = again.reset(seed=first.metadata["generator_seed"])
    assert np.array_equal(made.last.rows()[0]["observation"], drawn)


@pytest.mark.parametrize(
    ("frames", "kept", "renders"), [("none", [], 0), ("every:2", [0, 2], 12), ("all", [0, 1, 2, 3], 24)]
)
def test_that_pictures_are_rendered_only_where_they_are_wanted(frames: str, kept: list[int], renders: int) -> None:
    made = Destinations()
    inner = Counting()
    env = RecordTelemetry(inner, run="r", frames=frames, make_destination=made)
    play(env, 4)
    env.close()
    assert inner.renders == renders
    drawn = {row["episode"] for row in made.last.rows() if row["frame"] is not None}
    assert drawn == {f"ep-{number:06d}" for number in kept}


def test_that_best_keeps_the_pictures_of_episodes_that_are_better_than_all_before() -> None:
    made = Destinations()
    inner = Counting()
    env = RecordTelemetry(inner, run="r", frames="best", make_destination=made)
    for length in (3, 20, 10, 21):
        inner.length = length
        play(env, 1)
    env.reset()
    env.step(0)  # never ends
    env.close()
    rows = made.last.rows()
    assert len(rows) == 4 + 21 + 11 + 22 + 2
    kept = [row for row in rows if row["frame"] is not None]
    assert {row["episode"] for row in kept} == {"ep-000000", "ep-000001", "ep-000003"}
    assert len(kept) == 4 + 21 + 22
    assert all(np.array_equal(row["frame"], frame_of(row["step"])) for row in kept)
    assert all(row["observation"].tolist() == [row["step"]] * 3 for row in rows)
    assert [rollup.frames for rollup in made.last.episodes()] == [4, 21, 0, 22, 0]
    # Numbers without gaps: the replay file has no holes.
    assert sorted(made.last.arrays("frames")) == list(range(4 + 21 + 22))


def test_that_an_observation_that_is_the_picture_is_stored_once() -> None:
    made = Destinations()
    env = RecordTelemetry(Screen(), run="r", make_destination=made)
    play(env, 1)
    env.close()
    rows = made.last.rows()
    assert all(row["flags"] & OBSERVATION_IS_FRAME for row in rows)
    assert all(row["observation"] is None for row in rows)
    assert np.array_equal(rows[3]["frame"], frame_of(3))


def test_that_an_observation_is_a_picture_where_nothing_is_drawn() -> None:
    made = Destinations()
    inner = Screen(render_mode=None)
    env = RecordTelemetry(inner, run="r", frames="every:2", make_destination=made)
    play(env, 2)
    env.close()
    drawn = [row for row in made.last.rows() if row["frame"] is not None]
    assert {row["episode"] for row in drawn} == {"ep-000000"}
    assert inner.renders == 0
    assert made.last.arrays("observations") == {}


@pytest.mark.parametrize(("wanted", "kept"), [(None, 0), (True, 6), (False, 0)])
def test_that_pictures_as_observations_follow_the_pictures_unless_they_are_asked_for(
    wanted: bool | None, kept: int
) -> None:
    made = Destinations()
    env = RecordTelemetry(Screen(render_mode=None), run="r", frames="none", observations=wanted, make_destination=made)
    play(env, 1)
    env.close()
    assert len(made.last.arrays("observations")) == kept


def test_that_an_environments_exception_passes_and_its_episode_is_faulted() -> None:
    made = Destinations()
    inner = Counting()
    env = RecordTelemetry(inner, run="r", make_destination=made)
    env.reset()
    env.step(0)
    inner.raises = ZeroDivisionError("too far")
    with pytest.raises(ZeroDivisionError, match="too far"):
        env.step(0)
    inner.raises = None
    with pytest.raises(RuntimeError, match="no reset"):
        env.reset(options={"raise": True})
    env.reset()
    env.close()
    first, second, third = made.last.episodes()
    assert (first.status, first.steps) == (EpisodeStatus.FAULTED, 1)
    assert first.fault == "step() raised ZeroDivisionError: too far."
    assert (second.status, second.steps) == (EpisodeStatus.FAULTED, 0)
    assert third.status is EpisodeStatus.ABANDONED


def test_that_an_episode_says_who_acted_in_it() -> None:
    class Acted(gym.Wrapper[Any, Any, Any, Any]):
        actors = iter(["policy", "policy", "human"] + ["policy"] * 20)

        def step(self, action: Any) -> Any:
            *result, info = self.env.step(action)
            return (*result, {**info, "actor": next(self.actors)})

    made = Destinations()
    env = RecordTelemetry(Acted(Counting()), make_destination=made)
    play(env, 2)
    env.close()
    assert [one.metadata.get("acted_by") for one in made.last.episodes()] == [["policy", "human"], ["policy"]]


def test_that_an_episode_left_in_the_middle_is_abandoned_and_a_time_limit_is_told() -> None:
    made = Destinations()
    env = RecordTelemetry(gym.wrappers.TimeLimit(Counting(length=50), 3), run="r", make_destination=made)
    env.reset()
    env.step(0)
    play(env, 1)
    env.close()
    first, second = made.last.episodes()
    assert first.status is EpisodeStatus.ABANDONED
    assert (second.status, second.truncated, second.terminated) == (EpisodeStatus.COMPLETED, True, False)
    assert made.last.rows()[-1]["flags"] & TRUNCATED


def test_that_an_environment_that_resets_itself_gives_one_episode_after_the_other() -> None:
    made = Destinations()
    env = RecordTelemetry(gym.wrappers.Autoreset(Counting(length=2)), run="r", make_destination=made)
    env.reset()
    for _ in range(5):
        env.step(0)
    env.close()
    assert [row["step"] for row in made.last.rows()] == [0, 1, 2, 0, 1, 2]
    assert [rollup.steps for rollup in made.last.episodes()] == [2, 2]


def test_that_a_destination_that_fails_never_reaches_the_training(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Steps are not being recorded: StoreError")
    made = Destinations()
    env = RecordTelemetry(Counting(), run="r", make_destination=made)
    env.reset()
    made.last.fault = StoreError("The disk is full.")
    play(env, 3)
    env.close()


def test_that_a_destination_that_cannot_be_opened_never_reaches_the_training(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Nothing is recorded: No room")

    def refuse(*_: Any) -> Any:
        raise StoreError("No room.")

    env = RecordTelemetry(Counting(), run="r", make_destination=refuse)
    play(env, 2)
    env.close()


def test_that_a_picture_that_fails_costs_only_the_picture(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "A picture is missing: RuntimeError: no screen")

    class Blind(Counting):
        def render(self) -> Any:
            raise RuntimeError("no screen")

    made = Destinations()
    env = RecordTelemetry(Blind(), run="r", make_destination=made)
    play(env, 1)
    env.close()
    assert len(made.last.rows()) == 6
