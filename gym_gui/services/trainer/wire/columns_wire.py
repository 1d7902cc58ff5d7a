"""Rows of an episode as a packed message and back: what a remote window scrubs through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model.batch import (
    FRAME_STATE_MASK,
    FRAME_STATE_SHIFT,
    NO_REWARD,
    OBSERVATION_IS_FRAME,
    TERMINATED,
    TRUNCATED,
    StepBatch,
)
from gym_gui.core.refs import FRAMES_DATASET, OBSERVATIONS_DATASET, FrameRef
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.batch_wire import batch_of_wire, batch_to_wire
from gym_gui.telemetry.step_columns import StepColumns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_WORKERLESS: Final = "-"


def columns_to_wire(columns: StepColumns) -> pb.StepsReply:
    """The message of *columns*."""
    agents = list(dict.fromkeys(columns.agent_ids))
    places = {agent: place for place, agent in enumerate(agents)}
    frames, frame_variants, _ = _split(columns.frame_refs)
    observations, observation_variants, in_frames = _split(columns.obs_refs)
    flags = (
        columns.terminated * np.uint8(TERMINATED)
        | columns.truncated * np.uint8(TRUNCATED)
        | ~columns.has_reward * np.uint8(NO_REWARD)
        | in_frames * np.uint8(OBSERVATION_IS_FRAME)
        | columns.frame_states << np.uint8(FRAME_STATE_SHIFT)
    ).astype(np.uint8)
    batch = StepBatch(
        run_id=columns.run_id,
        worker_id=columns.worker_id or _WORKERLESS,
        stream="",
        seq=1,
        episode_ids=(columns.episode_id,),
        episode=np.zeros(len(columns), np.int32),
        step_index=columns.step_index,
        agent_ids=agents,
        agent=np.array([places[agent] for agent in columns.agent_ids], np.int32) if len(agents) > 1 else None,
        actions=columns.actions,
        rewards=columns.rewards,
        flags=flags,
        time_us=columns.time_us,
        infos=columns.infos,
        extras=columns.extras,
        frames=frames,
        observations=observations,
        space_signature=columns.space_signature,
    )
    return pb.StepsReply(
        batch=batch_to_wire(batch),
        frame_variants=_some(frame_variants),
        observation_variants=_some(observation_variants),
        worker_id=columns.worker_id or "",
    )


def columns_of_wire(message: pb.StepsReply, run_id: str, episode_id: str) -> StepColumns:
    """The columns that *message* carries.

    Raises:
        TrainerRefusedError: they do not agree with each other.
    """
    batch = batch_of_wire(message.batch, run_id=run_id, worker_id=message.worker_id or _WORKERLESS, stream="")
    flags = batch.flags
    has_reward = (flags & NO_REWARD) == 0
    in_frames = ((flags & OBSERVATION_IS_FRAME) != 0).tolist()
    datasets = [FRAMES_DATASET if one else OBSERVATIONS_DATASET for one in in_frames]
    agents = [batch.agent_ids[0]] * len(batch) if batch.agent is None else [batch.agent_ids[one] for one in batch.agent]
    actions = batch.actions.tolist() if isinstance(batch.actions, np.ndarray) else list(batch.actions)
    return StepColumns(
        run_id=run_id,
        episode_id=episode_id,
        step_index=batch.step_index,
        agent_ids=agents,
        actions=actions,
        rewards=batch.rewards,
        has_reward=has_reward,
        terminated=(flags & TERMINATED) != 0,
        truncated=(flags & TRUNCATED) != 0,
        frame_states=(flags & np.uint8(FRAME_STATE_MASK)) >> np.uint8(FRAME_STATE_SHIFT),
        frame_refs=_refs(run_id, [FRAMES_DATASET] * len(batch), message.frame_variants, batch.frames),
        obs_refs=_refs(run_id, datasets, message.observation_variants, batch.observations),
        time_us=batch.time_us,
        infos=batch.infos or [None] * len(batch),
        extras=batch.extras or [None] * len(batch),
        worker_id=message.worker_id or None,
        space_signature=batch.space_signature,
    )


def _split(refs: Sequence[str | None]) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.bool_]]:
    """Index (-1 for none), variant, and whether it is a frame, of each ref."""
    numbers = np.full(len(refs), -1, np.int64)
    variants = np.zeros(len(refs), np.uint8)
    in_frames = np.zeros(len(refs), np.bool_)
    for row, text in enumerate(refs):
        ref = None if text is None else FrameRef.parse(text)
        if ref is not None:
            name, _, variant = ref.dataset.partition(".")
            numbers[row], variants[row], in_frames[row] = ref.index, int(variant or 0), name == FRAMES_DATASET
    return numbers, variants, in_frames


def _refs(run_id: str, datasets: Sequence[str], variants: bytes, numbers: NDArray[np.int64] | None) -> list[str | None]:
    if numbers is None:
        return [None] * len(datasets)
    own = variants or bytes(len(datasets))
    return [
        None if number < 0 else f"h5://{run_id}/{dataset}{f'.{variant}' if variant else ''}/{number}"
        for dataset, variant, number in zip(datasets, own, numbers.tolist(), strict=False)
    ]


def _some(variants: NDArray[Any]) -> bytes:
    return variants.tobytes() if variants.any() else b""
