"""One line of the library, with the words a person reads and the text a search looks through."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from gym_gui.adapters.names import name_in_words
from gym_gui.core.data_model import EpisodeStatus

if TYPE_CHECKING:
    from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary

_FAMILIES: Final = {
    "Box2D": ("BipedalWalker", "BipedalWalkerHardcore", "CarRacing", "LunarLander", "LunarLanderContinuous"),
    "Classic control": ("Acrobot", "CartPole", "MountainCar", "MountainCarContinuous", "Pendulum"),
    "Toy text": ("Blackjack", "CliffWalking", "CliffWalkingSlippery", "FrozenLake", "FrozenLake8x8", "Taxi"),
}

# What is searched for, where a person took control of another's episode.
_PERSON: Final = "\nhuman\nyou"


class Ending(StrEnum):
    """How an episode ended, in one word."""

    TERMINATED = "Terminated"
    TRUNCATED = "Truncated"
    STOPPED = "Stopped"
    FAULTED = "Faulted"
    INTERRUPTED = "Interrupted"
    RECORDING = "Recording"


ENDING_TOLD: Final = {
    Ending.TERMINATED: "The environment ended the episode.",
    Ending.TRUNCATED: "A limit cut the episode off.",
    Ending.STOPPED: "The player reset or left.",
    Ending.FAULTED: "The environment raised an error.",
    Ending.INTERRUPTED: "It was stopped by hand, or its process died; what it had stored is here.",
    Ending.RECORDING: "This episode is being recorded now.",
}


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeEntry:
    """An episode as the library shows it.

    Attributes:
        summary: The episode itself.
        game: ``Breakout`` for ``ALE/Breakout-v5``.
        family: ``Atari``, ``Box2D``, ``Classic control``, ``Toy text``, another namespace, or ``Other``.
        ending: How it ended.
        haystack: Lower-case text that a search looks through.
    """

    summary: EpisodeSummary
    game: str
    family: str
    ending: Ending
    haystack: str

    @property
    def rollup(self) -> EpisodeRollup:
        """The episode's rollup."""
        return self.summary.rollup

    @property
    def key(self) -> tuple[str, str]:
        """Run id and episode id, unique in a var folder."""
        return self.summary.rollup.run_id, self.summary.rollup.episode_id


def entry_of(summary: EpisodeSummary) -> EpisodeEntry:
    """The line of *summary*."""
    rollup = summary.rollup
    game, family = game_of(summary.env_id)
    ending = ending_of(rollup)
    person = _PERSON if rollup.was_touched else ""
    haystack = (
        f"{game}\n{summary.env_id}\n{family}\n{summary.player}{person}\n{rollup.seed}\n{ending}\n{rollup.run_id}\n"
        f"episode {rollup.episode_index}"
    ).lower()
    return EpisodeEntry(summary, game, family, ending, haystack)


def player_of(player: str, rollup: EpisodeRollup) -> str:
    """Who acted in an episode of a run of *player*: a person may have taken control of it."""
    if not rollup.was_touched:
        return player
    return "you" if rollup.was_taken or not player else f"{player} and you"


def ending_of(rollup: EpisodeRollup) -> Ending:
    """How an episode ended; one that both terminated and was truncated counts as terminated."""
    if rollup.status is EpisodeStatus.COMPLETED:
        return Ending.TRUNCATED if rollup.truncated and not rollup.terminated else Ending.TERMINATED
    return {
        EpisodeStatus.RUNNING: Ending.RECORDING,
        EpisodeStatus.ABANDONED: Ending.STOPPED,
        EpisodeStatus.FAULTED: Ending.FAULTED,
    }.get(rollup.status, Ending.INTERRUPTED)


@lru_cache(maxsize=1_024)
def game_of(env_id: str) -> tuple[str, str]:
    """A game's name and family by its id alone, without importing any environment."""
    namespace, _, name = env_id.rsplit(":", 1)[-1].rpartition("/")
    base = re.sub(r"-v\d+\Z", "", name)
    spaced = name_in_words(base)
    if namespace:
        return spaced, "Atari" if namespace == "ALE" else namespace
    return spaced, next((family for family, names in _FAMILIES.items() if base in names), "Other")
