"""The settings as a flat table of dotted keys; what a key takes, what a value becomes, and the nearest name.

Plain Python: a field of the settings screen asks it at every key press.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from gym_gui.config.schema import GROUPS, Config
from gym_gui.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gym_gui.config.schema import Group

_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_NULL: Final = frozenset({"null", "none", "~", ""})
_NULL_TEXTS: Final = frozenset({"null", ""})  # a folder may well be called none
_WANTED: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting.

    Attributes:
        name: ``record.buffer.max_records``.
        kind: ``bool``, ``int``, ``float``, ``str``, or ``list`` of texts.
        optional: Whether it may be null.
        default: Its value in the dataclass.
        meaning: One sentence.
        choices: The texts that it takes; empty for any.
        low: Smallest number.
        high: Largest number.
        env: An environment variable of its own; empty for none.
        own: Not carried over to another option of its group.
        python: Counts for recorders that a program makes, not for the application.
    """

    name: str
    kind: type[Any]
    optional: bool
    default: Any
    meaning: str
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    env: str
    own: bool
    python: bool


@cache
def keys_of(**options: str) -> dict[str, Key]:
    """Name -> key of every setting with these options of the groups in force; the default one where none is given."""
    table: dict[str, Key] = {}
    for part in fields(Config):
        group = GROUPS.get(part.name)
        kind: Any = typing.get_type_hints(Config)[part.name]
        if group is not None:
            kind = group.kind_of(options.get(part.name, group.default))
        _collect(kind, part.name, table)
    for group in GROUPS.values():
        selector = table[group.selector]
        table[group.selector] = Key(
            **{name: getattr(selector, name) for name in Key.__slots__ if name != "choices"},
            choices=tuple(group.options),
        )
    return table


@cache
def every_key() -> dict[str, tuple[Key, ...]]:
    """Name -> the keys of that name, one for each way in which the options of its group differ in it."""
    found: dict[str, list[Key]] = {name: [key] for name, key in keys_of().items()}
    for group in GROUPS.values():
        for option in group.options:
            for name, key in keys_of(**{group.name: option}).items():
                known = found.setdefault(name, [])
                if not any(same_meaning(one, key) for one in known):
                    known.append(key)
    return {name: tuple(keys) for name, keys in found.items()}


def same_meaning(one: Key, other: Key) -> bool:
    """Whether two keys of one name, in two options of a group, take and mean the same."""
    return dataclasses.replace(one, default=other.default) == other


def options_with(name: str, group: str) -> list[str]:
    """The options of *group* that have the key *name*."""
    return [option for option in GROUPS[group].options if name in keys_of(**{group: option})]


def coerce(key: Key, value: Any) -> Any:
    """*value* as the key's type; texts, which is what environments and command lines have, are read.

    Raises:
        ConfigError: it is of another type, none of the choices, or beyond a limit.
    """
    nulls = _NULL_TEXTS if key.kind is str else _NULL
    if key.optional and (value is None or (isinstance(value, str) and value.strip().lower() in nulls)):
        return None
    if value is None and "none" in key.choices:
        return "none"
    if key.kind is list:
        one = dataclasses.replace(key, kind=str)
        parts = value.strip().strip("[]").split(",") if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            raise ConfigError(f"{key.name} must be {wanted(key)}, not {shown(value)}.")
        return [coerce(one, part.strip() if isinstance(part, str) else part) for part in parts if part != ""]
    taken = _as_kind(key, value)
    if taken is None:
        raise ConfigError(f"{key.name} must be {wanted(key)}, not {shown(value)}.")
    group = GROUPS.get(key.name.partition(".")[0])
    if group is not None and key.name == group.selector:
        if not group.is_option(taken):
            raise _no_option(group, taken)
    elif key.choices and taken not in key.choices:
        near = nearest(str(taken), key.choices)
        raise ConfigError(
            f"{key.name} must be {wanted(key)}, not {shown(value)}{f'; did you mean {near}?' if near else '.'}"
        )
    if (key.low is not None and taken < key.low) or (key.high is not None and taken > key.high):
        raise ConfigError(f"{key.name} must be {wanted(key)}, not {shown(value)}.")
    return taken


