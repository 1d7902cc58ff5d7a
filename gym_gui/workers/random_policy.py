"""The worker ``random``: uniform actions in environments side by side; shows that everything works, and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

from gym_gui.workers.making import open_plain
from gym_gui.workers.work import WorkResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from gymnasium import Env
    from gymnasium.vector import VectorEnv

    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.workers.work import Workplace


def play(workplace: Workplace) -> WorkResult:
    """Take the configured steps, all environments' together, or until somebody stops it.

    Raises:
        EnvironmentFault: the environment cannot be made or raised.
    """
    config = workplace.config
    envs = workplace.streams.training_vector(_side_by_side(config))
    steps = 0
    try:
        with workplace.stop.heeded() as stopping:
            envs.action_space.seed(workplace.seed)
            envs.reset(seed=workplace.seed)
            ended = np.zeros(config.num_envs, np.bool_)
            while steps < config.total_steps:
                workplace.desk.look(steps=steps)
                _, _, terminated, truncated, _ = envs.step(envs.action_space.sample())
                # An environment whose episode ended before this call begins the next one in it, and takes no step.
                steps += int(np.count_nonzero(~ended))
                ended = terminated | truncated
        return WorkResult(steps=steps, was_stopped=stopping.happened)
    finally:
        envs.close()


def _side_by_side(config: TrainingConfig) -> VectorEnv[Any, Any, Any]:
    makers: list[Callable[[], Env[Any, Any]]] = [
        lambda: open_plain(config, render=config.frames != "none")
    ] * config.num_envs
    return AsyncVectorEnv(makers) if config.vectorization == "async" else SyncVectorEnv(makers)
