"""The tables of an episode in Parquet: its steps, whose types follow from what was recorded, and its arrays."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from gym_gui.core.data_model import FrameState
from gym_gui.core.info_codec import decode_info
from gym_gui.core.value_codec import decode_value
from gym_gui.recording.journal_rows import FRAME_STATE_SHIFT, OBSERVATION_IS_FRAME, TERMINATED, TRUNCATED
from gym_gui.recording.parquet_columns import EXACT_SUFFIX, arrays_of, fields_of
from gym_gui.recording.parquet_files import DOCUMENT_KEY, FORMAT_VERSION, whole_file
from gym_gui.recording.value_kinds import ColumnKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from gym_gui.core.data_model import EpisodeRollup, RunRecord
    from gym_gui.recording.journal_episode import JournalEpisode
    from gym_gui.recording.journal_rows import Row
    from gym_gui.recording.parquet_files import Compression
    from gym_gui.recording.value_kinds import Kind

ROW_GROUP_ROWS: Final = 8192
# A picture is read with its row group: few enough that one is quick, enough that equal ones cost nothing.
_GROUP_ITEMS: Final = 16
_GROUP_BYTES: Final = 2 * 1024 * 1024
# Columns whose type follows from what was recorded, in the order in which they stand.
VALUE_COLUMNS: Final = (
    "action",
    "observation",
    "info",
    "time_step",
    "render_hint",
    "vector_metadata",
    "view",
    "normalization_stats",
    "space_signature",
    "worker_id",
    "payload_version",
    "extra",
)
FIXED_COLUMNS: Final = (
    "run_id",
    "episode_id",
    "episode_index",
    "step_index",
    "agent_id",
    "timestamp",
    "reward",
    "terminated",
    "truncated",
    "frame_index",
    "frame_state",
    "observation_index",
    "observation_is_frame",
)
# What a caller's dictionary held beside the fields of a step, each under its own name; with this before it where the
# name is taken.
_TAKEN_PREFIX: Final = "data_"
_MAX_DATA_COLUMNS: Final = 256


def write_arrays(
    path: Path,
    items: Iterator[np.ndarray[Any, Any]],
    rows: Iterator[tuple[int, str]],
    compression: Compression,
) -> None:
    """Write arrays, one a row, with the step and agent that each belongs to; raw bytes in C order."""
    import pyarrow as pa  # noqa: PLC0415 - heavy; only where Parquet is written
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    schema = pa.schema(
        [
            ("step_index", pa.int64()),
            ("agent_id", pa.dictionary(pa.int32(), pa.string())),
            ("dtype", pa.dictionary(pa.int32(), pa.string())),
            ("shape", pa.list_(pa.int32())),
            ("data", pa.binary()),
        ],
        metadata={DOCUMENT_KEY: msgspec.json.encode({"format": FORMAT_VERSION, "kind": "arrays"})},
    )
    first = next(items)
    group = min(_GROUP_ITEMS, max(1, _GROUP_BYTES // max(first.nbytes, 1)))
    waiting = [first]
    with (
        whole_file(path) as partial,
        pq.ParquetWriter(
            partial,
            schema,
            use_dictionary=["agent_id", "dtype"],
            data_page_size=2 * _GROUP_BYTES,
            write_statistics=["step_index"],
            **compression.options(),
        ) as writer,
    ):
        while waiting:
            waiting += islice(items, group - len(waiting))
            steps = list(islice(rows, len(waiting)))
            columns = [
                pa.array([step for step, _ in steps], pa.int64()),
                pa.array([agent for _, agent in steps]).dictionary_encode(),
                pa.array([item.dtype.str for item in waiting]).dictionary_encode(),
                pa.array([list(item.shape) for item in waiting], pa.list_(pa.int32())),
                pa.array([item.tobytes() for item in waiting], pa.binary()),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=group)
            waiting = list(islice(items, 1))


def write_trajectory(
    path: Path,
    journal: JournalEpisode,
    run: RunRecord,
    rollup: EpisodeRollup,
    *,
    compression: Compression,
    declared: Mapping[str, Kind],
) -> None:
    """Write the table of steps: once over the rows for the types, once to write them."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    data = DataColumns()
    columns: dict[str, ColumnKind] = {name: ColumnKind() for name in VALUE_COLUMNS}
    columns |= {data.column(name): ColumnKind(kind) for name, kind in dict(declared).items()}
    for rows in journal.rows():
        for row in rows:
            for name, value in data.split(values_of_row(row)).items():
                columns.setdefault(name, ColumnKind()).add(value)
    value_fields = {name: fields_of(name, column) for name, column in columns.items()}
    schema = _schema(value_fields, journal.ordinal, data.names)
    with (
        whole_file(path) as partial,
        pq.ParquetWriter(partial, schema, **compression.options()) as writer,
    ):
        for rows in _regrouped(journal.rows(), ROW_GROUP_ROWS):
            fixed = _fixed_columns(rows, run, rollup)
            values = [data.split(values_of_row(row)) for row in rows]
            arrays = [
                array
                for name, column in columns.items()
                for array in arrays_of(value_fields[name], column, [one.get(name) for one in values])
            ]
            writer.write_table(pa.Table.from_arrays([*fixed, *arrays], schema=schema), row_group_size=ROW_GROUP_ROWS)


