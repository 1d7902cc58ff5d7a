"""Any sample of any space is canonical already, survives lists and foreign dtypes, and can be stored exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.adapters.actions import make_action_check
from gym_gui.core.value_codec import decode_value, encode_value
from gym_gui.testing.values import same

DTYPES = st.sampled_from([np.float32, np.float64, np.int64, np.uint8])
SHAPES = st.lists(st.integers(1, 3), min_size=0, max_size=3).map(tuple)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda n, start: spaces.Discrete(n, start=start), st.integers(1, 20), st.integers(-5, 5)),
    st.builds(lambda shape, dtype: spaces.Box(0, 100, shape, dtype), SHAPES, DTYPES),
    st.builds(lambda shape: spaces.Box(-np.inf, np.inf, shape, np.float64), SHAPES),
    st.lists(st.integers(1, 9), min_size=1, max_size=4).map(spaces.MultiDiscrete),
    st.integers(1, 6).map(spaces.MultiBinary),
)
SPACES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.dictionaries(st.sampled_from("abcd"), parts, min_size=1, max_size=3).map(spaces.Dict),
        st.lists(parts, min_size=1, max_size=3).map(lambda members: spaces.Tuple(tuple(members))),
    ),
    max_leaves=5,
)


def as_lists(value: Any) -> Any:
    """The value as a JSON reader would bring it."""
    if isinstance(value, dict):
        return {key: as_lists(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [as_lists(part) for part in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


@given(SPACES, st.integers(0, 1_000))
def test_that_samples_pass_and_come_back_from_storage_and_json(space: Any, seed: int) -> None:
    space.seed(seed)
    check = make_action_check(space)
    action = check(space.sample())
    assert space.contains(action)
    assert same(check(action), action)
    assert same(check(as_lists(action)), action)
    assert same(check(decode_value(encode_value(action))), action)
