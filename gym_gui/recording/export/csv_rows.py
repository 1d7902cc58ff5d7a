"""CSV as RFC 4180 has it: a header, CRLF, quotes where needed, one row a step and agent; floats read back the same.

Arrays, dicts and tuples are flattened: ``action.0``, ``action.steer``, ``observation.2``. Each key of the info is
a column: ``info.lives``. A name that is taken gets a number: ``action.a.b#2``. What has no flat form is JSON text.
After reset, action and reward are empty.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.data_model import FrameState
from gym_gui.core.sound import SOUND
from gym_gui.recording.export.documents import json_text
from gym_gui.recording.export.table import (
    TableShape,
    ValueColumn,
    ValueKind,
    action_column,
    fields_of,
    infos_of,
    learn_shape,
    observation_column,
    times_text,
)
from gym_gui.recording.export.value_forms import leaf_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.recording.export.job import ExportJob
    from gym_gui.telemetry.step_columns import StepColumns

_STATES = [state.name.lower() for state in FrameState]


def write_csv(job: ExportJob, path: Path) -> None:
    """Write the selection's rows to *path*."""
    shape = learn_shape(job.source, job.selection)
    tell_left_out(job, shape, rare=rare_names(job) if shape.extras else ())
    job.progress.begin(shape.rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(_told_apart(job, _header(shape)))
        for episode, page in job.source.pages(job.selection):
            writer.writerows(zip(*_cells(job, episode, page, shape), strict=True))
            job.rows += len(page)
            job.progress.advance(len(page))


def tell_left_out(job: ExportJob, shape: TableShape, *, frames: bool = False, rare: Sequence[str] = ()) -> None:
    """Name what a table does not hold: pictures, unless it has *frames*, and *rare*, which few rows have."""
    if shape.frames and not frames:
        job.note(f"{shape.frames:,} pictures are not in the table; their references are.")
    if shape.observation.is_large and not frames:
        job.note("Observations are too large for cells and are not in the table.")
    if rare:
        job.note(f"Not in the table: {', '.join(rare)}.")


def rare_names(job: ExportJob) -> list[str]:
    """What few rows of the selection have beside an observation: ``view``, ``sound``, sorted."""
    rare: set[str] = set()
    for _, page in job.source.pages(job.selection):
        for row in _extra_rows(page):
            rare.update(row)
            rare.update({SOUND} & (row.get("extra") or {}).keys())
    return sorted(rare - {"observation", "extra"})


def _extra_rows(page: StepColumns) -> Iterable[dict[str, Any]]:
    return (page.rare(row) for row, one in enumerate(page.extras) if one is not None)


def _header(shape: TableShape) -> list[str]:
    return [
        "episode_index",
        "episode_id",
        "seed",
        "agent_id",
        "step",
        *_names("action", shape.action),
        "reward",
        "terminated",
        "truncated",
        "time",
        "frame_ref",
        "frame_state",
        *(_names("observation", shape.observation) if shape.has_observations else ()),
        *(f"info.{key}" for key in shape.info_keys),
        *shape.field_keys,
    ]


def _told_apart(job: ExportJob, names: list[str]) -> list[str]:
    """*names*, of which the second of a kind is ``name#2``."""
    taken, found, renamed = set(names), list[str](), list[str]()
    seen = set[str]()
    for name in names:
        one, number = name, 1
        if name in seen:
            while one in taken:
                number += 1
                one = f"{name}#{number}"
            taken.add(one)
            renamed.append(one)
        seen.add(name)
        found.append(one)
    if renamed:
        job.note(f"Columns whose name another one has already are called {', '.join(renamed)}.")
    return found


def _names(stem: str, kind: ValueKind) -> list[str]:
    if kind.form is None:
        return [stem]
    names = []
    for path, leaf in leaf_paths(kind.form):
        whole = ".".join([stem, *map(str, path)])
        names += [".".join([whole, *map(str, place)]) for place in np.ndindex(leaf.shape)] if leaf.shape else [whole]
    return names


def _cells(job: ExportJob, episode: EpisodeRollup, page: StepColumns, shape: TableShape) -> list[Sequence[Any]]:
    rows = len(page)
    rewards: list[Any] = page.rewards.tolist()
    for row in np.flatnonzero(~page.has_reward):
        rewards[row] = ""
    columns: list[Sequence[Any]] = [
        [episode.episode_index] * rows,
        [episode.episode_id] * rows,
        ["" if episode.seed is None else episode.seed] * rows,
        page.agent_ids,
        page.step_index.tolist(),
        *_value_cells(action_column(page, shape.action)),
        rewards,
        _truth(page.terminated),
        _truth(page.truncated),
        times_text(page.time_us),
        page.frame_refs,  # None is an empty cell
        [_STATES[state] for state in page.frame_states.tolist()],
    ]
    if shape.has_observations:
        columns += _value_cells(observation_column(job.source, page, shape.observation))
    infos = infos_of(page)
    columns += [[_info_cell(info.get(key)) for info in infos] for key in shape.info_keys]
    if shape.field_keys:
        fields = fields_of(page)
        columns += [[_info_cell(one.get(key)) for one in fields] for key in shape.field_keys]
    return columns


def _value_cells(column: ValueColumn) -> list[list[Any]]:
    if column.form is None:
        return [["" if value is None else json_text(value) for value in column.values or [None] * len(column.valid)]]
    cells: list[list[Any]] = []
    for leaf in column.leaves:
        if isinstance(leaf, list):
            cells.append([one if isinstance(one, str) else json_text(one) for one in leaf])
            continue
        flat = leaf.reshape(len(leaf), -1)
        cells += [_truth(item) if leaf.dtype == np.bool_ else item.tolist() for item in flat.T]
    for row in np.flatnonzero(~column.valid).tolist():
        for cell in cells:
            cell[row] = ""
    return cells


def _truth(values: np.ndarray[Any, np.dtype[np.bool_]]) -> list[str]:
    found: list[str] = np.where(values, "true", "false").tolist()
    return found


def _info_cell(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return "" if value is None else str(value).lower() if isinstance(value, bool) else value
    return json_text(value)
