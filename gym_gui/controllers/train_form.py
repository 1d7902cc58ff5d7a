"""The form that a run is started with: presets, settings, hyper-parameters, and the command that does the same.

Pure: a `TrainForm` is never changed, every step gives the next one.
"""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.value_ranges import ALGORITHMS, LINEAR, check_values
from gym_gui.workers.composing import changed, command_line, environment_config
from gym_gui.workers.forms import form_of
from gym_gui.workers.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RANDOM: Final = "random"
SCRIPT: Final = "script"
KINDS: Final = (*ALGORITHMS, RANDOM, SCRIPT)
_FIRST_PRESET: Final = "cartpole-ppo"
_FRAMES: Final = re.compile(r"all|none|best|every:[1-9]\d*")
_WHAT_BEGINS: Final = ("worker", "env_id", "env_kwargs", "algorithm", "policy", "launcher")
_HYPERPARAMETERS: Final = "hyperparameters"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormEntry:
    """One line of the form.

    Attributes:
        name: The setting: ``total_steps``, ``evaluation.every_steps``, ``learning_rate``.
        title: What a person calls it.
        kind: ``int``, ``float``, ``bool``, ``choice``, ``schedule``, ``text``, ``words``, ``noise`` or ``json``.
        text: What it is set to; empty for `usual`.
        usual: What counts where nothing is typed.
        choices: Of a ``choice``.
        advanced: Whether most people leave it.
        tip: What it is.
        fault: One sentence where what was typed cannot be; empty otherwise.
        example: What could stand there, where nothing does and nothing is usual.
    """

    name: str
    title: str
    kind: str
    text: str = ""
    usual: str = ""
    choices: tuple[str, ...] = ()
    advanced: bool = False
    tip: str = ""
    fault: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class _Setting:
    name: str
    title: str
    kind: str
    tip: str
    least: float | None = None
    advanced: bool = False
    example: str = ""


_ENVIRONMENT: Final = _Setting("env_id", "Environment", "text", "As gymnasium.make takes it: CartPole-v1")
_SCRIPT: Final = (
    _Setting("script", "Script", "text", "Path of your own file; it is started with the trainer's variables set"),
    _Setting(
        "arguments",
        "Arguments",
        "words",
        "Its command line; quotes keep words together",
        example="for example --steps 500 'two words'",
    ),
)
_SETTINGS: Final = (
    _Setting("name", "Name", "text", "What you call the run"),
    _Setting("total_steps", "Steps", "int", "Steps of all environments together", 1),
    _Setting("num_envs", "Environments", "int", "Side by side", 1),
    _Setting("seed", "Seed", "int?", "Of the learner and of the first episode; empty: the worker picks one", 0),
    _Setting("frames", "Pictures kept", "frames", "all, none, best, or every:10 for every tenth episode"),
    _Setting("evaluation.every_steps", "Evaluate every", "int", "Steps between two evaluations; 0 for none", 0),
    _Setting("evaluation.episodes", "Episodes each", "int", "Of one evaluation, on fixed seeds", 1),
    _Setting("checkpoint.every_steps", "Checkpoint every", "int", "Steps; 0 for only the last and the best", 0),
    _Setting("resources.cpus", "CPUs", "float", "Cores that it counts for", 0, advanced=True),
    _Setting("resources.gpus", "GPUs", "int", "Whole GPUs, claimed for the run", 0, advanced=True),
    _Setting("resources.memory_mb", "Memory, MB", "int", "Beyond it the run fails; 0 for no limit", 0, advanced=True),
    _Setting("restarts", "Restarts", "int", "How often a run that failed starts again", 0, advanced=True),
    _Setting("priority", "Priority", "int", "Higher goes first", advanced=True),
)
_OF_SCRIPTS: Final = frozenset({"name", "seed", "restarts", "priority", "resources.cpus", "resources.gpus"})


