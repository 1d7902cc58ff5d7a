"""A person's Atari game is heard: the sound of each step, and nothing else about the game changed by it."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.stepper import EpisodeStepper, make_run_record
from gym_gui.core.sound import SILENCE, SOUND, SOUND_RATE

GAME = "ALE/SpaceInvaders-v5"
PLAIN: dict[str, Any] = {"frameskip": 1, "repeat_action_probability": 0.0, "full_action_space": True}


@pytest.mark.parametrize(
    "kwargs",
    [{}, {"repeat_action_probability": 0.25}, {"repeat_action_probability": 0.25, "frameskip": 4}],
    ids=["as a person", "sticky", "as an agent"],
)
def test_that_listening_changes_no_pixel_and_no_reward(kwargs: dict[str, Any]) -> None:
    adapter = make_adapter(GAME, env_kwargs=kwargs, human=True)
    plain = gymnasium.make(GAME, render_mode="rgb_array", **{**PLAIN, **kwargs})
    actions = np.random.default_rng(1).integers(0, 18, 60).repeat(10 // kwargs.get("frameskip", 1)).tolist()
    for seed in (5, 6):
        observation, info = plain.reset(seed=seed)
        step = adapter.reset(seed=seed)
        np.testing.assert_array_equal(step.observation, observation)
        assert step.sound is None
        heard = 0
        for action in actions:
            observation, reward, terminated, truncated, info = plain.step(action)
            step = adapter.step(action)
            assert step.frame is step.observation
            np.testing.assert_array_equal(step.observation, observation)
            assert (step.reward, step.terminated, step.truncated) == (reward, terminated, truncated)
            assert dict(step.info) == info
            assert step.sound is not None
            assert step.sound.shape == (512 * kwargs.get("frameskip", 1),)
            assert step.sound.dtype == np.uint8
            heard += bool((step.sound != SILENCE).any())
            if step.terminated:
                break
        assert heard > 50
    adapter.close()
    plain.close()


def test_that_the_sound_is_what_the_ale_gives_as_an_observation() -> None:
    adapter = make_adapter(GAME, human=True)
    told = gymnasium.make(GAME, sound_obs=True, **PLAIN)
    adapter.reset(seed=3)
    told.reset(seed=3)
    for action in [1] * 120:
        step = adapter.step(action)
        assert step.sound is not None
        assert np.array_equal(step.sound, told.step(action)[0]["sound"])
    adapter.close()
    told.close()


def test_that_a_step_of_four_frames_sounds_as_each_of_them_alone_to_the_end_of_the_game() -> None:
    game = "ALE/Breakout-v5"
    adapter = make_adapter(game, env_kwargs={"frameskip": 4}, human=True)
    plain = gymnasium.make(game, **{**PLAIN, "frameskip": 4})
    told = gymnasium.make(game, sound_obs=True, **PLAIN)
    for env in (plain, told):
        env.reset(seed=3)
    adapter.reset(seed=3)
    over = False
    for action in np.random.default_rng(2).integers(0, 18, 1_000).tolist():
        step = adapter.step(action)
        observation, *rest, info = plain.step(action)
        np.testing.assert_array_equal(step.observation, observation)
        assert [step.reward, step.terminated, step.truncated, dict(step.info)] == [*rest, info]
        frames: list[Any] = []
        while len(frames) < 4 and not over:
            seen, _, over, _, _ = told.step(action)
            frames.append(seen["sound"])
        frames += [np.full(512, SILENCE, np.uint8)] * (4 - len(frames))  # nothing is emulated once it is over
        assert step.sound is not None
        assert np.array_equal(step.sound, np.concatenate(frames))
        if over:
            break
    assert step.terminated
    adapter.close()
    plain.close()
    told.close()


@pytest.mark.parametrize(
    ("env_id", "kwargs", "human"),
    [(GAME, {}, False), (GAME, {"frameskip": (2, 5)}, True), ("CartPole-v1", {}, True)],
    ids=str,
)
def test_that_what_would_not_keep_time_is_not_heard(env_id: str, kwargs: dict[str, Any], human: bool) -> None:
    adapter = make_adapter(env_id, env_kwargs=kwargs, human=human)
    adapter.reset(seed=0)
    assert adapter.step(adapter.sample_action()).sound is None
    assert adapter.description.sound_rate_hz is None
    adapter.close()


@pytest.mark.parametrize("keeps", [True, False])
def test_that_records_carry_the_sound_where_it_is_kept(keeps: bool) -> None:
    adapter = make_adapter(GAME, human=True)
    run = make_run_record(adapter, player="human", keep_sound=keeps)
    stepper = EpisodeStepper(adapter, run, keep_sound=keeps)
    assert run.metadata.get(SOUND_RATE) == (30_720.0 if keeps else None)
    assert stepper.reset(seed=0).extra is None
    record = stepper.step(0)
    assert (record.extra is not None) is keeps
    assert stepper.sound is not None, "it can be heard all the same"
    if keeps:
        assert record.extra is not None
        assert record.extra.keys() == {SOUND}
        assert np.array_equal(record.extra[SOUND], stepper.sound)
    adapter.close()
