"""The rows of a step batch, column by column: what a record a step would cost a trainer all its time for."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model import FrameState, StepRecord
from gym_gui.core.data_model.batch import (
    FRAME_STATE_MASK,
    FRAME_STATE_SHIFT,
    NO_REWARD,
    OBSERVATION_IS_FRAME,
    REWARD_NAN,
)
from gym_gui.telemetry.step_rows import INSERT_STEP, INSERT_USUAL_STEP, from_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepBatch
    from gym_gui.replay.batch_landing import ArrayPlaces, LandedBatch
    from gym_gui.telemetry.step_rows import EpisodeKeys, StepRow

_KEPT: Final = np.uint8(FrameState.KEPT << FRAME_STATE_SHIFT)
_LOST: Final = np.uint8(FrameState.LOST << FRAME_STATE_SHIFT)
_NO_FRAME: Final = np.uint8(~(FRAME_STATE_MASK | OBSERVATION_IS_FRAME) & 0xFF)
_OF_A_BATCH: Final = np.uint8(~NO_REWARD & 0xFF)


def frame_flags(landed: LandedBatch) -> NDArray[np.uint8]:
    """The rows' flags with what really became of their frames, ``uint8 (rows,)``."""
    flags = landed.batch.flags.copy()
    wanted = landed.batch.frames
    if wanted is None:
        return flags
    kept = np.zeros(len(flags), bool) if landed.frames is None else landed.frames.index >= 0
    flags[kept] = (flags[kept] & np.uint8(~FRAME_STATE_MASK & 0xFF)) | _KEPT
    lost = (wanted >= 0) & ~kept
    flags[lost] = (flags[lost] & _NO_FRAME) | _LOST
    return flags


def batch_rows(
    landed: LandedBatch, keys: Sequence[EpisodeKeys], agent_keys: Sequence[int]
) -> tuple[str, Iterator[StepRow]]:
    """The statement that inserts the rows of a batch, and its values.

    Args:
        landed: The batch, whose arrays are on disk.
        keys: Of its episodes, in the order of `StepBatch.episode_ids`.
        agent_keys: Of its agents, in the order of `StepBatch.agent_ids`.
    """
    batch = landed.batch
    flags = frame_flags(landed)
    reset = (flags & NO_REWARD) != 0
    started_us = np.array([one.started_us for one in keys], np.int64)
    episode_keys = np.array([one.episode_key for one in keys], np.int64)
    frame_index, frame_variant = _numbers(landed.frames, len(batch))
    obs_index, obs_variant = _numbers(landed.observations, len(batch))
    same = (flags & OBSERVATION_IS_FRAME) != 0
    obs_index[same], obs_variant[same] = frame_index[same], frame_variant[same]
    has_variants = bool(frame_variant.any() or obs_variant.any())
    columns = (
        episode_keys[batch.episode].tolist(),
        batch.step_index.tolist(),
        repeat(agent_keys[0]) if batch.agent is None else np.array(agent_keys)[batch.agent].tolist(),
        _without(batch.actions, reset),
        _without(batch.rewards, reset | ((flags & REWARD_NAN) != 0)),
        (flags & _OF_A_BATCH).tolist(),
        _without(frame_index, frame_index < 0),
        _without(obs_index, obs_index < 0),
        (batch.time_us - started_us[batch.episode]).tolist(),
        repeat(None) if batch.infos is None else batch.infos,
    )
    if batch.extras is None and not has_variants:
        return INSERT_USUAL_STEP, zip(*columns, strict=False)
    extras = repeat(None) if batch.extras is None else batch.extras
    rare = (frame_variant.tolist(), obs_variant.tolist(), extras)
    return INSERT_STEP, zip(*columns, *rare, strict=False)


def bare_step(batch: StepBatch, row: int) -> StepRecord:
    """As much of a row as an episode that nobody announced is made from."""
    return StepRecord(
        run_id=batch.run_id,
        episode_id=batch.episode_ids[int(batch.episode[row])],
        step_index=int(batch.step_index[row]),
        timestamp=from_microseconds(int(batch.time_us[row])),
        worker_id=batch.worker_id,
    )


def _numbers(places: ArrayPlaces | None, rows: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    if places is None:
        return np.full(rows, -1, np.int64), np.zeros(rows, np.uint8)
    return places.index.copy(), places.variant.copy()


def _without(values: NDArray[Any] | Sequence[Any], absent: NDArray[np.bool_]) -> list[Any]:
    found: list[Any] = values.tolist() if isinstance(values, np.ndarray) else list(values)
    for row in np.flatnonzero(absent).tolist():
        found[row] = None
    return found
