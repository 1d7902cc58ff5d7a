"""Evaluation: episodes on fixed seeds, apart from training, in which a person may take the policy's place."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, SupportsFloat

import gymnasium as gym
import numpy as np

from gym_gui.core.data_model.episode import ACTOR, HUMAN, POLICY
from gym_gui.core.typing_compat import override
from gym_gui.workers.desk import EVALUATING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.services.trainer.config import EvaluationConfig
    from gym_gui.workers.control import HumanControl
    from gym_gui.workers.desk import OrderDesk

_LONGEST_NAP_S: Final = 0.01


class SaysWhoActed(gym.Wrapper[Any, Any, Any, Any]):
    """Puts ``actor`` into each step's info, ``human`` or ``policy``; lies below the recording, which keeps it.

    Attributes:
        actor: Who acts in the next step.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.actor = POLICY

    @override
    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, reward, terminated, truncated, {**info, ACTOR: self.actor}


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What the policy alone reached.

    Attributes:
        returns: Of each episode, in the order of the seeds.
        lengths: Steps of each.
    """

    returns: tuple[float, ...]
    lengths: tuple[int, ...]

    @property
    def mean_return(self) -> float:
        """Mean of the returns; nan where no episode was played."""
        return float(np.mean(self.returns)) if self.returns else float("nan")

    def to_scalars(self) -> dict[str, float]:
        """As a learner logs it."""
        return {
            "eval/mean_return": self.mean_return,
            "eval/std_return": float(np.std(self.returns)),
            "eval/min_return": float(np.min(self.returns)),
            "eval/max_return": float(np.max(self.returns)),
            "eval/mean_length": float(np.mean(self.lengths)),
        }


class Evaluation:
    """Plays on an environment of its own.

    Args:
        env: The environment, recorded; this closes it.
        says_who: The wrapper within *env* that names the actor.
        config: How many episodes, on which seeds.
        desk: Where orders come in.
        control: A person's hand.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        says_who: SaysWhoActed,
        config: EvaluationConfig,
        desk: OrderDesk,
        control: HumanControl,
    ) -> None:
        self._env = env
        self._says_who = says_who
        self._config = config
        self._desk = desk
        self._control = control

    def run(self, choose: Callable[[Any], Any]) -> EvaluationResult:
        """Play the fixed seeds.

        An episode that a person had a hand in is played again by the policy alone, so that results can be compared.

        Args:
            choose: The policy: observation in, action out.

        Raises:
            Stopped: the worker was asked to stop.
        """
        returns: list[float] = []
        lengths: list[int] = []
        before, self._desk.phase = self._desk.phase, EVALUATING
        try:
            while len(returns) < self._config.episodes:
                total, length, was_touched = self._play(self._config.seed + len(returns), choose)
                if not was_touched:
                    returns.append(total)
                    lengths.append(length)
        finally:
            self._desk.phase = before
        return EvaluationResult(tuple(returns), tuple(lengths))

    def play_with_human(self, choose: Callable[[Any], Any]) -> None:
        """Play until the person hands back and the episode has ended; nothing counts.

        Raises:
            Stopped: the worker was asked to stop.
        """
        before, self._desk.phase = self._desk.phase, EVALUATING
        try:
            seed = self._config.seed
            while self._control.is_taken:
                self._play(seed, choose)
                seed += 1
        finally:
            self._desk.phase = before

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def _play(self, seed: int, choose: Callable[[Any], Any]) -> tuple[float, int, bool]:
        """One episode: its return, its steps, and whether a person acted in it."""
        observation, _ = self._env.reset(seed=seed)
        total, length, was_touched, is_over = 0.0, 0, False, False
        while not is_over:
            self._wait_for_turn()
            if self._control.is_taken:
                action, self._says_who.actor, was_touched = self._control.action(), HUMAN, True
            else:
                action, self._says_who.actor = choose(observation), POLICY
            observation, reward, terminated, truncated, _ = self._env.step(action)
            self._control.stepped()
            total += float(reward)
            length += 1
            is_over = terminated or truncated
        return total, length, was_touched

    def _wait_for_turn(self) -> None:
        self._desk.look()
        while (wait_s := self._control.seconds_to_next()) > 0:
            time.sleep(min(wait_s, _LONGEST_NAP_S))
            self._desk.look()
