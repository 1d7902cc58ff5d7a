"""What a column of Python values has in common: one kind that holds them all exactly, or all but a few.

A kind is a tuple: ``("int",)``, ``("float",)``, ``("bool",)``, ``("str",)``, ``("bytes",)``, ``("np", dtype)`` for
NumPy's scalars, ``("array", dtype, shape)``, ``("dict", ((key, kind), ...))`` with text keys that may be missing,
``("tuple", (kind, ...))``, ``("list", kind)``, and ``("null",)``, which every other one takes in.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Kind = tuple[Any, ...]

NULL: Final[Kind] = ("null",)
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
# Python's own types and the kinds that hold all their values.
_NATIVE: Final[dict[type, Kind]] = {bool: ("bool",), float: ("float",), str: ("str",), bytes: ("bytes",)}
_MAX_FIELDS: Final = 256
# Containers, and axes of an array, within each other. Readers of Parquet take a schema of 100 levels, and a list takes
# two of them.
_MAX_LEVELS: Final = 32


def kind_of(value: Any, *, levels: int = _MAX_LEVELS) -> Kind | None:
    """The kind of one value; None where no column can hold it exactly, or it is nested deeper than *levels*."""
    if value is None:
        return NULL
    native = _NATIVE.get(type(value))
    if native is not None:
        # Text ends at its first null character in some formats.
        return None if native == ("str",) and "\0" in value else native
    if type(value) is int:
        return ("int",) if _INT64_MIN <= value <= _INT64_MAX else None
    if isinstance(value, np.ndarray):
        holds = _has_column(value.dtype) and value.size and value.ndim <= levels
        return ("array", value.dtype.str, value.shape) if holds else None
    if isinstance(value, np.generic):
        return ("np", value.dtype.str) if _has_column(value.dtype) else None
    return _kind_of_container(value, levels - 1) if levels else None


def merge(one: Kind, other: Kind) -> Kind | None:
    """The kind that holds what both hold; None where there is none."""
    return one if one == other else _merge(one, other)


class ColumnKind:
    """Finds the kind of a column value by value; what does not fit it is stored apart.

    Args:
        kind: What it is declared to be.

    Attributes:
        kind: What most values are; the first ones decide.
        exceptions: Whether some values do not fit.
    """

    def __init__(self, kind: Kind = NULL) -> None:
        self.kind = kind
        self.exceptions = False

    def add(self, value: Any) -> None:
        """Take in a value."""
        kind = kind_of(value)
        merged = None if kind is None else merge(self.kind, kind)
        if merged is None:
            self.exceptions = True
        else:
            self.kind = merged

    def add_all(self, values: Sequence[Any]) -> None:
        """Take in values: what `add` makes of them one by one, quicker where all of them are of one kind."""
        there = [value for value in values if value is not None]
        if not there:
            return
        kind = _kind_of_all(there)
        if kind is None:
            for value in there:
                self.add(value)
            return
        merged = merge(self.kind, kind)
        if merged is None:
            self.exceptions = True
        else:
            self.kind = merged

    def fits(self, value: Any) -> bool:
        """Whether the column can hold *value*, once every value was taken in."""
        kind = kind_of(value)
        return kind is not None and merge(self.kind, kind) == self.kind


def fitting_part(kind: Kind, value: Any) -> Any:
    """Of a value that its column cannot hold, the fields that it can: only what changed its type is missing there."""
    if kind[0] != "dict" or not isinstance(value, dict):
        return None
    kinds = dict(kind[1])
    found: dict[str, Any] = {}
    for key, one in value.items():
        own, declared = kind_of(one), kinds.get(key)
        if declared is None or one is None:
            continue
        if own is not None and merge(declared, own) == declared:
            found[key] = one
        elif (inner := fitting_part(declared, one)) is not None:
            found[key] = inner
    return found


def to_json(kind: Kind) -> list[Any]:
    """A form of *kind* that JSON can hold."""
    return [to_json(part) if isinstance(part, tuple) else part for part in kind]


def from_json(document: Any) -> Kind:
    """The kind that `to_json` was given."""
    return tuple(from_json(part) if isinstance(part, list) else part for part in document)


def _kind_of_all(values: Sequence[Any]) -> Kind | None:
    """The kind of each of *values*, found by columns; None where they may differ, or have none."""
    types = set(map(type, values))
    if len(types) > 1:
        return None
    (only,) = types
    if only is int:
        return ("int",) if min(values) >= _INT64_MIN and max(values) <= _INT64_MAX else None
    if only is float or only is bool:
        return _NATIVE[only]
    if only is np.ndarray:
        return kind_of(values[0]) if len({(value.dtype, value.shape) for value in values}) == 1 else None
    return _kind_of_dicts(values) if only is dict else None


def _kind_of_dicts(values: Sequence[dict[Any, Any]]) -> Kind | None:
    first = values[0]
    if not isinstance(kind_of(first), tuple) or any(value.keys() != first.keys() for value in values):
        return None
    fields = {key: _kind_of_all([value[key] for value in values]) for key in first}
    return None if None in fields.values() else ("dict", tuple(sorted(fields.items())))


def _kind_of_container(value: Any, levels: int) -> Kind | None:
    if isinstance(value, dict):
        if len(value) > _MAX_FIELDS or not all(isinstance(key, str) and key and "\0" not in key for key in value):
            return None
        fields = {key: kind_of(one, levels=levels) for key, one in value.items()}
        # A field that is None could not be told from one that is missing.
        if any(kind is None or kind == NULL for kind in fields.values()):
            return None
        return ("dict", tuple(sorted(fields.items())))
    if isinstance(value, tuple):
        kinds = tuple(kind_of(one, levels=levels) for one in value)
        return None if None in kinds or NULL in kinds or not kinds else ("tuple", kinds)
    if isinstance(value, list):
        element: Kind | None = NULL
        for one in value:
            kind = kind_of(one, levels=levels)
            element = None if kind is None or kind == NULL or element is None else merge(element, kind)
        return None if element is None else ("list", element)
    return None


@lru_cache(4096)
def _merge(one: Kind, other: Kind) -> Kind | None:
    if NULL in {one, other}:
        return other if one == NULL else one
    rule = _RULES.get(one[0])
    return None if one[0] != other[0] or rule is None else rule(one, other)


def _merge_tuples(one: Kind, other: Kind) -> Kind | None:
    if len(one[1]) != len(other[1]):
        return None
    kinds = tuple(merge(left, right) for left, right in zip(one[1], other[1], strict=True))
    return None if None in kinds else ("tuple", kinds)


def _merge_lists(one: Kind, other: Kind) -> Kind | None:
    element = merge(one[1], other[1])
    return None if element is None else ("list", element)


def _merge_dicts(one: Kind, other: Kind) -> Kind | None:
    return _merge_fields(dict(one[1]), dict(other[1]))


_RULES: Final[dict[str, Callable[[Kind, Kind], Kind | None]]] = {
    "dict": _merge_dicts,
    "tuple": _merge_tuples,
    "list": _merge_lists,
}


def _merge_fields(one: dict[str, Kind], other: dict[str, Kind]) -> Kind | None:
    fields: dict[str, Kind | None] = {**other, **one}
    for key in one.keys() & other.keys():
        fields[key] = merge(one[key], other[key])
    if None in fields.values() or len(fields) > _MAX_FIELDS:
        return None
    return ("dict", tuple(sorted(fields.items())))


def _has_column(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "biuf" and dtype.isnative and dtype.itemsize <= np.dtype(np.float64).itemsize
