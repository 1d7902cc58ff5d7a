"""A step record to a row of integers and back; the ``h5://`` text exists only outside the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import copysign
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gym_gui.core.data_model import PAYLOAD_VERSION, FrameState, StepRecord
from gym_gui.core.data_model.batch import (
    FRAME_STATE_SHIFT,
    OBSERVATION_IS_FRAME,
    REWARD_NAN,
    REWARD_NEGATIVE_ZERO,
    TERMINATED,
    TRUNCATED,
)
from gym_gui.core.info_codec import decode_info, encode_info
from gym_gui.core.refs import FRAMES_DATASET, OBSERVATIONS_DATASET, FrameRef
from gym_gui.core.sound import SOUND, packed_extra, unpacked_extra
from gym_gui.core.value_codec import decode_value, encode_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

StepRow: TypeAlias = tuple[Any, ...]

# Most rows have no variant and nothing extra: what is not bound costs nothing, a third of the time of a row.
INSERT_USUAL_STEP: Final = "INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?, NULL)"
INSERT_STEP: Final = """
    INSERT OR IGNORE INTO steps (
        episode_key, step_index, agent_key, action, reward, flags, frame_index, obs_index, time_us, info,
        frame_variant, obs_variant, extra
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SELECT_STEPS: Final = """
    SELECT step_index, agent_id, action, reward, flags, frame_index, frame_variant, obs_index, obs_variant,
        time_us, info, extra
    FROM steps JOIN agents USING (agent_key)
    WHERE episode_key = ? AND step_index >= ? AND step_index < ?
    ORDER BY step_index, agent_id
"""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EpisodeKeys:
    """What every row of one episode shares.

    Attributes:
        episode_key: Its integer in the database.
        run_id: The run's id.
        episode_id: The episode's id.
        started_us: Microseconds since 1970 that a row's ``time_us`` counts from.
        worker_id: Which worker produced it.
        space_signature: The run's.
    """

    episode_key: int
    run_id: str
    episode_id: str
    started_us: int
    worker_id: str | None = None
    space_signature: str | None = None


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(time_us: int) -> datetime:
    """The instant, aware, UTC."""
    return _EPOCH + timedelta(microseconds=time_us)


def rows_of(
    steps: Iterable[StepRecord], keys: EpisodeKeys, agent_keys: Mapping[str, int]
) -> tuple[list[StepRow], list[StepRow]]:
    """The rows of detached *steps* of one episode.

    Returns:
        Those for `INSERT_USUAL_STEP`, and those for `INSERT_STEP`.

    Raises:
        InvalidActionError: an action cannot be stored exactly.
    """
    usual: list[StepRow] = []
    unusual: list[StepRow] = []
    for step in steps:
        flags = step.terminated | step.truncated << 1 | step.frame_state << FRAME_STATE_SHIFT
        reward = step.reward
        if not reward and reward is not None and copysign(1.0, reward) < 0:
            flags |= REWARD_NEGATIVE_ZERO
        elif reward != reward:  # noqa: PLR0124 - nan, the cheap way
            flags |= REWARD_NAN
            reward = None
        frame_index = obs_index = None
        frame_variant = obs_variant = 0
        if step.frame_ref is not None:
            _, frame_variant, frame_index = _split(step.frame_ref)
        if step.obs_ref is not None:
            if step.obs_ref == step.frame_ref:
                flags |= OBSERVATION_IS_FRAME
                obs_index, obs_variant = frame_index, frame_variant
            else:
                dataset, obs_variant, obs_index = _split(step.obs_ref)
                flags |= OBSERVATION_IS_FRAME * (dataset == FRAMES_DATASET)
        action = step.action
        row = (
            keys.episode_key,
            step.step_index,
            agent_keys[step.agent_id],
            action if action is None or type(action) is int else encode_value(action),
            reward,
            flags,
            frame_index,
            obs_index,
            round(step.timestamp.timestamp() * 1e6) - keys.started_us,
            encode_info(step.info) if step.info else None,
        )
        extra = rare_of(step, keys.space_signature)
        if extra is None and not frame_variant and not obs_variant:
            usual.append(row)
        else:
            unusual.append((*row, frame_variant, obs_variant, extra))
    return usual, unusual


def _split(ref: str) -> tuple[str, int, int]:
    # Our own refs, made by the writer: no need to match the whole grammar on the hot path.
    _, _, _, dataset, index = ref.split("/")
    if "." not in dataset:
        return dataset, 0, int(index)
    dataset, _, variant = dataset.partition(".")
    return dataset, int(variant), int(index)


def rare_of(step: StepRecord, space_signature: str | None) -> bytes | None:
    """What is rare about a step, encoded; None where nothing is."""
    if (
        step.observation is None
        and step.vector_metadata is None
        and step.view is None
        and step.normalization_stats is None
        and step.extra is None
        and step.time_step is None
        and step.render_hint is None
        and step.payload_version == PAYLOAD_VERSION
        and step.space_signature in {None, space_signature}
    ):
        return None
    extra, sound = (None, None) if step.extra is None else packed_extra(step.extra)
    rare = {
        "observation": step.observation,
        "vector_metadata": None if step.vector_metadata is None else dict(step.vector_metadata),
        "view": None if step.view is None else dict(step.view),
        "normalization_stats": None if step.normalization_stats is None else dict(step.normalization_stats),
        "extra": extra or None if sound is not None else extra,
        SOUND: sound,
        "time_step": step.time_step,
        "render_hint": step.render_hint,
        "payload_version": None if step.payload_version == PAYLOAD_VERSION else step.payload_version,
        "space_signature": None if step.space_signature == space_signature else step.space_signature,
    }
    encoded = encode_value({name: value for name, value in rare.items() if value is not None})
    return encoded if isinstance(encoded, bytes) else None


def decode_rare(stored: bytes | None) -> dict[str, Any]:
    """What `rare_of` encoded; empty where nothing was."""
    if stored is None:
        return {}
    rare: dict[str, Any] = decode_value(stored)
    packed = rare.pop(SOUND, None)
    if packed is not None:
        rare["extra"] = unpacked_extra(rare.get("extra"), packed)
    return rare


def record_of(row: StepRow, keys: EpisodeKeys) -> StepRecord:
    """The detached record of a row in the order of `SELECT_STEPS`."""
    step_index, agent_id, action, reward, flags, frame_index, frame_variant = row[:7]
    obs_index, obs_variant, time_us, info, extra = row[7:]
    if flags & REWARD_NAN:
        reward = float("nan")
    elif flags & REWARD_NEGATIVE_ZERO:
        reward = -0.0
    rare = decode_rare(extra)
    obs_dataset = FRAMES_DATASET if flags & OBSERVATION_IS_FRAME else OBSERVATIONS_DATASET
    return StepRecord(
        run_id=keys.run_id,
        episode_id=keys.episode_id,
        step_index=step_index,
        action=decode_value(action),
        observation=rare.get("observation"),
        reward=reward,
        terminated=bool(flags & TERMINATED),
        truncated=bool(flags & TRUNCATED),
        info=decode_info(info),
        timestamp=from_microseconds(keys.started_us + time_us),
        agent_id=agent_id,
        render_hint=rare.get("render_hint"),
        frame_ref=_uri(keys.run_id, FRAMES_DATASET, frame_variant, frame_index),
        obs_ref=_uri(keys.run_id, obs_dataset, obs_variant, obs_index),
        payload_version=rare.get("payload_version", PAYLOAD_VERSION),
        worker_id=keys.worker_id,
        space_signature=rare.get("space_signature", keys.space_signature),
        vector_metadata=rare.get("vector_metadata"),
        view=rare.get("view"),
        normalization_stats=rare.get("normalization_stats"),
        extra=rare.get("extra"),
        time_step=rare.get("time_step"),
        frame_state=FrameState((flags >> FRAME_STATE_SHIFT) & 3),
    )


def _uri(run_id: str, dataset: str, variant: int, index: int | None) -> str | None:
    if index is None:
        return None
    return FrameRef(run_id, f"{dataset}.{variant}" if variant else dataset, index).to_uri()
