"""What a training loop may change afterwards, as it is now: copies, or the text that they become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from gym_gui.adapters.ownership import owned
from gym_gui.core.info_codec import LISTED_ITEMS, encode_info
from gym_gui.wrappers.recording_words import SCALARS

_PLAIN: Final = frozenset({int, float, bool, str, bytes, type(None)})
_UNCHANGING: Final = _PLAIN | SCALARS


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
        if type(value) not in _PLAIN:
            return _frozen_slowly(info)
    return dict(info)


def _frozen_slowly(info: Mapping[Any, Any]) -> Any:
    """Large arrays are copied, and written later; small ones and scalars are what JSON makes of them: they travel fast.

    What nobody knows is written now, while it is as it is.
    """
    taken: dict[Any, Any] = {}
    for key, value in info.items():
        kind = type(value)
        if kind in _PLAIN:
            taken[key] = value
        elif kind in SCALARS:
            taken[key] = value.item()
        elif kind is np.ndarray and not value.dtype.hasobject:
            taken[key] = value.tolist() if value.dtype.kind in "biuf" and value.size <= LISTED_ITEMS else value.copy()
        else:
            return encode_info(info)
    return taken