def _no_option(group: Group, name: str) -> ConfigError:
    near = nearest(name, group.options)
    offer = f"did you mean {near}?" if near else f"it is one of {', '.join(group.options)}."
    return ConfigError(f"{group.name}={_cut(name)}: {'' if near else f'no such {group.noun}; '}{offer}")


def wanted(key: Key) -> str:
    """What the key takes, as it stands in a sentence after *must be*."""
    if key.kind is list:
        text = f"a list of {', '.join(key.choices) or 'texts'}"
    elif key.choices:
        text = f"one of {', '.join(key.choices)}"
    elif key.low is not None and key.high is not None:
        text = f"{_WANTED[key.kind]} from {key.low:,} to {key.high:,}"
    else:
        text = _WANTED[key.kind]
    return f"{text}, or null" if key.optional else text


def fault_of(key: Key, value: Any) -> str:
    """Why the key does not take *value*, as a sentence; empty where it does."""
    try:
        coerce(key, value)
    except ConfigError as error:
        return error.message
    return ""


def find_key(name: str, options: Mapping[str, str]) -> Key:
    """The key of that name with these options in force.

    Raises:
        ConfigError: there is none; the nearest name is offered.
    """
    table = keys_of(**options)
    if name in table:
        return table[name]
    group = name.partition(".")[0]
    if name in every_key():
        having = options_with(name, group)
        raise ConfigError(
            f"{name} is no setting of {group}={options.get(group, GROUPS[group].default)}; "
            f"{' and '.join(having)} {'has' if len(having) == 1 else 'have'} it."
        )
    below = [one for one in table if one.startswith(f"{name}.")]
    if below:
        raise ConfigError(f"{name} is no single setting; there is {' and '.join(below[:2])}, for example.")
    near = nearest(name, [*([] if "." in name else GROUPS), *table, *every_key()])
    offer = f"; did you mean {near}?" if near else ". `gym-gui config show` lists them all."
    raise ConfigError(f"{_cut(name) or repr(name)} is no setting{offer}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that *name* probably means, capitals or not; empty where none is near."""
    names = {one.lower(): one for one in reversed(list(known))}
    found = _nearest(name[:_SHOWN].lower(), list(reversed(names)))
    return names.get(found, "")


def _nearest(name: str, names: list[str]) -> str:
    by_tail = {one.rpartition(".")[2]: one for one in reversed(names)}
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    tail = difflib.get_close_matches(name.rpartition(".")[2], by_tail, n=1, cutoff=0.75)
    # A right last word in the wrong place beats a similar whole.
    if tail and (not near or tail[0] == name.rpartition(".")[2]):
        return by_tail[tail[0]]
    if near:
        return near[0]
    head, dot, rest = name.partition(".")
    group = difflib.get_close_matches(head, {one.partition(".")[0]: one for one in names}, n=1)
    return _nearest(f"{group[0]}.{rest}", names) if dot and group and group[0] != head else (group or [""])[0]


def shown(value: Any) -> str:
    """A value as a sentence quotes it."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _as_kind(key: Key, value: Any) -> Any:
    if key.kind is bool:
        return _as_bool(value)
    if key.kind is str:
        return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
        if key.kind is float:
            return number if math.isfinite(number) else None
        return int(value) if not isinstance(value, float) or number.is_integer() else None
    except (ValueError, OverflowError):
        return None


def _as_bool(value: Any) -> bool | None:
    word = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def _collect(owner: type[Any], prefix: str, table: dict[str, Key]) -> None:
    hints = typing.get_type_hints(owner)
    for one in fields(owner):
        name, hint = f"{prefix}.{one.name}", hints[one.name]
        if is_dataclass(hint):
            _collect(typing.cast("type[Any]", hint), name, table)
            continue
        optional = isinstance(hint, types.UnionType)
        kind: Any = next(part for part in typing.get_args(hint) if part is not types.NoneType) if optional else hint
        kind = typing.get_origin(kind) or kind
        facts = dict(one.metadata)
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        table[name] = Key(name=name, kind=kind, optional=optional, default=default, **facts)
