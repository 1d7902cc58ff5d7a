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


@pytest.mark.parametrize("kwargs", [{}, {"repeat_action_probability": 0.25}], ids=["as a person", "sticky"])
def test_that_listening_changes_no_pixel_and_no_reward(kwargs: dict[str, Any]) -> None:
    adapter = make_adapter(GAME, env_kwargs=kwargs, human=True)
    plain = gymnasium.make(GAME, render_mode="rgb_array", **{**PLAIN, **kwargs})
    actions = np.random.default_rng(1).integers(0, 18, 60).repeat(10).tolist()
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
            assert step.sound.shape == (512,)
            assert step.sound.dtype == np.uint8
            heard += bool((step.sound != SILENCE).any())
            if step.terminated:
                break
        assert heard > 100
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


@pytest.mark.parametrize(
    ("env_id", "kwargs", "human"),
    [(GAME, {}, False), (GAME, {"frameskip": 4}, True), (GAME, {"frameskip": (2, 5)}, True), ("CartPole-v1", {}, True)],
    ids=str,
)
def test_that_what_would_be_incomplete_is_not_heard(env_id: str, kwargs: dict[str, Any], human: bool) -> None:
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
