"""One run: everything that re-simulation and trust need, written before its first step."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model.step import PAYLOAD_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


#: Under this name the metadata of a run in the library say where its steps are, if not there: `backend` and `folder`.
KEPT_ELSEWHERE: Final = "recording"
# In an ended run's metadata: why it ended, one sentence, where whoever recorded it said so.
REASON_KEY: Final = "ended_because"


class RunState(StrEnum):
    """Where a recording stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAULTED = "faulted"
    CANCELLED = "cancelled"  # somebody stopped it: Ctrl+C, a signal, a trainer's order
    INTERRUPTED = "interrupted"  # its process died; everything committed is there


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One recording session of one environment.

    Attributes:
        run_id: Time-ordered, unique, safe as a file name.
        env_id: Id as given to ``gymnasium.make``, ``module:EnvId`` included.
        created_at: Aware, UTC.
        env_kwargs: Keyword arguments of ``gymnasium.make`` beyond ``render_mode``.
        render_mode: ``rgb_array``, or None where the environment draws nothing.
        env_spec: The ``EnvSpec`` as JSON text; None where it cannot be written as JSON.
        player: ``human``, ``random``, or a policy's name.
        action_space: Text form of the action space.
        observation_space: Text form of the observation space.
        space_signature: Hash of both.
        step_rate_hz: Nominal steps a second; replay at 1x runs at this rate.
        versions: Package name -> version, of what decides the outcome of a step.
        rom_sha256: Hash of the Atari ROM; None elsewhere.
        host: Name and platform of the recording machine.
        app_version: Version of this application.
        worker_id: Which worker records; None for this process.
        metadata: Anything else worth keeping, JSON values only.
        payload_version: Version of this record's contract.
    """

    run_id: str
    env_id: str
    created_at: datetime
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    render_mode: str | None = "rgb_array"
    env_spec: str | None = None
    player: str = "human"
    action_space: str | None = None
    observation_space: str | None = None
    space_signature: str | None = None
    step_rate_hz: float = 60.0
    versions: Mapping[str, str] = field(default_factory=dict)
    rom_sha256: str | None = None
    host: str | None = None
    app_version: str | None = None
    worker_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    payload_version: int = PAYLOAD_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run as a list shows it.

    Attributes:
        run: The run's own record.
        state: Where the recording stands.
        ended_at: When it ended; None while running.
        episodes: Number of episodes.
        steps: Number of actions over all episodes.
        frames: Pictures kept on disk.
        dropped_frames: Pictures let go or refused.
        size_bytes: Bytes of its files and of its rows in the database, as far as they are known to be on disk.
    """

    run: RunRecord
    state: RunState
    ended_at: datetime | None
    episodes: int
    steps: int
    frames: int
    dropped_frames: int
    size_bytes: int

    @property
    def reason(self) -> str:
        """Why it ended, one sentence; empty where nobody said so, as of a process that died."""
        if self.state in {RunState.RUNNING, RunState.INTERRUPTED}:
            return ""  # what its metadata say is of an earlier end
        told = self.run.metadata.get(REASON_KEY)
        return told if isinstance(told, str) else ""
