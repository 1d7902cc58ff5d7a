"""A recorder beside its training: orders, live pictures, scalars, pickling."""

from __future__ import annotations

import copy
import logging
import pickle
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from destinations import Destinations
from small_envs import Counting
from synthetic import frame_of

import gym_gui
from gym_gui.config.settings import load_settings
from gym_gui.core.errors import ConfigError, InvalidRunIdError
from gym_gui.core.refs import is_run_id
from gym_gui.services.batch_destination import Order
from gym_gui.services.bootstrap import open_archive
from gym_gui.services.live_frames import LiveFrames
from gym_gui.wrappers import RecordTelemetry

if TYPE_CHECKING:
    from pathlib import Path

    import gymnasium as gym
    from conftest import LogExpectations


def play(env: gym.Env[Any, Any], episodes: int, *, seed: int | None = 7, action: Any = 1) -> None:
    for number in range(episodes):
        env.reset(seed=None if seed is None else seed + number)
        done = False
        while not done:
            _, _, terminated, truncated, _ = env.step(action)
            done = terminated or truncated


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
    wrong: list[Any] = ["yes", 0, 1, []]
    for observations in wrong:
        with pytest.raises(ConfigError, match="observations="):
            RecordTelemetry(Counting(), run="r", observations=observations)
    with pytest.raises(InvalidRunIdError):
        RecordTelemetry(Counting(), run="../up")


def test_that_a_name_of_any_length_may_be_given_again(var_dir: Path) -> None:
    for _ in range(2):
        together = [RecordTelemetry(Counting(length=2), run="n" * 127, frames="none") for _ in range(2)]
        for env in together:
            env.reset()
            env.step(0)
        for env in together:
            env.close()
    with open_archive(load_settings(var_dir)) as found:
        names = [summary.run.run_id for summary in found.library.list_runs()]
    assert len(set(names)) == len(names) == 4
    assert all(is_run_id(name) for name in names)


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


def test_that_an_order_that_a_program_cannot_carry_out_is_answered_all_the_same() -> None:
    def refused(order: Order) -> tuple[str, str]:
        raise RuntimeError(f"no {order.kind} today")

    made = Destinations()
    env = RecordTelemetry(Counting(), run="r", make_destination=made, on_order=refused)
    env.reset()
    made.last.given = [Order(order_id=1, kind="checkpoint")]
    assert made.last.answered.wait(10)
    env.close()
    assert made.last.answers == [(1, "failed", "RuntimeError: no checkpoint today")]


def test_that_the_newest_picture_is_shown_to_this_machine(var_dir: Path) -> None:
    made = Destinations()
    env = RecordTelemetry(Counting(length=10_000_000), run="r", make_destination=made)
    env.reset()
    deadline_s = time.monotonic() + 20
    with LiveFrames(var_dir / "live") as live:
        found = None
        while found is None or found.step_index <= 3:
            env.step(0)
            found = live.newest("r", "w0")
            assert time.monotonic() < deadline_s
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
