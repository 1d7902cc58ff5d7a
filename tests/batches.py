"""Step batches made from attached records, as simply as their contract can be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import zstandard

from gym_gui.core.data_model import ArrayBlock, ArrayKind, FrameState, StepBatch
from gym_gui.core.data_model.batch import (
    FRAME_STATE_SHIFT,
    NO_REWARD,
    OBSERVATION_IS_FRAME,
    REWARD_NAN,
    REWARD_NEGATIVE_ZERO,
    TERMINATED,
    TRUNCATED,
)
from gym_gui.core.info_codec import encode_info
from gym_gui.core.packing import to_array
from gym_gui.core.value_codec import encode_value
from gym_gui.replay.layout import ArraySpec
from gym_gui.telemetry.step_rows import microseconds, rare_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.core.data_model import EpisodeRollup, ScalarColumns, StepRecord


class BatchMaker:
    """One stream: numbers its batches and its arrays.

    Args:
        run_id: The run.
        worker_id: The worker.
        stream: The life of it.
    """

    def __init__(self, run_id: str, worker_id: str = "w0", stream: str = "life-1") -> None:
        self._names: dict[str, Any] = {"run_id": run_id, "worker_id": worker_id, "stream": stream}
        self._seq = count(1)
        self._gathered: dict[ArrayKind, list[np.ndarray[Any, Any]]] = {kind: [] for kind in ArrayKind}
        self._first = dict.fromkeys(ArrayKind, 0)

    def batch(
        self,
        steps: Sequence[StepRecord],
        *,
        began: Sequence[EpisodeRollup] = (),
        ended: Sequence[EpisodeRollup] = (),
        scalars: ScalarColumns | None = None,
    ) -> StepBatch:
        """The next batch of the stream, of attached records."""
        episodes = list(dict.fromkeys(step.episode_id for step in steps))
        agents = list(dict.fromkeys(step.agent_id for step in steps)) or ["agent_0"]
        blocks: list[ArrayBlock] = []
        frames, observations = [], []
        for step in steps:
            frames.append(self._number(ArrayKind.FRAME, step.frame, blocks))
            seen = None if step.observation is step.frame else to_array(step.observation)
            observations.append(self._number(ArrayKind.OBSERVATION, seen, blocks))
        for kind in ArrayKind:
            blocks += self._chunk(kind)
        actions = [None if step.action is None else encode_value(step.action) for step in steps]
        signature = steps[0].space_signature if steps else None
        infos = [encode_info(step.info) for step in steps]
        extras = [rare_of(_without_array(step), signature) for step in steps]
        return StepBatch(
            **self._names,
            seq=next(self._seq),
            began=began,
            ended=ended,
            episode_ids=episodes,
            episode=np.array([episodes.index(step.episode_id) for step in steps], np.int32),
            step_index=np.array([step.step_index for step in steps], np.int64),
            agent_ids=agents,
            agent=None if len(agents) == 1 else np.array([agents.index(step.agent_id) for step in steps], np.int32),
            actions=_column(actions),
            rewards=np.array([step.reward or 0.0 for step in steps], np.float64),
            flags=np.array([_flags(step) for step in steps], np.uint8),
            time_us=np.array([microseconds(step.timestamp) for step in steps], np.int64),
            infos=infos if any(infos) else None,
            extras=extras if any(extras) else None,
            frames=np.array(frames, np.int64) if any(number >= 0 for number in frames) else None,
            observations=np.array(observations, np.int64) if any(number >= 0 for number in observations) else None,
            blocks=_newest(blocks),
            scalars=scalars,
            space_signature=signature,
        )

    def _number(self, kind: ArrayKind, array: Any, blocks: list[ArrayBlock]) -> int:
        if array is None:
            return -1
        gathered = self._gathered[kind]
        if gathered and (gathered[0].dtype != array.dtype or gathered[0].shape != array.shape):
            blocks += self._chunk(kind)
            self._first[kind] += _spec(kind, gathered[0]).chunk_items
            gathered.clear()
        gathered.append(array.copy())
        number = self._first[kind] + len(gathered) - 1
        if len(gathered) == _spec(kind, array).chunk_items:
            blocks += self._chunk(kind)
            self._first[kind] += len(gathered)
            gathered.clear()
        return number

    def _chunk(self, kind: ArrayKind) -> list[ArrayBlock]:
        gathered = self._gathered[kind]
        if not gathered:
            return []
        spec = _spec(kind, gathered[0])
        data = np.zeros((spec.chunk_items if spec.compressed else len(gathered), *spec.item_shape), spec.dtype)
        data[: len(gathered)] = gathered
        block = ArrayBlock(
            kind=kind,
            first=self._first[kind],
            count=len(gathered),
            dtype=spec.dtype,
            item_shape=spec.item_shape,
            chunk_items=spec.chunk_items,
            compressed=spec.compressed,
            data=zstandard.compress(data.tobytes()) if spec.compressed else data.tobytes(),
        )
        if not spec.compressed:  # small items come once
            self._first[kind] += len(gathered)
            gathered.clear()
        return [block]


def _spec(kind: ArrayKind, array: np.ndarray[Any, Any]) -> ArraySpec:
    return ArraySpec.for_items(kind.value, array.dtype, array.shape)


def _newest(blocks: Sequence[ArrayBlock]) -> list[ArrayBlock]:
    found = {(block.kind, block.first): block for block in blocks if block.count}
    return list(found.values())


def _without_array(step: StepRecord) -> StepRecord:

    return replace(step, observation=None if to_array(step.observation) is not None else step.observation)


def _column(actions: list[int | bytes | None]) -> Any:
    if all(action is None or isinstance(action, int) for action in actions):
        return np.array([action or 0 for action in actions], np.int64)
    return actions


def _flags(step: StepRecord) -> int:
    flags = step.terminated * TERMINATED | step.truncated * TRUNCATED
    reward = step.reward
    if reward is None:
        flags |= NO_REWARD
    elif np.isnan(reward):
        flags |= REWARD_NAN
    elif reward == 0 and np.signbit(reward):
        flags |= REWARD_NEGATIVE_ZERO
    if step.frame is not None:
        flags |= FrameState.KEPT << FRAME_STATE_SHIFT
        flags |= OBSERVATION_IS_FRAME * (step.observation is step.frame)
    return flags
