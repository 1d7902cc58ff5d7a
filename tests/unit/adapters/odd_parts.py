"""Environments for tests of what a vector of them hands over: parts of every kind, infos under any key."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

LENGTH = 4


class Parts(gymnasium.Env[Any, Any]):
    """An episode of four steps; each observation is made anew and says the step's number."""

    observation_space: spaces.Space[Any] = spaces.Dict(
        scalar=spaces.Box(-9, 9, (), np.float32),
        pair=spaces.Tuple((spaces.Discrete(9), spaces.Dict(deep=spaces.Box(-9, 9, (2,), np.float64)))),
    )
    action_space: spaces.Space[Any] = spaces.Discrete(2)

    def __init__(self, *, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.number = 0

    def seen(self) -> Any:
        deep = {"deep": np.full(2, self.number / 3)}
        return {"scalar": np.array(self.number, np.float32), "pair": (self.number, deep)}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self.number = 0
        return self.seen(), self.said()

    def step(self, _action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.number += 1
        return self.seen(), self.reward(), self.number >= LENGTH, False, self.said()

    def said(self) -> dict[Any, Any]:
        return {7: f"step {self.number}", (1, 2): self.number, None: {3: "three"}}

    def reward(self) -> float:
        return [0.5, float("nan"), float("inf"), -float("inf")][self.number % LENGTH]


class Hollow(Parts):
    """A tuple of nothing, which says nothing of how many there are."""

    observation_space = spaces.Dict(place=spaces.Box(-9, 9, (2,), np.float64), nothing=spaces.Tuple(()))

    def seen(self) -> Any:
        return {"place": np.full(2, self.number / 3), "nothing": ()}


class Pair(Parts):
    """A tuple that holds a dictionary."""

    observation_space = spaces.Tuple((spaces.Box(-9, 9, (), np.float64), spaces.Dict(place=spaces.Discrete(9))))

    def seen(self) -> Any:
        return np.array(self.number / 3), {"place": self.number}


class Number(Parts):
    """An array without dimensions."""

    observation_space = spaces.Box(-9, 9, (), np.float32)

    def seen(self) -> Any:
        return np.array(self.number, np.float32)


class Either(Parts):
    """One of three kinds."""

    observation_space = spaces.OneOf((spaces.Discrete(9), spaces.Box(0, 9, (1,), np.float32), spaces.Discrete(3)))

    def seen(self) -> Any:
        return np.int64(0), np.int64(self.number)


class Words(Parts):
    """Parts without a fixed shape."""

    observation_space = spaces.Dict(
        word=spaces.Sequence(spaces.Discrete(9)), net=spaces.Graph(spaces.Box(0, 9, (1,), np.float32), None)
    )

    def seen(self) -> Any:
        net = spaces.GraphInstance(np.full((self.number + 1, 1), self.number, np.float32), None, None)
        return {"word": (self.number,) * self.number, "net": net}


for _kind in (Parts, Hollow, Pair, Number, Either, Words):
    gymnasium.register(f"{_kind.__name__}-v0", entry_point=f"{__name__}:{_kind.__name__}")
