"""What nobody's keys mean: a value that the space holds, whatever the space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from gymnasium import spaces

from gym_gui.adapters.controls.generic import idle_value
from gym_gui.testing.values import same

if TYPE_CHECKING:
    from gymnasium import Space

CHOICES: Final = spaces.OneOf((spaces.Discrete(3, start=-1), spaces.Box(-1, 1, (2,), np.float32)))
SPACES: Final[list[Space[Any]]] = [
    spaces.Discrete(4, start=-2),
    spaces.Box(1, 2, (), np.float32),
    spaces.Box(np.float32(-3), np.float32(-1), (2, 2)),
    spaces.MultiDiscrete([3, 4], start=[1, -2]),
    spaces.MultiBinary(4),
    spaces.Text(5),
    spaces.Text(5, min_length=0),
    CHOICES,
    spaces.Sequence(spaces.Discrete(3)),
    spaces.Sequence(spaces.Box(0, 1, (2,)), stack=True),
    spaces.Graph(spaces.Box(0, 1, (3,)), spaces.Discrete(4)),
    spaces.Dict(one=CHOICES, many=spaces.Tuple((spaces.Text(3), spaces.Sequence(spaces.MultiBinary(2))))),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_that_the_idle_value_is_in_its_space_and_the_same_each_time(space: Space[Any]) -> None:
    value = idle_value(space)
    assert space.contains(value)
    assert same(idle_value(space), value)


def test_that_of_one_of_many_spaces_the_first_one_is_idle() -> None:
    assert idle_value(CHOICES) == (0, -1)
