"""Values to columns and back: a law over every value that has a form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exports import same
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gym_gui.core.value_codec import encode_value
from gym_gui.recording.export.value_forms import (
    INT,
    Form,
    common_form,
    encoded_columns,
    form_of,
    leaf_paths,
    put_together,
    take_apart,
)

DTYPES = st.sampled_from(["?", "i1", "i4", "i8", "u1", "u8", "f4", "f8"])


def leaves() -> st.SearchStrategy[tuple[str, Any]]:
    """A form's name with a strategy of its values."""
    arrays = st.tuples(DTYPES, hnp.array_shapes(max_dims=2, max_side=3)).map(lambda two: ("array", two))
    natives = st.sampled_from(["int", "float", "bool", "text", "bytes"]).map(lambda kind: (kind, None))
    return st.one_of(arrays, natives)


def values_of(kind: str, about: Any) -> st.SearchStrategy[Any]:
    """Values that share one form."""
    strategies: dict[str, st.SearchStrategy[Any]] = {
        "int": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(),
        "bool": st.booleans(),
        "text": st.text(max_size=5),
        "bytes": st.binary(max_size=5),
    }
    return hnp.arrays(about[0], about[1]) if kind == "array" else strategies[kind]


@st.composite
def alike(draw: st.DrawFn) -> list[Any]:
    """Some values of one form, some of them None."""
    shape = draw(st.sampled_from(["leaf", "tuple", "dict", "nested"]))
    parts = [values_of(*draw(leaves())) for _ in range(1 if shape == "leaf" else 2)]
    if shape == "leaf":
        whole = parts[0]
    elif shape == "tuple":
        whole = st.tuples(*parts)
    elif shape == "dict":  # built from tuples: the order of keys is part of a form
        whole = st.tuples(*parts).map(lambda two: {"b": two[0], "a": two[1]})
    else:
        whole = st.tuples(*parts).map(lambda two: {"x": two, "y": two[0]})
    return [draw(whole), *draw(st.lists(st.none() | whole, max_size=5))]


@settings(max_examples=50)
@given(alike())
def test_that_values_of_one_form_are_columns_and_come_back_exactly(values: list[Any]) -> None:
    form = form_of(values[0])
    assert form is not None
    columns = take_apart(form, values)
    assert len(columns) == len(list(leaf_paths(form)))
    assert all(len(column) == len(values) for column in columns)
    for row, value in enumerate(values):
        assert value is None or same(put_together(form, columns, row), value)
    assert Form.from_json(form.to_json()) == form


@settings(max_examples=50)
@given(alike())
def test_that_encoded_values_become_the_same_columns(values: list[Any]) -> None:
    encoded = [encode_value(value) for value in values]
    form, alike_ = common_form(encoded)
    assert alike_
    assert form is not None
    columns = encoded_columns(form, encoded)
    for row, value in enumerate(values):
        assert value is None or same(put_together(form, columns, row), value)


def test_that_values_of_several_forms_are_told() -> None:
    assert common_form([encode_value(1), encode_value(1.0)]) == (None, False)
    assert common_form([encode_value(np.zeros(2)), encode_value(np.zeros(3))]) == (None, False)
    assert common_form([None, None]) == (None, True)
    assert common_form([None, 3]) == (INT, True)


@pytest.mark.parametrize(
    "value", [2**70, None, (), {}, [None], np.zeros(0), np.array(["a"]), np.zeros(2, "c16"), {"1": 1, 1: 2}], ids=repr
)
def test_that_what_cannot_be_columns_has_no_form(value: Any) -> None:
    assert form_of(value) is None
