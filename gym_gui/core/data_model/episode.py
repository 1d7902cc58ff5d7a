"""One episode: the rollup that telemetry completes it with, and the row that a library lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model.step import DEFAULT_AGENT_ID, PAYLOAD_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# What a step's info says of who acted in it, and what an episode's metadata then say of all its steps.
ACTOR: Final = "actor"
ACTED_BY: Final = "acted_by"
HUMAN: Final = "human"
POLICY: Final = "policy"


class EpisodeStatus(StrEnum):
    """How far an episode came."""

    RUNNING = "running"
    COMPLETED = "completed"  # terminated or truncated by the environment
    ABANDONED = "abandoned"  # the player reset or left
    FAULTED = "faulted"  # the environment raised
    INTERRUPTED = "interrupted"  # the recording process died; found by the next start


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRollup:
    """Summary of an episode; published when it starts (``RUNNING``) and again when it ends.

    Attributes:
        run_id: The run it belongs to.
        episode_id: Unique within the run.
        episode_index: 0-based place in the run (and worker).
        seed: The seed given to ``reset``; with the actions it reproduces the episode.
        steps: Number of actions; the episode has ``steps + 1`` rows.
        total_reward: Sum of rewards, float64 (the return).
        terminated: The environment ended it.
        truncated: It was cut by a limit.
        status: How far it came.
        started_at: When reset returned, aware, UTC.
        ended_at: When it ended; None while running.
        frames: Pictures handed to storage.
        dropped_frames: Pictures let go under pressure or refused by the disk.
        agent_id: Whose return this is.
        worker_id: Which worker produced it.
        options: The ``options`` given to ``reset``.
        metadata: Anything else worth keeping, JSON values only; ``acted_by`` where the steps said who acted.
        fault: One sentence, where the environment raised.
        payload_version: Version of this record's contract.
    """

    run_id: str
    episode_id: str
    episode_index: int
    seed: int | None
    started_at: datetime
    steps: int = 0
    total_reward: float = 0.0
    terminated: bool = False
    truncated: bool = False
    status: EpisodeStatus = EpisodeStatus.RUNNING
    ended_at: datetime | None = None
    frames: int = 0
    dropped_frames: int = 0
    agent_id: str = DEFAULT_AGENT_ID
    worker_id: str | None = None
    options: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None
    payload_version: int = PAYLOAD_VERSION

    @property
    def was_touched(self) -> bool:
        """Whether a person acted in it, by what its steps said, in a run whose player is another."""
        told = self.metadata.get(ACTED_BY)
        return isinstance(told, (list, tuple)) and HUMAN in told

    @property
    def was_taken(self) -> bool:
        """Whether nobody but a person acted in it, likewise."""
        return self.was_touched and set(self.metadata[ACTED_BY]) == {HUMAN}


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeSummary:
    """One line of the library: an episode with what its run says about it.

    Attributes:
        rollup: The episode.
        env_id: The run's environment id.
        player: Who acted: ``human``, ``random`` or a policy's name.
        size_bytes: Bytes of its rows in the database, and its share of the run's files.
    """

    rollup: EpisodeRollup
    env_id: str
    player: str
    size_bytes: int
