"""Environments of a few lines whose every answer follows from the step's number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from synthetic import frame_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Counting(gym.Env[Any, Any]):
    """An episode of *length* steps: observation n, reward n, picture n.

    It returns the same arrays again and again and writes into them, as fast environments do.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012 - Gymnasium's own way

    def __init__(self, length: int = 5, render_mode: str | None = "rgb_array", action_space: Any = None) -> None:
        self.observation_space = spaces.Box(-1e6, 1e6, (3,), np.float32)
        self.action_space = spaces.Discrete(2) if action_space is None else action_space
        self.render_mode = render_mode
        self.length = length
        self.number = 0
        self.renders = 0
        self.info: dict[str, Any] = {}
        self.raises: BaseException | None = None
        self._observation = np.zeros(3, np.float32)
        self._picture = frame_of(0)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if options and "raise" in options:
            raise RuntimeError("no reset today")
        self.number = 0
        return self._seen(), self.info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if isinstance(action, np.ndarray):
            action[...] = 99  # some do
        if self.raises is not None:
            raise self.raises
        self.number += 1
        return self._seen(), float(self.number), self.number >= self.length, False, self.info

    def render(self) -> NDArray[np.uint8]:
        self.renders += 1
        self._picture[...] = frame_of(self.number)
        return self._picture

    def _seen(self) -> Any:
        self._observation[...] = self.number
        return self._observation


class Screen(Counting):
    """Its observation is its picture."""

    def __init__(self, length: int = 5, render_mode: str | None = "rgb_array") -> None:
        super().__init__(length, render_mode)
        self.observation_space = spaces.Box(0, 255, frame_of(0).shape, np.uint8)

    def _seen(self) -> Any:
        return frame_of(self.number)


class Structured(Counting):
    """Its observations and actions are containers."""

    def __init__(self) -> None:
        super().__init__(render_mode=None, action_space=spaces.Tuple((spaces.Discrete(3), spaces.Box(-1, 1, (2,)))))
        self.observation_space = spaces.Dict({"grid": spaces.MultiBinary(4), "left": spaces.Discrete(9)})

    def _seen(self) -> Any:
        return {"grid": np.ones(4, np.int8), "left": self.number}