@dataclass(frozen=True, slots=True)
class TrainForm:
    """What is filled in.

    Attributes:
        config: What would be started.
        typed: What was typed and cannot be, by setting, with the sentence that says why.
        words: The arguments of a script as they were typed last; there are many ways to quote the same.
    """

    config: TrainingConfig
    typed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    words: str = ""

    @classmethod
    def first(cls) -> TrainForm:
        """A form on the first preset."""
        return cls(PRESETS[_FIRST_PRESET].config)

    @property
    def kind(self) -> str:
        """The algorithm, ``random`` or ``script``."""
        return self.config.algorithm if self.config.worker == "sb3" else self.config.worker

    @property
    def preset(self) -> str:
        """The preset that this is, unchanged but for its labels; empty for none."""
        digest = self.config.digest()
        return next((name for name, one in PRESETS.items() if one.config.digest() == digest), "")

    @property
    def command(self) -> str:
        """The command line that starts the same run."""
        return command_line(self.config)

    @property
    def fault(self) -> str:
        """One sentence where it cannot be started as it stands; empty otherwise."""
        if self.typed:
            sentences = [sentence for _, sentence in self.typed.values()]
            # The newest first: it is what is being typed.
            return " ".join(reversed(sentences))
        if self.kind == SCRIPT and not self.config.script:
            return "Name the script to start."
        if self.kind != SCRIPT and not self.config.env_id:
            return "Name the environment to train in."
        try:
            check_values(self.config)  # a run of long ago may be begun with what is known no more
        except ConfigError as fault:
            return str(fault)
        return ""

    def choose_preset(self, name: str) -> TrainForm:
        """Start from a preset; the name that the run was given stays."""
        return TrainForm(replace(PRESETS[name].config, name=self.config.name))

    def choose_kind(self, kind: str) -> TrainForm:
        """Learn with another algorithm, act at random, or start a script."""
        if kind == self.kind:
            return self
        config = self.config
        if kind == SCRIPT:
            return TrainForm(TrainingConfig(worker="script", total_steps=0, name=config.name))
        env_id = config.env_id or "CartPole-v1"
        begun = environment_config(env_id, algorithm=kind)
        steps = config.total_steps or begun.total_steps
        return TrainForm(replace(begun, total_steps=steps, num_envs=config.num_envs, name=config.name))

    def put(self, name: str, text: str) -> TrainForm:
        """Type *text* into a line; empty takes it back to what is usual."""
        text = text.strip()
        typed = {key: value for key, value in self.typed.items() if key != name}
        try:
            config = self._changed(name, text)
        except ConfigError as fault:
            return replace(self, typed={**typed, name: (text, fault.message)})
        return TrainForm(config, typed, text if name == "arguments" else self.words)

    def settings(self) -> tuple[FormEntry, ...]:
        """The lines of every run."""
        script = self.kind == SCRIPT
        chosen = [*_SCRIPT] if script else [_ENVIRONMENT]
        chosen += [one for one in _SETTINGS if not script or one.name in _OF_SCRIPTS]
        document, usual = msgspec.to_builtins(self.config), msgspec.to_builtins(self._base())
        return tuple(self._entry_of(one, _at(document, one.name), _at(usual, one.name)) for one in chosen)

    def hyperparameters(self) -> tuple[FormEntry, ...]:
        """The lines of the algorithm, those that most people leave last."""
        if self.config.worker != "sb3":
            return ()
        entries = []
        for one in form_of(self.config.algorithm):
            value = self.config.hyperparameters.get(one.name)
            text, fault = self.typed.get(one.name, ("" if value is None else _text(value), ""))
            entries.append(
                FormEntry(
                    name=one.name,
                    title=one.name.replace("_", " "),
                    kind=one.kind,
                    text=text,
                    usual="its own" if one.default is None else _text(one.default),
                    choices=one.choices,
                    advanced=one.advanced,
                    tip=one.help,
                    fault=fault,
                )
            )
        return tuple(sorted(entries, key=lambda entry: entry.advanced))

    # Inside.

    def _base(self) -> TrainingConfig:
        return TrainingConfig(worker=self.config.worker)

    def _entry_of(self, setting: _Setting, value: Any, usual: Any) -> FormEntry:
        shown = self._spelled(value) if setting.kind == "words" else "" if value is None else _text(value)
        text, fault = self.typed.get(setting.name, (shown, ""))
        return FormEntry(
            name=setting.name,
            title=setting.title,
            kind=setting.kind,
            text=text,
            usual="" if usual is None or setting.kind == "words" else _text(usual),
            advanced=setting.advanced,
            tip=setting.tip,
            fault=fault,
            example=setting.example,
        )

    def _spelled(self, words: Sequence[str]) -> str:
        """As a person typed it, where it still says the same."""
        return self.words if shlex.split(self.words) == list(words) else shlex.join(words)

    def _changed(self, name: str, text: str) -> TrainingConfig:
        setting = next((one for one in (_ENVIRONMENT, *_SCRIPT, *_SETTINGS) if one.name == name), None)
        if setting is not None:
            return changed(self.config, {name: _setting_value(setting, text, _at_config(self._base(), name))})
        field_of = {one.name: one for one in form_of(self.config.algorithm)}
        if name not in field_of:
            raise ConfigError(f"{self.config.algorithm} has no hyper-parameter {name!r}.")
        value = None if not text else _parsed(field_of[name].kind, name.replace("_", " "), text)
        return changed(self.config, {f"{_HYPERPARAMETERS}.{name}": value})


