"""Bounds of a space as the shortest JSON that gives every bit back: one number, a short list, or base64."""

from __future__ import annotations

import base64
import binascii
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import SchemaMismatchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a person still reads as numbers.
_LISTED_ITEMS: Final = 32
_CACHED_BYTES: Final = 1_024
_WIDEST_BYTES: Final = 8
_WORDS: Final = {"inf": math.inf, "-inf": -math.inf}


@lru_cache(maxsize=256)
def dtype_name(dtype: np.dtype[Any]) -> str:
    """``float32`` where the byte order is the machine's own, ``>f4`` where it is the other one.

    Raises:
        SchemaMismatchError: no integer, float or bool, or a float whose width depends on the machine.
    """
    if dtype.kind not in "iufb" or dtype.itemsize > _WIDEST_BYTES:
        raise SchemaMismatchError(
            f"Numbers of type {dtype} have no form that is the same on every machine.",
            hint="Use integers, bool, or floats of 16, 32 or 64 bits.",
        )
    return dtype.name if dtype.isnative else dtype.str


def dtype_of(name: object) -> np.dtype[Any]:
    """The dtype that `dtype_name` wrote.

    Raises:
        SchemaMismatchError: no such dtype.
    """
    try:
        dtype = np.dtype(name) if isinstance(name, str) else None
    except TypeError:
        dtype = None
    if dtype is None:
        raise SchemaMismatchError(f"{name!r:.80} is no dtype.")
    dtype_name(dtype)
    return dtype


def array_form(array: NDArray[Any]) -> Any:
    """*array* without its shape and dtype: a number where all items are equal in every bit, else a list or base64.

    Infinities, for which JSON has no number, are ``"inf"`` and ``"-inf"``; bytes are little-endian, in C order.
    """
    data, width = array.tobytes(), array.itemsize
    if len(data) > _CACHED_BYTES:
        if data[:width] * array.size != data:
            return _form(array.dtype, data)
        data = data[:width]
    form = _small_form(array.dtype, data)
    kind = type(form)
    # What is cached is never handed out where it could be changed.
    return list(form) if kind is tuple else dict(form) if kind is dict else form


@lru_cache(maxsize=1_024)
def _small_form(dtype: np.dtype[Any], data: bytes) -> Any:
    form = _form(dtype, data)
    return tuple(form) if isinstance(form, list) else form


def _form(dtype: np.dtype[Any], data: bytes) -> Any:
    width = dtype.itemsize
    count = len(data) // width
    array = np.frombuffer(data, dtype)
    if count and data[:width] * count == data:
        array = array[:1]
    numbers = array.tolist() if array.size <= _LISTED_ITEMS else None
    if numbers is None or any(number != number for number in numbers):  # noqa: PLR0124 - NaN, which JSON cannot say
        little = np.frombuffer(data, dtype).astype(dtype.newbyteorder("<"), copy=False)
        return {"base64": base64.b64encode(little.tobytes()).decode()}
    plain = [number if math.isfinite(number) else str(number) for number in numbers]
    return plain[0] if (count and array.size < count) or count == 1 else plain


def read_array(form: object, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array that `array_form` wrote, as a new one of *dtype* and *shape*.

    Raises:
        SchemaMismatchError: *form* is not of that kind, or holds another number of items.
    """
    try:
        if isinstance(form, dict):
            data = base64.b64decode(form["base64"], validate=True)
            return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
        if isinstance(form, list):
            return np.array([_number(item) for item in form], dtype=dtype).reshape(shape)
        return np.full(shape, _number(form), dtype=dtype)
    except (TypeError, ValueError, OverflowError, KeyError, binascii.Error, MemoryError) as fault:
        raise SchemaMismatchError(f"{form!r:.80} holds no {dtype} numbers of shape {shape}.") from fault


def _number(item: object) -> int | float:
    if isinstance(item, str):
        return _WORDS[item]
    if not isinstance(item, (int, float)):
        raise TypeError(type(item).__name__)
    return item
