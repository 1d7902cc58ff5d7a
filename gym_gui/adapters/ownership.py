"""Copies that an environment can never write to again, so that a recording stays what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

# Values that cannot change are passed on as they are. bool is an int, np.float64 a float.
_IMMUTABLE: Final = (int, float, str, bytes, type(None), np.generic, complex)
# Nobody nests deeper on purpose; a container that holds itself ends here instead of in a RecursionError.
_MAX_DEPTH: Final = 32


def owned(value: Any, _depth: int = 0) -> Any:
    """*value* with every array, list, tuple, set and mapping in it copied; other objects are passed on as they are.

    Arrays come back C-contiguous with their dtype unchanged. A named tuple stays one, a mapping becomes a dict.
    """
    if isinstance(value, np.ndarray):
        return np.array(value, order="C", copy=True)
    if isinstance(value, _IMMUTABLE) or _depth > _MAX_DEPTH:
        return value
    if isinstance(value, Mapping):
        return {key: owned(item, _depth + 1) for key, item in value.items()}
    if isinstance(value, tuple):
        items = [owned(item, _depth + 1) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [owned(item, _depth + 1) for item in value]
    return type(value)(value) if isinstance(value, (set, bytearray)) else value
