"""Observations as one NumPy value and back: exact, or said to have no such form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from case_names import written
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from gym_gui.core.packing import from_array, to_array

DTYPES = st.one_of(
    stnp.boolean_dtypes(),
    stnp.integer_dtypes(endianness="?"),
    stnp.unsigned_integer_dtypes(endianness="?"),
    stnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    stnp.complex_number_dtypes(endianness="?", sizes=(64, 128)),
)
ARRAYS = stnp.arrays(DTYPES, stnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
SCALARS = st.one_of(DTYPES.flatmap(stnp.from_dtype), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats())
KEYS = st.text(min_size=1, max_size=6).filter(lambda key: not key.isdecimal())
VALUES = st.recursive(
    st.one_of(ARRAYS, SCALARS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(tuple), st.dictionaries(KEYS, inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


def check_same(back: Any, value: Any) -> None:
    """Every bit, dtype and shape; Python's own scalars come back as NumPy's of the same value."""
    if isinstance(value, dict):
        assert list(back) == list(value)
        for key, item in value.items():
            check_same(back[key], item)
    elif isinstance(value, tuple):
        assert isinstance(back, tuple)
        assert len(back) == len(value)
        for one, item in zip(back, value, strict=True):
            check_same(one, item)
    else:
        expected = np.asarray(value)
        assert isinstance(back, np.ndarray) == isinstance(value, np.ndarray)
        assert back.dtype == expected.dtype
        assert back.shape == expected.shape
        assert np.asarray(back).tobytes() == expected.tobytes()


@given(VALUES)
def test_that_every_composite_comes_back_exactly(value: Any) -> None:
    packed = to_array(value)
    assert packed is not None
    assert not packed.dtype.hasobject
    check_same(from_array(packed), value)


@pytest.mark.parametrize(
    "value",
    [None, "text", b"bytes", [], [1, 2], {}, (), {"a": {}}, {"1": 2}, {"": 1}, {1: 2}, np.empty((0, 3)), np.array("x"),
     np.array([None]), np.array("2026-01-01", "M8[D]"), 2**64, object(), {"a": [1]}, (1, "x"), {"a": np.empty(0)}],
    ids=written,
)  # fmt: skip
def test_that_what_has_no_fixed_bytes_is_said_to_have_none(value: Any) -> None:
    assert to_array(value) is None


def test_that_an_array_is_not_copied() -> None:
    array = np.zeros((3, 2))
    assert to_array(array) is array
