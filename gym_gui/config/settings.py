"""The settings in force, typed, each with where it is from: defaults < user's file < environment < command line."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.config.composing import compose_config, parse_overrides, to_plain
from gym_gui.config.composing import with_values as replace_values
from gym_gui.config.keys import coerce, find_key, keys_of
from gym_gui.config.layers import (
    COMMAND_LINE,
    FILE,
    Entry,
    Layer,
    Origin,
    SettingFault,
    environment_layer,
    passing_faults,
    resolve,
)
from gym_gui.config.paths import VarPaths, default_var_dir
from gym_gui.config.schema import GROUPS, BufferedRecordConfig, Config
from gym_gui.config.settings_file import read_settings_file, read_settings_text, why_unreadable, write_changes
from gym_gui.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LOGGER = logging.getLogger(__name__)
_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Config):
    """Everything that was set, beside the parts of `Config`.

    Attributes:
        var_dir: Where recordings and the user's file live; set by ``--var-dir`` or ``GYM_GUI_VAR_DIR``.
        stored: What the user's file sets: key to value.
        above: What overrides the file, lowest first.
        origins: Key to where its value is from; keys that nobody set are missing.
        faults: What was set and cannot be used; its defaults stand.
    """

    var_dir: Path
    stored: Mapping[str, Any] = field(default_factory=dict)
    above: tuple[Layer, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    faults: tuple[SettingFault, ...] = ()

    @property
    def paths(self) -> VarPaths:
        """The layout of `var_dir`."""
        return VarPaths(self.var_dir)

    @property
    def options(self) -> dict[str, str]:
        """Group to the option in force: ``{"record": "split", ...}``."""
        return {name: getattr(getattr(self, name), group.selector.rpartition(".")[2]) for name, group in GROUPS.items()}

    @property
    def record_node(self) -> dict[str, Any]:
        """The group ``record`` as the plain mapping that recorders take: ``{"backend": "parquet", ...}``."""
        return to_plain(self.record)

    @property
    def keeps_runs(self) -> bool:
        """Whether anything is recorded."""
        return isinstance(self.record, BufferedRecordConfig)

    @property
    def keeps_sound(self) -> bool:
        """Whether the sound of what a person plays is recorded, where there is any."""
        return isinstance(self.record, BufferedRecordConfig) and self.record.include_sound

    def values(self) -> dict[str, Any]:
        """Dotted key to value in force, in the order of the table."""
        found = {}
        for name in keys_of(**self.options):
            value: Any = self
            for part in name.split("."):
                value = getattr(value, part)
            found[name] = value
        return found

    @property
    def without_effect(self) -> list[str]:
        """Keys that somebody set, and that count only for recorders which a program makes."""
        table = keys_of(**self.options)
        return [name for name in self.origins if table[name].python]

    @property
    def words(self) -> tuple[str, ...]:
        """The ``KEY=VALUE`` words that override everything, for another process that has to obey them too."""
        return tuple(entry.where for layer in self.above if layer.name == COMMAND_LINE for entry in layer.entries)

    def is_fixed(self, key: str) -> bool:
        """Whether the environment or the command line sets *key*, so that the user's file cannot."""
        origin = self.origins.get(key)
        return origin is not None and origin.is_fixed

    def with_value(self, key: str, value: Any) -> Settings:
        """A copy with one setting changed, in the user's file too unless something overrides it there.

        Raises:
            ConfigError: there is no such key, or it does not take the value.
        """
        taken = coerce(find_key(key, self.options), value)
        if self.is_fixed(key):
            return replace_values(self, {key: taken})  # type: ignore[return-value]  # a copy of the same class
        stored = {**self.stored, key: taken}
        if any(key == group.selector for group in GROUPS.values()):
            return self._with_option(key, taken, stored)
        origins = {**self.origins, key: Origin(FILE, self.paths.config_file.name)}
        changed = replace_values(self, {key: taken})
        faults = tuple(fault for fault in self.faults if (fault.layer, fault.key) != (FILE, key))
        return replace(changed, stored=stored, origins=origins, faults=faults)  # type: ignore[call-arg, return-value]  # as above

    def with_words(self, words: Sequence[str]) -> Settings:
        """A copy with ``KEY=VALUE`` words in the user's file, overridden there or not.

        Raises:
            ConfigError: a word is no setting, or it does not take the value.
        """
        stored = resolve((self._file_layer(self.stored), parse_overrides(words))).values
        return _settings_of(self.var_dir, self._file_layer(stored), self.above, lenient=True)

    def _file_layer(self, stored: Mapping[str, Any]) -> Layer:
        name = self.paths.config_file.name
        return Layer(FILE, tuple(Entry(key, value, name) for key, value in stored.items()))

    def _with_option(self, selector: str, option: str, stored: dict[str, Any]) -> Settings:
        # Hydra composes the option: 0.2 s the first time, so not on the Qt thread.
        group = selector.partition(".")[0]
        table = keys_of(**{**self.options, group: option})
        for name in [name for name in stored if name.startswith(f"{group}.")]:
            if name not in table or (table[name].own and option != self.options[group]):
                del stored[name]
        # The faults of the layers above are found anew.
        kept = [fault for fault in self.faults if fault.layer == FILE and fault.key not in {selector, group}]
        return _settings_of(self.var_dir, self._file_layer(stored), self.above, lenient=True, faults=kept)


