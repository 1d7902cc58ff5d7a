"""Parquet: one typed row a step and agent, in one file or a folder with one file an episode.

Actions and observations are numbers, fixed-size lists or structs; a picture is the raw bytes of its ``uint8 (H, W, 3)``
in C order, compressed by Parquet. The file's metadata, key ``gym_gui``, holds run, episodes and the exact types.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from gym_gui.core.data_model import FrameState
from gym_gui.recording.export.arrow_values import arrow_type, arrow_values, raw_bytes
from gym_gui.recording.export.csv_rows import tell_left_out
from gym_gui.recording.export.documents import episode_document, json_text, run_document
from gym_gui.recording.export.selection import stems
from gym_gui.recording.export.table import (
    TableShape,
    ValueColumn,
    ValueKind,
    action_column,
    fields_of,
    infos_of,
    learn_shape,
    observation_column,
)
from gym_gui.recording.export.value_forms import packed_dtype
from gym_gui.recording.parquet_files import Compression

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.recording.export.job import ExportJob
    from gym_gui.telemetry.step_columns import StepColumns

METADATA_KEY: Final = b"gym_gui"
VERSION: Final = 1
_STATES: Final = np.array([state.name.lower() for state in FrameState])
_INT64: Final = 2**63
# Parquet looks at the size of a page after so many values; a thousand pictures would be one page.
_BATCH_WITH_FRAMES: Final = 16


def write_parquet(job: ExportJob, path: Path) -> None:
    """Write the selection's rows to *path*: a file, or a folder where `partitioned` is asked for."""
    table = _Table(job, learn_shape(job.source, job.selection))
    tell_left_out(job, table.shape, frames=bool(job.options.frames))
    job.progress.begin(table.shape.rows)
    if not job.options.partitioned:
        table.write(path, job.selection.episodes)
        return
    path.mkdir()
    named = stems(job.selection, 6)
    for episode in job.selection.episodes:
        table.write(path / f"{named[episode.episode_id]}.parquet", [episode])


