"""Dictionaries of steps and episodes to the records that backends take, and back from what readers give.

Runs on the writer's thread and on readers'.
"""

from __future__ import annotations

import base64
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model import DEFAULT_AGENT_ID, EpisodeStatus, FrameState, StepRecord
from gym_gui.core.packing import from_array
from gym_gui.core.value_codec import decode_value, encode_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup

_PICTURE_DIMENSIONS: Final = 3
_CHANNELS: Final = 3
# Names with a field of their own in a record; bits of ``extra["has"]`` say which of them a dictionary had.
_NAMES: Final = ("action", "reward", "observation", "frame", "terminated", "truncated", "done", "info", "agent_id")
_BIT: Final = {name: 1 << place for place, name in enumerate(_NAMES)}
_JSON_DEPTH: Final = 16


def episode_name(episode: int | str) -> str:
    """The record's id of an episode that a caller numbered (or named)."""
    return f"ep-{episode:06d}" if isinstance(episode, int) else str(episode)


def record_of_step(
    data: Mapping[str, Any], *, run_id: str, episode_id: str, step_number: int, at_s: float, metadata: Mapping[str, Any]
) -> StepRecord:
    """The attached record of a step's dictionary, which `step_data_of` gives back exactly."""
    exact: dict[str, Any] = {}
    has = 0
    for name, value in data.items():
        bit = _BIT.get(name, 0)
        has |= bit
        if not bit:
            exact[name] = value
    fields: dict[str, Any] = {}
    for name, fit in _FITS.items():
        if name in data:
            value, is_exact = fit(data[name])
            fields[name] = value
            if not is_exact:
                exact[name] = data[name]
    done = bool(data.get("done", False))
    terminated = bool(fields.pop("terminated", done and "truncated" not in data))
    truncated = bool(fields.pop("truncated", False))
    if "done" in data and (type(data["done"]) is not bool or done != (terminated or truncated)):
        exact["done"] = data["done"]
    extra: dict[str, Any] = {"has": has}
    if exact:
        extra["data"] = exact
    if metadata:
        extra["metadata"] = dict(metadata)
    frame = fields.get("frame")
    return StepRecord(
        run_id=run_id,
        episode_id=episode_id,
        step_index=step_number,
        action=fields.get("action"),
        observation=fields.get("observation"),
        reward=fields.get("reward"),
        terminated=terminated,
        truncated=truncated,
        info=fields.get("info") or {},
        render_payload=frame,
        timestamp=_instant(data.get("timestamp"), at_s),
        agent_id=fields.get("agent_id") or DEFAULT_AGENT_ID,
        frame_state=FrameState.NONE if frame is None else FrameState.KEPT,
        extra=extra,
    )


def step_data_of(record: StepRecord, require: Callable[[str], NDArray[Any]]) -> dict[str, Any]:
    """The dictionary that a caller recorded; of a step that no dictionary made, its fields under the usual names.

    Args:
        record: As a reader gives it.
        require: The reader's, for arrays.
    """
    extra = record.extra or {}
    exact = extra.get("data", {})
    has = extra.get("has")
    data: dict[str, Any] = {}
    for name in _NAMES:
        if name in exact or (has is not None and not has & _BIT[name]):
            continue
        if has is None and name == "done":
            continue
        data[name] = _field(record, name, require)
    data.update(exact)
    return data


def metadata_of(record: StepRecord) -> dict[str, Any]:
    """The further values that the caller gave with a step."""
    return dict((record.extra or {}).get("metadata", {}))


def episode_data_of(rollup: EpisodeRollup) -> dict[str, Any]:
    """The summary that a caller gave to `record_episode`; empty where there was none."""
    return _unpacked(rollup.metadata.get("episode_data", {}))


def packed_json(value: Mapping[str, Any]) -> dict[str, Any]:
    """*value* for a place that holds JSON: as it is where JSON holds it exactly, else with its exact form beside it."""
    plain = dict(value)
    if json_holds(plain, 0):
        return plain
    encoded = encode_value(plain)
    assert isinstance(encoded, bytes)  # noqa: S101 - for the type checker: only numbers and None are not
    return {**plain, "exact_base64": base64.b64encode(encoded).decode()}


