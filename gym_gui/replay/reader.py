"""ReplayReader: rows, episodes and batches of one replay file, for a notebook or a training loop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gym_gui.core.closing import Closing
from gym_gui.core.packing import from_array
from gym_gui.replay import layout
from gym_gui.replay.chunk_cache import ChunkCache
from gym_gui.replay.readable_file import ReadableFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from numpy.typing import NDArray


class ReplayReader(Closing):
    """Reads a replay file, one that is still being written included.

    A row is one recorded step. In a run of the pipeline the first row of an episode is the state after reset: an
    episode of n actions has n + 1 rows.

    Args:
        path: The file.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        self._file: ReadableFile | None = None
        self._whole_rows = 0

    def open(self) -> None:
        """Open the file; a second call does nothing.

        Raises:
            ReplayFileError: it is missing, truncated or no HDF5 file.
        """
        if self._file is None:
            self._file = ReadableFile(self._path, ChunkCache())

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._whole_rows = 0

    def __enter__(self) -> Self:
        self.open()
        return self

    @property
    def num_steps(self) -> int:
        """Rows that are there with all that they name; those that a writer is about to complete do not count yet.

        Raises:
            RuntimeError: the reader is not open.
        """
        file = self._opened()
        rows = file.length(layout.DONES)
        if layout.INDEX not in file.names():  # a file of another writer
            return rows
        rows = min(rows, file.length(layout.REWARDS), file.length(layout.INDEX))
        fresh = self._rows(layout.INDEX, min(self._whole_rows, rows), rows)
        if fresh is not None and len(fresh):
            rows = min(self._whole_rows, rows) + layout.whole_rows(fresh, file.length)
        self._whole_rows = rows
        return rows

    @property
    def num_episodes(self) -> int:
        """Episodes, the one that is still being recorded included.

        Raises:
            RuntimeError: the reader is not open.
        """
        return len(self._episodes())

    @property
    def metadata(self) -> dict[str, Any]:
        """The file's attributes: ``run_id``, ``version``, ``created_at``, ``total_steps``, ``total_episodes``, ….

        Raises:
            RuntimeError: the reader is not open.
        """
        return self._opened().attributes()

    @property
    def has_frames(self) -> bool:
        """Whether the run has pictures.

        Raises:
            RuntimeError: the reader is not open.
        """
        return layout.FRAMES in self._opened().names()

    @property
    def has_observations(self) -> bool:
        """Whether any row has an observation; one that is the frame itself counts.

        Raises:
            RuntimeError: the reader is not open.
        """
        if layout.OBSERVATIONS in self._opened().names():
            return True
        index = self._rows(layout.INDEX, 0, 1)
        return index is not None and bool(len(index)) and int(index["observation"][0]) >= 0

    def get_step(self, index: int) -> dict[str, Any]:
        """One row: ``action``, ``reward``, ``done``, and ``frame`` and ``observation`` where there are.

        Scalars are Python values; after reset, `action` and `reward` are None.

        Raises:
            RuntimeError: the reader is not open.
            IndexError: there is no such row.
        """
        if not self._has_row(index):
            raise IndexError(f"The file has {self.num_steps} rows; there is no row {index}.")
        action, reward, done = (self._row(name, index) for name in (layout.ACTIONS, layout.REWARDS, layout.DONES))
        place = self._row(layout.INDEX, index)
        after_reset = place is not None and bool(int(place["flags"]) & layout.ROW_RESET)
        step: dict[str, Any] = {
            "action": None if action is None or after_reset else _python_value(action),
            "reward": None if after_reset else float(reward if reward is not None else 0.0),
            "done": bool(done),
        }
        arrays = {"frame": self.get_frame(index), "observation": self.get_observation(index)}
        return {**step, **{name: value for name, value in arrays.items() if value is not None}}

    def get_episode(self, episode_index: int) -> dict[str, Any]:
        """One episode: ``actions``, ``rewards``, ``dones``, ``frames``, ``observations`` (arrays, first axis rows),
        ``episode_index``, ``start_step``, ``length`` (rows).

        Raises:
            RuntimeError: the reader is not open.
            IndexError: there is no such episode.
        """  # noqa: D205 - the keys are one list
        episodes = self._episodes()
        if not 0 <= episode_index < len(episodes):
            raise IndexError(f"The file has {len(episodes)} episodes; there is no episode {episode_index}.")
        start, length = episodes[episode_index]
        episode = self._columns(start, start + length)
        return {**episode, "episode_index": episode_index, "start_step": start, "length": length}

    def get_frame(self, step_index: int) -> NDArray[Any] | None:
        """The picture of a row, a new array, or None where there is none or no such row.

        Raises:
            RuntimeError: the reader is not open.
        """
        return self._array_of(step_index, layout.FRAMES)

    def get_observation(self, step_index: int) -> Any:
        """The observation of a row: array, NumPy scalar, dict or tuple; None where there is none or no such row.

        Raises:
            RuntimeError: the reader is not open.
        """
        array = self._array_of(step_index, layout.OBSERVATIONS)
        return None if array is None else from_array(array)

    def iter_batches(
        self, batch_size: int, shuffle: bool = False, *, seed: int | None = None
    ) -> Iterator[dict[str, NDArray[Any]]]:
        """Every row once, in batches: ``actions``, ``rewards``, ``dones``, ``frames``, ``observations``, ``indices``.

        Args:
            batch_size: Rows a batch; the last one may be shorter.
            shuffle: In random order, batches of rows that lie together in the file.
            seed: Makes the order repeatable.

        Raises:
            RuntimeError: the reader is not open.
            ValueError: *batch_size* is not positive.
        """
        if batch_size < 1:
            raise ValueError(f"A batch has at least one row, not {batch_size}.")
        rows = self.num_steps
        order = np.random.default_rng(seed).permutation(rows) if shuffle else np.arange(rows)
        for start in range(0, rows, batch_size):
            indices = order[start : start + batch_size]
            if shuffle:
                yield {**self._gathered(indices), "indices": indices}
            else:
                yield {**self._columns(int(indices[0]), int(indices[-1]) + 1), "indices": indices}

    def _opened(self) -> ReadableFile:
        if self._file is None:
            raise RuntimeError("The reader is not open. Call open() first, or use it in a with statement.")
        return self._file

    def _has_row(self, index: int) -> bool:
        self._opened()
        # A row that was whole once stays so: only the newest ones need a look at the file.
        return 0 <= index < self._whole_rows or 0 <= index < self.num_steps

    def _rows(self, name: str, start: int, stop: int) -> NDArray[Any] | None:
        return self._opened().read_slice(name, start, stop)

    def _row(self, name: str, index: int) -> Any:
        values = self._rows(name, index, index + 1)
        return values[0] if values is not None and len(values) else None

    def _array_of(self, row: int, stream: str) -> NDArray[Any] | None:
        file = self._opened()
        if not self._has_row(row):
            return None
        place = self._row(layout.INDEX, row)
        if place is None:  # a file of another writer: one frame a row
            return file.read_item(stream, row) if row < file.length(stream) else None
        return self._item(*_place(place, stream))

    def _episodes(self) -> list[tuple[int, int]]:
        starts = self._rows(layout.EPISODE_STARTS, 0, 2**62)
        lengths = self._rows(layout.EPISODE_LENGTHS, 0, 2**62)
        episodes = (
            [(int(start), int(length)) for start, length in zip(starts, lengths, strict=False)]
            if starts is not None and lengths is not None
            else []
        )
        end = sum(episodes[-1]) if episodes else 0
        if end < self.num_steps:
            episodes.append((end, self.num_steps - end))
        return episodes

    def _columns(self, start: int, stop: int) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        for name in (layout.ACTIONS, layout.REWARDS, layout.DONES):
            values = self._rows(name, start, stop)
            if values is not None:
                columns[name] = values
        return {**columns, **self._arrays(np.arange(start, stop))}

    def _gathered(self, rows: NDArray[np.int64]) -> dict[str, Any]:
        first, last = int(rows.min()), int(rows.max()) + 1
        columns = {
            name: values[rows - first]
            for name in (layout.ACTIONS, layout.REWARDS, layout.DONES)
            if (values := self._rows(name, first, last)) is not None
        }
        return {**columns, **self._arrays(rows)}

    def _arrays(self, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {}
        if not len(rows):
            return arrays
        first = int(rows.min())
        places = self._rows(layout.INDEX, first, int(rows.max()) + 1)
        for stream in (layout.FRAMES, layout.OBSERVATIONS):
            if places is None:
                items = [self._array_of(int(row), stream) for row in rows]
            else:
                items = [self._item(*_place(places[row - first], stream)) for row in rows]
            found = [item for item in items if item is not None]
            if len(found) == len(items) and len({(item.shape, item.dtype) for item in found}) == 1:
                arrays[stream] = np.stack(found)
            elif found:  # a row without one, or a shape that changed: one object a row, None where there is none
                arrays[stream] = np.empty(len(items), dtype=object)
                arrays[stream][:] = items
        return arrays

    def _item(self, name: str, index: int) -> NDArray[Any] | None:
        return None if index < 0 else self._opened().read_item(name, index)


def _place(row: Any, stream: str) -> tuple[str, int]:
    field = "frame" if stream == layout.FRAMES else "observation"
    in_frames = field == "frame" or int(row["flags"]) & layout.ROW_OBSERVATION_IS_FRAME
    base = layout.FRAMES if in_frames else layout.OBSERVATIONS
    return layout.variant_name(base, int(row[f"{field}_variant"])), int(row[field])


def _python_value(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.names is not None:
        return from_array(array)
    return array.item() if array.ndim == 0 else array
