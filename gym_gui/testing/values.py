"""Comparing what environments answer, exactly, and failing with a sentence."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

_SHOWN: Final = 120


def expect(condition: object, sentence: str) -> None:
    """Fail the test with *sentence* where *condition* does not hold.

    A plain ``assert`` outside a test module would not say more than that it failed.

    Raises:
        AssertionError: it does not hold.
    """
    if not condition:
        raise AssertionError(sentence)


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal with kind of container, dtype, shape and every element; NaN equals NaN."""
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return (
            isinstance(left, np.ndarray)
            and isinstance(right, np.ndarray)
            and left.dtype == right.dtype
            and left.shape == right.shape
            and left.tobytes() == right.tobytes()
        )
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right) or (left != left and right != right)  # noqa: PLR0124 - NaN


def is_json(value: Any) -> bool:
    """Whether *value* is the same after it was written as JSON and read."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def shown(value: Any) -> str:
    """The start of *value*'s text, on one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
