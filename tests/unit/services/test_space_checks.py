"""Membership as Gymnasium has it, in a microsecond: the compiled checks agree with ``contains``."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

import numpy as np
import pytest
from gymnasium import spaces

from gym_gui.services.space_checks import compile_check

SPACES: Final[dict[str, spaces.Space[Any]]] = {
    "discrete": spaces.Discrete(4, start=-1),
    "unbounded": spaces.Box(-np.inf, np.inf, (4,), np.float32),
    "uniform": spaces.Box(-1, 1, (3, 2), np.float64),
    "uneven": spaces.Box(np.array([-1, 0, 5], np.float32), np.array([1, 0, 9], np.float32)),
    "large": spaces.Box(0, 1, (10, 10), np.float32),
    "large-uneven": spaces.Box(np.zeros((6, 6), np.float32), np.arange(36, dtype=np.float32).reshape(6, 6)),
    "picture": spaces.Box(0, 255, (8, 8, 3), np.uint8),
    "half-picture": spaces.Box(0, 127, (8, 8, 3), np.uint8),
    "scalar": spaces.Box(0, 1, (), np.float32),
    "empty": spaces.Box(0, 1, (0,), np.float32),
    "multi-discrete": spaces.MultiDiscrete([3, 4], start=[1, -2]),
    "narrow-discrete": spaces.MultiDiscrete([3, 4], dtype=np.int32),
    "pair": spaces.Tuple((spaces.Discrete(2), spaces.Discrete(5))),
    "grid-discrete": spaces.MultiDiscrete(np.full((7, 7), 3)),
    "multi-binary": spaces.MultiBinary(5),
    "binary-grid": spaces.MultiBinary((7, 7)),
    "dict": spaces.Dict(a=spaces.Discrete(2), b=spaces.Tuple((spaces.Box(0, 1, (2,)), spaces.Discrete(3)))),
    "text": spaces.Text(4, charset="ab"),
    "one-of": spaces.OneOf((spaces.Discrete(2), spaces.Box(0, 1, (1,)))),
    "sequence": spaces.Sequence(spaces.Discrete(2)),
}
STRANGERS: Final[list[Any]] = [
    None, 0, 1, -1, -2, 3, True, False, 2.5, "ab", "c", np.int64(2), np.float32(1), np.array(1), np.array(7),
    np.array(0.5),
    (), {},
    np.zeros(4, np.float32), np.full(4, np.nan, np.float32), np.zeros(4, np.float64), np.zeros(5, np.int8),
    np.full(5, 2, np.int8), np.full((3, 2), 1.5), np.full((8, 8, 3), 200, np.uint8), np.zeros((8, 8), np.uint8),
    np.array([1, -2]), np.array([1, 0], np.int32), np.array([True, False]),
    np.array([3, 1]), np.array([4, 0]), np.array([1.0, 0.0]), np.full((7, 7), 2), np.full((7, 7), 3),
    {"a": 0}, {"a": 0, "b": (np.zeros(2, np.float32), 1)}, {"a": 5, "b": (np.zeros(2, np.float32), 1)},
    {"a": 0, "b": (np.zeros(2, np.float32),)}, {"a": 0, "b": [np.zeros(2, np.float32), 1]}, (0, 1), (1, 1),
    np.zeros((10, 10), np.float32), np.full((10, 10), np.nan, np.float32), np.full((6, 6), 0.5, np.float32),
    np.array([0, 0, 6], np.float32), np.array([0, 0.1, 6], np.float32), np.full((), 0.5, np.float32),
]  # fmt: skip


@pytest.mark.parametrize("name", SPACES)
def test_that_samples_are_inside(name: str) -> None:
    space = deepcopy(SPACES[name])
    space.seed(1)
    check = compile_check(space)
    assert [check(space.sample()) for _ in range(20)] == [""] * 20


@pytest.mark.filterwarnings("ignore:.*Casting input x to numpy array")
@pytest.mark.parametrize("name", SPACES)
def test_that_the_checks_agree_with_gymnasium(name: str) -> None:
    space = SPACES[name]
    check = compile_check(space)
    for value in STRANGERS:
        said = check(value)
        # Gymnasium turns lists and numbers into arrays, with a warning that nobody reads.
        inside = isinstance(value, np.ndarray) or not isinstance(space, spaces.Box)
        if isinstance(space, spaces.Tuple) and np.ndim(np.asarray(value, object)) == 0:
            inside = False  # of an array without dimensions Gymnasium asks the parts, and raises
        inside = inside and space.contains(value)
        if isinstance(value, list | tuple):
            continue
        assert (said == "") == bool(inside), (value, said)
        assert not said.endswith(".")


def test_that_a_space_that_raises_contains_nothing() -> None:
    class Broken(spaces.Space[Any]):
        def contains(self, x: Any) -> bool:
            raise ZeroDivisionError(x)

    assert "cannot judge" in compile_check(Broken())(1)


def test_that_what_is_wrong_is_told_with_its_place() -> None:
    nested = compile_check(SPACES["dict"])
    assert nested({"a": 0, "b": (np.array([0, 2], np.float32), 1)}) == (
        "values from 0.0 to 2.0 instead of 0.0 to 1.0 in part 0 under 'b'"
    )
    assert compile_check(SPACES["uneven"])(np.array([0, 0.5, 6], np.float32)) == "0.5 at (1,) instead of 0.0 to 0.0"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([0.5, np.nan, -2, np.inf], "it holds NaN among values from -2.0 to 0.5 instead of -inf to inf"),
        ([np.nan] * 4, "it holds NaN and no finite number instead of -inf to inf"),
    ],
)
def test_that_nan_is_named_beside_what_is_in_range(value: list[float], said: str) -> None:
    assert compile_check(SPACES["unbounded"])(np.array(value, np.float32)) == said
