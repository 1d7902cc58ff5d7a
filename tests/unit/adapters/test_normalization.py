"""What observations were normalised with is told with each step, so that the raw ones can be had again."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from synthetic import run_of

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.normalization import NormalizationProbe
from gym_gui.adapters.stepper import EpisodeStepper
from gym_gui.adapters.vector import VectorStepper
from gym_gui.core.data_model import StepRecord

NORMALISED = "NormalisedCartPole-v0"


def make_normalised(**kwargs: Any) -> gymnasium.Env[Any, Any]:
    env = gymnasium.make("CartPole-v1", **kwargs)
    return gymnasium.wrappers.NormalizeReward(gymnasium.wrappers.NormalizeObservation(env))


@pytest.fixture(autouse=True)
def _registered() -> Any:
    gymnasium.register(NORMALISED, entry_point=f"{__name__}:make_normalised")
    # By the function itself: the test's module has no name that everybody could import.
    gymnasium.registry[NORMALISED].entry_point = make_normalised
    yield
    del gymnasium.registry[NORMALISED]


def test_that_raw_observations_can_be_had_again_from_a_recorded_step() -> None:
    adapter = make_adapter(NORMALISED, render=False)
    stepper = EpisodeStepper(adapter, run_of("run"))
    raw = gymnasium.make("CartPole-v1")
    observation, _ = raw.reset(seed=3)
    record = stepper.reset(seed=3)
    for action in (0, 1, 1, 0):
        stats = dict(record.normalization_stats or {})
        again = record.observation * np.sqrt(stats["observation_var"] + 1e-8) + stats["observation_mean"]
        assert np.allclose(again, observation, atol=1e-5)
        observation = raw.step(action)[0]
        record = stepper.step(action)
    assert record.normalization_stats is not None
    assert record.normalization_stats["reward_count"] > 3
    adapter.close()
    raw.close()


def test_that_statistics_told_once_do_not_change_any_more() -> None:
    envs = gymnasium.wrappers.vector.NormalizeObservation(gymnasium.make_vec("CartPole-v1", num_envs=2))
    stepper = VectorStepper(envs, run_of("run"))
    first = [event for event in stepper.reset(seed=1) if isinstance(event, StepRecord)]
    before = [(one.normalization_stats or {})["observation_mean"].copy() for one in first]
    second = [event for event in stepper.step(np.array([0, 1])) if isinstance(event, StepRecord)]
    assert all(
        np.array_equal((one.normalization_stats or {})["observation_mean"], kept)
        for one, kept in zip(first, before, strict=True)
    )
    assert not np.array_equal((second[0].normalization_stats or {})["observation_mean"], before[0])
    envs.close()


def test_that_an_environment_that_normalises_nothing_tells_nothing() -> None:
    env = gymnasium.make("CartPole-v1")
    assert NormalizationProbe(env).read() is None
    env.close()
