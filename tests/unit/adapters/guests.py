"""A small world for tests whose agents come and go: b leaves at step 3, c comes in at step 2."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

STEPS = 8
SHARES = {"a": 1.0, "b": 0.5, "c": -0.25}


class Guests:
    """Rewards are a share of the step's number each, so that every sum is known and exact."""

    render_mode = "rgb_array"

    def __init__(self, order: str = "abc") -> None:
        self.possible_agents = ["a", "b", "c"]
        self.agents: list[str] = []
        self._order = order
        self._at = 0

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        del agent
        return spaces.Box(0, STEPS, (1,), np.float64)

    def action_space(self, agent: str) -> spaces.Space[Any]:
        del agent
        return spaces.Discrete(3)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        del seed, options
        self._at = 0
        self.agents = [agent for agent in self._order if agent != "c"]
        return self._seen(self.agents), {agent: {"who": agent} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, Any, Any, Any, Any]:
        del actions
        self._at += 1
        here = [*self.agents, *(["c"] if self._at == 2 else [])]
        ended = {agent: self._at == (3 if agent == "b" else STEPS) for agent in here}
        self.agents = [agent for agent in self._order if agent in here and not ended[agent]]
        rewards = {agent: SHARES[agent] * self._at for agent in here}
        return self._seen(here), rewards, ended, dict.fromkeys(here, False), {agent: {"who": agent} for agent in here}

    def render(self) -> Any:
        return np.full((6, 8, 3), self._at, np.uint8)

    def _seen(self, agents: list[str]) -> dict[str, Any]:
        return {agent: np.array([float(self._at)]) for agent in agents}
