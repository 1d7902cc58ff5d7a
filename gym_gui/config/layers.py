"""What somebody set, in layers, lowest first: the user's file, the environment, the command line; and their sum.

A higher layer wins. Where it picks another option of a group, what lower layers set for all options (buffers, threads)
still holds; what means something else in each option (compression) is the new option's own again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gym_gui.config.keys import coerce, every_key, find_key, keys_of
from gym_gui.config.schema import GROUPS
from gym_gui.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PREFIX: Final = "GYM_GUI_"
GENERAL_PREFIX: Final = "GYM_GUI__"
FILE: Final = "file"
ENVIRONMENT: Final = "environment"
COMMAND_LINE: Final = "command line"
_NEAR: Final = 0.85


@dataclass(frozen=True, slots=True)
class Entry:
    """One value that somebody set.

    Attributes:
        key: Dotted name, or a group's name for its selector.
        value: As it was written.
        where: Which line, variable or word: ``GYM_GUI_BUFFER_SIZE``.
        only_if_there: Say nothing where the option in force has no such key.
    """

    key: str
    value: Any
    where: str
    only_if_there: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """What was set in one place.

    Attributes:
        name: ``file``, ``environment`` or ``command line``.
        entries: In the order in which they were written; a later one wins.
    """

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from.

    Attributes:
        layer: ``file``, ``environment`` or ``command line``.
        where: Which line, variable or word.
    """

    layer: str
    where: str

    @property
    def is_fixed(self) -> bool:
        """Whether what the user's file says is overridden, so that changing it there has no effect now."""
        return self.layer != FILE


@dataclass(frozen=True, slots=True)
class SettingFault:
    """What was set and cannot be used.

    Attributes:
        sentence: What is wrong, and where it was set.
        key: The entry's key, as it was written; empty where the fault is that of a whole file or variable.
        layer: ``file``, ``environment`` or ``command line``.
    """

    sentence: str
    key: str = ""
    layer: str = FILE

    def __str__(self) -> str:
        return self.sentence


OnFault: TypeAlias = "Callable[[SettingFault], None]"


@dataclass(slots=True)
class Resolved:
    """What the layers add up to.

    Attributes:
        options: Group -> option in force.
        values: Key -> value that somebody set, of the key's type.
        origins: Key -> where from.
    """

    options: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)


def resolve(layers: Iterable[Layer], on_fault: OnFault | None = None) -> Resolved:
    """Add the layers up.

    Args:
        layers: Lowest first.
        on_fault: Told of each entry that cannot be used, which is then left out; by default the first one raises.

    Raises:
        ConfigError: a key that does not exist, or a value that it does not take; the hint says where it was set.
    """
    result = Resolved({name: group.default for name, group in GROUPS.items()})
    in_force: list[tuple[Layer, list[Entry], dict[str, str]]] = []
    for layer in layers:
        others = []
        for entry in layer.entries:
            group = _group_chosen_by(entry)
            if group is None:
                others.append(entry)
                continue
            selector = GROUPS[group].selector
            with _Located(layer, entry, on_fault):
                result.options[group] = coerce(keys_of()[selector], _expanded(entry.value))
                result.values[selector] = result.options[group]
                result.origins[selector] = Origin(layer.name, entry.where)
        in_force.append((layer, others, dict(result.options)))
    for layer, entries, options in in_force:
        for entry in entries:
            with _Located(layer, entry, on_fault):
                _set(result, layer, entry, options)
    return result


def environment_layer(variables: Mapping[str, str], on_fault: OnFault | None = None) -> Layer:
    """The settings among a process's environment variables.

    Args:
        variables: The environment.
        on_fault: Told of each variable that is misspelt, which is then left out; by default the first one raises.

    Raises:
        ConfigError: a variable that is spelt almost like one of ours.
    """
    # An empty variable is as good as an unset one.
    ours = sorted((name, text) for name, text in variables.items() if name.upper().startswith(PREFIX) and text)
    if not ours:
        return Layer(ENVIRONMENT, ())
    by_variable: dict[str, list[str]] = {}
    for keys in every_key().values():
        for key in keys:
            if key.env:
                by_variable.setdefault(key.env, []).append(key.name)
    entries = []
    for name, text in ours:
        variable = name.upper()
        if variable in by_variable:
            entries += [Entry(key, text, name, only_if_there=True) for key in dict.fromkeys(by_variable[variable])]
        elif variable.startswith(GENERAL_PREFIX):
            entries.append(Entry(name[len(GENERAL_PREFIX) :].lower().replace("__", "."), text, name))
        else:
            with passing_faults(on_fault, ENVIRONMENT):
                _refuse_misspelt(variable, by_variable)
    return Layer(ENVIRONMENT, tuple(entries))


@contextmanager
def passing_faults(on_fault: OnFault | None, layer: str) -> Iterator[None]:
    """Give a fault of what is done inside to *on_fault*; without one it is raised."""
    try:
        yield
    except ConfigError as error:
        if on_fault is None:
            raise
        on_fault(SettingFault(str(error), layer=layer))


def _refuse_misspelt(variable: str, known: Iterable[str]) -> None:
    # Other parts of the application have variables too, so only what is nearly ours is a mistake.
    import difflib  # noqa: PLC0415 - hardly ever

    near = difflib.get_close_matches(variable, known, n=1, cutoff=_NEAR)
    if near:
        raise ConfigError(
            f"The environment variable {variable} is no setting; did you mean {near[0]}?", hint="Rename or unset it."
        )


def _group_chosen_by(entry: Entry) -> str | None:
    for name, group in GROUPS.items():
        if entry.key in {name, group.selector}:
            return name
    return None


def _set(result: Resolved, layer: Layer, entry: Entry, options: Mapping[str, str]) -> None:
    """Take an entry over, if it was meant for the option that is in force in the end."""
    table = keys_of(**result.options)
    if entry.only_if_there:
        # A variable such as GYM_GUI_PARQUET_COMPRESSION names its backend, and keeps still about the others.
        key = table.get(entry.key)
        if key is None or key.env != entry.where.upper():
            return
    else:
        key = find_key(entry.key, options)
        group = entry.key.partition(".")[0]
        if options.get(group) != result.options.get(group) and (key.own or entry.key not in table):
            coerce(key, _expanded(entry.value))
            return
    result.values[entry.key] = coerce(key, _expanded(entry.value))
    result.origins[entry.key] = Origin(layer.name, entry.where)


def _expanded(value: Any) -> Any:
    """A text with ``${oc.env:NAME}`` in it, filled in by OmegaConf."""
    if not isinstance(value, str) or "${" not in value:
        return value
    from omegaconf import OmegaConf  # noqa: PLC0415 - 0.1 s, for those who use it
    from omegaconf.errors import OmegaConfBaseException  # noqa: PLC0415 - same

    try:
        return OmegaConf.create({"value": value}).value
    except OmegaConfBaseException as error:
        raise ConfigError(f"{value!r} cannot be filled in: {str(error).splitlines()[0]}.") from error


class _Located:
    """Adds to a fault where the value was set; gives it to *on_fault* where there is one."""

    def __init__(self, layer: Layer, entry: Entry, on_fault: OnFault | None) -> None:
        self._layer = layer
        self._entry = entry
        self._on_fault = on_fault

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, ConfigError):
            return False
        where = "" if self._layer.name == COMMAND_LINE else f"It is set by {self._entry.where}."
        located = ConfigError(error.message, hint=where)
        if self._on_fault is None:
            raise located from None
        self._on_fault(SettingFault(str(located), self._entry.key, self._layer.name))
        return True
