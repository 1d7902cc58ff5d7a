"""What travels from a training to its recording process comes out as it went in; infos as JSON would have had them."""

from __future__ import annotations

import os
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gym_gui.core.info_codec import encode_info
from gym_gui.wrappers.owned_values import frozen_info
from gym_gui.wrappers.recording_words import read_words, words_of, write_words

DTYPES = [np.dtype(code) for code in ("?", "u1", "i1", "<i2", ">i4", "i8", "f2", "<f4", ">f8")]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=20))
)
SCALARS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.booleans(),
    st.text(max_size=5),
    st.none(),
    st.floats(width=32).map(np.float32),
    st.floats().map(np.float64),
    st.integers(-(2**31), 2**31 - 1).map(np.int32),
    st.integers(0, 255).map(np.uint8),
    st.booleans().map(np.bool_),
)
Pair = namedtuple("Pair", "left right")  # noqa: PYI024 - as scripts have them


def sent(value: Any) -> Any:
    """*value* at the other end of a pipe."""
    there, here = os.pipe()
    try:
        write_words(here, words_of((7, "piece", value)))
        number, word, found = read_words(there) or (0, "", None)
    finally:
        os.close(there)
        os.close(here)
    assert (number, word) == (7, "piece")
    return found


@given(ARRAYS)
def test_that_arrays_keep_every_bit_and_can_be_written_to(array: np.ndarray[Any, Any]) -> None:
    found = sent(array)
    assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert found.flags.writeable


@given(SCALARS)
def test_that_scalars_keep_their_type_and_every_bit(value: Any) -> None:
    found = sent(value)
    assert type(found) is type(value)
    assert np.asarray(found).tobytes() == np.asarray(value).tobytes()


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(2, [("left", "i4"), ("right", "f8")]),
        np.array([{"a": 1}, None], dtype=object),
        np.array(["2026-11-28"], "M8[D]"),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.arange(6)[::-2],
        np.arange(5_000),
        np.complex128(1 + 2j),
    ],
)
def test_that_other_arrays_travel_by_numpys_own_way(value: Any) -> None:
    found = sent({"x": [value]})["x"][0]
    assert type(found) is type(value)
    assert found.dtype == value.dtype
    assert np.array_equal(found, value)


def test_that_a_class_of_a_scripts_own_becomes_what_it_is_made_of() -> None:
    assert sent([Pair(1, np.float32(2))]) == [(1, np.float32(2))]


@given(st.dictionaries(st.text(max_size=5), st.one_of(SCALARS, ARRAYS), max_size=6))
def test_that_a_frozen_info_is_written_as_the_info_would_have_been(info: dict[str, Any]) -> None:
    frozen = frozen_info(info)
    written = frozen if isinstance(frozen, str) else encode_info(sent(frozen))
    assert written == encode_info(info)


def test_that_a_frozen_info_does_not_change_with_the_environments_own_arrays() -> None:
    small, large = np.zeros(3), np.zeros(1_000)
    info = {"small": small, "large": large, "one": np.float64(2)}
    frozen = frozen_info(info)
    before = encode_info(info)
    small[:], large[:] = 9, 9
    assert encode_info(frozen) == before != encode_info(info)
