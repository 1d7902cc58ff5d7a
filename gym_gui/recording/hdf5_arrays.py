"""Pictures and large observations as HDF5 datasets: one for each shape and dtype, compressed outside HDF5's lock."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

    import h5py
    from numpy.typing import NDArray

    from gym_gui.recording.hdf5_columns import Storage
    from gym_gui.recording.journal_rows import Chunk

# Where a stream has more than one dataset: which dataset, and which item of it, each array is.
PLACES_SUFFIX: Final = "_places"
_BLOCK_ITEMS: Final = 64
_THREADS: Final = 2


def write_arrays(group: h5py.Group, stream: str, chunks: Iterable[Chunk], storage: Storage, description: str) -> None:
    """Write the arrays of a stream: ``frames``, and ``frames.1`` and so on where shape or dtype changed."""
    variants: dict[tuple[str, tuple[int, ...]], _Variant] = {}
    places: list[tuple[int, int]] = []
    # zlib lets go of the interpreter: one item is compressed while the one before is.
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="hdf5-gzip") as pool:
        for chunk in chunks:
            key = (chunk.dtype, chunk.shape)
            variant = variants.get(key)
            if variant is None:
                name = f"{stream}.{len(variants)}" if variants else stream
                variant = variants[key] = _Variant(
                    group, name, np.dtype(chunk.dtype), chunk.shape, storage=storage, description=description
                )
            number = list(variants).index(key)
            places += [(number, variant.length + item) for item in range(chunk.items)]
            variant.append(chunk.decode(), pool)
    for variant in variants.values():
        variant.finish()
    if len(variants) > 1:
        table = group.create_dataset(f"{stream}{PLACES_SUFFIX}", data=np.array(places, np.int64))
        table.attrs["description"] = f"Dataset (0: {stream}, 1: {stream}.1, ...) and item of each index."


def read_array(group: h5py.Group, stream: str, index: int) -> NDArray[Any]:
    """An array of a stream by its index.

    Raises:
        IndexError: there is none.
    """
    if index < 0:
        raise IndexError(index)
    name, item = stream, index
    places = group.get(f"{stream}{PLACES_SUFFIX}")
    if places is not None:
        if not 0 <= index < len(places):
            raise IndexError(index)
        variant, item = (int(number) for number in places[index])
        name = f"{stream}.{variant}" if variant else stream
    dataset = group.get(name)
    if dataset is None or not 0 <= item < len(dataset):
        raise IndexError(index)
    array: NDArray[Any] = dataset[item]
    return array


class _Variant:
    """A dataset that grows, one item a chunk: an item is read without its neighbours."""

    def __init__(
        self,
        group: h5py.Group,
        name: str,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        *,
        storage: Storage,
        description: str,
    ) -> None:
        self.length = 0
        # The fast way, compression in our own thread, makes what the filter would; a checksum only the filter makes.
        self._direct = storage.compression == "gzip" and not storage.fletcher32
        self._level = storage.level
        self._shuffles = self._direct and storage.shuffle and dtype.itemsize > 1
        self._dataset = group.create_dataset(
            name, (0, *shape), dtype, maxshape=(None, *shape), chunks=(1, *shape), **storage.filters(dtype)
        )
        self._dataset.attrs["description"] = description
        if len(shape) == 3 and shape[2] == 3 and dtype == np.uint8:  # noqa: PLR2004 - a picture, in colours
            self._dataset.attrs["CLASS"] = "IMAGE"
            self._dataset.attrs["IMAGE_SUBCLASS"] = "IMAGE_TRUECOLOR"
            self._dataset.attrs["INTERLACE_MODE"] = "INTERLACE_PIXEL"
            self._dataset.attrs["IMAGE_VERSION"] = "1.2"

    def append(self, items: NDArray[Any], pool: Executor) -> None:
        """Write ``(count, *shape)``."""
        start, self.length = self.length, self.length + len(items)
        if self.length > len(self._dataset):
            self._dataset.resize(self.length + _BLOCK_ITEMS, axis=0)
        if not self._direct:
            self._dataset[start : self.length] = items
            return
        for place, data in enumerate(pool.map(self._compressed, items), start):
            self._dataset.id.write_direct_chunk((place, *(0,) * (self._dataset.ndim - 1)), data)

    def finish(self) -> None:
        """Cut off the room that was not needed."""
        self._dataset.resize(self.length, axis=0)

    def _compressed(self, item: NDArray[Any]) -> bytes:
        return zlib.compress(self._bytes_of(item), self._level)

    def _bytes_of(self, item: NDArray[Any]) -> bytes:
        if not self._shuffles:
            return item.tobytes()
        weights = np.frombuffer(item.tobytes(), np.uint8).reshape(-1, item.dtype.itemsize)
        return np.ascontiguousarray(weights.T).tobytes()
