"""Runs, episodes and steps whose every byte follows from a number, and what it means for two values to be the same."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, RunRecord, StepRecord

if TYPE_CHECKING:
    from gym_gui.recording.contract import RecordingBackend

# Steps that `recording_child` flushes at a time.
BATCH = 16
START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def run(run_id: str = "run", **fields: Any) -> RunRecord:
    """A run."""
    defaults: dict[str, Any] = {"env_id": "Synthetic-v0", "created_at": START, "player": "random"}
    return RunRecord(run_id=run_id, **defaults | fields)


def episode(index: int = 0, run_id: str = "run", **fields: Any) -> EpisodeRollup:
    """An episode that starts."""
    defaults: dict[str, Any] = {
        "episode_id": f"e{index:04d}",
        "episode_index": index,
        "seed": index,
        "started_at": START,
    }
    return EpisodeRollup(run_id=run_id, **defaults | fields)


def ended(index: int = 0, run_id: str = "run", **fields: Any) -> EpisodeRollup:
    """An episode that the environment ended."""
    final: dict[str, Any] = {"status": EpisodeStatus.COMPLETED, "terminated": True, "ended_at": START}
    return episode(index, run_id, **final | fields)


def picture(number: int, shape: tuple[int, ...] = (36, 48, 3)) -> Any:
    """The picture of step *number*, ``uint8 (H, W, 3)``."""
    frame = np.full(shape, 40, np.uint8)
    frame[:4, :32] = np.unpackbits(np.frombuffer(number.to_bytes(4, "little"), np.uint8))[:, None] * 255
    return frame


def step(number: int, episode_index: int = 0, run_id: str = "run", **fields: Any) -> StepRecord:
    """Step *number* of an episode; attached."""
    defaults: dict[str, Any] = {
        "episode_id": f"e{episode_index:04d}",
        "action": number or None,
        "reward": number / 4 if number else None,
        "observation": np.array([number, -number, number / 8], np.float32),
        "render_payload": picture(number),
        "frame_state": FrameState.KEPT,
        "timestamp": START + timedelta(milliseconds=16 * number),
    }
    return StepRecord(run_id=run_id, step_index=number, **defaults | fields)


def same(found: Any, expected: Any) -> bool:
    """Whether two values are equal in type, dtype, shape and every bit; nan is nan, -0.0 is not 0.0."""
    if type(found) is not type(expected):
        return False
    if isinstance(expected, np.ndarray | np.generic):
        alike = (found.dtype, found.shape) == (expected.dtype, expected.shape)
        return alike and bool(found.tobytes() == expected.tobytes())
    if isinstance(expected, float):
        return struct.pack("<d", found) == struct.pack("<d", expected) or (math.isnan(found) and math.isnan(expected))
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], one) for key, one in expected.items())
    if isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(same, found, expected))
    return bool(found == expected)


def announce(backend: RecordingBackend, steps: Any) -> None:
    """Tell the backend of the runs and episodes of *steps*."""
    for run_id in dict.fromkeys(one.run_id for one in steps):
        backend.begin_run(run(run_id))
    for run_id, episode_id in dict.fromkeys((one.run_id, one.episode_id) for one in steps):
        backend.begin_episode(episode(int(episode_id[1:]), run_id))
