"""Columns that a program declares before it records: their types, and values fitted to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.recording.parquet_columns import EXACT_SUFFIX
from gym_gui.recording.parquet_tables import FIXED_COLUMNS, VALUE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES: Final[Mapping[str, str]] = {
    "string": "U",
    "str": "U",
    "text": "U",
    "int": "int64",
    "float": "float64",
    "double": "float64",
    "boolean": "bool",
}


def declared_type(name: str, text: str) -> np.dtype[Any]:
    """The type of a declared column.

    Raises:
        SchemaMismatchError: there is no such type, or the name is taken.
    """
    if name in FIXED_COLUMNS or name in VALUE_COLUMNS or name.endswith(EXACT_SUFFIX):
        raise SchemaMismatchError(f"The column {name!r} cannot be declared: its type follows from what is recorded.")
    try:
        dtype = np.dtype(_NAMES.get(text, text))
    except TypeError as error:
        raise SchemaMismatchError(f"The column {name!r} cannot be {text!r}: there is no such type.") from error
    if dtype.kind not in "biufU" or not dtype.isnative:
        raise SchemaMismatchError(f"The column {name!r} cannot be {text!r}: it can be a number, bool or string.")
    return dtype


def fitted(name: str, value: Any, dtype: np.dtype[Any], step_number: int) -> Any:
    """*value* in the type of its column; floats may lose precision, nothing else may change.

    Raises:
        SchemaMismatchError: it does not fit.
    """
    if dtype.kind == "U":
        if isinstance(value, str):
            return str(value)
        raise SchemaMismatchError(f"{name} of step {step_number} is {value!r}; its column holds text.")
    number = np.asarray(value)
    if number.ndim == 0 and number.dtype.kind in "biuf":
        with np.errstate(all="ignore"):  # what does not survive is seen below
            converted = number.astype(dtype)
        if dtype.kind == "f" or converted == number:
            return converted[()]
    raise SchemaMismatchError(f"{name} of step {step_number} is {value!r}; its column holds {dtype}.")
