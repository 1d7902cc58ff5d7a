"""Reads a finished episode out of its Parquet files, a row group at a time."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from gym_gui.core.data_model import FrameState
from gym_gui.core.info_codec import encode_info
from gym_gui.core.packing import to_array
from gym_gui.core.typing_compat import override
from gym_gui.core.value_codec import encode_value
from gym_gui.recording.documents import episode_of_document
from gym_gui.recording.journal import unreadable
from gym_gui.recording.journal_rows import (
    FRAME_STATE_SHIFT,
    FRAMES,
    OBSERVATION_IS_ARRAY,
    OBSERVATION_IS_FRAME,
    OBSERVATIONS,
    TERMINATED,
    TRUNCATED,
    Row,
)
from gym_gui.recording.parquet_columns import values_of
from gym_gui.recording.parquet_files import DOCUMENT_KEY
from gym_gui.recording.parquet_tables import VALUE_COLUMNS, DataColumns
from gym_gui.recording.stored_episode import StoredEpisode, record_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord
    from gym_gui.recording.parquet_files import RunFolder

_GROUPS_KEPT: Final = 4


class ParquetEpisode(StoredEpisode):
    """An episode that has its files.

    Args:
        folder: Its run's folder.
        ordinal: Its number.
        document: Its summary.
    """

    def __init__(self, folder: RunFolder, ordinal: int, document: Mapping[str, Any]) -> None:
        self.ordinal = ordinal
        self.first_place = 0
        self._rollup = episode_of_document(document)
        self._size_bytes = int(document.get("size_bytes", 0))
        self._steps = _GroupedFile(folder.of_episode("trajectory", ordinal))
        self._arrays = {stream: _GroupedFile(folder.of_episode(stream, ordinal)) for stream in (FRAMES, OBSERVATIONS)}

    @property
    @override
    def rollup(self) -> EpisodeRollup:
        return self._rollup

    @property
    @override
    def size_bytes(self) -> int:
        return self._size_bytes

    @override
    def steps(self, run: RunRecord, start: int, stop: int | None) -> list[StepRecord]:
        found: list[StepRecord] = []
        for group in range(self._steps.groups):
            lowest, highest = self._steps.range_of(group, "step_index")
            if highest < start or (stop is not None and lowest >= stop):
                continue
            table, first = self._steps.group(group), self._steps.first_of(group)
            indices = table.column("step_index").to_numpy()
            wanted = np.flatnonzero((indices >= start) & (indices < (np.inf if stop is None else stop)))
            if not len(wanted):
                continue
            low, high = int(wanted[0]), int(wanted[-1]) + 1
            chosen = set(wanted.tolist())
            for number, row in enumerate(rows_of(table.slice(low, high - low)), first + low):
                if number - first in chosen:
                    found.append(record_of(row, number, run, self))
        found.sort(key=lambda step: (step.step_index, step.agent_id))
        return found

    @override
    def frame(self, place: int) -> NDArray[Any]:
        return self._array(FRAMES, place)

    @override
    def observation(self, row: int) -> NDArray[Any]:
        table, at = self._steps.locate(row)
        one = table.slice(at, 1)
        (place,) = one.column("observation_index").to_pylist()
        if place is not None:
            return self._array(OBSERVATIONS, place)
        array = to_array(values_of("observation", one)[0])
        if array is None:
            raise IndexError(row)
        return array

    @override
    def close(self) -> None:
        self._steps.close()
        for file in self._arrays.values():
            file.close()

    def _array(self, stream: str, place: int) -> NDArray[Any]:
        table, at = self._arrays[stream].locate(place)
        dtype, shape = np.dtype(table.column("dtype")[at].as_py()), table.column("shape")[at].as_py()
        return np.frombuffer(table.column("data")[at].as_buffer(), dtype).reshape(shape).copy()


def rows_of(table: pa.Table) -> list[Row]:
    """The rows of a table of steps."""
    document = msgspec.json.decode((table.schema.metadata or {}).get(DOCUMENT_KEY, b"{}"))
    data = DataColumns(document.get("data"))
    values = {name: values_of(name, table) for name in (*VALUE_COLUMNS, *data.names)}
    columns = {name: table.column(name).to_pylist() for name in _FIXED}
    times = table.column("timestamp").cast("int64").to_pylist()
    return [
        _row(
            {name: items[place] for name, items in columns.items()},
            times[place],
            data.join({name: items[place] for name, items in values.items() if items[place] is not None}),
        )
        for place in range(table.num_rows)
    ]


_FIXED: Final = (
    "step_index",
    "agent_id",
    "reward",
    "terminated",
    "truncated",
    "frame_index",
    "frame_state",
    "observation_index",
    "observation_is_frame",
)


def _row(fixed: Mapping[str, Any], time_us: int, values: dict[str, Any]) -> Row:
    action, info = values.pop("action", None), values.pop("info", None)
    observation = values.pop("observation", None)
    is_array = fixed["observation_index"] is not None or (observation is not None and to_array(observation) is not None)
    return Row(
        fixed["step_index"],
        fixed["agent_id"],
        encode_value(action),
        fixed["reward"],
        TERMINATED * fixed["terminated"]
        | TRUNCATED * fixed["truncated"]
        | OBSERVATION_IS_FRAME * fixed["observation_is_frame"]
        | OBSERVATION_IS_ARRAY * is_array
        | FrameState[fixed["frame_state"].upper()] << FRAME_STATE_SHIFT,
        encode_value(observation),
        encode_info(info),
        time_us,
        encode_value(values) if values else None,
        fixed["frame_index"],
        fixed["observation_index"],
    )


class _GroupedFile:
    """A Parquet file by row groups, the last few of which are kept; opened when it is first asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: pq.ParquetFile | None = None
        self._firsts: NDArray[np.int64] = np.zeros(1, np.int64)
        self._tables: OrderedDict[int, pa.Table] = OrderedDict()

    @property
    def groups(self) -> int:
        """How many."""
        return int(self._file().num_row_groups)

    def first_of(self, group: int) -> int:
        """The number of its first row in the file."""
        return int(self._firsts[group])

    def range_of(self, group: int, column: str) -> tuple[int, int]:
        """The least and the greatest value of an integer column."""
        file = self._file()
        place = file.schema_arrow.get_field_index(column)
        statistics = file.metadata.row_group(group).column(place).statistics
        if statistics is None or not statistics.has_min_max:
            return 0, 2**62
        return int(statistics.min), int(statistics.max)

    def group(self, group: int) -> pa.Table:
        """Its rows."""
        import pyarrow as pa  # noqa: PLC0415 - heavy; only where Parquet is read

        table = self._tables.get(group)
        if table is None:
            try:
                table = self._file().read_row_group(group, use_threads=False)
            except (OSError, pa.ArrowException) as error:
                raise unreadable(self._path, error) from error
            self._tables[group] = table
            while len(self._tables) > _GROUPS_KEPT:
                self._tables.popitem(last=False)
        self._tables.move_to_end(group)
        return table

    def locate(self, row: int) -> tuple[pa.Table, int]:
        """The row group that has a row, and the row's place in it.

        Raises:
            IndexError: the file has no such row.
        """
        if not self._path.exists():
            raise IndexError(row)
        self._file()
        if not 0 <= row < self._firsts[-1]:
            raise IndexError(row)
        group = int(np.searchsorted(self._firsts, row, side="right")) - 1
        return self.group(group), row - int(self._firsts[group])

    def close(self) -> None:
        """Let go of the file."""
        self._tables.clear()
        if self._opened is not None:
            self._opened.close(force=True)
            self._opened = None

    def _file(self) -> pq.ParquetFile:
        import pyarrow as pa  # noqa: PLC0415 - as above
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above

        if self._opened is None:
            try:
                self._opened = pq.ParquetFile(self._path, pre_buffer=False)
            except FileNotFoundError:
                raise
            except (OSError, pa.ArrowException) as error:
                raise unreadable(self._path, error) from error
            metadata = self._opened.metadata
            counts = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
            self._firsts = np.concatenate(([0], np.cumsum(np.array(counts, np.int64)))).astype(np.int64)
        return self._opened
