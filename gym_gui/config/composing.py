"""Options and values become one typed `Config`; Hydra composes them, and is imported only where a profile was chosen.

Any thread; Hydra's own state is global, so one composes at a time.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any, Final

from gym_gui.config.layers import COMMAND_LINE, Entry, Layer, passing_faults
from gym_gui.config.schema import GROUPS, Config, RecordConfig
from gym_gui.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.config.layers import OnFault, Resolved

CONF: Final = "gym_gui.config.conf"
_FOREIGN: Final = "foreign"
_composing: Final = threading.Lock()
_composed: Final[dict[tuple[str, ...], Any]] = {}


def compose_config(resolved: Resolved) -> Config:
    """The typed configuration of what the layers add up to.

    Raises:
        ConfigError: OmegaConf refuses a value; `resolve` has told of all that is known to us.
    """
    # A backend's YAML says what its dataclass says, a profile's does not: there Hydra has something to add.
    if any(resolved.options[name] != GROUPS[name].default for name in ("storage", "game")):
        return _compose_by_hydra(resolved)
    record: RecordConfig = GROUPS["record"].kind_of(resolved.options["record"])()
    return with_values(Config(record=record), resolved.values)


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """A copy of *config* with dotted keys set to values of their type."""
    return _replaced(config, _nested(values)) if values else config


def to_plain(config: Any) -> dict[str, Any]:
    """A configuration, or a part of it, as nested dictionaries."""
    return dataclasses.asdict(config)


def parse_overrides(words: Sequence[str], on_fault: OnFault | None = None) -> Layer:
    """``key=value`` words in Hydra's grammar, as the layer above all others.

    Args:
        words: As they were typed.
        on_fault: Told of each word that is none, which is then left out; by default the first one raises.

    Raises:
        ConfigError: a word is not ``key=value``.
    """
    if not words:
        return Layer(COMMAND_LINE, ())
    from hydra.core.override_parser.overrides_parser import OverridesParser  # noqa: PLC0415 - 0.2 s, for those who override

    parser = OverridesParser.create()
    entries = []
    for word in words:
        with passing_faults(on_fault, COMMAND_LINE):
            entries.append(_entry(parser, word))
    return Layer(COMMAND_LINE, tuple(entries))


def _entry(parser: Any, word: str) -> Entry:
    from hydra.errors import HydraException  # noqa: PLC0415 - loaded by now

    name, equals, text = word.partition("=")
    name = name.strip()
    if not equals or not name or name[0] in "+~" or "@" in name:
        raise ConfigError(
            f"{word!r} is not KEY=VALUE, for example record=parquet or record.compression=zstd.",
            hint="`gym-gui config show` lists the keys.",
        )
    try:
        override = parser.parse_override(word)
    except HydraException:
        # A text may hold what the grammar knows otherwise: a path with brackets is a path.
        return Entry(name, text, word)
    if override.is_sweep_override():
        raise ConfigError(f"{word!r} gives several values; one is wanted.", hint="Quote a text that holds a comma.")
    value = override.value()
    # `007` as a folder's name stays what was typed.
    return Entry(name, text if isinstance(value, (int, float)) and not isinstance(value, bool) else value, word)


def _compose_by_hydra(resolved: Resolved) -> Config:
    from omegaconf import OmegaConf  # noqa: PLC0415 - 0.2 s with Hydra, for those who chose an option
    from omegaconf.errors import OmegaConfBaseException  # noqa: PLC0415 - same

    # What was filled in is final: OmegaConf would fill it in once more.
    plain = {key: value for key, value in resolved.values.items() if not isinstance(value, str) or "$" not in value}
    try:
        merged = OmegaConf.merge(_options_by_hydra(resolved.options), OmegaConf.create(_nested(plain)))
        config = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        raise ConfigError(f"The settings do not fit together: {str(error).splitlines()[0]}.") from error
    assert isinstance(config, Config)  # noqa: S101 - for the type checker; the node was made of this class
    return with_values(config, {key: value for key, value in resolved.values.items() if key not in plain})


def _options_by_hydra(options: Mapping[str, str]) -> Any:
    words = tuple(
        f"{group}={option if option in GROUPS[group].options else _FOREIGN}"
        for group, option in sorted(options.items())
    )
    with _composing:
        if words not in _composed:
            from hydra import compose, initialize_config_module  # noqa: PLC0415 - as above

            with initialize_config_module(CONF, version_base="1.3"):
                _composed[words] = compose("config", overrides=list(words))
    return _composed[words]


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        place = tree
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return tree


def _replaced(config: Any, changes: Mapping[str, Any]) -> Any:
    return dataclasses.replace(
        config,
        **{
            name: _replaced(getattr(config, name), change) if isinstance(change, dict) else change
            for name, change in changes.items()
        },
    )
