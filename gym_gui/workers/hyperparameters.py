"""Hyper-parameters as JSON has them, to what an algorithm of Stable-Baselines3 takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.value_ranges import LINEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What the worker itself decides; see `TrainingConfig`.
RESERVED: Final = frozenset({"policy", "env", "seed", "verbose", "tensorboard_log", "_init_setup_model"})
# May be `lin_X`: falls from X to 0 over the whole training.
SCHEDULED: Final = frozenset({"learning_rate", "clip_range", "clip_range_vf"})
# Classes: a configuration names no code.
NOT_OFFERED: Final = frozenset(
    {"rollout_buffer_class", "rollout_buffer_kwargs", "replay_buffer_class", "replay_buffer_kwargs"}
)
_NOISE: Final = re.compile(r"(normal|ou)_(\d+(?:\.\d*)?(?:e-?\d+)?)", re.IGNORECASE)
_ACTIVATIONS: Final = ("ReLU", "Tanh", "ELU", "LeakyReLU", "SiLU", "GELU")
_OPTIMISERS: Final = ("Adam", "AdamW", "RMSprop", "SGD")


class LinearSchedule:
    """Falls from a number to 0 as the training goes on; a class, so that it can be saved."""

    def __init__(self, start: float) -> None:
        self.start = start

    def __call__(self, progress_remaining: float) -> float:
        """The value where that part of the training, 1 to 0, is left."""
        # The last rollout may go beyond the end, where less than nothing is left.
        return max(progress_remaining, 0.0) * self.start


def keyword_arguments(
    algorithm: str, given: Mapping[str, Any], known: Mapping[str, Any], actions: int
) -> dict[str, Any]:
    """Keyword arguments of an algorithm's class.

    Args:
        algorithm: Its name, for the sentence of an error.
        given: As the configuration has them.
        known: Names of the class's parameters.
        actions: Numbers in an action, for noise on them; 0 where actions are no numbers.

    Raises:
        ConfigError: one is unknown, is not for a configuration to set, or has a value that it cannot take.
    """
    wrong = sorted(set(given) - set(known) | set(given) & (RESERVED | NOT_OFFERED))
    if wrong:
        raise ConfigError(
            f"{algorithm} has no hyper-parameter {wrong[0]!r}.",
            hint=f"It has {', '.join(sorted(set(known) - RESERVED - NOT_OFFERED))}.",
        )
    return {name: _value(name, value, actions) for name, value in given.items()}


def _value(name: str, value: Any, actions: int) -> Any:
    if name in SCHEDULED and isinstance(value, str):
        return LinearSchedule(float(_matched(LINEAR, name, value, "a number, or lin_ and a number")[1]))
    if name == "policy_kwargs" and value is not None:
        return _policy_kwargs(value)
    if name == "action_noise" and value is not None:
        return _noise(value, actions)
    # Without tuples in JSON, `train_freq: [1, "episode"]` is a list.
    return tuple(value) if name == "train_freq" and isinstance(value, list) else value


def _matched(pattern: re.Pattern[str], name: str, value: Any, wanted: str) -> re.Match[str]:
    found = pattern.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ConfigError(f"{name} cannot be {value!r}.", hint=f"It is {wanted}.")
    return found


def _policy_kwargs(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"policy_kwargs cannot be {value!r}.", hint='It is an object: {"net_arch": [64, 64]}.')
    import torch  # noqa: PLC0415 - heavy

    kwargs = dict(value)
    for key, names, home in (
        ("activation_fn", _ACTIVATIONS, torch.nn),
        ("optimizer_class", _OPTIMISERS, torch.optim),
    ):
        if key in kwargs:
            if kwargs[key] not in names:
                raise ConfigError(f"{key} cannot be {kwargs[key]!r}.", hint=f"It is one of {', '.join(names)}.")
            kwargs[key] = getattr(home, kwargs[key])
    for key in [key for key, entry in kwargs.items() if key.endswith("_class") and isinstance(entry, str)]:
        raise ConfigError(f"{key} cannot be set here.", hint="A script of your own can: `--script`.")
    return kwargs


def _noise(value: Any, actions: int) -> Any:
    kind, sigma = _matched(_NOISE, "action_noise", value, "normal_ or ou_ and the noise's standard deviation").groups()
    if not actions:
        raise ConfigError("action_noise is for environments whose actions are numbers.")
    import numpy as np  # noqa: PLC0415 - with the learner
    from stable_baselines3.common import noise  # noqa: PLC0415 - heavy

    make: Callable[..., Any] = (
        noise.NormalActionNoise if kind.lower() == "normal" else noise.OrnsteinUhlenbeckActionNoise
    )
    return make(mean=np.zeros(actions), sigma=np.full(actions, float(sigma)))
