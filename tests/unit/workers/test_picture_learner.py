"""A learner of pictures: its weights lie as a processor likes them, and are the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.workers.learner import load_learner, make_learner

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
sb3 = pytest.importorskip("stable_baselines3")
envs = pytest.importorskip("stable_baselines3.common.envs")
vec_env = pytest.importorskip("stable_baselines3.common.vec_env")

CONFIG = TrainingConfig(
    worker="sb3",
    env_id="ALE/Breakout-v5",
    algorithm="PPO",
    policy="CnnPolicy",
    total_steps=16,
    hyperparameters={"n_steps": 8, "batch_size": 8, "n_epochs": 1, "device": "cpu"},
)


def pictures() -> Any:
    shape = {"screen_height": 84, "screen_width": 84, "n_channels": 4, "channel_first": True}
    return vec_env.DummyVecEnv([lambda: envs.FakeImageEnv(**shape)])


def convolutions(learner: Any) -> list[Any]:
    return [weights for weights in learner.policy.parameters() if weights.dim() == 4]


def test_that_convolutions_are_laid_out_for_the_processor_before_and_after_a_checkpoint(tmp_path: Path) -> None:
    learner = make_learner(CONFIG, pictures(), seed=1)
    learner.learn(16)
    learner.save(tmp_path / "step.zip")
    again = load_learner(CONFIG, tmp_path / "step.zip", pictures(), seed=1)
    plain = sb3.PPO.load(tmp_path / "step.zip", device="cpu")
    plain.policy.to(memory_format=torch.contiguous_format)
    for one in (learner, again):
        assert len(convolutions(one)) == 3
        assert all(weights.is_contiguous(memory_format=torch.channels_last) for weights in convolutions(one))
    seen = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (2, 4, 84, 84), np.uint8))
    with torch.no_grad():
        for one in (learner, again):
            torch.testing.assert_close(one.policy.predict_values(seen), plain.policy.predict_values(seen))
    again.learn(16, reset_num_timesteps=False)
    assert again.num_timesteps == 32
