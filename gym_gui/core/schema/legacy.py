"""Legacy step dictionaries (v0: flat keys, no version) to payloads of today: upgraded once, where they come in.

v0 was never written down; these are its habits: ``step`` or ``step_number`` beside ``step_index``, ``done`` beside
``terminated``, times as seconds since 1970, ANSI text as a picture, ``snapshot_path`` as the place of one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from gym_gui.core.clock import from_iso, utc_now
from gym_gui.core.data_model import DEFAULT_AGENT_ID, FrameState
from gym_gui.core.errors import InvalidActionError, SchemaMismatchError
from gym_gui.core.refs import FrameRef
from gym_gui.core.schema.exact import INT64_MAX, INT64_MIN, to_exact
from gym_gui.core.schema.render_payload import (
    RenderPayload,
    RgbPayload,
    TextPayload,
    render_from_document,
)
from gym_gui.core.schema.step_payload import (
    AutoresetMode,
    Seeds,
    StepPayload,
    VectorMetadata,
    vector_from_document,
)
from gym_gui.core.schema.versions import CURRENT

# Colours, cursor movements and the like of a terminal.
_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_COLOUR_AXES: Final = (2, 3)
_CHANNELS: Final = 3
_SHOWN: Final = 2_000
# Gymnasium's own spellings, the names and the values of its enumeration.
_MODES: Final[Mapping[Any, AutoresetMode]] = {
    spelling: mode
    for mode in AutoresetMode
    for spelling in (mode.name, mode.name.title().replace("_", ""))  # NEXT_STEP, NextStep
}
_PAYLOAD_KEYS: Final = frozenset({"frame", "rgb", "ansi", "text"})
_KNOWN: Final = (
    frozenset({"run_id", "episode_id", "episode", "step_index", "step", "step_number", "timestamp", "time"})
    | {"action", "observation", "obs", "reward", "terminated", "truncated", "done", "info", "render_payload", "frame"}
    | {"ansi", "text", "agent_id", "render_hint", "frame_ref", "obs_ref", "worker_id", "space_signature", "seed"}
    | {"vector_metadata", "normalization_stats", "time_step", "payload_version"}
)


def upgrade_v0(legacy: Mapping[str, Any]) -> StepPayload:
    """The payload of today that says what *legacy* said; what has no place in it is kept in `extra`.

    Args:
        legacy: A flat dictionary with at least a run, an episode and a step; actions as JSON or as they were.

    Raises:
        SchemaMismatchError: it does not say which step it is, or a number is none; the field is named.
    """
    info = dict(_mapping(legacy, "info") or {})
    extra = {key: value for key, value in legacy.items() if key not in _KNOWN}
    frame, render, more = _picture(legacy)
    extra.update(more)
    frame_ref = _ref(legacy, "frame_ref", extra)
    if render is None and (frame is not None or frame_ref is not None):
        height, width = (None, None) if frame is None else frame.shape[:2]
        render = RgbPayload(frame_ref=frame_ref, height=height, width=width)
    terminated, truncated = _ending(legacy, info)
    step_index = _whole(_first(legacy, "step_index", "step", "step_number"), "step_index")
    action = _exact(legacy.get("action"), "action")
    reward, signature = legacy.get("reward"), legacy.get("space_signature")
    return StepPayload(
        run_id=_text(_first(legacy, "run_id"), "run_id"),
        episode_id=_text(_first(legacy, "episode_id", "episode"), "episode_id"),
        step_index=step_index,
        timestamp=_instant(legacy.get("timestamp", legacy.get("time"))),
        action=action,
        observation=_exact(legacy.get("observation", legacy.get("obs")), "observation"),
        # v0 wrote 0.0 after reset, where nothing was rewarded.
        reward=None if reward is None or (step_index == 0 and action is None and not reward) else _number(reward),
        terminated=terminated,
        truncated=truncated,
        info=info,
        render_payload=render,
        frame=frame,
        agent_id=_text(legacy.get("agent_id") or DEFAULT_AGENT_ID, "agent_id"),
        render_hint=legacy.get("render_hint"),
        frame_ref=frame_ref,
        obs_ref=_ref(legacy, "obs_ref", extra),
        frame_state=FrameState.NONE if frame is None and frame_ref is None else FrameState.KEPT,
        worker_id=None if legacy.get("worker_id") is None else str(legacy["worker_id"]),
        space_signature=None if signature is None else _text(signature, "space_signature"),
        vector_metadata=_vector(legacy, extra),
        normalization_stats=_mapping(legacy, "normalization_stats"),
        seeds=None if legacy.get("seed") is None else Seeds(environment=_whole(legacy["seed"], "seed")),
        time_step=None if legacy.get("time_step") is None else _whole(legacy["time_step"], "time_step"),
        payload_version=str(CURRENT),
        extra={str(key): storable(value) for key, value in extra.items()},
    )


def storable(value: Any) -> Any:
    """*value*, or its words where it has no exact form."""
    try:
        to_exact(value)
    except InvalidActionError:
        return repr(value)[:_SHOWN]  # an object of somebody's; its words are better than nothing
    return value


def _exact(value: Any, name: str) -> Any:
    try:
        to_exact(value)
    except InvalidActionError as error:
        raise SchemaMismatchError(f"The {name} of a legacy step cannot be kept: {error.message}") from error
    return value


def plain_text(text: str) -> str:
    """*text* without a terminal's escape sequences."""
    return _ESCAPE.sub("", text)


