"""Runs, episodes and any value as JSON, exactly, and runs and episodes back.

Numbers that JSON does not know are the texts ``NaN``, ``Infinity`` and ``-Infinity``; arrays and tuples are lists,
bytes are base64.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

import numpy as np

from gym_gui.core.clock import from_iso, to_iso
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord


def json_value(value: Any) -> Any:
    """*value* in JSON's types; every finite number keeps every bit."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else _odd_float(value)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, np.ndarray):
        return json_list(value)
    if isinstance(value, Mapping):
        return {str(key): json_value(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(one) for one in value]
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return (to_iso(value) if isinstance(value, datetime) else None) or str(value)


def json_list(array: np.ndarray[Any, Any]) -> Any:
    """An array as nested lists; at once where every number is finite."""
    if array.dtype.kind in "biu" or (array.dtype.kind == "f" and bool(np.isfinite(array).all())):
        return array.tolist()
    return json_value(array.tolist())


def json_text(value: Any) -> str:
    """*value* as compact JSON text."""
    return json.dumps(json_value(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _odd_float(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def run_document(run: RunRecord) -> dict[str, Any]:
    """A run's record as JSON values."""
    return {one.name: json_value(getattr(run, one.name)) for one in fields(RunRecord)}


def run_of_document(document: Mapping[str, Any]) -> RunRecord:
    """The run that `run_document` wrote; fields of a newer version are left out.

    Raises:
        KeyError: a field is missing.
        TypeError: the document is no such thing.
    """
    known = {one.name: document[one.name] for one in fields(RunRecord) if one.name in document}
    return RunRecord(**known | {"created_at": _instant(document["created_at"])})


def episode_document(rollup: EpisodeRollup) -> dict[str, Any]:
    """An episode's rollup as JSON values."""
    return {one.name: json_value(getattr(rollup, one.name)) for one in fields(EpisodeRollup)}


def episode_of_document(document: Mapping[str, Any]) -> EpisodeRollup:
    """The rollup that `episode_document` wrote.

    Raises:
        KeyError: a field is missing.
        TypeError: the document is no such thing.
        ValueError: a field holds something else.
    """
    known = {one.name: document[one.name] for one in fields(EpisodeRollup) if one.name in document}
    ended = document.get("ended_at")
    return EpisodeRollup(
        **known
        | {
            "total_reward": float(document["total_reward"]),
            "status": EpisodeStatus(document["status"]),
            "started_at": _instant(document["started_at"]),
            "ended_at": None if ended is None else _instant(ended),
        }
    )


def _instant(text: str) -> datetime:
    found = from_iso(text)
    if found is None or found.tzinfo is None:
        raise ValueError(f"{text!r} is no instant with a time zone")
    return found
