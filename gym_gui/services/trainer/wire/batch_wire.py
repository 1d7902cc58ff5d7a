"""A step batch to its message and back; what comes in is checked, so that garbage never gets further than here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from gym_gui.core.data_model import PAYLOAD_VERSION, EpisodeRollup, EpisodeStatus
from gym_gui.core.data_model.batch import ScalarColumns, StepBatch
from gym_gui.core.value_codec import decode_value, encode_value
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.block_wire import block_of_wire, block_to_wire
from gym_gui.services.trainer.wire.documents import of_text, to_text
from gym_gui.services.trainer.wire.wire_columns import (
    FLOAT64,
    INT32,
    INT64,
    UINT8,
    WireColumns,
    is_name,
    json_object,
    packed_mapping,
    packed_value,
    sparse_bytes,
    sparse_texts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_ROWS: Final = 262_144
_MAX_ROLLUPS: Final = 65_536
_MAX_INDEX: Final = 2**62


def batch_to_wire(batch: StepBatch) -> pb.StepBatch:
    """The message of *batch*; its run, worker and stream travel beside it."""
    message = pb.StepBatch(
        seq=batch.seq,
        began_json=map(to_text, batch.began),
        ended_json=map(to_text, batch.ended),
        episode_ids=batch.episode_ids,
        rows=len(batch),
        episode=_bytes(batch.episode, INT32),
        step_index=_bytes(batch.step_index, INT64),
        agent_ids=batch.agent_ids,
        agent=_bytes(batch.agent, INT32),
        rewards=_bytes(batch.rewards, FLOAT64),
        flags=_bytes(batch.flags, UINT8),
        time_us=_bytes(batch.time_us, INT64),
        infos=sparse_texts(batch.infos),
        extras=sparse_bytes(batch.extras),
        frames=_bytes(batch.frames, INT64),
        observations=_bytes(batch.observations, INT64),
        blocks=map(block_to_wire, batch.blocks),
        scalars=scalars_to_wire(batch.scalars),
        payload_version=batch.payload_version,
        space_signature=batch.space_signature,
    )
    if isinstance(batch.actions, np.ndarray):
        message.discrete_actions = _bytes(batch.actions, INT64)
    else:
        message.actions.extend(map(_packed, batch.actions))
    return message


def batch_of_wire(message: pb.StepBatch, *, run_id: str, worker_id: str, stream: str) -> StepBatch:
    """The batch that *message* carries; its columns are read-only views of the message's bytes.

    Raises:
        TrainerRefusedError: it is not as it must be: one sentence.
    """
    wire = WireColumns(f"Batch {message.seq} of worker {worker_id}", message.rows)
    if not message.seq:
        raise wire.refuse("has no number; the first is 1")
    if message.rows > MAX_ROWS:
        raise wire.refuse(f"has {message.rows:,} rows; more than {MAX_ROWS:,} are not taken")
    version = message.payload_version
    if version > PAYLOAD_VERSION:
        raise wire.refuse(f"is of payload version {version}; this trainer reads up to {PAYLOAD_VERSION}")
    if message.HasField("space_signature") and not is_name(message.space_signature):
        raise wire.refuse("has a space signature that is no name")
    agents = wire.texts("agent", message.agent_ids) or ("agent_0",)
    episodes = wire.texts("episode", message.episode_ids)
    agent = message.agent
    return StepBatch(
        run_id=run_id,
        worker_id=worker_id,
        stream=stream,
        seq=message.seq,
        began=_rollups(wire, message.began_json, run_id, worker_id, began=True),
        ended=_rollups(wire, message.ended_json, run_id, worker_id, began=False),
        episode_ids=episodes,
        episode=wire.places("episode", message.episode, len(episodes)),
        step_index=wire.within("step", wire.column("steps", message.step_index, INT64), 0, _MAX_INDEX),
        agent_ids=agents,
        agent=wire.places("agent", agent, len(agents)) if agent else None,
        actions=_actions(wire, message),
        rewards=wire.column("rewards", message.rewards, FLOAT64),
        flags=wire.column("flags", message.flags, UINT8),
        time_us=wire.within("time", wire.column("times", message.time_us, INT64), -_MAX_INDEX, _MAX_INDEX),
        infos=wire.sparse("an info", message.infos.rows, message.infos.texts, json_object),
        extras=_extras(wire, message),
        frames=_numbers(wire, "frame", message.frames),
        observations=_numbers(wire, "observation", message.observations),
        blocks=tuple(block_of_wire(wire, block) for block in message.blocks),
        scalars=scalars_of_wire(message.scalars, wire.what) if message.HasField("scalars") else None,
        payload_version=version or PAYLOAD_VERSION,
        space_signature=message.space_signature if message.HasField("space_signature") else None,
    )


def scalars_to_wire(scalars: ScalarColumns | None) -> pb.Scalars | None:
    """The message of what a learner logged."""
    if scalars is None:
        return None
    return pb.Scalars(
        names=scalars.names,
        name=_bytes(scalars.name, INT32),
        step=_bytes(scalars.step, INT64),
        time_us=_bytes(scalars.time_us, INT64),
        value=_bytes(scalars.value, FLOAT64),
    )


def scalars_of_wire(message: pb.Scalars, what: str) -> ScalarColumns:
    """What a learner logged.

    Raises:
        TrainerRefusedError: the columns do not agree.
    """
    value = message.value
    wire = WireColumns(what, len(value) // FLOAT64.itemsize)
    names = wire.texts("metric", message.names)
    return ScalarColumns(
        names=names,
        name=wire.places("metric", message.name, len(names)),
        step=wire.column("the metrics' steps", message.step, INT64),
        time_us=wire.column("the metrics' times", message.time_us, INT64),
        value=wire.column("the metrics' values", value, FLOAT64),
    )


def _actions(wire: WireColumns, message: pb.StepBatch) -> NDArray[np.int64] | list[int | bytes | None]:
    if message.actions:
        if len(message.actions) != wire.rows or message.discrete_actions:
            raise wire.refuse(f"has {len(message.actions)} actions for {wire.rows} rows")
        return [wire.checked("an action", row, data, packed_value) for row, data in enumerate(message.actions)]
    return wire.column("actions", message.discrete_actions, INT64)


def _numbers(wire: WireColumns, name: str, data: bytes) -> NDArray[np.int64] | None:
    numbers = wire.optional(f"{name} numbers", data, INT64)
    return None if numbers is None else wire.within(f"{name} number", numbers, -1, _MAX_INDEX)


def _rollups(
    wire: WireColumns, texts: Sequence[str], run_id: str, worker_id: str, *, began: bool
) -> tuple[EpisodeRollup, ...]:
    if len(texts) > _MAX_ROLLUPS:
        raise wire.refuse(f"has {len(texts):,} episodes; more than {_MAX_ROLLUPS:,} are not taken")
    found = []
    for text in texts:
        rollup = of_text(EpisodeRollup, text, f"An episode of {wire.what[0].lower()}{wire.what[1:]}")
        if not is_name(rollup.episode_id) or not is_name(rollup.agent_id):
            raise wire.refuse(f"has the episode {rollup.episode_id[:40]!r}, which is no name of 1 to 256 characters")
        if (rollup.status is EpisodeStatus.RUNNING) is not began:
            raise wire.refuse(f"says that episode {rollup.episode_id} {'began' if began else 'ended'} {rollup.status}")
        # Whose they are is what the stream was let in as, not what they say.
        found.append(replace(rollup, run_id=run_id, worker_id=worker_id))
    return tuple(found)


def _extras(wire: WireColumns, message: pb.StepBatch) -> list[bytes | None] | None:
    extras = wire.sparse("an extra", message.extras.rows, message.extras.values, packed_mapping)
    for name in ("vector_metadata", "normalization_stats"):
        part = getattr(message, f"{name}_json")
        texts = wire.sparse(name, part.rows, part.texts, _mapping)
        if texts is None:
            continue
        extras = extras or [None] * wire.rows
        for row, value in enumerate(texts):
            if value is not None:
                rare = decode_value(extras[row]) or {}
                extras[row] = _as_bytes(encode_value({**rare, name: value}))
    return extras


def _mapping(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any])


def _as_bytes(encoded: int | bytes | None) -> bytes | None:
    return encoded if isinstance(encoded, bytes) else None


def _packed(action: int | bytes | None) -> bytes:
    if action is None:
        return b""
    return action if isinstance(action, bytes) else msgspec.msgpack.encode(action)


def _bytes(column: NDArray[Any] | None, dtype: np.dtype[Any]) -> bytes:
    return b"" if column is None else np.ascontiguousarray(column, dtype).tobytes()
