"""A game of turns with PettingZoo's AEC interface: who takes the last of a heap wins, and one may drop out before."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

PLAYERS = ("ann", "bob", "cem")
BOB_LEAVES_AT = 4


class Heap:
    """One or two are taken in a turn; Bob goes home after a turn that left him few."""

    metadata: dict[str, Any] = {"render_fps": 4}  # noqa: RUF012 - PettingZoo's own

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.possible_agents = list(PLAYERS)
        self.agents: list[str] = []

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        del agent
        return spaces.Dict(left=spaces.Box(0, 20, (1,), np.int8), action_mask=spaces.MultiBinary(2))

    def action_space(self, agent: str) -> spaces.Space[Any]:
        del agent
        return spaces.Discrete(2)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        del options
        self.left = 9 + int(np.random.default_rng(seed).integers(6))
        self.agents = list(PLAYERS)
        self.agent_selection = "ann"
        self.rewards = dict.fromkeys(PLAYERS, 0.0)
        self.terminations = dict.fromkeys(PLAYERS, False)
        self.truncations = dict.fromkeys(PLAYERS, False)
        self.infos: dict[str, dict[str, Any]] = {player: {} for player in PLAYERS}

    def observe(self, agent: str) -> dict[str, Any]:
        del agent
        return {"left": np.array([self.left], np.int8), "action_mask": np.array([1, self.left > 1], np.int8)}

    def agent_iter(self) -> Any:
        """How PettingZoo's own loops go on."""
        while self.agents:
            yield self.agent_selection

    def last(self) -> Any:
        """What the one whose turn it is has to know."""
        who = self.agent_selection
        return self.observe(who), self.rewards[who], self.terminations[who], self.truncations[who], self.infos[who]

    def step(self, action: int | None) -> None:
        who = self.agent_selection
        following = self.agents[(self.agents.index(who) + 1) % len(self.agents)]
        if self.terminations[who]:
            if action is not None:
                raise ValueError("when an agent is dead, the only valid action is None")
            self.agents.remove(who)
        else:
            taken = 1 + int(action or 0)
            if taken > self.left:
                raise ValueError("an action that the mask forbids")
            self.left -= taken
            self.rewards = dict.fromkeys(PLAYERS, 0.0)
            self.infos[who] = {"took": taken}
            if self.left == 0:
                self.rewards = {player: 1.0 if player == who else -0.5 for player in PLAYERS}
                self.terminations = dict.fromkeys(PLAYERS, True)
            elif who == "bob" and self.left <= BOB_LEAVES_AT:
                self.terminations["bob"] = True
        out = [player for player in self.agents if self.terminations[player]]
        self.agent_selection = out[0] if out else following

    def render(self) -> Any:
        picture = np.zeros((8, 20, 3), np.uint8)
        picture[:, : self.left] = 200
        return picture

    def close(self) -> None:
        """Nothing is open."""
