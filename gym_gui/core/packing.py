"""Composite observations and actions as one NumPy value: a dict becomes a structured scalar, exactly, and back.

HDF5 stores structured types natively, so any HDF5 reader sees the same fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def to_array(value: Any) -> NDArray[Any] | None:
    """*value* as an array of fixed bytes: scalars 0-d, dicts and tuples structured; None where it has no such form.

    An array is returned as it is. Text, lists, empty, ragged and object values have none.
    """
    if isinstance(value, np.ndarray):
        return None if value.dtype.hasobject or value.dtype.kind in "USMm" or not value.size else value
    if isinstance(value, (int, float, np.generic)):
        return _scalar(value)
    if isinstance(value, dict) and all(isinstance(key, str) and key and not key.isdecimal() for key in value):
        return _structured(value)
    if isinstance(value, tuple):
        return _structured({str(position): item for position, item in enumerate(value)})
    return None


def from_array(array: NDArray[Any]) -> Any:
    """The value that `to_array` packed: fields to a dict, numbered fields to a tuple, 0-d to a NumPy scalar."""
    names = array.dtype.names
    if names is None:
        return array[()] if array.ndim == 0 else array
    values = [from_array(np.asarray(array[name])) for name in names]
    if all(name == str(position) for position, name in enumerate(names)):
        return tuple(values)
    return dict(zip(names, values, strict=True))


def _scalar(value: float | np.generic) -> NDArray[Any] | None:
    try:
        scalar = np.asarray(value)
    except OverflowError:
        return None
    return scalar if scalar.dtype.kind in "biufc" else None


def _structured(fields: dict[str, Any]) -> NDArray[Any] | None:
    arrays = {name: to_array(value) for name, value in fields.items()}
    if not arrays or any(array is None for array in arrays.values()):
        return None
    present = {name: array for name, array in arrays.items() if array is not None}
    packed = np.zeros((), dtype=[(name, array.dtype, array.shape) for name, array in present.items()])
    for name, array in present.items():
        packed[name] = array
    return packed
