"""Signatures tell spaces apart by everything that matters; texts stay short."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from gymnasium import spaces
from needs import needs_box2d

from gym_gui.adapters.describe import entry_point_module, package_versions
from gym_gui.core.spaces import SpaceSerializer, space_text

NUMBER = spaces.Discrete(2)
DIFFERENT: list[spaces.Space[object]] = [
    spaces.Discrete(3),
    spaces.Discrete(3, start=1),
    spaces.Discrete(4),
    spaces.Box(0, 1, (2,), np.float32),
    spaces.Box(0, 1, (2,), np.float64),
    spaces.Box(0, 1, (2, 1), np.float32),
    spaces.Box(np.array([0, 0.5], np.float32), np.array([1, 1], np.float32)),
    spaces.MultiDiscrete([2, 3]),
    spaces.MultiDiscrete([3, 2]),
    spaces.MultiBinary(2),
    spaces.MultiBinary([2, 2]),
    spaces.Text(5),
    spaces.Text(6),
    spaces.Sequence(NUMBER),
    spaces.Sequence(spaces.Discrete(5)),
    spaces.Tuple((NUMBER, spaces.Discrete(3))),
    spaces.Tuple((spaces.Discrete(3), NUMBER)),
    spaces.Dict(a=NUMBER),
    spaces.Dict(b=NUMBER),
    spaces.Dict(a=spaces.Dict(a=NUMBER)),
    spaces.OneOf((NUMBER, spaces.Discrete(3))),
    spaces.Graph(spaces.Box(0, 1, (2,)), NUMBER),
    spaces.Graph(spaces.Box(0, 1, (3,)), NUMBER),
]


def test_that_different_spaces_have_different_signatures() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert SpaceSerializer.pair_signature(one, NUMBER) != SpaceSerializer.pair_signature(other, NUMBER), (
            one,
            other,
        )
        assert SpaceSerializer.pair_signature(NUMBER, one) != SpaceSerializer.pair_signature(NUMBER, other), (
            one,
            other,
        )
    assert SpaceSerializer.pair_signature(DIFFERENT[0], NUMBER) != SpaceSerializer.pair_signature(NUMBER, DIFFERENT[0])


def test_that_equal_spaces_have_equal_signatures() -> None:
    assert SpaceSerializer.pair_signature(spaces.Box(0, 1, (2,)), NUMBER) == SpaceSerializer.pair_signature(
        spaces.Box(0, 1, (2,)), NUMBER
    )


def test_that_a_space_is_one_line_of_bounded_text() -> None:
    bounds = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    text = space_text(spaces.Dict({f"part {index}": spaces.Box(-bounds, bounds) for index in range(50)}))
    assert "\n" not in text
    assert len(text) <= 2_001


@needs_box2d
def test_that_versions_name_packages_as_pip_does() -> None:
    versions = package_versions(["ale_py", "Box2D", "pygame", "no_such_module"])
    assert {"python", "gymnasium", "numpy", "ale-py", "box2d", "pygame-ce"} == versions.keys()
    assert all(version[0].isdigit() for version in versions.values())


def test_that_a_class_without_entry_point_has_no_module() -> None:
    assert entry_point_module(None) is None
