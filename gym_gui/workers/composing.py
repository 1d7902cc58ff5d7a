"""A training run from words: a preset or an environment, and changes by name; and the command that says the same."""

from __future__ import annotations

import difflib
import shlex
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.config import EvaluationConfig, TrainingConfig
from gym_gui.services.trainer.value_ranges import ALGORITHMS, check_name, check_values
from gym_gui.workers.forms import form_of
from gym_gui.workers.presets import PRESETS, preset_of

if TYPE_CHECKING:
    from collections.abc import Mapping

RANDOM: Final = "random"
_STEPS: Final = 100_000
_HYPERPARAMETERS: Final = "hyperparameters"
# Settings that have an option of their own.
_OPTIONS: Final = {
    "total_steps": "--steps",
    "seed": "--seed",
    "num_envs": "--num-envs",
    "frames": "--frames",
    "name": "--name",
}
_FREE: Final = frozenset({_HYPERPARAMETERS, "env_kwargs", "launcher_options", "tags"})


def starting_config(what: str, *, algorithm: str = "") -> TrainingConfig:
    """The run that *what* names, to be changed.

    Args:
        what: A preset's name or an environment's id.
        algorithm: Of an environment's run, ``random`` included; PPO where it is empty. A preset has its own.

    Raises:
        ConfigError: there is no such preset or algorithm.
    """
    _check_algorithm(algorithm)
    if what in PRESETS:
        config = preset_of(what).config
        if algorithm and algorithm != (config.algorithm or RANDOM):
            raise ConfigError(
                f"The preset {what} is of {config.algorithm or RANDOM}.",
                hint=f"Start {config.env_id} with --algorithm {algorithm} instead.",
            )
        return config
    if "-" in what and "/" not in what and ":" not in what and "-v" not in what:
        near = difflib.get_close_matches(what, PRESETS, n=3)
        if near:
            raise ConfigError(f"There is no preset {what!r}.", hint=f"Did you mean {' or '.join(near)}?")
    return environment_config(what, algorithm=algorithm)