def _first(legacy: Mapping[str, Any], *names: str) -> Any:
    for name in names:
        if legacy.get(name) is not None:
            return legacy[name]
    raise SchemaMismatchError(f"A legacy step does not say its {names[0]}.")


def _picture(legacy: Mapping[str, Any]) -> tuple[Any, RenderPayload | None, dict[str, Any]]:
    """The frame, what else there is to draw, and what has to be kept aside."""
    payload = legacy.get("render_payload")
    text = legacy.get("ansi", legacy.get("text"))
    if isinstance(payload, Mapping) and isinstance(payload.get("kind"), str):
        return _frame(legacy.get("frame")), render_from_document(payload), {}
    aside: dict[str, Any] = {}
    pictures = [("frame", legacy.get("frame"))]
    if isinstance(payload, str):
        text = payload
    elif isinstance(payload, Mapping):
        pictures.append(("render_payload.frame", payload.get("frame", payload.get("rgb"))))
        text = payload.get("ansi", payload.get("text", text))
        aside |= {f"render_payload.{key}": value for key, value in payload.items() if key not in _PAYLOAD_KEYS}
    else:
        pictures.append(("render_payload", payload))
    frame = None
    for name, value in pictures:
        frame = frame if frame is not None else _frame(value)
        if frame is None and value is not None:
            aside[name] = value  # no picture that could be drawn, but what was said is not lost
    if not isinstance(text, str):
        return frame, None, aside
    shown = plain_text(text)
    # The colours of a terminal may say where the player stands.
    return frame, TextPayload(text=shown), aside if shown == text else {**aside, "ansi": text}


def _frame(value: Any) -> Any:
    if value is None or isinstance(value, str | bytes | Mapping):
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if array.ndim not in _COLOUR_AXES or array.dtype.kind not in "iu" or not array.size:
        return None
    if array.min() < 0 or array.max() > np.iinfo(np.uint8).max:
        return None
    if array.ndim != _CHANNELS:
        array = np.repeat(array[:, :, None], _CHANNELS, axis=2)
    return np.array(array, np.uint8, order="C") if array.shape[2] == _CHANNELS else None


def _ending(legacy: Mapping[str, Any], info: Mapping[str, Any]) -> tuple[bool, bool]:
    # Before Gymnasium 0.26 one flag said both, and the time limit told itself in info.
    terminated, truncated = legacy.get("terminated"), legacy.get("truncated")
    if terminated is None and truncated is None and _flag(legacy.get("done"), "done"):
        by_limit = bool(info.get("TimeLimit.truncated"))
        return not by_limit, by_limit
    return _flag(terminated, "terminated"), _flag(truncated, "truncated")


def _flag(value: Any, name: str) -> bool:
    if value is None or isinstance(value, (bool, np.bool_)) or (isinstance(value, (int, float)) and value in {0, 1}):
        return bool(value)
    raise SchemaMismatchError(f"The {name} of a legacy step is {value!r:.40}, not true or false.")


def _ref(legacy: Mapping[str, Any], name: str, extra: dict[str, Any]) -> str | None:
    ref = legacy.get(name)
    if isinstance(ref, str) and FrameRef.parse(ref) is not None:
        return ref
    if ref is not None:
        extra[f"{name}_v0"] = ref
    return None


def _vector(legacy: Mapping[str, Any], extra: dict[str, Any]) -> VectorMetadata | None:
    document = _mapping(legacy, "vector_metadata")
    if document is None:
        return None
    try:
        mode = document.get("autoreset_mode")
        return vector_from_document({**document, "autoreset_mode": _MODES.get(mode, mode)})
    except SchemaMismatchError:
        extra["vector_metadata_v0"] = dict(document)  # a form that nobody wrote down
        return None


def _mapping(legacy: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = legacy.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise SchemaMismatchError(f"The {name} of a legacy step is of type {type(value).__name__}, not an object.")
    return value


def _instant(value: Any) -> datetime:
    if value is None:
        return utc_now()
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC)
        instant = from_iso(value)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise SchemaMismatchError(f"The timestamp of a legacy step is no instant: {error}.") from error
    if instant is None:
        return utc_now()
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _text(value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, np.integer)):
        raise SchemaMismatchError(f"The {name} of a legacy step is of type {type(value).__name__}, not a text.")
    return str(value)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise SchemaMismatchError(f"The {name} of a legacy step is of type {type(value).__name__}, not a whole number.")
    if not INT64_MIN <= value <= INT64_MAX:
        raise SchemaMismatchError(f"The {name} of a legacy step is a number that does not fit 64 bits.")
    return int(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise SchemaMismatchError(f"The reward of a legacy step is no number: {error}.") from error
