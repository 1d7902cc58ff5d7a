"""JSON: one document with the run, its episodes and their steps, or one line for each of them.

Numbers that JSON does not know are the texts ``NaN``, ``Infinity`` and ``-Infinity``; all others keep every bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import numpy as np

from gym_gui.core.data_model import FrameState
from gym_gui.core.info_codec import to_plain
from gym_gui.core.sound import SOUND
from gym_gui.recording.export.csv_rows import rare_names, tell_left_out
from gym_gui.recording.export.documents import episode_document, json_list, json_text, json_value, run_document
from gym_gui.recording.export.table import (
    TableShape,
    ValueColumn,
    action_column,
    learn_shape,
    observation_column,
    own_fields,
    times_text,
)
from gym_gui.recording.export.value_forms import put_together

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.recording.export.job import ExportJob
    from gym_gui.telemetry.step_columns import StepColumns

_STATES = [state.name.lower() for state in FrameState]
_encoder = msgspec.json.Encoder()


def write_json(job: ExportJob, path: Path) -> None:
    """Write the selection to *path*."""
    shape = learn_shape(job.source, job.selection)
    rare = rare_names(job) if shape.extras else []
    tell_left_out(job, shape, rare=[name for name in rare if name == SOUND])
    job.progress.begin(shape.rows)
    kept = [name for name in rare if name != SOUND]
    with path.open("wb") as file:
        (_write_lines if job.options.lines else _write_document)(job, shape, kept, file)


def _write_document(job: ExportJob, shape: TableShape, rare: Sequence[str], file: BinaryIO) -> None:
    run = json_text(run_document(job.selection.run))
    file.write(f'{{"format":"gym-gui/steps","version":1,"run":{run},"episodes":['.encode())
    for place, episode in enumerate(job.selection.episodes):
        head = json_text(episode_document(episode)).removesuffix("}")
        file.write(f'{"," if place else ""}\n{head},"step_rows":['.encode())
        follows = False
        for page in job.source.episode_pages(job.selection, episode):
            documents = _documents(job, page, shape, rare)
            body = b",\n".join(map(_encoder.encode, documents))
            file.write((b",\n" if follows else b"\n") + body)
            follows = True
        file.write(b"]}")
    file.write(b"]}\n")


def _write_lines(job: ExportJob, shape: TableShape, rare: Sequence[str], file: BinaryIO) -> None:
    file.write(json_text({"type": "run", "version": 1, **run_document(job.selection.run)}).encode() + b"\n")
    started: EpisodeRollup | None = None
    for episode, page in job.source.pages(job.selection):
        if episode is not started:
            file.write(json_text({"type": "episode", **episode_document(episode)}).encode() + b"\n")
            started = episode
        file.write(_encoder.encode_lines([{"type": "step", **one} for one in _documents(job, page, shape, rare)]))


def _documents(job: ExportJob, page: StepColumns, shape: TableShape, rare: Sequence[str]) -> list[dict[str, Any]]:
    """One document a row, with what few rows have beside: *rare*, null where a row has none; counts them as done."""
    rewards: list[Any] = page.rewards.tolist()
    for row in np.flatnonzero(~np.isfinite(page.rewards)).tolist():
        rewards[row] = json_value(rewards[row]) if page.has_reward[row] else None
    names = ["step", "agent_id", "action", "reward", "terminated", "truncated", "time", "frame_ref", "frame_state"]
    columns: list[Sequence[Any]] = [
        page.step_index.tolist(),
        page.agent_ids,
        _values(action_column(page, shape.action)),
        rewards,
        page.terminated.tolist(),
        page.truncated.tolist(),
        times_text(page.time_us),
        page.frame_refs,
        [_STATES[state] for state in page.frame_states.tolist()],
    ]
    if shape.has_observations:
        names.append("observation")
        columns.append(_values(observation_column(job.source, page, shape.observation)))
    names += ["episode_id", "info"]
    columns += [
        [page.episode_id] * len(page),
        [msgspec.Raw(b"{}" if info is None else info.encode()) for info in page.infos],
    ]
    if shape.field_keys or rare:
        beside = [{} if one is None else page.rare(row) for row, one in enumerate(page.extras)]
        names += rare
        columns += [[json_value(to_plain(one.get(name))) for one in beside] for name in rare]
        if shape.field_keys:
            names.append("extra")
            columns.append([to_plain(own_fields(one)) for one in beside])
    job.rows += len(page)
    job.progress.advance(len(page))
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: ValueColumn) -> list[Any]:
    if column.form is None:
        return [json_value(value) for value in column.values or [None] * len(column.valid)]
    if column.form.is_leaf and not isinstance(column.leaves[0], list):
        values: list[Any] = json_list(column.leaves[0])
    else:
        form, leaves = column.form, column.leaves
        values = [json_value(put_together(form, leaves, row)) for row in range(len(column.valid))]
    for row in np.flatnonzero(~column.valid).tolist():
        values[row] = None
    return values
