"""What a window shows first; made by the command line, carried out by the window."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """What the window shows first.

    Attributes:
        kind: ``play`` a game or ``replay`` an episode.
        env_id: The game to play.
        env_kwargs: Keyword arguments for it.
        seed: Seed of its first episode; None for a fresh one.
        run_id: The run to replay.
        episode: Its episode, by id or index; None for the last.
        recording: Where the run is recorded, if not in the library.
    """

    kind: Literal["play", "replay"]
    env_id: str = ""
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    run_id: str = ""
    episode: str | int | None = None
    recording: Path | None = None