def load_settings(
    var_dir: Path | None = None,
    overrides: Sequence[str] = (),
    *,
    variables: Mapping[str, str] | None = None,
    lenient: bool = False,
) -> Settings:
    """The settings in force for *var_dir*, or for the default one.

    Args:
        var_dir: The var folder.
        overrides: ``key=value`` words in Hydra's grammar.
        variables: The environment; this process's by default.
        lenient: What is set wrongly is logged, told in `Settings.faults` and left out.

    Raises:
        ConfigError: something is set that does not exist, or to a value that it does not take.
    """
    settings = _load(var_dir, overrides, os.environ if variables is None else variables, lenient=lenient)
    for fault in settings.faults:
        _LOGGER.warning("%s The default is used.", fault)
    return settings


def examine_settings(var_dir: Path | None = None, overrides: Sequence[str] = ()) -> Settings:
    """What holds of all that is set, right or wrong: the good values, and in `Settings.faults` what is left out."""
    return _load(var_dir, overrides, os.environ, lenient=True)


def _load(var_dir: Path | None, overrides: Sequence[str], variables: Mapping[str, str], *, lenient: bool) -> Settings:
    folder = var_dir.expanduser().absolute() if var_dir else default_var_dir()
    faults: list[SettingFault] = []
    on_fault = faults.append if lenient else None
    file = Layer(FILE, ())
    with passing_faults(on_fault, FILE):
        file = read_settings_file(VarPaths(folder))
    layers = (environment_layer(variables, on_fault), parse_overrides(overrides, on_fault))
    above = tuple(layer for layer in layers if layer.entries)
    return _settings_of(folder, file, above, lenient=lenient, faults=faults)


def save_settings(settings: Settings, before: Settings | None = None) -> None:
    """Write to the user's file what changed since *before*; the rest of the file stays as it is.

    Raises:
        VarDirError: the file cannot be written.
        ConfigError: it has become unreadable.
    """
    write_changes(settings.paths, _NOTHING if before is None else before.stored, settings.stored)


def check_settings(
    var_dir: Path | None, file: Path | None = None, variables: Mapping[str, str] | None = None
) -> list[str]:
    """Everything that is wrong with the user's file and the environment, or with *file*, as sentences.

    Raises:
        ConfigError: *file* cannot be read.
    """
    if file is None:
        variables = os.environ if variables is None else variables
        return list(map(str, _load(var_dir, (), variables, lenient=True).faults))
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file cannot be read: {why_unreadable(error)}.", hint=f"File: {file}") from error
    faults: list[str] = []
    resolve((read_settings_text(text, file),), lambda fault: faults.append(str(fault)))
    return faults


def _settings_of(
    var_dir: Path, file: Layer, above: tuple[Layer, ...], *, lenient: bool, faults: Sequence[SettingFault] = ()
) -> Settings:
    told = list(faults)
    if not file.entries and not above:
        return Settings(var_dir=var_dir, faults=tuple(told))

    resolved = resolve((file, *above), told.append if lenient else None)
    config = compose_config(resolved)
    alone = resolve((file,), lambda _fault: None)
    return Settings(
        var_dir=var_dir,
        **{name: getattr(config, name) for name in ("ui", "record", "storage", "game", "trainer")},
        stored=alone.values,
        above=above,
        origins=resolved.origins,
        faults=tuple(told),
    )
