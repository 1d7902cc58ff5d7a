"""A learner of Stable-Baselines3: made from a configuration, or from a checkpoint whose counts and schedules go on."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import ConfigError, WorkerError
from gym_gui.services.trainer.value_ranges import POLICIES, check_name
from gym_gui.workers import replay_memory
from gym_gui.workers.algorithms import algorithm_class
from gym_gui.workers.checkpoints import buffer_of
from gym_gui.workers.fitting import check_spaces
from gym_gui.workers.forms import parameters_of
from gym_gui.workers.hyperparameters import keyword_arguments

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.services.trainer.config import TrainingConfig

_IMAGE_RANK: Final = 3


def make_learner(config: TrainingConfig, envs: Any, *, seed: int) -> Any:
    """A learner that knows nothing yet.

    Args:
        config: Algorithm, policy and hyper-parameters.
        envs: A ``VecEnv``, which it learns in.
        seed: Of weights, exploration and environments.

    Raises:
        ConfigError: a name or a value is none that the algorithm takes.
        FormatUnavailableError: Stable-Baselines3 is not installed.
    """
    kind = algorithm_class(config.algorithm)
    check_spaces(config, envs.observation_space, envs.action_space)
    kwargs = _arguments(config, kind, envs)
    policy = config.policy or _policy_for(envs.observation_space)
    check_name("policy", policy, POLICIES)
    try:
        return _laid_out(kind(policy, envs, seed=seed, verbose=0, **{"device": "auto", **kwargs}))
    except (AssertionError, ValueError, TypeError) as error:
        raise ConfigError(f"{config.algorithm} cannot learn this: {' '.join(str(error).split())}") from error


def load_learner(config: TrainingConfig, checkpoint: Path, envs: Any, *, seed: int) -> Any:
    """A learner that goes on from *checkpoint*: its steps are counted on, its schedules go on.

    Raises:
        WorkerError: the checkpoint cannot be read, or is of another environment or algorithm.
        FormatUnavailableError: Stable-Baselines3 is not installed.
    """
    kind = algorithm_class(config.algorithm)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about versions; what matters raises
            learner = kind.load(checkpoint, env=envs)
        # Another seed than at the beginning: the same draws again would be no new experience.
        learner.set_random_seed(seed + learner.num_timesteps)
        buffer = buffer_of(checkpoint)
        if buffer.is_file() and hasattr(learner, "replay_buffer"):
            replay_memory.load(learner.replay_buffer, buffer)
    except Exception as error:
        raise WorkerError(
            f"Training cannot go on from this checkpoint: {type(error).__name__}: {' '.join(str(error).split())}. "
            f"File: {checkpoint}"
        ) from error
    return _laid_out(learner)


def _laid_out(learner: Any) -> Any:
    """The same learner, the weights of its convolutions in the order that a processor goes through fastest.

    The numbers are the same ones; forward and backward through a network of pictures take a quarter less of a core.
    """
    import torch  # noqa: PLC0415 - with the learner

    if learner.device.type == "cpu":
        learner.policy.to(memory_format=torch.channels_last)
    return learner


def _arguments(config: TrainingConfig, kind: Any, envs: Any) -> dict[str, Any]:
    space = envs.action_space
    is_numbers = getattr(space, "dtype", None) is not None and space.dtype.kind == "f"
    return keyword_arguments(
        config.algorithm, config.hyperparameters, parameters_of(kind), int(space.shape[0]) if is_numbers else 0
    )


def _policy_for(space: Any) -> str:
    """The policy that suits observations: named ones, pictures, or numbers."""
    import numpy as np  # noqa: PLC0415 - with the learner
    from gymnasium.spaces import Box, Dict  # noqa: PLC0415 - same

    if isinstance(space, Dict):
        return "MultiInputPolicy"
    is_picture = isinstance(space, Box) and len(space.shape) == _IMAGE_RANK and space.dtype == np.uint8
    return "CnnPolicy" if is_picture else "MlpPolicy"
