"""What can never run here is refused before it is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gym_gui.core.errors import TrainerRefusedError
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.dispatch.submitting import check_config


@pytest.mark.parametrize("frames", ["every:0", "some", ""])
def test_that_a_choice_of_frames_that_means_nothing_is_refused(frames: str) -> None:
    with pytest.raises(TrainerRefusedError, match="is not known"):
        check_config(TrainingConfig(env_id="CartPole-v1", frames=frames), launchers=("local",), cpus=2, gpus=0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"num_envs": 0}, "num_envs is a whole number of at least 1, not 0."),
        ({"restarts": -1}, "restarts is a whole number of at least 0, not -1."),
        ({"hyperparameters": {"gamma": 7}}, "gamma is a number from 0 to 1, not 7."),
    ],
)
def test_that_a_value_that_can_only_fail_is_refused(changes: dict[str, Any], told: str) -> None:
    config = replace(TrainingConfig(worker="sb3", algorithm="PPO", env_id="CartPole-v1"), **changes)
    with pytest.raises(TrainerRefusedError) as refused:
        check_config(config, launchers=("local",), cpus=2, gpus=0)
    assert str(refused.value) == told
