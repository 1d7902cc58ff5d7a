"""Track: one environment's way through its episodes, as a recorder keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model.episode import HUMAN, POLICY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.core.data_model import EpisodeRollup

_ACTORS: Final = frozenset({HUMAN, POLICY})


@dataclass(slots=True)
class Track:
    """One environment's way through its episodes.

    Attributes:
        name: What its episodes' ids begin with, with its dash; empty for an environment alone.
        metadata: What every episode of it says, JSON values.
        number: Of the episode, within the run.
        episode_id: Its id.
        rollup: As it began; None before the first.
        step_index: Of the newest row.
        total: Sum of rewards.
        frames: Pictures handed on.
        dropped: Pictures that there was no room for.
        flags: How the newest row ended.
        is_open: Whether the episode runs.
        draws: Whether its pictures are wanted.
        count: Episodes that began.
        actors: Who acted in the episode, as the info of its steps says, in order.
    """

    name: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0
    episode_id: str = ""
    rollup: EpisodeRollup | None = None
    step_index: int = 0
    total: float = 0.0
    frames: int = 0
    dropped: int = 0
    flags: int = 0
    is_open: bool = False
    draws: bool = False
    count: int = 0
    actors: list[str] = field(default_factory=list)

    def note_actor(self, actor: Any) -> None:
        """A step's info says who acted in it; an environment may call something else so."""
        if type(actor) is str and actor in _ACTORS and actor not in self.actors:
            self.actors.append(actor)
