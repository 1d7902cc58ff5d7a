"""One line around an environment: what arrives, and what a training loop never notices."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import threading
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
import pytest
from destinations import Destinations
from gymnasium import spaces
from small_envs import Counting, Screen, Structured
from synthetic import frame_of

import gym_gui
from gym_gui.core.data_model import EpisodeStatus, FrameState, RunState
from gym_gui.core.data_model.batch import (
    FRAME_STATE_SHIFT,
    NO_REWARD,
    OBSERVATION_IS_FRAME,
    REWARD_NAN,
    REWARD_NEGATIVE_ZERO,
    TERMINATED,
    TRUNCATED,
)
from gym_gui.core.errors import ConfigError, InvalidRunIdError, StoreError
from gym_gui.core.value_codec import decode_value
from gym_gui.services.batch_destination import Order
from gym_gui.services.live_frames import LiveFrames
from gym_gui.wrappers import RecordTelemetry

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

KEPT = FrameState.KEPT << FRAME_STATE_SHIFT
SHED = FrameState.SHED << FRAME_STATE_SHIFT


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


def test_that_it_pickles_and_records_on_its_own_afterwards() -> None:
    first = RecordTelemetry(Counting(), run="r", frames="none")
    play(first, 1)
    second = pickle.loads(pickle.dumps(first))  # noqa: S301 - our own
    third = copy.deepcopy(first)
    for env in (second, third):
        assert env.run_id is None
        play(env, 1)
    assert [env.run_id for env in (first, second, third)] == ["r", "r.w1", "r.w2"]
    for env in (first, second, third):
        env.close()


def test_that_wrong_words_are_refused_at_once() -> None:
    for frames in ("some", "every:0", "every:x", ""):
        with pytest.raises(ConfigError, match="frames="):
            RecordTelemetry(Counting(), run="r", frames=frames)
    with pytest.raises(ConfigError, match="observations="):
        RecordTelemetry(Counting(), run="r", observations="yes")
    with pytest.raises(InvalidRunIdError):
        RecordTelemetry(Counting(), run="../up")


def test_that_nothing_is_opened_before_the_first_episode() -> None:
    made = Destinations()
    env = RecordTelemetry(Counting(), run="r", make_destination=made)
    assert env.run_id is None
    env.close()
    assert made.made == []


def test_that_a_trainer_pauses_and_resumes_between_two_steps() -> None:
    made = Destinations()
    env = RecordTelemetry(Counting(length=10_000), run="r", frames="none", make_destination=made)
    env.reset()
    taken: list[int] = []
    stop = threading.Event()

    def train() -> None:
        while not stop.is_set():
            env.step(0)
            taken.append(1)

    training = threading.Thread(target=train)
    training.start()
    there = made.last
    there.given = [Order(order_id=1, kind="pause")]
    assert there.answered.wait(10)
    there.answered.clear()
    assert env.flush(10)  # the step at hand ends
    before = len(taken)
    assert env.flush(10)
    assert len(taken) <= before + 1
    there.given = [Order(order_id=2, kind="resume"), Order(order_id=3, kind="stop"), Order(order_id=4, kind="evaluate")]
    assert there.answered.wait(10)
    assert env.flush(10)
    while len(taken) <= before + 1:
        assert training.is_alive()
    stop.set()
    training.join()
    assert env.stop_requested
    env.close()
    assert [(number, outcome) for number, outcome, _ in there.answers] == [
        (1, "done"),
        (2, "done"),
        (3, "refused"),
        (4, "refused"),
    ]


def test_that_a_program_answers_orders_of_its_own() -> None:
    made = Destinations()
    env = RecordTelemetry(
        Counting(),
        run="r",
        make_destination=made,
        on_order=lambda order: ("done", "written") if order.kind == "checkpoint" else None,
    )
    env.reset()
    made.last.given = [Order(order_id=1, kind="checkpoint")]
    assert made.last.answered.wait(10)
    env.close()
    assert made.last.answers == [(1, "done", "written")]


def test_that_the_newest_picture_is_shown_to_this_machine(var_dir: Path) -> None:
    made = Destinations()
    env = RecordTelemetry(Counting(length=1_000), run="r", make_destination=made)
    env.reset()
    with LiveFrames(var_dir / "live") as live:
        found = None
        for _ in range(10_000):
            env.step(0)
            found = live.newest("r", "w0")
            if found is not None and found.step_index > 3:
                break
        assert found is not None
        assert np.array_equal(found.frame, frame_of(found.step_index))
        assert found.episode_id == "ep-000000"
        assert found.episode_return == sum(range(found.step_index + 1))
        env.close()
        assert live.workers() == []


def test_that_scalars_reach_the_newest_recorder_whatever_they_are() -> None:
    class Tensor:
        """Like a scalar of PyTorch."""

        def __float__(self) -> float:
            return 0.75

    gym_gui.log(1, early=1)
    made = Destinations()
    env = RecordTelemetry(Counting(), run="r", frames="none", make_destination=made)
    env.reset()
    gym_gui.log(5, loss=0.5, entropy=np.float32(0.25), tensor=Tensor(), **{"train/kl": float("nan")})
    env.close()
    *told, nan = made.last.scalars()
    assert told == [("early", 1, 1.0), ("loss", 5, 0.5), ("entropy", 5, 0.25), ("tensor", 5, 0.75)]
    assert nan[0] == "train/kl"
    assert np.isnan(nan[2])


def test_that_a_scalar_that_is_no_number_is_said_once(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "what is not logged: ValueError")
    made = Destinations()
    env = RecordTelemetry(Counting(), run="r", frames="none", make_destination=made)
    env.reset()
    gym_gui.log(5, what="text", loss=1)
    gym_gui.log(6, what="text")
    env.close()
    assert made.last.scalars() == [("loss", 5, 1.0)]


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
    monkeypatch.setattr("gym_gui.wrappers.sender.MAX_FRAME_BYTES", 10 * frame_of(0).nbytes)
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
