"""One replay file open for reading, beside its writer if it has one; decodes chunks outside HDF5's lock.

Any thread may read; a writer of this process may take the handle away at any time, and it comes back by itself.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from gym_gui.core.errors import FrameNotFoundError, ReplayFileError
from gym_gui.replay.layout import ArraySpec, is_cut_off, spec_of
from gym_gui.replay.open_files import changing, register_reader, release_readers

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.replay.chunk_cache import ChunkCache

# HDF5 File Format Specification, level 0: superblock versions 2 and 3, with addresses of 8 bytes.


class ReadableFile:
    """Reads items and slices of a replay file.

    Args:
        path: The file.
        cache: Decoded chunks, shared among files.

    Raises:
        ReplayFileError: it is missing, truncated or no HDF5 file.
    """

    def __init__(self, path: Path, cache: ChunkCache) -> None:
        self.path = path
        self._key = str(path)
        self._real_path = path.resolve()
        self._inode = 0
        self._cache = cache
        self._lock = threading.RLock()
        self._file: h5py.File | None = None
        self._datasets: dict[str, tuple[Any, ArraySpec]] = {}
        with changing, self._lock:
            self._open()
        register_reader(self)

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        with self._lock:
            self._datasets.clear()
            if self._file is not None:
                self._file.close()
                self._file = None

    def release_file(self, path: Path) -> None:
        """Close the handle if it is on *path*: its writer needs the file alone."""
        if path == self._real_path:
            self.close()

    def attributes(self) -> dict[str, Any]:
        """The file's attributes, as Python values."""
        with changing, self._lock:
            return {
                name: value.item() if isinstance(value, np.generic) else value
                for name, value in self._opened().attrs.items()
            }

    def names(self) -> set[str]:
        """Names of the datasets and groups at the top."""
        with changing, self._lock:
            return set(self._opened())

    def length(self, dataset: str) -> int:
        """Items in a dataset now; 0 where there is none."""
        with changing, self._lock:
            self._follow_replacement()
            found = self._find(dataset)
            if found is None:
                return 0
            self._refresh(found[0])
            return int(found[0].shape[0])

    def read_slice(self, dataset: str, start: int, stop: int) -> NDArray[Any] | None:
        """Items ``start <= i < stop`` as one new array, or None where there is no such dataset.

        Raises:
            ReplayFileError: the file cannot be read there.
        """
        stop = min(stop, self.length(dataset))
        with changing, self._lock:
            found = self._find(dataset)
            if found is None:
                return None
            spec = found[1]
            if not spec.compressed:
                return self._plain(found[0], slice(start, max(start, stop)))
        items = np.empty((max(0, stop - start), *spec.item_shape), dtype=spec.dtype)
        position = start
        while position < stop:
            end = min(position - position % spec.chunk_items + spec.chunk_items, stop)
            items[position - start : end - start] = self._items(dataset, position, end)
            position = end
        return items

    def read_item(self, dataset: str, index: int) -> NDArray[Any]:
        """One item as a new array of the dataset's item shape.

        Raises:
            FrameNotFoundError: no such dataset, or the index lies beyond its end.
            ReplayFileError: the file cannot be read there.
        """
        with self._lock:
            known = self._datasets.get(dataset)
        if known is not None and known[1].compressed:
            number, item = divmod(index, known[1].chunk_items)
            held = self._cache.read((self._key, dataset, number), item, item + 1)
            if held is not None:
                cached: NDArray[Any] = held[0]
                return cached
        with changing, self._lock:
            found = self._find(dataset)
            if found is None:
                raise FrameNotFoundError(f"The run has no dataset {dataset}.", reason="no-dataset")
            handle, spec = found
            if index >= handle.shape[0]:
                self._follow_replacement()
                handle, spec = self._find(dataset) or found
                self._refresh(handle)
            if index >= handle.shape[0]:
                raise FrameNotFoundError(
                    f"The dataset {dataset} has {handle.shape[0]} items; there is no item {index}.",
                    reason="out-of-range",
                )
            if not spec.compressed:
                return self._plain(handle, index)
        fresh: NDArray[Any] = self._items(dataset, index, index + 1)[0]
        return fresh

    def _items(self, dataset: str, first: int, stop: int) -> NDArray[Any]:
        """A copy of items of one chunk, which must exist: ``first <= i < stop``."""
        with changing, self._lock:
            found = self._find(dataset)
            if found is None:
                raise FrameNotFoundError(f"The run has no dataset {dataset}.", reason="no-dataset")
            handle, spec = found
            number = first // spec.chunk_items
            start = number * spec.chunk_items
            key = (self._key, dataset, number)
            held = self._cache.read(key, first - start, stop - start)
            if held is not None:
                return held
            valid = min(spec.chunk_items, handle.shape[0] - start)
            try:
                _, data = handle.id.read_direct_chunk((start, *(0,) * len(spec.item_shape)))
            except (OSError, RuntimeError, ValueError) as error:
                raise self._unreadable(error) from error
        try:
            return self._cache.decode(key, data, spec, valid_items=valid, start=first - start, stop=stop - start)
        except ValueError as error:
            raise self._unreadable(error) from error

    def _plain(self, handle: Any, where: slice | int) -> NDArray[Any]:
        try:
            return np.asarray(handle[where])
        except (OSError, RuntimeError, ValueError) as error:
            raise self._unreadable(error) from error

    def _opened(self) -> h5py.File:
        if self._file is None:
            self._open()
        assert self._file is not None  # noqa: S101 - for the type checker; _open raised otherwise
        return self._file

    def _open(self) -> None:
        if not self.path.is_file():
            raise ReplayFileError("The replay file is missing.", hint=f"File: {self.path}")
        if is_cut_off(self.path):
            raise ReplayFileError("The replay file is truncated.", hint=f"File: {self.path}")
        try:
            self._inode = self.path.stat().st_ino
            try:
                # Beside a living writer; files of other tools have no SWMR and open plainly.
                self._file = h5py.File(self.path, "r", swmr=True, libver="latest", locking=False)
            except (OSError, ValueError, RuntimeError):
                self._file = h5py.File(self.path, "r", locking=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise self._unreadable(error) from error

    def _follow_replacement(self) -> None:
        # A writer of another process that added a dataset, or a recovery, put another file behind the name.
        try:
            inode = self.path.stat().st_ino
        except OSError:
            return  # gone, or out of reach: what is open stays readable
        if self._file is not None and inode != self._inode:
            self.close()
            self._cache.forget_file(self._key)

    def _find(self, dataset: str) -> tuple[Any, ArraySpec] | None:
        found = self._datasets.get(dataset)
        if found is not None and found[0]:
            return found
        try:
            handle = self._opened().get(dataset)
            if handle is None and self._file is not None:
                # A dataset added since this handle was opened shows only in a new one.
                self.close()
                handle = self._opened().get(dataset)
            if not isinstance(handle, h5py.Dataset) or not handle.ndim:
                return None
            found = self._datasets[dataset] = (handle, spec_of(handle))
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise self._unreadable(error) from error
        return found

    def _refresh(self, handle: Any) -> None:
        if self._file is not None and self._file.swmr_mode:
            # HDF5 2.0 looks up every chunk as the first one after a refresh of a dataset that is open twice.
            release_readers(self.path, but=self)
            try:
                handle.refresh()
            except (OSError, RuntimeError) as error:
                raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> ReplayFileError:
        return ReplayFileError(f"The replay file cannot be read: {error}.", hint=f"File: {self.path}")
