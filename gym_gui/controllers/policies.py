"""Who acts when no person does: a random policy, one that does nothing, and the bots.

A policy sees what an agent would see; it is not a learner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from gym_gui.controllers.bots import BreakoutBot, CarRacingBot
from gym_gui.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from gym_gui.adapters.base import EnvironmentAdapter
    from gym_gui.core.data_model import StepRecord


class Policy(Protocol):
    """Chooses actions."""

    def reset(self, seed: int) -> None:
        """A new episode begins; the same seed and steps give the same actions."""

    def act(self, last: StepRecord) -> Any:
        """The action that follows *last*."""


class RandomPolicy:
    """Uniform actions from the action space, seeded with the episode's seed."""

    def __init__(self, adapter: EnvironmentAdapter) -> None:
        self._adapter = adapter

    def reset(self, seed: int) -> None:
        """Seed the generator."""
        self._adapter.seed_actions(seed)

    def act(self, last: StepRecord) -> Any:  # noqa: ARG002 - it looks at nothing
        """A sample."""
        return self._adapter.sample_action()


class IdlePolicy:
    """What a person does who presses nothing; a game that waits for a key gets random actions instead."""

    def __init__(self, adapter: EnvironmentAdapter) -> None:
        self._adapter = adapter

    def reset(self, seed: int) -> None:
        """Seed the generator."""
        self._adapter.seed_actions(seed)

    def act(self, last: StepRecord) -> Any:  # noqa: ARG002 - it looks at nothing
        """The idle action."""
        action = self._adapter.controls.action_for(frozenset())
        return self._adapter.sample_action() if action is None else action


POLICIES: Final = ("random", "idle", "bot")
# By how the game's name begins, namespace left out: older ids append to it.
_BOTS: Final[dict[str, type[BreakoutBot | CarRacingBot]]] = {"Breakout": BreakoutBot, "CarRacing": CarRacingBot}


def make_policy(name: str, adapter: EnvironmentAdapter) -> Policy:
    """The policy of that name for an open environment.

    Raises:
        EnvironmentFault: there is no such policy, or no bot for that game.
    """
    if name == "random":
        return RandomPolicy(adapter)
    if name == "idle":
        return IdlePolicy(adapter)
    env_id = adapter.description.env_id
    if name != "bot":
        raise EnvironmentFault(f"There is no policy {name!r}.", hint=f"Choose one of {', '.join(POLICIES)}.")
    game = env_id.rpartition(":")[2].rpartition("/")[2]
    bot = next((bot for begin, bot in _BOTS.items() if game.startswith(begin)), None)
    if bot is None:
        raise EnvironmentFault(
            f"There is no bot for {env_id}.", hint=f"Bots play {' and '.join(_BOTS)}; random plays everything."
        )
    return bot(adapter)