class DataColumns:
    """Columns for what the dictionaries of callers held.

    Args:
        names: Column -> name in the dictionary, as far as it is known.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self.names = dict(names or {})
        self._columns = {name: column for column, name in self.names.items()}

    def split(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values of a row with those of its dictionary in columns of their own, where they can have some."""
        extra = values.get("extra")
        data = extra.get("data") if isinstance(extra, dict) else None
        if not isinstance(data, dict) or not data or len(data) > _MAX_DATA_COLUMNS:
            return values
        if not all(isinstance(name, str) and name for name in data):
            return values
        rest = {name: value for name, value in values["extra"].items() if name != "data"}
        # A column tells nothing from None: what is None stays where it was.
        without = {name: None for name, value in data.items() if value is None}
        if without:
            rest["data"] = without
        columns = {self.column(name): value for name, value in data.items() if value is not None}
        return {**{name: value for name, value in values.items() if name != "extra"}, "extra": rest, **columns}

    def join(self, values: dict[str, Any]) -> dict[str, Any]:
        """Undo `split`."""
        data = {name: values.pop(column) for column, name in self.names.items() if column in values}
        if data:
            extra = values.get("extra") or {}
            values["extra"] = {**extra, "data": {**data, **extra.get("data", {})}}
        return values

    def column(self, name: str) -> str:
        """The column of a name."""
        column = self._columns.get(name)
        if column is None:
            taken = {*FIXED_COLUMNS, *VALUE_COLUMNS, *self.names}
            column = name
            while column in taken or column.endswith(EXACT_SUFFIX):
                column = f"{_TAKEN_PREFIX}{column.removesuffix(EXACT_SUFFIX)}"
            self.names[column] = name
            self._columns[name] = column
        return column


def values_of_row(row: Row) -> dict[str, Any]:
    """The values of a row whose columns follow from them, by column; what is not there is missing."""
    values: dict[str, Any] = {} if row.extra is None else dict(decode_value(row.extra))
    values["action"] = decode_value(row.action)
    values["observation"] = decode_value(row.observation)
    values["info"] = decode_info(row.info) or None
    return values


def _schema(value_fields: Mapping[str, Sequence[pa.Field]], ordinal: int, data: Mapping[str, str]) -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - as above

    text = pa.dictionary(pa.int32(), pa.string())
    fixed = [
        pa.field("run_id", text),
        pa.field("episode_id", text),
        pa.field("episode_index", pa.int64()),
        pa.field("step_index", pa.int64()),
        pa.field("agent_id", text),
        pa.field("timestamp", pa.timestamp("us", "UTC")),
        pa.field("reward", pa.float64()),
        pa.field("terminated", pa.bool_()),
        pa.field("truncated", pa.bool_()),
        pa.field("frame_index", pa.int64()),
        pa.field("frame_state", text),
        pa.field("observation_index", pa.int64()),
        pa.field("observation_is_frame", pa.bool_()),
    ]
    document = {"format": FORMAT_VERSION, "kind": "trajectory", "ordinal": ordinal, "data": data}
    values = [one for fields in value_fields.values() for one in fields]
    return pa.schema([*fixed, *values], metadata={DOCUMENT_KEY: msgspec.json.encode(document)})


def _fixed_columns(rows: Sequence[Row], run: RunRecord, rollup: EpisodeRollup) -> list[pa.Array]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    count = len(rows)
    flags = np.fromiter((row.flags for row in rows), np.int64, count)
    states = [FrameState(int(state) & 3).name.lower() for state in flags >> FRAME_STATE_SHIFT]
    return [
        _same_text(run.run_id, count),
        _same_text(rollup.episode_id, count),
        pa.array(np.full(count, rollup.episode_index, np.int64)),
        pa.array([row.step_index for row in rows], pa.int64()),
        pa.array([row.agent_id for row in rows], pa.string()).dictionary_encode(),
        pa.array([row.time_us for row in rows], pa.timestamp("us", "UTC")),
        pa.array([row.reward for row in rows], pa.float64(), from_pandas=False),
        pa.array((flags & TERMINATED) != 0),
        pa.array((flags & TRUNCATED) != 0),
        pa.array([row.frame for row in rows], pa.int64()),
        pa.array(states, pa.string()).dictionary_encode(),
        pa.array([row.array for row in rows], pa.int64()),
        pa.array((flags & OBSERVATION_IS_FRAME) != 0),
    ]


def _same_text(text: str, count: int) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - as above

    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text], pa.string()))


def _regrouped(batches: Iterator[list[Row]], size: int) -> Iterator[list[Row]]:
    waiting: list[Row] = []
    for rows in batches:
        waiting += rows
        while len(waiting) >= size:
            yield waiting[:size]
            del waiting[:size]
    yield waiting  # an episode without a row has a file without one
