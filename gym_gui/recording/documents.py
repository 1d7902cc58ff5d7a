"""Runs and episodes as flat documents, the columns that the telemetry store has too, and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.clock import from_iso, to_iso
from gym_gui.core.data_model import RunState
from gym_gui.telemetry.run_rows import (
    EPISODE_COLUMNS,
    RUN_COLUMNS,
    episode_row,
    episode_summary_of,
    run_of,
    run_row,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gym_gui.core.data_model import EpisodeRollup, RunRecord

Document = dict[str, Any]

RUN_FIELDS: Final = tuple(RUN_COLUMNS.split(", "))
EPISODE_FIELDS: Final = tuple(EPISODE_COLUMNS.split(", "))
# Keys of the database, which come before an episode's own columns in its row.
_EPISODE_KEYS: Final = 3


def run_document(run: RunRecord, state: RunState, ended_at: datetime | None) -> Document:
    """Every field of *run* under its own name, dictionaries as JSON text, with ``state`` and ``ended_at``."""
    fields = dict(zip(RUN_FIELDS, run_row(run), strict=True))
    return fields | {"state": state.value, "ended_at": to_iso(ended_at)}


def run_of_document(document: Mapping[str, Any]) -> tuple[RunRecord, RunState, datetime | None]:
    """What `run_document` was made from."""
    run = run_of(tuple(document[name] for name in RUN_FIELDS))
    return run, RunState(document["state"]), from_iso(document["ended_at"])


def episode_document(rollup: EpisodeRollup) -> Document:
    """Every field of *rollup* under its own name, dictionaries as JSON text, with its ``run_id``.

    A seed beyond 64 bits is text, and so is a return that is no finite number.
    """
    fields = dict(zip(EPISODE_FIELDS, episode_row(rollup, 0, 0)[_EPISODE_KEYS:], strict=True))
    if isinstance(fields["seed"], bytes):
        fields["seed"] = fields["seed"].decode()
    if not math.isfinite(rollup.total_reward):
        fields["total_reward"] = repr(float(rollup.total_reward))
    return {"run_id": rollup.run_id} | fields


def episode_of_document(document: Mapping[str, Any]) -> EpisodeRollup:
    """The rollup that `episode_document` was made from."""
    row = tuple(document[name] for name in EPISODE_FIELDS)
    return episode_summary_of((*row, 0, document["run_id"], "", "")).rollup
