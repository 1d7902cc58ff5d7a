"""What the values of a training run can be, as far as that is certain before any learner is loaded.

Commands, the window's form and the trainer ask here, so that all of them refuse the same.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import ConfigError
from gym_gui.core.frame_choice import FrameChoice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.services.trainer.config import TrainingConfig

# What a learner can be asked for, of an installed Stable-Baselines3.
ALGORITHMS: Final = ("PPO", "DQN", "A2C", "SAC", "TD3")
POLICIES: Final = ("MlpPolicy", "CnnPolicy", "MultiInputPolicy")
# Falls from a number to 0 over the whole training.
LINEAR: Final = re.compile(r"lin_(\d+(?:\.\d*)?(?:e-?\d+)?)", re.IGNORECASE)
_VECTORIZATIONS: Final = ("sync", "async")


@dataclass(frozen=True, slots=True)
class ValueRange:
    """What a number can be.

    Attributes:
        kind: ``int``, ``float``, ``schedule`` (a number, or ``lin_`` and one) or ``bool``, which has no bounds.
        least: The least that it can be; None for no bound.
        most: The most, likewise.
        above: What it has to be more than.
    """

    kind: str
    least: float | None = None
    most: float | None = None
    above: float | None = None

    def holds(self, value: Any) -> bool:
        """Whether *value* is of the kind and within the bounds."""
        if self.kind == "bool":
            return isinstance(value, bool)
        if self.kind == "schedule" and isinstance(value, str):
            return LINEAR.fullmatch(value) is not None
        numbers = (int,) if self.kind == "int" else (int, float)
        # JSON's true is no 1.
        if isinstance(value, bool) or not isinstance(value, numbers) or not math.isfinite(value):
            return False
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
        )

    @property
    def words(self) -> str:
        """What it can be, to be read after "is"."""
        if self.kind == "bool":
            return "true or false"
        bounds = ""
        if self.least is not None:
            bounds = f" of at least {self.least:g}" if self.most is None else f" from {self.least:g} to {self.most:g}"
        elif self.above is not None:
            bounds = f" above {self.above:g}"
        number = f"a whole number{bounds}" if self.kind == "int" else f"a number{bounds}"
        return f"{number}, or lin_ and one" if self.kind == "schedule" else number


_COUNT: Final = ValueRange("int", least=1)
_NONE_OR_MORE: Final = ValueRange("int", least=0)
_SHARE: Final = ValueRange("float", least=0, most=1)
_NUMBER: Final = ValueRange("float")
_NOT_NEGATIVE: Final = ValueRange("float", least=0)
_SWITCH: Final = ValueRange("bool")
# Stable-Baselines3 knows -1: as many as there were steps, or never.
_OR_MINUS_ONE: Final = ValueRange("int", least=-1)
_SETTINGS: Final[Mapping[str, ValueRange]] = {
    "num_envs": _COUNT,
    "seed": _NONE_OR_MORE,
    "restarts": _NONE_OR_MORE,
    "evaluation.every_steps": _NONE_OR_MORE,
    "evaluation.episodes": _COUNT,
    "evaluation.seed": _NONE_OR_MORE,
    "checkpoint.every_steps": _NONE_OR_MORE,
    "resources.cpus": _NOT_NEGATIVE,
    "resources.gpus": _NONE_OR_MORE,
    "resources.memory_mb": _NONE_OR_MORE,
}
# By name: a name means the same to every algorithm that has it. Those that may be words, too, are not here.
HYPERPARAMETERS: Final[Mapping[str, ValueRange]] = {
    "learning_rate": ValueRange("schedule", above=0),
    "n_steps": _COUNT,
    "batch_size": _COUNT,
    "n_epochs": _COUNT,
    "gamma": _SHARE,
    "gae_lambda": _SHARE,
    "clip_range": ValueRange("schedule", least=0),
    "clip_range_vf": ValueRange("schedule", above=0),
    "normalize_advantage": _SWITCH,
    "vf_coef": _NUMBER,
    "max_grad_norm": _NOT_NEGATIVE,
    "use_sde": _SWITCH,
    "sde_sample_freq": _OR_MINUS_ONE,
    "target_kl": _NUMBER,
    "stats_window_size": _COUNT,
    "buffer_size": _COUNT,
    "learning_starts": _NONE_OR_MORE,
    "tau": _SHARE,
    "gradient_steps": _OR_MINUS_ONE,
    "optimize_memory_usage": _SWITCH,
    "target_update_interval": _COUNT,
    "exploration_fraction": _SHARE,
    "exploration_initial_eps": _SHARE,
    "exploration_final_eps": _SHARE,
    "rms_prop_eps": _NOT_NEGATIVE,
    "use_rms_prop": _SWITCH,
    "use_sde_at_warmup": _SWITCH,
    "policy_delay": _COUNT,
    "target_policy_noise": _NOT_NEGATIVE,
    "target_noise_clip": _NOT_NEGATIVE,
}


def check_values(config: TrainingConfig) -> None:
    """Let a run's values pass that can be.

    Raises:
        ConfigError: one cannot; the sentence says what it can be.
    """
    for name, allowed in _SETTINGS.items():
        _check(name, allowed, _setting(config, name))
    # A script goes on for as long as it likes.
    _check("total_steps", _NONE_OR_MORE if config.worker == "script" else _COUNT, config.total_steps)
    if config.vectorization not in _VECTORIZATIONS:
        raise ConfigError(f"vectorization is {' or '.join(_VECTORIZATIONS)}, not {config.vectorization}.")
    FrameChoice.parse(config.frames)
    if config.worker == "sb3":
        check_name("algorithm", config.algorithm, ALGORITHMS)
        if config.policy:  # else one that suits is taken
            check_name("policy", config.policy, POLICIES)
        for name, value in config.hyperparameters.items():
            if name in HYPERPARAMETERS:
                _check(name, HYPERPARAMETERS[name], value)


def check_name(what: str, name: str, known: Sequence[str]) -> None:
    """Let a name pass that there is.

    Args:
        what: What it names, in a word.
        name: As it was written.
        known: Those that there are.

    Raises:
        ConfigError: there is none of it; the hint names the nearest ones, or all.
    """
    if name in known:
        return
    written = {one.lower(): one for one in known}
    begun = [one for one in written if name and one.startswith(name.lower())]
    near = [written[one] for one in begun or difflib.get_close_matches(name.lower(), written, n=3)]
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Choose {', '.join(known[:-1])} or {known[-1]}."
    raise ConfigError(f"There is no {what} {name!r}.", hint=hint)


def _check(name: str, allowed: ValueRange, value: Any) -> None:
    # Nothing set: the worker picks a seed, the algorithm has its own way.
    if value is not None and not allowed.holds(value):
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        raise ConfigError(f"{name} is {allowed.words}, not {shown}.")


def _setting(config: TrainingConfig, name: str) -> Any:
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value
