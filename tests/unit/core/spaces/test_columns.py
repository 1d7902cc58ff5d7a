"""Values to columns and back: equal in every bit for every kind of space; what has another form is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.spaces import columns_of, from_columns, to_columns
from gym_gui.testing.space_strategies import any_space, values_of


def same(one: Any, other: Any) -> bool:
    """Equal in type, dtype, shape, order and every bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@given(st.data())
def test_that_values_of_every_space_come_back_in_every_bit(data: st.DataObject) -> None:
    space = data.draw(any_space())
    values = data.draw(st.lists(values_of(space), max_size=4))
    columns = to_columns(space, values)
    assert same(from_columns(space, columns), values)


@given(st.data())
def test_that_columns_are_as_they_were_announced(data: st.DataObject) -> None:
    space = data.draw(any_space())
    values = data.draw(st.lists(values_of(space), max_size=4))
    announced = columns_of(space, "action")
    arrays = to_columns(space, values, "action")
    assert [column.name for column in announced] == list(arrays)
    assert all(column.name.startswith("action") for column in announced)
    for column in announced:
        assert arrays[column.name].dtype == column.dtype
        assert arrays[column.name].shape[1:] == column.item_shape
        if not column.is_variable:
            assert len(arrays[column.name]) == len(values) + (column.role == "offsets")
        else:
            assert column.counted_by in arrays