def _unpacked(value: Mapping[str, Any]) -> dict[str, Any]:
    exact = value.get("exact_base64")
    return dict(value) if exact is None else dict(decode_value(base64.b64decode(exact)))


def json_holds(value: Any, depth: int) -> bool:
    """Whether JSON text gives back exactly *value*: text keys, finite numbers, no tuples, no arrays."""
    kind = type(value)
    if value is None or kind in {bool, str, int}:
        return True
    if kind is float:
        return math.isfinite(value)
    if depth > _JSON_DEPTH:
        return False
    if kind is list:
        return all(json_holds(one, depth + 1) for one in value)
    if kind is dict:
        return all(type(key) is str and json_holds(one, depth + 1) for key, one in value.items())
    return False


def ended_status(*, terminated: bool, truncated: bool) -> EpisodeStatus:
    """How an episode stands that nobody goes on with."""
    return EpisodeStatus.COMPLETED if terminated or truncated else EpisodeStatus.ABANDONED


def _field(record: StepRecord, name: str, require: Callable[[str], NDArray[Any]]) -> Any:
    if name == "observation":
        return record.observation if record.obs_ref is None else from_array(require(record.obs_ref))
    if name == "frame":
        return record.frame if record.frame_ref is None else require(record.frame_ref)
    if name == "info":
        return dict(record.info)
    return getattr(record, name)


def _instant(timestamp: Any, at_s: float) -> datetime:
    try:
        return datetime.fromtimestamp(at_s if timestamp is None else float(timestamp), UTC)
    except (ValueError, OverflowError, OSError):  # a simulation's own clock may say anything
        return datetime.fromtimestamp(at_s, UTC)


# Each: (the field's value, whether the field alone gives back the very same value).


def _fit_action(value: Any) -> tuple[Any, bool]:
    return value, value is not None and not isinstance(value, np.integer)


def _fit_reward(value: Any) -> tuple[Any, bool]:
    return None if value is None else float(value), value is None or type(value) is float


def _fit_observation(value: Any) -> tuple[Any, bool]:
    if value is None or _packs_exactly(value, outermost=True):
        return value, True
    # A number is worth having in its place too; large containers are not kept twice.
    return (value if isinstance(value, (int, float, np.generic)) or _is_lone(value) else None), False


def _is_lone(value: Any) -> bool:
    """Whether it is an array of no dimensions: its place gives it back as a NumPy number."""
    return type(value) is np.ndarray and value.ndim == 0 and value.dtype.kind in "biufc"


def _packs_exactly(value: Any, *, outermost: bool = False) -> bool:
    if type(value) is np.ndarray:
        return value.dtype.kind in "biufc" and value.size > 0 and value.ndim > 0
    if isinstance(value, np.generic):
        return not outermost and value.dtype.kind in "biufc"
    if type(value) is dict:
        names = all(type(key) is str and key and not key.isdecimal() for key in value)
        return bool(value) and names and all(map(_packs_exactly, value.values()))
    return type(value) is tuple and bool(value) and all(map(_packs_exactly, value))


def _fit_frame(value: Any) -> tuple[Any, bool]:
    if value is None:
        return None, True
    is_picture = value.dtype == np.uint8 and value.ndim == _PICTURE_DIMENSIONS and value.shape[2] == _CHANNELS
    return (value, True) if is_picture and value.size else (None, False)


def _fit_flag(value: Any) -> tuple[bool, bool]:
    return bool(value), type(value) is bool


def _fit_info(value: Any) -> tuple[Any, bool]:
    return value, value is not None and json_holds(value, 0)


def _fit_agent_id(value: Any) -> tuple[Any, bool]:
    if value is None:
        return None, False
    return str(value), type(value) is str and value != ""


_FITS: Final[Mapping[str, Callable[[Any], tuple[Any, bool]]]] = {
    "action": _fit_action,
    "reward": _fit_reward,
    "observation": _fit_observation,
    "frame": _fit_frame,
    "terminated": _fit_flag,
    "truncated": _fit_flag,
    "info": _fit_info,
    "agent_id": _fit_agent_id,
}
