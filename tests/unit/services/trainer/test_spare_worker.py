"""Which runs may have a process that was started for none of them, and when it has one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from gym_gui.services.trainer.config import ResourceConfig, TrainingConfig
from gym_gui.services.trainer.dispatch.launchers.protocol import Launch
from gym_gui.services.trainer.dispatch.launchers.spare import SpareWorker

if TYPE_CHECKING:
    from pathlib import Path


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


LEARNS = TrainingConfig(worker="sb3", env_id="CartPole-v1", algorithm="PPO", total_steps=1)
# What a process does with its assignment.
READS = "import os, sys, time; sys.stdin.readline(); "


@pytest.mark.parametrize(
    ("program", "takes_it"),
    [
        (READS + "os.write(1, b'!'); time.sleep(60)", True),
        ("import time; time.sleep(60)", True),
        (READS + "os._exit(1)", False),
        (READS + "os.kill(os.getpid(), 9)", False),
    ],
    ids=["answers", "still-loads", "ends", "is-killed"],
)
def test_that_a_run_has_a_process_unless_that_died_before_it_heard(
    tmp_path: Path, program: str, *, takes_it: bool
) -> None:
    spare = SpareWorker((sys.executable, "-c", program))
    try:
        process = spare.give(Launch(config=LEARNS, environment={}, folder=tmp_path, log_path=tmp_path / "worker.log"))
        assert (process is not None) is takes_it
        assert spare.is_alive is takes_it
    finally:
        spare.close()
