"""Step payloads as JSON documents and back: what JSON cannot say exactly is tagged, see `exact`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
import numpy as np

from gym_gui.core.clock import from_iso, to_iso
from gym_gui.core.data_model import FrameState
from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.info_codec import decode_info, encode_info
from gym_gui.core.refs import FrameRef
from gym_gui.core.schema.exact import INT64_MAX, INT64_MIN, from_exact, to_exact
from gym_gui.core.schema.legacy import upgrade_v0
from gym_gui.core.schema.render_payload import RgbPayload, render_from_document, render_to_document
from gym_gui.core.schema.step_payload import (
    Seeds,
    StepPayload,
    lineage_from_document,
    lineage_to_document,
    vector_from_document,
    vector_to_document,
)
from gym_gui.core.schema.versions import LEGACY, SchemaVersion, check_readable

if TYPE_CHECKING:
    from datetime import datetime

# An observation that is the picture is not written twice.
SAME_AS_FRAME: Final = {"$same_as": "frame"}
_FRAME_STATES: Final = {state.name.lower(): state for state in FrameState}
_FRAME_AXES: Final = 3


def to_document(payload: StepPayload) -> dict[str, Any]:
    """*payload* in JSON's types, every field present.

    Raises:
        InvalidActionError: an action, observation or statistic has no exact form.
    """
    vector, render = payload.vector_metadata, payload.render_payload
    stats, seeds, lineage = payload.normalization_stats, payload.seeds, payload.lineage
    is_frame = payload.observation is not None and payload.observation is payload.frame
    return {
        "payload_version": payload.payload_version,
        "run_id": payload.run_id,
        "episode_id": payload.episode_id,
        "step_index": payload.step_index,
        "timestamp": to_iso(payload.timestamp),
        "action": to_exact(payload.action),
        "observation": SAME_AS_FRAME if is_frame else to_exact(payload.observation),
        "reward": to_exact(None if payload.reward is None else float(payload.reward)),
        "terminated": payload.terminated,
        "truncated": payload.truncated,
        "info": decode_info(encode_info(payload.info)),
        "render_payload": None if render is None else render_to_document(render),
        "frame": to_exact(payload.frame),
        "agent_id": payload.agent_id,
        "render_hint": to_exact(payload.render_hint),
        "frame_ref": payload.frame_ref,
        "obs_ref": payload.obs_ref,
        "frame_state": payload.frame_state.name.lower(),
        "worker_id": payload.worker_id,
        "space_signature": payload.space_signature,
        "vector_metadata": None if vector is None else vector_to_document(vector),
        "normalization_stats": None if stats is None else _exact_values(stats),
        "seeds": None if seeds is None else {"environment": seeds.environment, "actions": seeds.actions},
        "lineage": None if lineage is None else lineage_to_document(lineage),
        "time_step": payload.time_step,
        "extra": _exact_values(payload.extra),
    }


def to_json(payload: StepPayload) -> str:
    """*payload* as JSON text.

    Raises:
        InvalidActionError: an action, observation or statistic has no exact form.
    """
    return _encode(to_document(payload)).decode()


def from_document(document: Mapping[str, Any]) -> StepPayload:
    """The payload of a document of any version that can be read; a legacy one is upgraded here, once.

    Raises:
        SchemaMismatchError: it is no object; a newer major version; a field that is missing, or of the wrong type or
            range, which is named.
    """
    if not isinstance(document, Mapping):
        raise SchemaMismatchError(f"A step payload is a JSON object, not {type(document).__name__}.")
    version = SchemaVersion.parse(document.get("payload_version"))
    check_readable(version)
    if version.major == LEGACY.major:
        return upgrade_v0(document)
    fields = {name: read(document[name], name) for name, read in _READERS.items() if name in document}
    missing = [name for name in _REQUIRED if fields.get(name) is None]
    if missing:
        raise SchemaMismatchError(f"A step payload lacks its {missing[0]}.")
    if document.get("observation") == SAME_AS_FRAME:
        fields["observation"] = fields.get("frame")
    render = fields.get("render_payload")
    if isinstance(render, RgbPayload) and fields.get("frame_ref") is None:
        fields["frame_ref"] = render.frame_ref
    unknown = {key: from_exact(document[key]) for key in document if key not in _READERS and key != "payload_version"}
    fields["extra"] = {**unknown, **(fields.get("extra") or {})}
    return StepPayload(**fields, payload_version=str(version))


def from_json(text: str | bytes) -> StepPayload:
    """The payload of a JSON text, upgraded where it is a legacy one.

    Raises:
        SchemaMismatchError: no JSON object, a newer major version, or a field that is not as it must be.
    """
    try:
        document = _decode(text)
    except msgspec.MsgspecError as error:
        raise SchemaMismatchError(f"A step payload is no JSON object: {error}.") from error
    return from_document(document)


_Reader: TypeAlias = Callable[[Any, str], Any]


def _typed(*types: type, null: bool = False) -> _Reader:
    def read(value: Any, name: str) -> Any:
        if type(value) not in types and not (null and value is None):
            words = " or ".join(one.__name__ for one in types)
            raise SchemaMismatchError(
                f"The field {name} of a step payload is of type {type(value).__name__}, not {words}."
            )
        return value

    return read


def _whole(*, null: bool = False, low: int = INT64_MIN) -> _Reader:
    is_whole = _typed(int, null=null)

    def read(value: Any, name: str) -> Any:
        if is_whole(value, name) is not None and not low <= value <= INT64_MAX:
            wrong = "a number that does not fit 64 bits" if value > INT64_MAX or value < INT64_MIN else f"below {low}"
            raise SchemaMismatchError(f"The field {name} of a step payload is {wrong}.")
        return value

    return read


def _ref(value: Any, name: str) -> str | None:
    if value is None or (isinstance(value, str) and FrameRef.parse(value) is not None):
        return value
    raise SchemaMismatchError(f"The field {name} of a step payload is no reference such as h5://run/frames/7.")


def _part(build: Callable[[Mapping[str, Any]], Any]) -> _Reader:
    def read(value: Any, name: str) -> Any:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise SchemaMismatchError(f"The field {name} of a step payload is no object.")
        return build(value)

    return read


def _exact(value: Any, name: str) -> Any:
    exact = from_exact(value)
    if type(exact) is int and not INT64_MIN <= exact <= INT64_MAX:
        raise SchemaMismatchError(f"The field {name} of a step payload is a number that does not fit 64 bits.")
    return exact


def _timestamp(value: Any, name: str) -> datetime:
    try:
        instant = from_iso(value)
    except (TypeError, ValueError) as error:
        raise SchemaMismatchError(f"The field {name} of a step payload is no instant: {error}.") from error
    if instant is None or instant.tzinfo is None:
        raise SchemaMismatchError(f"The field {name} of a step payload names no instant with its time zone.")
    return instant


def _reward(value: Any, name: str) -> float | None:
    reward = from_exact(value)
    if reward is None:
        return None
    if not isinstance(reward, (int, float)) or isinstance(reward, bool):
        raise SchemaMismatchError(f"The field {name} of a step payload is no number.")
    try:
        return float(reward)
    except OverflowError as error:
        raise SchemaMismatchError(f"The field {name} of a step payload is a number that no float64 holds.") from error


def _frame(value: Any, name: str) -> Any:
    frame = from_exact(value)
    if frame is None or (isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == _FRAME_AXES):
        return frame
    raise SchemaMismatchError(f"The field {name} of a step payload is no uint8 (H, W, 3) picture.")


def _frame_state(value: Any, name: str) -> FrameState:
    state = _FRAME_STATES.get(value) if isinstance(value, str) else None
    if state is None:
        raise SchemaMismatchError(f"The field {name} of a step payload is none of {', '.join(_FRAME_STATES)}.")
    return state


def _values(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: from_exact(value) for key, value in document.items()}


def _exact_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): to_exact(value) for key, value in values.items()}


def _seeds(document: Mapping[str, Any]) -> Seeds:
    whole = _typed(int, null=True)  # of any size, as Gymnasium takes them
    return Seeds(
        environment=whole(document.get("environment"), "seeds.environment"),
        actions=whole(document.get("actions"), "seeds.actions"),
    )


_TEXT, _TEXT_OR_NULL = _typed(str), _typed(str, null=True)
_READERS: Final[Mapping[str, _Reader]] = {
    "run_id": _TEXT,
    "episode_id": _TEXT,
    "step_index": _whole(low=0),
    "timestamp": _timestamp,
    "action": _exact,
    "observation": _exact,
    "reward": _reward,
    "terminated": _typed(bool),
    "truncated": _typed(bool),
    "info": _typed(dict),
    "render_payload": _part(render_from_document),
    "frame": _frame,
    "agent_id": _TEXT,
    "render_hint": _exact,
    "frame_ref": _ref,
    "obs_ref": _ref,
    "frame_state": _frame_state,
    "worker_id": _TEXT_OR_NULL,
    "space_signature": _TEXT_OR_NULL,
    "vector_metadata": _part(vector_from_document),
    "normalization_stats": _part(_values),
    "seeds": _part(_seeds),
    "lineage": _part(lineage_from_document),
    "time_step": _whole(null=True),
    "extra": _part(_values),
}
_REQUIRED: Final = ("run_id", "episode_id", "step_index", "timestamp")
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