def environment_config(env_id: str, *, algorithm: str = "") -> TrainingConfig:
    """A run in an environment, to be changed; the id may be any text, half typed, and is never taken for a preset.

    Args:
        env_id: The environment's id.
        algorithm: ``random`` included; PPO where it is empty.

    Raises:
        ConfigError: there is no such algorithm.
    """
    _check_algorithm(algorithm)
    if algorithm == RANDOM:
        return TrainingConfig(worker="random", env_id=env_id, total_steps=_STEPS)
    return TrainingConfig(
        worker="sb3",
        env_id=env_id,
        algorithm=algorithm or "PPO",
        total_steps=_STEPS,
        atari=env_id.startswith("ALE/"),
        evaluation=EvaluationConfig(every_steps=_STEPS // 10),
    )


def changed(config: TrainingConfig, changes: Mapping[str, Any]) -> TrainingConfig:
    """*config* with values put in by name.

    Args:
        config: What to start from.
        changes: Name -> value. A name is a setting (``total_steps``), one within another (``evaluation.episodes``,
            ``env_kwargs.gravity``), or a hyper-parameter of the algorithm (``learning_rate``).

    Raises:
        ConfigError: there is no such name, or the value is of a wrong kind or out of its range.
    """
    document = msgspec.to_builtins(config)
    for name, value in changes.items():
        _put(document, _place_of(name, config), value)
    chosen = TrainingConfig.from_json(msgspec.json.encode(document).decode())
    check_values(chosen)
    return chosen


def pair(word: str) -> tuple[str, Any]:
    """``NAME=VALUE``, the value being JSON where it reads as that, else text.

    Raises:
        ConfigError: there is no ``=``.
    """
    name, equals, text = word.partition("=")
    if not equals or not name:
        raise ConfigError(f"{word!r} is not NAME=VALUE.")
    try:
        return name, msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return name, text


def command_line(config: TrainingConfig, *, resume_from: str | None = None) -> str:
    """The command that starts the same run: its preset or environment, and what differs from that.

    Args:
        config: Of the run.
        resume_from: The run whose newest checkpoint it goes on from.
    """
    start, base = _nearest(config)
    words = ["gym-gui", "train", "start", *start]
    wanted, given = msgspec.to_builtins(config), msgspec.to_builtins(base)
    for name, value in _differences("", wanted, given):
        if name in _OPTIONS and value is not None:
            words += [_OPTIONS[name], str(value)]
        elif name not in {"worker", "script", "arguments", "algorithm", "env_id"}:
            words += ["--set", f"{name}={_text(value)}"]
    if resume_from is not None:
        words += ["--resume-from", resume_from]
    if config.worker == "script":
        words += ["--script", config.script, *(["--", *config.arguments] if config.arguments else [])]
    return shlex.join(words)


def _check_algorithm(algorithm: str) -> None:
    if algorithm:
        check_name("algorithm", algorithm, (*ALGORITHMS, RANDOM))


def _nearest(config: TrainingConfig) -> tuple[list[str], TrainingConfig]:
    """The words that come nearest to *config*, and what they alone would start."""
    if config.worker == "script":
        return [], TrainingConfig(worker="script", total_steps=0)
    algorithm = config.algorithm or RANDOM
    starts = [([config.env_id, "--algorithm", algorithm], environment_config(config.env_id, algorithm=algorithm))]
    kind = (config.worker, config.env_id, config.algorithm)
    starts += [
        ([preset.name], preset.config)
        for preset in PRESETS.values()
        if (preset.config.worker, preset.config.env_id, preset.config.algorithm) == kind
    ]
    wanted = msgspec.to_builtins(config)
    # A preset where it comes as near: it is the shorter word.
    return min(reversed(starts), key=lambda start: len(_differences("", wanted, msgspec.to_builtins(start[1]))))


def _differences(prefix: str, wanted: Mapping[str, Any], given: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in wanted.items():
        before = given.get(name)
        full = f"{prefix}{name}"
        if isinstance(value, dict) and isinstance(before, dict):
            found += _differences(f"{full}.", value, before)
        elif value != before or name not in given:
            found.append((full, value))
    # What the start has and the run has not: null takes a hyper-parameter out again.
    found += [(f"{prefix}{name}", None) for name in given if name not in wanted]
    return found


def _text(value: Any) -> str:
    if isinstance(value, str) and value:
        try:
            msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):  # nested deeper than any reader goes: a text like any other
            return value
    return msgspec.json.encode(value).decode()  # a text that reads as a number keeps its quotes


def _place_of(name: str, config: TrainingConfig) -> list[str]:
    path = name.split(".")
    settings = {field.name for field in fields(config)}
    if path[0] in settings:
        inner = getattr(config, path[0])
        if len(path) > 1 and is_dataclass(inner) and path[1] not in {field.name for field in fields(inner)}:
            raise _unknown(name, [f"{path[0]}.{field.name}" for field in fields(inner)])
        return path
    hyperparameters = [field.name for field in form_of(config.algorithm)] if config.worker == "sb3" else []
    if path[0] in hyperparameters:
        return [_HYPERPARAMETERS, *path]
    raise _unknown(name, [*settings, *hyperparameters])


def _put(document: dict[str, Any], path: list[str], value: Any) -> None:
    *homes, last = path
    for place, home in enumerate(homes):
        inner = document.setdefault(home, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{'.'.join(path[: place + 1])} has nothing within it.")
        document = inner
    if value is None and homes and homes[0] in _FREE:
        document.pop(last, None)  # back to its own default
    else:
        document[last] = value


def _unknown(name: str, known: list[str]) -> ConfigError:
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(sorted(known))}."
    return ConfigError(f"A training run has no setting {name!r}.", hint=hint)
