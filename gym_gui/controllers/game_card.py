"""One game of the catalogue, with what the machine and the recordings know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class GameCard:
    """One game as the catalogue shows it.

    Attributes:
        env_id: As given to ``gymnasium.make``.
        name: As people call it.
        family: ``Atari``, ``Box2D`` and so on.
        turn_based: One key press is one step.
        available: Whether it can be made here.
        reason: Why not; empty where it can.
        hint: What to do about it: a sentence with the command; empty where nothing helps.
        last_played: When a person last played it; None for never.
        best: A person's highest return; None without a finished episode.
        picture: A PNG file; None until it is made.
    """

    env_id: str
    name: str
    family: str
    turn_based: bool = False
    available: bool = True
    reason: str = ""
    hint: str = ""
    last_played: datetime | None = None
    best: float | None = None
    picture: Path | None = None

    @property
    def why_not(self) -> str:
        """Why it cannot be played and what to do about it, in sentences; empty where it can be."""
        return "" if self.available else f"{self.name} {self.reason}. {self.hint}".strip()
