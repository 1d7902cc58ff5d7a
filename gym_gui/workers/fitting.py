"""Whether an environment is here, and an algorithm can learn it: found out without any learner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.value_ranges import ALGORITHMS, check_values

if TYPE_CHECKING:
    from gymnasium.spaces import Space

    from gym_gui.services.trainer.config import TrainingConfig

_ANY_ACTION: Final = ("Box", "Discrete", "MultiDiscrete", "MultiBinary")
# What Stable-Baselines3 says only once it, and torch with it, is loaded.
_ACTIONS: Final = {
    "PPO": _ANY_ACTION,
    "A2C": _ANY_ACTION,
    "DQN": ("Discrete",),
    "SAC": ("Box",),
    "TD3": ("Box",),
}
_OBSERVATIONS: Final = ("Box", "Discrete", "MultiDiscrete", "MultiBinary", "Dict")
_WORDS: Final = {"Box": "numbers", "Discrete": "one choice of several"}
_SHOWN: Final = 80


def check_fit(config: TrainingConfig) -> None:
    """Make the environment of a run, ask it what it is like, and close it.

    Raises:
        ConfigError: a value cannot be, the algorithm cannot learn the environment, or a script is no Python.
        UnknownEnvironmentError: there is no such environment.
        EnvironmentUnusableError: it cannot be made here: a package is missing, or it raised.
    """
    from gym_gui.adapters.opening import close_quietly  # noqa: PLC0415 - Gymnasium, 0.4 s
    from gym_gui.workers.making import open_plain  # noqa: PLC0415 - same

    check_values(config)
    if config.worker == "script":
        check_reads_as_python(Path(config.script))
        return
    env = open_plain(config, render=False)
    try:
        if config.worker == "sb3":
            check_spaces(config, env.observation_space, env.action_space)
    finally:
        close_quietly(env)


def check_reads_as_python(script: Path) -> None:
    """Let a script pass that Python can read; what it does is found out when it runs.

    One that is not there passes: whoever takes it says so, and why.

    Raises:
        ConfigError: it is no Python; the sentence says where.
    """
    try:
        text = script.read_bytes()
    except OSError:
        return
    try:
        compile(text, str(script), "exec", dont_inherit=True)
    except SyntaxError as error:
        where = "" if error.lineno is None else f" (line {error.lineno})"
        raise ConfigError(f"The script {script} is no Python that can run here: {error.msg}{where}.") from error
    except ValueError as error:  # some versions' word for a null byte
        raise ConfigError(f"The script {script} is no Python that can run here: {error}.") from error


def check_spaces(config: TrainingConfig, observations: Space[object], actions: Space[object]) -> None:
    """Let an environment's spaces pass that the run's algorithm and policy can learn from.

    Raises:
        ConfigError: they cannot; the sentence says which could.
    """
    name = config.algorithm
    allowed = _ACTIONS.get(name, _ANY_ACTION)
    kind = type(actions).__name__
    if kind not in allowed:
        wanted = " or ".join(f"{_WORDS[one]} ({one})" if one in _WORDS else one for one in allowed)
        able = [one for one in ALGORITHMS if kind in _ACTIONS[one]]
        raise ConfigError(
            f"{name} cannot learn {config.env_id}: its actions are {_short(actions)}, and {name} needs {wanted}.",
            hint=f"Choose {_listed(able)}." if able else "A script of your own may learn it: --script.",
        )
    wrong = _unlearnable(observations)
    if wrong is not None:
        raise ConfigError(
            f"{name} cannot learn {config.env_id}: it observes {_short(wrong)}, which no policy here takes in.",
            hint="A script of your own may learn it: --script.",
        )
    is_named = type(observations).__name__ == "Dict"
    if config.policy and is_named is not (config.policy == "MultiInputPolicy"):
        raise ConfigError(
            f"The policy {config.policy} does not suit {config.env_id}, which observes {_short(observations)}.",
            hint="Leave policy out: one that suits is taken.",
        )


def _unlearnable(space: Space[object]) -> Space[object] | None:
    """The part of what is observed that no policy takes in; None where all of it can be learnt from."""
    kind = type(space).__name__
    if kind == "Dict":
        parts: list[Space[object]] = list(space.spaces.values())  # type: ignore[attr-defined]  # a Dict has them
        return next((part for part in parts if type(part).__name__ not in _OBSERVATIONS[:-1]), None)
    return None if kind in _OBSERVATIONS else space


def _short(space: Space[object]) -> str:
    text = " ".join(str(space).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _listed(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
