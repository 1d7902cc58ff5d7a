"""What a space and its values cost as data: JSON and back, the signature, columns and back.

`python benchmarks/space_round_trip.py`
"""

from __future__ import annotations

import timeit
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from report import answer

from gym_gui.core.spaces import SpaceColumns, SpaceSerializer
from gym_gui.core.spaces.reading import read

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, CALLS = 300, 50
VALUES = 1_000


def nested() -> spaces.Dict[Any]:
    """A robot's observation: numbers, choices, flags, and a camera."""
    return spaces.Dict(
        position=spaces.Box(-1, 1, (3,), np.float32),
        camera=spaces.Box(0, 255, (84, 84, 3), np.uint8),
        body=spaces.Dict(
            mode=spaces.Discrete(4, start=1),
            touching=spaces.MultiBinary(4),
            speed=spaces.Box(np.array([-1, -2], np.float32), np.array([1, np.inf], np.float32)),
        ),
    )


def best_us(work: Callable[[], object], calls: int = CALLS, rounds: int = ROUNDS) -> float:
    """Microseconds of one call, the best of many rounds: what it costs where nothing else runs."""
    return round(min(timeit.repeat(work, number=calls, repeat=rounds)) / calls * 1e6, 2)


def main() -> None:
    """Measure and print."""
    space = nested()
    small = spaces.Dict({name: part for name, part in space.items() if name != "camera"})
    form = SpaceSerializer.to_json(space)
    space.seed(1)
    values = [space.sample() for _ in range(VALUES)]
    columns = SpaceColumns(space)
    arrays = columns.write(values)
    answer(
        "space_round_trip",
        {
            "round_trip_us": {
                "nested Dict of 5 spaces, camera included": best_us(
                    lambda: SpaceSerializer.from_json(SpaceSerializer.to_json(space))
                ),
                "the same without camera": best_us(lambda: SpaceSerializer.from_json(SpaceSerializer.to_json(small))),
            },
            "to_json_us": best_us(lambda: SpaceSerializer.to_json(space)),
            "from_json_us": best_us(lambda: SpaceSerializer.from_json(form)),
            "from_json_first_time_us": best_us(lambda: read(form), 5),
            "signature_us": best_us(lambda: SpaceSerializer.signature(space)),
            "columns_us_a_value": {
                "write": round(best_us(lambda: columns.write(values), 1, 20) / VALUES, 2),
                "read": round(best_us(lambda: columns.read(arrays), 1, 20) / VALUES, 2),
            },
            "note": "from_json of a form that was read before copies the space made then",
        },
    )


if __name__ == "__main__":
    main()
