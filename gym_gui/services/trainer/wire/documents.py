"""Records as JSON texts of the contract, and back, each field checked; what a newer side added is ignored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar, cast, get_type_hints

import msgspec

from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, EpisodeSummary, RunRecord, RunState, RunSummary
from gym_gui.core.errors import TrainerRefusedError
from gym_gui.core.info_codec import to_plain

_Record = TypeVar("_Record", bound="RunRecord | RunSummary | EpisodeRollup | EpisodeSummary")
# Names that the records' modules import for type checkers only.
_NAMES: Final = {
    "Mapping": Mapping,
    "datetime": datetime,
    "RunState": RunState,
    "EpisodeStatus": EpisodeStatus,
    "RunRecord": RunRecord,
    "EpisodeRollup": EpisodeRollup,
}
_LONG_SEED: Final = 2**63
# JSON has them, or msgspec writes them, as they are.
_PLAIN: Final = frozenset({str, int, bool, type(None), datetime, RunState, EpisodeStatus})


def to_text(record: RunRecord | RunSummary | EpisodeRollup | EpisodeSummary) -> str:
    """*record* as one JSON object; a return that is no finite number and a seed beyond 64 bits are texts."""
    return msgspec.json.encode(_document(record)).decode()


def of_text(kind: type[_Record], text: str, what: str) -> _Record:
    """The record that `to_text` wrote.

    Args:
        kind: Its class.
        text: JSON.
        what: What it is, for the sentence that refuses it.

    Raises:
        TrainerRefusedError: it is not as it must be.
    """
    try:
        found = _decoder(cast("Any", kind)).decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise TrainerRefusedError(f"{what} cannot be read: {error}.") from error
    try:
        return cast("_Record", _record(kind, found))
    except (TypeError, ValueError) as error:
        raise TrainerRefusedError(f"{what} cannot be read: {error}.") from error


def _document(record: Any) -> dict[str, Any]:
    document = {}
    for name in _names(cast("Any", type(record))):
        value = getattr(record, name)
        kind = type(value)
        if kind is float:
            if not math.isfinite(value):
                value = repr(value)
        elif name == "seed":
            if value is not None and not -_LONG_SEED <= value < _LONG_SEED:
                value = str(value)
        elif kind not in _PLAIN:
            value = _document(value) if is_dataclass(value) else to_plain(value)
        document[name] = value
    return document


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, localns=_NAMES)


@cache
def _shape(kind: Any) -> type[msgspec.Struct]:
    """A type that msgspec checks against: the records' own annotations are there for type checkers only."""
    members: list[Any] = []
    for field in fields(kind):
        hint = _hints(kind)[field.name]
        if is_dataclass(hint):
            hint = _shape(cast("Any", hint))
        elif hint is float or field.name == "seed":
            hint = hint | str
        required = field.default is field.default_factory
        members.append((field.name, hint) if required else (field.name, hint | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(f"{kind.__name__}Document", members, kw_only=True)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_shape(kind))


def _record(kind: Any, found: msgspec.Struct) -> Any:
    values = {}
    for name, hint in _hints(kind).items():
        value = getattr(found, name)
        if value is msgspec.UNSET:
            continue
        if isinstance(value, msgspec.Struct):
            value = _record(hint, value)
        elif hint is float:
            value = float(value)
        elif name == "seed" and isinstance(value, str):
            value = int(value)
        elif isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(f"{name} has no time zone")
        values[name] = value
    return kind(**values)
