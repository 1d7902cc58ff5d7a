"""A small world of several agents for tests: wolves on a line chase a sheep; each has spaces of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

LENGTH = 12


class Pursuit:
    """Two wolves and a sheep; a wolf that reaches the sheep is done, the sheep is done once a wolf is."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012 - as environments have it

    def __init__(self, render_mode: str | None = "rgb_array") -> None:
        self.render_mode = render_mode
        self.possible_agents = ["sheep", "wolf_0", "wolf_1"]
        self.agents: list[str] = []
        self.places: dict[str, int] = {}
        self.view = np.zeros(3, np.float32)  # reused, as careless environments do

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Box(0, LENGTH, (3,), np.float32) if agent == "sheep" else spaces.Box(0, LENGTH, (2,), np.float32)

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Discrete(3) if agent == "sheep" else spaces.Discrete(2)

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        del options
        self.agents = list(self.possible_agents)
        rng = np.random.default_rng(seed)
        self.places = {"sheep": int(rng.integers(5, 8)), "wolf_0": 0, "wolf_1": LENGTH}
        return self._seen(), {agent: {"place": self.places[agent]} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, Any, Any, Any, Any]:
        self.places["sheep"] = int(np.clip(self.places["sheep"] + actions["sheep"] - 1, 1, LENGTH - 1))
        for wolf, way in (("wolf_0", 1), ("wolf_1", -1)):
            if wolf in actions:
                self.places[wolf] += way * actions[wolf]
        caught = {wolf: wolf in actions and self.places[wolf] == self.places["sheep"] for wolf in ("wolf_0", "wolf_1")}
        ended = {**{wolf: caught[wolf] for wolf in caught if wolf in actions}, "sheep": all(caught.values())}
        rewards = {agent: (1.0 if agent != "sheep" else -1.0) * ended[agent] - 0.01 for agent in self.agents}
        observations = self._seen()
        truncations = dict.fromkeys(self.agents, False)
        infos = {agent: {"place": self.places[agent]} for agent in self.agents}
        terminations = {agent: ended[agent] or any(caught.values()) for agent in self.agents}
        self.agents = [agent for agent in self.agents if not terminations[agent]]
        return observations, rewards, terminations, truncations, infos

    def render(self) -> np.ndarray[Any, Any]:
        picture = np.zeros((8, (LENGTH + 1) * 2, 3), np.uint8)
        for colour, agent in enumerate(self.possible_agents):
            picture[:, 2 * self.places[agent], colour] = 255
        return picture

    def _seen(self) -> dict[str, Any]:
        self.view[:] = [self.places[agent] for agent in self.possible_agents]
        return {agent: self.view if agent == "sheep" else self.view[:2] for agent in self.agents}