def is_alike(one: TrainingConfig, other: TrainingConfig) -> bool:
    """Whether both need the same of a machine to begin: what is made, and what learns it."""
    return all(getattr(one, name) == getattr(other, name) for name in _WHAT_BEGINS)


def _setting_value(setting: _Setting, text: str, usual: Any) -> Any:
    if setting.kind == "words":
        return _split(setting.title, text)
    if setting.kind == "text":
        return text
    if not text:
        return None if setting.kind == "int?" else usual
    if setting.kind == "frames":
        if not _FRAMES.fullmatch(text):
            raise ConfigError(f"{setting.title} is all, none, best, or every: and a number.")
        return text
    value = _parsed("float" if setting.kind == "float" else "int", setting.title, text)
    if setting.least is not None and value < setting.least:
        raise ConfigError(f"{setting.title} is at least {setting.least:g}.")
    return value


def _split(title: str, text: str) -> list[str]:
    """The words of *text*, as a shell takes them apart.

    Raises:
        ConfigError: a quote is open at its end, or a backslash stands there.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        what = "a quote that is not closed" if "quotation" in str(error) else "a backslash with nothing after it"
        raise ConfigError(f"{title} has {what}.") from error


def _parsed(kind: str, title: str, text: str) -> Any:
    """The value that *text* spells.

    Raises:
        ConfigError: it spells none of that kind.
    """
    if kind == "int":
        try:
            return int(text.replace(",", "").replace("_", ""))
        except ValueError as error:
            raise ConfigError(f"{title} is a whole number.") from error
    if kind == "bool":
        return text.lower() in {"true", "yes", "1", "on"}
    if kind in {"float", "schedule"}:
        if kind == "schedule" and LINEAR.fullmatch(text):
            return text
        wanted = "a number, or lin_ and one" if kind == "schedule" else "a number"
        try:
            value = float(text.replace(",", ""))
        except ValueError as error:
            raise ConfigError(f"{title} is {wanted}.") from error
        if not math.isfinite(value):  # JSON has no word for it: it would travel as nothing at all
            raise ConfigError(f"{title} is {wanted}.")
        return value
    return _word_or_json(kind, title, text)


def _word_or_json(kind: str, title: str, text: str) -> Any:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:  # the latter: brackets without end
        if kind == "json":
            raise ConfigError(f'{title} is an object: {{"net_arch": [64, 64]}}.') from error
        return text
    if kind == "json" and not isinstance(value, dict):
        raise ConfigError(f'{title} is an object: {{"net_arch": [64, 64]}}.')
    return value


def _at(document: Mapping[str, Any], name: str) -> Any:
    value: Any = document
    for part in name.split("."):
        value = value[part]
    return value


def _at_config(config: TrainingConfig, name: str) -> Any:
    return _at(msgspec.to_builtins(config), name)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    return msgspec.json.encode(value).decode()
