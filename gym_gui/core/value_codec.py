"""Any action or observation to one exact, compact SQLite value and back: integers as such, the rest as tagged msgpack.

Arrays keep dtype, shape and every bit; tuples stay tuples; numpy scalars keep their dtype, but an integer action
comes back as a Python int, which every discrete space takes.
"""

from __future__ import annotations

import ast
import struct
from typing import Any, Final

import msgspec
import numpy as np
from numpy.lib.format import descr_to_dtype, dtype_to_descr

from gym_gui.core.errors import InvalidActionError

_ARRAY: Final = 1
_TUPLE: Final = 2
_SCALAR: Final = 3
_LONG: Final = 4  # an integer beyond msgpack's 64 bits, within a container
_NATIVE: Final = frozenset({bool, int, float, str, bytes})
_KEYS: Final = frozenset({int, str})
# What the encoder takes as it is; integers may be too long for it.
_PLAIN: Final = frozenset({bool, float, str, bytes, type(None)})
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


def encode_value(value: Any) -> int | bytes | None:
    """The SQLite value of *value*: None, an integer, or bytes that `decode_value` reads back exactly.

    Raises:
        InvalidActionError: *value* holds something that is no number, array, text or container of these.
    """
    if value is None:
        return None
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        number = int(value)
        if _INT64_MIN <= number <= _INT64_MAX:
            return number
        raise InvalidActionError(f"The number {number} does not fit 64 bits and cannot be stored exactly.")
    try:
        return _encoder.encode(_prepare(value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidActionError(
            f"A value of type {type(value).__name__} cannot be stored exactly: {error}.",
            hint="Use numbers, NumPy arrays, text, or dicts, lists and tuples of these.",
        ) from error


def decode_value(stored: int | bytes | None) -> Any:
    """The value that `encode_value` stored."""
    return _decoder.decode(stored) if isinstance(stored, bytes) else stored


def _prepare(value: Any) -> Any:
    """*value* as the encoder takes it."""
    kind = type(value)
    if kind is list:
        # Most containers hold nothing that has to be prepared; what they hold is asked at C's speed.
        return value if _PLAIN.issuperset(map(type, value)) else [_prepare(one) for one in value]
    if kind is dict and _KEYS.issuperset(map(type, value)):
        if _PLAIN.issuperset(map(type, value.values())):
            return value
        return {key: one if type(one) in _PLAIN else _prepare(one) for key, one in value.items()}
    return value if kind in _PLAIN or kind is np.ndarray else _prepare_odd(value)


def _prepare_odd(value: Any) -> Any:
    # msgpack has no tuples: they travel as extensions, so that Tuple actions come back as tuples.
    if isinstance(value, tuple):
        return msgspec.msgpack.Ext(_TUPLE, _encoder.encode([_prepare(one) for one in value]))
    if isinstance(value, list):
        return [_prepare(one) for one in value]
    if isinstance(value, dict):
        if not all(type(key) in _KEYS for key in value):
            raise TypeError("a dict with keys that are neither text nor integers has no exact form")
        return {key: _prepare(one) for key, one in value.items()}
    if type(value) is int and not _INT64_MIN <= value < 2**64:
        return msgspec.msgpack.Ext(_LONG, str(value).encode())
    if isinstance(value, np.generic):
        return _encode_hook(value)  # float64 and str_ are Python's own float and str too, and would come back as these
    if value is None or type(value) in _NATIVE or isinstance(value, np.ndarray):
        return value
    raise TypeError(f"objects of type {type(value).__name__} have no exact form")


def _encode_hook(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError(f"an array of {value.dtype} has no fixed bytes")
        header = f"{_text_of(value.dtype)};{','.join(map(str, value.shape))}".encode()
        return msgspec.msgpack.Ext(_ARRAY, struct.pack("<H", len(header)) + header + value.tobytes())
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        header = _text_of(value.dtype).encode()
        return msgspec.msgpack.Ext(_SCALAR, struct.pack("<H", len(header)) + header + value.tobytes())
    raise TypeError(f"objects of type {type(value).__name__} have no exact form")


def _text_of(dtype: np.dtype[Any]) -> str:
    """A dtype as text; one with fields as NumPy's own files write it, for its `str` forgets them."""
    return dtype.str if dtype.names is None else repr(dtype_to_descr(dtype))


def _dtype_of(text: str) -> np.dtype[Any]:
    return np.dtype(text) if not text.startswith("[") else descr_to_dtype(ast.literal_eval(text))


def _decode_extension(code: int, data: memoryview) -> Any:
    if code == _TUPLE:
        return tuple(_decoder.decode(data))
    if code == _LONG:
        return int(bytes(data))
    if code not in {_ARRAY, _SCALAR}:
        raise ValueError(f"unknown extension {code}")
    (length,) = struct.unpack_from("<H", data)
    header = bytes(data[2 : 2 + length]).decode()
    body = data[2 + length :]
    if code == _SCALAR:
        return np.ndarray((), _dtype_of(header), bytes(body))[()]
    dtype_text, _, shape_text = header.rpartition(";")
    shape = tuple(int(size) for size in shape_text.split(",") if size)
    # `frombuffer` would refuse empty texts, whose items have no bytes.
    return np.ndarray(shape, _dtype_of(dtype_text), bytes(body)).copy()


_encoder: Final = msgspec.msgpack.Encoder(enc_hook=_encode_hook)
_decoder: Final = msgspec.msgpack.Decoder(ext_hook=_decode_extension)
