"""A step batch as the records that a game would have made, arrays attached: for whoever takes steps one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.data_model import ArrayKind, FrameState, StepBatch, StepRecord
from gym_gui.core.data_model.batch import (
    FRAME_STATE_SHIFT,
    NO_REWARD,
    OBSERVATION_IS_FRAME,
    REWARD_NAN,
    REWARD_NEGATIVE_ZERO,
    TERMINATED,
    TRUNCATED,
)
from gym_gui.core.info_codec import decode_info
from gym_gui.core.packing import from_array
from gym_gui.replay.batch_actions import actions_of
from gym_gui.replay.dataset_tail import items_of
from gym_gui.telemetry.events import BatchRecorded, EpisodeChanged, StepRecorded, TelemetryEvent
from gym_gui.telemetry.step_rows import decode_rare, from_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_FRAME_STATE_BITS = 3


def records_of(batch: StepBatch) -> Iterator[StepRecord]:
    """The rows of a batch as attached records.

    Raises:
        SchemaMismatchError: an array's bytes are not what its block says.
    """
    arrays = {kind: _arrays(batch, kind) for kind in ArrayKind}
    actions = actions_of(batch)
    for row in range(len(batch)):
        flags = int(batch.flags[row])
        reset = bool(flags & NO_REWARD)
        frame = _array(arrays[ArrayKind.FRAME], batch.frames, row)
        rare = decode_rare(None if batch.extras is None else batch.extras[row])
        seen = _array(arrays[ArrayKind.OBSERVATION], batch.observations, row)
        observation = rare.get("observation") if seen is None else from_array(seen)
        state = FrameState((flags >> FRAME_STATE_SHIFT) & _FRAME_STATE_BITS)
        yield StepRecord(
            run_id=batch.run_id,
            episode_id=batch.episode_ids[int(batch.episode[row])],
            step_index=int(batch.step_index[row]),
            action=None if reset else _value(actions[row]),
            observation=frame if flags & OBSERVATION_IS_FRAME else observation,
            reward=None if reset else _reward(flags, float(batch.rewards[row])),
            terminated=bool(flags & TERMINATED),
            truncated=bool(flags & TRUNCATED),
            info=decode_info(None if batch.infos is None else batch.infos[row]),
            render_payload=frame,
            timestamp=from_microseconds(int(batch.time_us[row])),
            agent_id=batch.agent_ids[0 if batch.agent is None else int(batch.agent[row])],
            worker_id=batch.worker_id,
            space_signature=rare.get("space_signature", batch.space_signature),
            frame_state=FrameState.KEPT if frame is not None else state,
            payload_version=rare.get("payload_version", batch.payload_version),
            **{name: rare[name] for name in _RARE if name in rare},
        )


_RARE = ("vector_metadata", "view", "normalization_stats", "extra", "time_step", "render_hint")


def events_of(event: TelemetryEvent) -> list[TelemetryEvent]:
    """What a batch is made of, one by one: what began, its steps, what ended; any other event as it is."""
    if not isinstance(event, BatchRecorded):
        return [event]
    batch = event.batch
    began = [EpisodeChanged(rollup) for rollup in batch.began]
    ended = [EpisodeChanged(rollup) for rollup in batch.ended]
    return [*began, *map(StepRecorded, records_of(batch)), *ended]


def without_rows(batch: StepBatch) -> StepBatch:
    """What a batch says beside its steps and episodes: how far its stream is, and what its learner logged."""
    bare = StepBatch(run_id=batch.run_id, worker_id=batch.worker_id, stream=batch.stream, seq=batch.seq)
    return replace(bare, scalars=batch.scalars)


def _arrays(batch: StepBatch, kind: ArrayKind) -> dict[int, NDArray[Any]]:
    found: dict[int, NDArray[Any]] = {}
    for block in batch.blocks:
        if block.kind is kind:
            found.update(enumerate(items_of(block), block.first))
    return found


def _array(arrays: dict[int, NDArray[Any]], numbers: NDArray[np.int64] | None, row: int) -> NDArray[Any] | None:
    return None if numbers is None else arrays.get(int(numbers[row]))


def _value(action: Any) -> Any:
    return int(action) if isinstance(action, np.integer) else action


def _reward(flags: int, reward: float) -> float:
    if flags & REWARD_NAN:
        return float("nan")
    return -0.0 if flags & REWARD_NEGATIVE_ZERO else reward
