"""Which runs may have a process that was started for none of them."""

from __future__ import annotations

import pytest

from gym_gui.services.trainer.config import ResourceConfig, TrainingConfig
from gym_gui.services.trainer.dispatch.launchers.spare import SpareWorker


@pytest.mark.parametrize("cpus", [0.5, 1.0, 1.9])
def test_that_a_run_that_learns_on_one_core_fits(cpus: float) -> None:
    assert SpareWorker.fits(
        TrainingConfig(
            worker="sb3", env_id="CartPole-v1", algorithm="PPO", total_steps=1, resources=ResourceConfig(cpus=cpus)
        )
    )


@pytest.mark.parametrize(
    "config",
    [
        TrainingConfig(worker="script", script="/train.py", total_steps=0),
        TrainingConfig(worker="random", env_id="CartPole-v1", total_steps=1),
        TrainingConfig(
            worker="sb3", env_id="CartPole-v1", algorithm="PPO", total_steps=1, resources=ResourceConfig(cpus=2.0)
        ),
        TrainingConfig(
            worker="sb3", env_id="CartPole-v1", algorithm="PPO", total_steps=1, resources=ResourceConfig(gpus=1)
        ),
    ],
    ids=["script", "random", "two-cores", "gpu"],
)
def test_that_what_is_read_when_libraries_load_must_be_the_same(config: TrainingConfig) -> None:
    assert not SpareWorker.fits(config)