class _Table:
    """Writes the files of one export, all with the same columns."""

    def __init__(self, job: ExportJob, shape: TableShape) -> None:
        self.shape = shape
        self._job = job
        self._frames = bool(job.options.frames) and shape.frames > 0
        self._raw_observations = shape.observation.is_large and bool(job.options.frames)
        form = shape.observation.form if self._raw_observations else None
        self._raw_dtype = None if form is None else packed_dtype(form)
        self._with_observations = shape.has_observations or self._raw_observations
        self._infos = {key: _info_kind(kinds) for key, kinds in shape.info_keys.items()}
        self._fields = {key: _info_kind(kinds) for key, kinds in shape.field_keys.items()}

    def write(self, path: Path, episodes: Sequence[EpisodeRollup]) -> None:
        """Write the rows of *episodes* to a file."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - 0.2 s, only where it is written

        options = self._job.options
        compression = Compression(options.compression or "zstd", options.compression_level)
        schema = self._schema(episodes)
        large = {"frame", "observation"} if self._raw_observations else {"frame"}
        plain = [name for name in schema.names if name not in large]
        with pq.ParquetWriter(
            path,
            schema,
            **compression.options(),
            # A dictionary pays where values come again; the parts of actions, observations and infos are left plain.
            use_dictionary=["episode_id", "agent_id", "frame_state", "info_json"],
            write_statistics=plain,
            write_batch_size=_BATCH_WITH_FRAMES if self._frames or self._raw_observations else 1_024,
        ) as writer:
            for episode in episodes:
                for page in self._job.source.episode_pages(self._job.selection, episode):
                    self._write_page(writer, schema, episode, page)

    def _write_page(self, writer: Any, schema: Any, episode: EpisodeRollup, page: StepColumns) -> None:
        import pyarrow as pa  # noqa: PLC0415 - as above

        columns = self._columns(episode, page)
        self._job.rows += len(page)
        if not self._frames:
            writer.write_table(pa.Table.from_pydict(columns, schema=schema))
            self._job.progress.advance(len(page))
            return
        missing = 0
        for start, group in self._job.source.frame_groups(page.frame_refs):
            part = {name: values[start : start + len(group)] for name, values in columns.items()}
            part["frame"] = raw_bytes(group)
            for name, axis in (("frame_height", 0), ("frame_width", 1)):
                part[name] = pa.array([None if one is None else one.shape[axis] for one in group], pa.int32())
            writer.write_table(pa.Table.from_pydict(part, schema=schema))
            kept = sum(one is not None for one in group)
            missing += sum(ref is not None for ref in page.frame_refs[start : start + len(group)]) - kept
            self._job.frames += kept
            self._job.progress.advance(len(group))
        if missing:
            self._job.note(
                f"{missing:,} pictures of episode {episode.episode_index} cannot be found; their cells are empty."
            )

    def _schema(self, episodes: Sequence[EpisodeRollup]) -> Any:
        import pyarrow as pa  # noqa: PLC0415 - as above

        shape = self.shape
        fields = [
            ("episode_index", pa.int32()),
            ("episode_id", pa.string()),
            ("seed", pa.int64()),
            ("agent_id", pa.string()),
            ("step", pa.int64()),
            *self._value_fields("action", shape.action),
            ("reward", pa.float64()),
            ("terminated", pa.bool_()),
            ("truncated", pa.bool_()),
            ("time", pa.timestamp("us", tz="UTC")),
            ("frame_state", pa.string()),
            ("frame_ref", pa.string()),
            ("observation_is_frame", pa.bool_()),
        ]
        if self._with_observations:
            fields += self._value_fields("observation", shape.observation, raw=self._raw_observations)
        if self._infos:
            fields.append(("info", pa.struct([(key, _info_type(kind)) for key, kind in self._infos.items()])))
        fields.append(("info_json", pa.string()))
        fields += [(key, _info_type(kind)) for key, kind in self._fields.items()]
        if shape.extras:
            fields.append(("rare", pa.binary()))
        if self._frames:
            fields += [("frame", pa.binary()), ("frame_height", pa.int32()), ("frame_width", pa.int32())]
        # For other programs; an import knows the dtype by the form.
        raw = self._raw_dtype
        descr = None if raw is None or raw.names is None else np.lib.format.dtype_to_descr(raw)
        document = {
            "version": VERSION,
            "run": run_document(self._job.selection.run),
            "episodes": [episode_document(episode) for episode in episodes],
            "state": self._job.selection.state,
            "from": self._job.selection.start,
            "to": self._job.selection.stop,
            "action": shape.action.form and shape.action.form.to_json(),
            "observation": shape.observation.form and shape.observation.form.to_json(),
            "observation_raw": self._raw_observations,
            "observation_dtype": descr,
            "frame": "uint8 (frame_height, frame_width, 3), C order" if self._frames else None,
        }
        return pa.schema(fields, metadata={METADATA_KEY: json.dumps(document)})

    @staticmethod
    def _value_fields(name: str, kind: ValueKind, *, raw: bool = False) -> list[tuple[str, Any]]:
        import pyarrow as pa  # noqa: PLC0415 - as above

        if raw:
            return [(name, pa.binary())]
        if kind.form is not None:
            return [(name, arrow_type(kind.form))]
        return [(name, pa.string()), (f"{name}_code", pa.binary())]

    def _columns(self, episode: EpisodeRollup, page: StepColumns) -> dict[str, Any]:
        import pyarrow as pa  # noqa: PLC0415 - as above

        rows = len(page)
        seed = episode.seed if episode.seed is not None and -_INT64 <= episode.seed < _INT64 else None
        columns: dict[str, Any] = {
            "episode_index": pa.repeat(pa.scalar(episode.episode_index, pa.int32()), rows),
            "episode_id": pa.repeat(episode.episode_id, rows),
            "seed": pa.repeat(pa.scalar(seed, pa.int64()), rows),
            "agent_id": pa.array(page.agent_ids, pa.string()),
            "step": pa.array(page.step_index),
            **_value_columns("action", action_column(page, self.shape.action)),
            "reward": pa.array(page.rewards, mask=~page.has_reward),
            "terminated": pa.array(page.terminated),
            "truncated": pa.array(page.truncated),
            "time": pa.array(page.time_us, pa.timestamp("us", tz="UTC")),
            "frame_state": pa.array(_STATES[page.frame_states], pa.string()),
            "frame_ref": pa.array(page.frame_refs, pa.string()),
            "observation_is_frame": pa.array(
                [ref is not None and ref == frame for ref, frame in zip(page.obs_refs, page.frame_refs, strict=True)]
            ),
            "info_json": pa.array(page.infos, pa.string()),
        }
        if self._raw_observations:
            columns["observation"] = self._raw_observation_column(page)
        elif self._with_observations:
            found = observation_column(self._job.source, page, self.shape.observation)
            columns |= _value_columns("observation", found)
        if self._infos:
            columns["info"] = pa.StructArray.from_arrays(
                _info_columns(infos_of(page), self._infos), names=list(self._infos)
            )
        if self._fields:
            columns |= dict(zip(self._fields, _info_columns(fields_of(page), self._fields), strict=True))
        if self.shape.extras:
            columns["rare"] = pa.array(page.extras, pa.binary())
        return columns

    def _raw_observation_column(self, page: StepColumns) -> Any:
        import pyarrow as pa  # noqa: PLC0415 - as above

        refs = [None if ref == frame else ref for ref, frame in zip(page.obs_refs, page.frame_refs, strict=True)]
        groups = (self._as_described(group) for _, group in self._job.source.frame_groups(refs))
        return pa.concat_arrays([raw_bytes(group) for group in groups])

    def _as_described(self, group: Sequence[NDArray[Any] | None]) -> Sequence[NDArray[Any] | None]:
        """The same arrays, without gaps between fields: a program's own structured type may have some."""
        dtype = self._raw_dtype
        if dtype is None or dtype.names is None or all(one is None or one.dtype == dtype for one in group):
            return group
        return [None if one is None else np.asarray(one).astype(dtype) for one in group]


