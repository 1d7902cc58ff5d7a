"""Small environments whose worlds are a graph, a grid of objects, and a space that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

_TOWNS = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]], np.float32)
_ROADS = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 4], [4, 2]], np.int32)


class SmallGraphEnv(gymnasium.Env[Any, Any]):
    """Five towns at places of a plane; each step, roads close and open again."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own
    render = gymnasium.Env.render

    def __init__(self) -> None:
        self.observation_space = spaces.Graph(spaces.Box(-1, 2, (2,), np.float32), spaces.Discrete(9))
        self.action_space = spaces.Discrete(3)
        self.count = 0

    def observe(self) -> spaces.GraphInstance:
        """The towns, and the roads that are open with their tolls."""
        is_open = self.np_random.random(len(_ROADS)) < 0.75
        tolls = self.np_random.integers(0, 9, len(_ROADS))[is_open]
        return spaces.GraphInstance(_TOWNS.copy(), tolls, _ROADS[is_open])

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self.count = 0
        return self.observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.count += 1
        return self.observe(), float(action), self.count >= 6, False, {}


@dataclass
class Thing:
    """Something in a cell, as MiniGrid describes it."""

    type: str
    color: str
    is_open: bool = False


class Room:
    """A grid of the MiniGrid kind: `get` takes the column first."""

    def __init__(self, lines: list[str], door_is_open: bool) -> None:
        self.width, self.height = len(lines[0]), len(lines)
        things = {
            "#": Thing("wall", "grey"),
            "G": Thing("goal", "green"),
            "~": Thing("lava", "red"),
            "D": Thing("door", "yellow", door_is_open),
            "d": Thing("door", "blue"),
            "K": Thing("key", "yellow"),
        }
        self.cells = [[things.get(letter) for letter in line] for line in lines]

    def get(self, column: int, row: int) -> Thing | None:
        """What lies there; None for bare floor."""
        return self.cells[row][column]


class RoomEnv(gymnasium.Env[Any, Any]):
    """A walk along a corridor through a door, in a world that keeps its grid as MiniGrid does."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own
    render = gymnasium.Env.render

    def __init__(self, *, grid_breaks_at: int = 99) -> None:
        self.observation_space = spaces.Discrete(6)
        self.action_space = spaces.Discrete(2)
        self.grid_breaks_at = grid_breaks_at
        self.grid: Any = None
        self.agent_pos = np.array([1, 1])
        self.agent_dir = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self.agent_pos = np.array([1, 1])
        self.look()
        return 1, {}

    def look(self) -> None:
        """Draw the world as it is now."""
        column = int(self.agent_pos[0])
        self.grid = object() if column >= self.grid_breaks_at else Room(["#######", "#K.D~G#", "##d####"], column > 2)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.agent_pos = self.agent_pos + np.array([int(action), 0])
        self.agent_dir = int(action)
        self.look()
        column = int(self.agent_pos[0])
        return column, 0.0, column >= 5, False, {}


class MoodSpace(spaces.Space[str]):
    """A stranger's space: Gymnasium knows nothing of it."""

    def __init__(self) -> None:
        super().__init__(None, None)

    def contains(self, x: Any) -> bool:
        return x in {"glad", "sad"}

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        del mask, probability
        return "glad" if self.np_random.random() < 0.5 else "sad"


class MoodEnv(SmallGraphEnv):
    """Its observations are of a class that only it knows."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = MoodSpace()

    def observe(self) -> Any:
        return "glad" if self.np_random.random() < 0.5 else "sad"


class GrowingGraphEnv(SmallGraphEnv):
    """A path of one town more at each step: no two observations are of one shape."""

    def observe(self) -> spaces.GraphInstance:
        places = self.np_random.random((self.count + 2, 2), np.float32)
        links = np.stack([np.arange(self.count + 1), np.arange(1, self.count + 2)], axis=1).astype(np.int32)
        return spaces.GraphInstance(places, np.full(self.count + 1, self.count % 9), links)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return (*super().step(action)[:2], self.count >= 100, False, {})


class BareGraphEnv(SmallGraphEnv):
    """Towns without roads: a graph that has no array form."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Graph(spaces.Box(-1, 2, (2,), np.float32), None)

    def observe(self) -> spaces.GraphInstance:
        return spaces.GraphInstance(_TOWNS.copy(), None, None)


_CLASSES: tuple[Any, ...] = (SmallGraphEnv, RoomEnv, MoodEnv, GrowingGraphEnv, BareGraphEnv)
for _kind in _CLASSES:
    _id = f"shaped/{_kind.__name__.removesuffix('Env')}-v0"
    if _id not in gymnasium.registry:
        gymnasium.register(_id, entry_point=_kind)
