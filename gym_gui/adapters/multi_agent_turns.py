"""Agents that act one after the other: PettingZoo's AEC interface, seen as a parallel one whose agents act singly.

A step is a turn. Everybody who is there has a row of it, with the reward that the turn gave and what is seen after it;
the one whose turn it was has an action. Runs on the caller's thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# What tells that agents act in turns: the parallel interface has neither.
_OF_TURNS: Final = ("agent_iter", "last")


def acts_in_turns(env: object) -> bool:
    """Whether *env* has the AEC interface."""
    return all(hasattr(env, name) for name in _OF_TURNS) and hasattr(env, "observe")


class TurnsAsParallel:
    """A `ParallelEnvironment` around one whose agents take turns.

    Args:
        env: The open environment with the AEC interface: ``reset``, ``step``, ``observe``, ``agent_selection``.

    Attributes:
        possible_agents: Everybody who may ever act.
    """

    def __init__(self, env: Any) -> None:
        self._env = env
        self._is_begun = False
        self.possible_agents: list[str] = list(env.possible_agents)

    @property
    def agents(self) -> list[str]:
        """The one whose turn it is; empty once the episode is over."""
        return [self._env.agent_selection] if self._is_begun and self._env.agents else []

    @property
    def metadata(self) -> Any:
        """The environment's."""
        return getattr(self._env, "metadata", {})

    @property
    def render_mode(self) -> Any:
        """The environment's."""
        return getattr(self._env, "render_mode", None)

    def render(self) -> Any:
        """The environment's picture."""
        return self._env.render()

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def observation_space(self, agent: str) -> Any:
        """What an agent sees is drawn from this."""
        return self._env.observation_space(agent)

    def action_space(self, agent: str) -> Any:
        """What an agent does is drawn from this."""
        return self._env.action_space(agent)

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode: observations and infos by agent."""
        self._env.reset(seed=seed, options=options)
        self._is_begun = True
        there = list(self._env.agents)
        answer = self._seen(there), _of(self._env.infos, there)
        self._pass_over()
        return answer

    def step(self, actions: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        """Take the turn: observations, rewards, terminations, truncations and infos of everybody who was there."""
        env = self._env
        there = list(env.agents)
        env.step(actions[env.agent_selection])
        told = (_of(one, there) for one in (env.rewards, env.terminations, env.truncations, env.infos))
        answer = (self._seen(there), *told)
        self._pass_over()
        return answer

    def _seen(self, agents: list[str]) -> dict[str, Any]:
        return {agent: self._env.observe(agent) for agent in agents}

    def _pass_over(self) -> None:
        """The turns of those who are out, which the interface wants to be taken with no action."""
        env = self._env
        while env.agents and (env.terminations[env.agent_selection] or env.truncations[env.agent_selection]):
            env.step(None)


def _of(told: Mapping[str, Any], agents: list[str]) -> dict[str, Any]:
    return {agent: told[agent] for agent in agents if agent in told}