def _value_columns(name: str, column: ValueColumn) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    from gym_gui.core.value_codec import encode_value  # noqa: PLC0415 - only where values are mixed

    if column.form is not None:
        return {name: arrow_values(column.form, list(column.leaves), ~column.valid)}
    codes = [None if value is None else encode_value(value) for value in column.values]
    return {
        name: pa.array([None if value is None else json_text(value) for value in column.values], pa.string()),
        f"{name}_code": pa.array(
            [msgspec.msgpack.encode(code) if isinstance(code, int) else code for code in codes], pa.binary()
        ),
    }


def _info_kind(kinds: set[type]) -> str:
    """What a column of an info is: what all its values are, or JSON text."""
    known = kinds - {type(None)}
    for name, allowed in (("bool", {bool}), ("int", {int}), ("float", {int, float}), ("text", {str})):
        if known and known <= allowed:
            return name
    return "json"


def _info_type(kind: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above

    types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}
    return types.get(kind, pa.string())


def _info_columns(infos: list[dict[str, Any]], kinds: dict[str, str]) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    columns = []
    for key, kind in kinds.items():
        values = [info.get(key) for info in infos]
        if kind == "json":
            values = [None if value is None else json_text(value) for value in values]
        elif kind == "int":
            values = [value if value is None or -_INT64 <= value < _INT64 else None for value in values]
        elif kind == "float":
            values = [None if value is None else float(value) for value in values]
        columns.append(pa.array(values, _info_type(kind)))
    return columns
