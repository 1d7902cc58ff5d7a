"""Nothing in an info dictionary can stop a recording, and what JSON knows comes back as it was."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from gym_gui.core.info_codec import decode_info, encode_info, to_plain

NUMBERS = st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_that_what_json_knows_comes_back_as_it_was(info: dict[str, Any]) -> None:
    assert decode_info(encode_info(info)) == info


ODD = st.recursive(
    st.one_of(
        st.floats(),
        st.integers(),
        st.text(st.characters()),
        st.binary(max_size=10),
        st.complex_numbers(),
        st.decimals(),
        st.sampled_from([object(), len, Decimal("nan"), datetime(2026, 1, 1, tzinfo=UTC), {1, "a"}, range(3), ...]),
        stnp.arrays(stnp.scalar_dtypes(), stnp.array_shapes(min_side=0, max_side=3)),
        stnp.scalar_dtypes().flatmap(stnp.from_dtype),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(
            st.one_of(st.text(st.characters()), st.integers(), st.tuples(st.integers())), inner, max_size=3
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.one_of(st.text(st.characters()), st.integers()), ODD, max_size=4))
def test_that_nothing_raises_and_the_text_is_json(info: dict[Any, Any]) -> None:
    text = encode_info(info)
    assert (text is None) is (not info)
    decoded = decode_info(text)
    assert len(decoded) <= len(info)
    assert bool(decoded) is bool(info)


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no repr for you")


class HostileInt(int):
    def __repr__(self) -> str:
        raise RuntimeError("nor for me")


def _holds_itself() -> dict[str, Any]:
    info: dict[str, Any] = {"lives": 3}
    info["self"] = info
    return info


def _deep(levels: int) -> Any:
    return {"down": _deep(levels - 1)} if levels else 1


HOSTILE: list[Any] = [
    Hostile(),
    [Hostile()],
    {Hostile: 1},
    "\ud800",
    "\udcff" * 5,
    {"\ud800": 1},
    HostileInt(10**40),
    10**5000,
    _deep(200),
    np.array([Hostile()], dtype=object),
    {"a": {(1, 2): Hostile()}},
    float("nan"),
    -math.inf,
    memoryview(b"abc"),
    np.zeros((100, 100)),
    np.array("nat", "M8[s]"),
    type,
]


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_that_a_hostile_value_costs_only_itself(place: int) -> None:
    decoded = decode_info(encode_info({"lives": 3, "odd": HOSTILE[place]}))
    assert decoded["lives"] == 3
    assert "odd" in decoded


def test_that_a_dictionary_that_holds_itself_ends() -> None:
    text = encode_info(_holds_itself())
    assert text is not None
    assert decode_info(text)["lives"] == 3
    assert len(text) < 100_000


def test_that_no_information_takes_no_room() -> None:
    assert encode_info({}) is None
    assert encode_info(None) is None
    assert decode_info(None) == {}


def test_that_small_arrays_are_numbers_and_large_ones_keep_every_byte() -> None:
    ram = np.arange(128, dtype=np.uint8)
    assert decode_info(encode_info({"ram": ram}))["ram"] == ram.tolist()
    large = decode_info(encode_info({"map": np.ones((20, 20), np.float32)}))["map"]
    assert (large["dtype"], large["shape"]) == ("<f4", [20, 20])


@given(st.dictionaries(st.text(), ODD, max_size=3))
def test_that_what_a_command_prints_is_always_json(info: dict[str, Any]) -> None:
    assert msgspec.json.encode(to_plain(decode_info(encode_info(info)))) is not None


def test_that_of_keys_of_one_text_each_keeps_its_value() -> None:
    info: dict[Any, Any] = {1: "number", "1": "text", None: "none", "None": "text", "in": [{2: "number", "2": "text"}]}
    assert decode_info(encode_info(info)) == {
        "1 (int)": "number",
        "1": "text",
        "None (NoneType)": "none",
        "None": "text",
        "in": [{"2 (int)": "number", "2": "text"}],
    }
    more: dict[Any, Any] = {"1 (int)": "a", "1": "b", 1: "c"}
    assert list(decode_info(encode_info(more))) == ["1 (int)", "1", "1 (int) #2"]


def test_that_arrays_of_objects_are_their_elements() -> None:
    table = np.array([["a", None], [3, {"deep": np.float32(0.5)}]], dtype=object)
    assert decode_info(encode_info({"table": table})) == {"table": [["a", None], [3, {"deep": 0.5}]]}
    assert decode_info(encode_info({"many": np.array([None] * 300, object)})) == {"many": [None] * 300}
    slow = {"odd": np.array(["x", 10**30, np.float64(0.5)], object), "bad": Hostile()}
    assert decode_info(encode_info(slow))["odd"] == ["x", 10**30, 0.5]
    itself = np.array([1, None], object)
    itself[1] = itself
    assert decode_info(encode_info({"itself": itself}))["itself"][:1] == [1]


@pytest.mark.parametrize("levels", [600, 5_000])
def test_that_what_is_nested_too_deep_for_any_reader_is_cut(levels: int) -> None:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    decoded = decode_info(encode_info({"lives": 3, "nested": nested}))
    assert decoded["lives"] == 3
    assert "…" in str(decoded["nested"])
