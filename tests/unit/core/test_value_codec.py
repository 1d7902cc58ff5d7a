"""Actions and rare values: what is stored comes back exactly, or is refused with a sentence; never changed."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import pytest
from case_names import written
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from gym_gui.core.errors import InvalidActionError
from gym_gui.core.value_codec import decode_value, encode_value

INTEGERS = st.integers(-(2**63), 2**63 - 1)
DTYPES = st.one_of(
    stnp.boolean_dtypes(),
    stnp.integer_dtypes(endianness="?"),
    stnp.unsigned_integer_dtypes(endianness="?"),
    stnp.floating_dtypes(endianness="?"),
    stnp.complex_number_dtypes(endianness="?"),
    stnp.unicode_string_dtypes(max_len=5),
)
ARRAYS = stnp.arrays(DTYPES, stnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
SCALARS = st.one_of(st.booleans(), INTEGERS, st.floats(), st.text(), st.binary(max_size=40))
VALUES = st.recursive(
    st.one_of(SCALARS, ARRAYS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=5), INTEGERS), inner, max_size=3),
    ),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Equal in type, dtype, shape and every bit: nan is nan, -0.0 is not 0.0."""
    if type(one) is not type(other) or getattr(one, "shape", None) != getattr(other, "shape", None):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.generic | np.ndarray):
        return bool(one.dtype == other.dtype and one.tobytes() == other.tobytes())
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other) and (not isinstance(one, float) or math.copysign(1, one) == math.copysign(1, other))


@given(VALUES)
def test_that_every_value_comes_back_exactly(value: Any) -> None:
    stored = encode_value(value)
    assert stored is None or type(stored) in {int, bytes}
    assert same(decode_value(stored), value)


@given(st.one_of(stnp.from_dtype(np.dtype(np.int64)), stnp.from_dtype(np.dtype(np.uint8))))
def test_that_a_numpy_integer_is_stored_as_the_integer_it_is(action: np.integer[Any]) -> None:
    assert encode_value(action) == int(action)
    assert type(encode_value(action)) is int


@given(st.sampled_from(["float16", "float32", "float64", "complex64", "bool", "<U3"]), st.integers(0, 9))
def test_that_a_numpy_scalar_keeps_its_dtype(dtype: str, number: int) -> None:
    value = np.array(number).astype(dtype)[()]
    assert same(decode_value(encode_value(value)), value)
    assert same(decode_value(encode_value({"inside": value})), {"inside": value})


@pytest.mark.parametrize(
    "value",
    [
        np.str_(""),
        np.bytes_(b""),
        {"text": np.str_("")},
        np.array(["", ""]),
        np.array([b"", b""]),
        np.zeros((2, 0, 3)),
        np.zeros(3, [("x", "<i4"), ("y", ">f8", (2,)), ("z", [("deep", "?")])]),
        np.ones(1, [("x", "<i4"), ("y", "<f4")])[0],
    ],
    ids=written,
)
def test_that_values_without_bytes_and_with_fields_come_back(value: Any) -> None:
    assert same(decode_value(encode_value(value)), value)


def test_that_what_comes_back_can_be_written() -> None:
    array = decode_value(encode_value(np.arange(3)))
    array[0] = 7
    assert array.tolist() == [7, 1, 2]


class Colour(Enum):
    RED = 1


def _contains_itself() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        -(2**63) - 1,
        object(),
        {1, 2},
        frozenset({1}),
        Decimal("0.1"),
        Colour.RED,
        {(1, 2): 3},
        {1.5: 2},
        {None: 1},
        np.array([object()]),
        np.array([None, 1]),
        "\ud800",
        {"k": "\udcff"},
        len,
        _contains_itself(),
        range(3),
        bytearray(b"x"),
        {"a": [1, {"b": (object(),)}]},
    ],
    ids=written,
)
def test_that_what_has_no_exact_form_is_refused_with_a_sentence(value: Any) -> None:
    with pytest.raises(InvalidActionError) as refusal:
        encode_value(value)
    assert refusal.value.message.endswith(".")


def test_that_none_and_false_and_zero_stay_apart() -> None:
    assert [decode_value(encode_value(value)) for value in (None, False, 0, 0.0)] == [None, False, 0, 0.0]
    assert [type(decode_value(encode_value(value))) for value in (False, 0, 0.0)] == [bool, int, float]


def test_that_integers_of_any_length_survive_within_a_container() -> None:
    value = {"big": 2**70, "deep": [-(2**90), (2**64, 2**64 - 1)], "small": -(2**63)}
    assert decode_value(encode_value(value)) == value
