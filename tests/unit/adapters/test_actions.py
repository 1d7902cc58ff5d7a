"""Actions in any tolerated form become one canonical form, or are refused with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from gym_gui.adapters.actions import make_action_check
from gym_gui.core.errors import InvalidActionError
from gym_gui.testing.values import same

BOX = spaces.Box(np.array([-1, 0], np.float32), np.array([1, 2], np.float32))
BYTES = spaces.Box(0, 255, (2,), np.uint8)
FREE = spaces.Box(-np.inf, np.inf, (1,), np.float64)


@pytest.mark.parametrize(
    ("space", "given", "expected"),
    [
        (spaces.Discrete(3), 2, 2),
        (spaces.Discrete(3), np.int64(2), 2),
        (spaces.Discrete(3), np.uint8(2), 2),
        (spaces.Discrete(3), np.array(2), 2),
        (spaces.Discrete(3), np.array([2]), 2),
        (spaces.Discrete(2), True, 1),
        (spaces.Discrete(3, start=5), 7, 7),
        (BOX, [0.5, 1], np.array([0.5, 1], np.float32)),
        (BOX, (1, 2), np.array([1, 2], np.float32)),
        (BOX, np.array([0.1, 0.2]), np.array([0.1, 0.2], np.float32)),
        (BOX, np.array([1.00000000001, 0.0]), np.array([1, 0], np.float32)),
        (BYTES, [0, 255], np.array([0, 255], np.uint8)),
        (BYTES, np.array([3.0, 4.0]), np.array([3, 4], np.uint8)),
        (FREE, 3, np.array([3.0])),
        (FREE, np.float32(3), np.array([3.0])),
        (spaces.MultiDiscrete([2, 3]), [1, 2], np.array([1, 2])),
        (spaces.MultiBinary(2), [True, False], np.array([1, 0], np.int8)),
        (spaces.Dict(a=spaces.Discrete(2), b=FREE), {"b": [1], "a": np.int64(1)}, {"a": 1, "b": np.array([1.0])}),
        (spaces.Tuple((spaces.Discrete(2), spaces.Discrete(2))), [0, 1], (0, 1)),
        (spaces.Text(5), "abc", "abc"),
    ],
)
def test_that_a_tolerated_form_becomes_the_canonical_one(space: Any, given: Any, expected: Any) -> None:
    action = make_action_check(space)(given)
    assert same(action, expected)
    assert type(action) is type(expected)
    assert space.contains(action)


@pytest.mark.parametrize(
    ("space", "given", "reason"),
    [
        (spaces.Discrete(3), "left", "it is no number"),
        (spaces.Discrete(3), None, "it is no number"),
        (spaces.Discrete(3), 1.0, "it is no whole number"),
        (spaces.Discrete(3), 3, "whole numbers from 0 to 2"),
        (spaces.Discrete(3, start=5), 4, "whole numbers from 5 to 7"),
        (spaces.Discrete(3), -1, "whole numbers from 0 to 2"),
        (spaces.Discrete(3), np.array([0, 1]), "it is no number"),
        (BOX, "left", "it is no number"),
        (BOX, [1], "its shape is (1,) and must be (2,)"),
        (BOX, 1, "its shape is () and must be (2,)"),
        (BOX, [[1], [1, 2]], "no array of numbers"),
        (BOX, [float("nan"), 0], "NaN"),
        (BOX, [1.5, 0], "value 0 (1.5) is above the upper bound 1.0"),
        (BOX, [0, -0.5], "value 1 (-0.5) is below the lower bound 0.0"),
        (BOX, [1e300, 0], "above the upper bound"),
        (BYTES, [0, 256], "cannot be written as uint8"),
        (BYTES, [0, 0.5], "cannot be written as uint8"),
        (spaces.MultiDiscrete([2, 3]), [1, 3], "value 1 (3) is above the upper bound 2"),
        (spaces.MultiBinary(2), [0, 2], "value 1 (2) is above the upper bound 1"),
        (spaces.Dict(a=spaces.Discrete(2)), {"b": 1}, "its keys must be a"),
        (spaces.Dict(a=spaces.Discrete(2)), 1, "must be a dictionary"),
        (spaces.Dict(a=spaces.Discrete(2)), {"a": 2}, "whole numbers from 0 to 1"),
        (spaces.Tuple((spaces.Discrete(2),)), (), "a tuple of 1 parts"),
        (spaces.Text(2), "abc", "does not hold it"),
    ],
)
def test_that_any_other_is_refused_with_space_value_and_reason(space: Any, given: Any, reason: str) -> None:
    with pytest.raises(InvalidActionError) as raised:
        make_action_check(space)(given)
    assert "is not an action of" in raised.value.message
    assert reason in raised.value.message


def test_that_a_canonical_action_is_owned() -> None:
    given = np.array([0.5, 1], np.float32)
    taken = make_action_check(BOX)(given)
    given[:] = 0
    assert taken.tolist() == [0.5, 1]
