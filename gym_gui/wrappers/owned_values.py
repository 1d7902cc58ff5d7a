"""What a training loop may change afterwards, as it is now: copies, or the text that they become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from gym_gui.adapters.ownership import owned
from gym_gui.core.info_codec import encode_info

_UNCHANGING: Final = frozenset({int, float, bool, str, bytes, type(None), np.float64, np.float32, np.int64, np.int32})


def owned_value(value: Any) -> Any:
    """*value* as numbers, text, arrays or containers of these, which nobody else holds; others become their text."""
    if type(value) is np.ndarray:
        return value.copy()
    if type(value) in _UNCHANGING:
        return value
    taken = owned(value)
    if hasattr(taken, "detach"):  # a tensor of PyTorch, which need not be installed
        return np.array(taken.detach().cpu())
    return taken


def frozen_info(info: Any) -> Any:
    """An info that is written down later: a dictionary whose values cannot change, or its JSON text."""
    if not isinstance(info, Mapping):
        return None
    for value in info.values():
        if type(value) not in _UNCHANGING:
            return _frozen_slowly(info)
    return dict(info)


def _frozen_slowly(info: Mapping[Any, Any]) -> Any:
    """Arrays are copied and written later; what nobody knows is written now, while it is as it is."""
    taken: dict[Any, Any] = {}
    for key, value in info.items():
        if type(value) in _UNCHANGING:
            taken[key] = value
        elif type(value) is np.ndarray and not value.dtype.hasobject:
            taken[key] = value.copy()
        else:
            return encode_info(info)
    return taken
