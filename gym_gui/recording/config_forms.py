"""A recorder's configuration from what people write: nested or flat mappings, OmegaConf nodes, ``_target_`` forms.

A name that nothing knows is an error that offers the nearest one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from gym_gui.core.errors import ConfigError
from gym_gui.recording import registry
from gym_gui.recording.config import BufferConfig, RecorderConfig

_TARGET: Final = "_target_"
_BUFFER_FIELDS: Final = {field.name: field for field in fields(BufferConfig)}
_FIELDS: Final = {field.name: field for field in fields(RecorderConfig)}
# Where the other forms put what has a place of its own here; groups that only group are looked into.
_GROUPS: Final = frozenset({"recording", "storage", "performance", "buffer", "options", "debug"})
_ALIASES: Final = {
    "buffer_size": "buffer.max_records",
    "max_records": "buffer.max_records",
    "max_memory_mb": "buffer.max_memory_mb",
    "flush_interval_seconds": "buffer.flush_interval_seconds",
    "flush_interval": "buffer.flush_interval_seconds",
    "warning_threshold": "buffer.warning_threshold",
    "base_directory": "output_dir",
    "file_path": "path",
    "database_path": "path",
    "compression_opts": "compression_level",
    "compression.algorithm": "compression",
    "compression.level": "compression_level",
}
# Said in other systems' configurations; one writer thread a recorder is what there is here, so they change nothing.
_SAID_ONLY: Final = frozenset({"async_io", "optimization_level", "order", "enabled"})


def config_of(source: RecorderConfig | Mapping[str, Any] | Any) -> RecorderConfig:
    """The configuration that *source* spells.

    Args:
        source: A `RecorderConfig`, a mapping in any of the forms, or an OmegaConf node.

    Raises:
        ConfigError: a name that nothing knows (with the nearest one), or a value that cannot be taken.
    """
    if isinstance(source, RecorderConfig):
        return source
    values = _plain(source)
    backend = _backend_name(values)
    values.pop(_TARGET, None)
    values.pop("backend", None)
    taken: dict[str, Any] = {}
    options: dict[str, Any] = {}
    _spread(values, taken, options)
    _check_options(backend, options)
    buffer = {name.removeprefix("buffer."): taken.pop(name) for name in list(taken) if name.startswith("buffer.")}
    arguments = {name: _fitted(name, value, _FIELDS[name].type) for name, value in taken.items() if value is not None}
    for name in arguments.get("fallback", ()):
        registry.check_name(name)  # now, not when the first one fails
    numbers = {name: _fitted(name, value, _BUFFER_FIELDS[name].type) for name, value in buffer.items()}
    return RecorderConfig(backend=backend, buffer=BufferConfig(**numbers), options=options, **arguments)


def _plain(source: Any) -> dict[str, Any]:
    if type(source).__module__.startswith("omegaconf"):
        from omegaconf import OmegaConf  # noqa: PLC0415 - who has such a node has imported it

        source = OmegaConf.to_container(source, resolve=True)
    if not isinstance(source, Mapping):
        raise ConfigError(
            f"A recorder is configured by a mapping, not by {type(source).__name__}.",
            hint="For example {'backend': 'parquet', 'output_dir': 'recordings'}.",
        )
    return {str(name): value for name, value in source.items()}


def _backend_name(values: Mapping[str, Any]) -> str:
    if "backend" in values:
        return registry.check_name(str(values["backend"]))
    if _TARGET in values:
        return registry.name_of_class(str(values[_TARGET]).rpartition(".")[2])
    return RecorderConfig().backend


def _spread(values: Mapping[str, Any], taken: dict[str, Any], options: dict[str, Any]) -> None:
    """Each value to its place, whatever group it stands in."""
    for name, value in values.items():
        if name in _SAID_ONLY:
            continue
        if name == "compression" and isinstance(value, Mapping):
            _spread({f"compression.{part}": one for part, one in value.items()}, taken, options)
        elif name in _GROUPS and isinstance(value, Mapping):
            _spread(value, taken, options)
        elif name == "metadata" and isinstance(value, Mapping) and _is_storage(value):
            _spread(value, taken, options)  # the HDF5 form of seed keeps options of the file there
        elif name in _ALIASES:
            taken[_ALIASES[name]] = value
        elif name in _FIELDS:
            taken[name] = value
        else:
            options[name] = value


def _is_storage(metadata: Mapping[str, Any]) -> bool:
    return bool(metadata) and metadata.keys() <= {
        "track_order",
        "create_intermediate_groups",
        "shuffle",
        "fletcher32",
    }


def _check_options(backend: str, options: dict[str, Any]) -> None:
    known = registry.options_of(backend)
    if known is None:  # a backend of someone else's takes what it likes
        return
    names = sorted({*known, *_FIELDS, *_ALIASES, *_BUFFER_FIELDS, *_GROUPS} - {"options"})
    for name in options:
        if name not in known:
            near = get_close_matches(name, names, n=1, cutoff=0.5)
            raise ConfigError(
                f"The recorder {backend} has no setting {name!r}.",
                hint=f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(names)}.",
            )


def _fitted(name: str, value: Any, wanted: Any) -> Any:
    """*value* in the type of its field."""
    kind = str(wanted).partition(" ")[0].partition("[")[0]
    try:
        return _FITTERS[kind](value)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{name} cannot be {value!r:.60}; it takes {kind}.") from error


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(value) != float(value):
        raise ValueError(value)
    return int(value)


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    known = words.get(str(value).strip().lower())
    if known is None:
        raise ValueError(value)
    return known


_FITTERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "bool": _truth,
    "float": float,
    "int": _whole,
    "str": str,
    "Path": Path,
    "tuple": _names,
    "Mapping": dict,
}
