"""Steps whose every byte follows from one number, so that what comes back from the disk can be checked anywhere.

Step number n (counted through a run) has the action n, the reward n / 4 and pictures that only n has.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, RunRecord, StepRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

START: Final = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
FRAME_SHAPE: Final = (72, 96, 3)


def frame_of(number: int, shape: tuple[int, ...] = FRAME_SHAPE) -> NDArray[np.uint8]:
    """The picture of step *number*, ``uint8`` of *shape* ``(H, W, 3)``."""
    height, width = shape[:2]
    frame = np.full(shape, 40, dtype=np.uint8)
    frame[:4, :64] = np.unpackbits(np.frombuffer(number.to_bytes(8, "little"), np.uint8))[:, None] * 255
    row, column = 4 + (number * 3) % (height - 14), (number * 7) % (width - 10)
    frame[row : row + 10, column : column + 10] = number % 251
    return frame


def same_picture(found: NDArray[Any] | None, expected: NDArray[Any]) -> bool:
    """Whether *found* is there, and is *expected* in dtype, shape and every byte."""
    return found is not None and found.dtype == expected.dtype and np.array_equal(found, expected)


def shape_of(number: int, variant_steps: int) -> tuple[int, ...]:
    """The size of picture *number*: it changes to and fro where *variant_steps* says so."""
    height, width, channels = FRAME_SHAPE
    grown = 8 * (number // variant_steps % 6) if variant_steps else 0
    return height + grown, width, channels


def observation_of(number: int) -> NDArray[np.float32]:
    """What the agent saw at step *number*, ``float32 (4,)``."""
    return np.array([number, -number, number / 8, 0.0], dtype=np.float32)


def seen_at(number: int, frame: NDArray[np.uint8]) -> NDArray[Any]:
    """What the agent saw at step *number*, where it sees numbers and the picture *frame* by turns."""
    return frame if number // 10 % 2 else observation_of(number)


def run_of(run_id: str, **fields: Any) -> RunRecord:
    """A run of a game that does not exist."""
    defaults: dict[str, Any] = {"env_id": "Synthetic-v0", "created_at": START, "player": "random"}
    return RunRecord(run_id=run_id, **defaults | fields)


def episode_of(run_id: str, index: int, **fields: Any) -> EpisodeRollup:
    """An episode that starts."""
    defaults: dict[str, Any] = {
        "episode_id": f"e{index:04d}",
        "episode_index": index,
        "seed": index,
        "started_at": START,
    }
    return EpisodeRollup(run_id=run_id, **defaults | fields)


def final_of(run_id: str, index: int, *, steps: int, **fields: Any) -> EpisodeRollup:
    """An episode that the environment ended."""
    ended: dict[str, Any] = {"steps": steps, "terminated": True, "status": EpisodeStatus.COMPLETED, "ended_at": START}
    return episode_of(run_id, index, **ended | fields)


def step_of(run_id: str, episode: int, step_index: int, number: int, **fields: Any) -> StepRecord:
    """Step *number* of a run, which is step *step_index* of its episode; attached."""
    defaults: dict[str, Any] = {
        "episode_id": f"e{episode:04d}",
        "step_index": step_index,
        "action": number if step_index else None,
        "reward": number / 4 if step_index else None,
        "observation": observation_of(number),
        "render_payload": frame_of(number),
        "frame_state": FrameState.KEPT,
        "timestamp": START,
    }
    return StepRecord(run_id=run_id, **defaults | fields)
