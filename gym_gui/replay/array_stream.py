"""One growing stream of arrays: items gather in a chunk, whole chunks are compressed and written directly.

Where shape or dtype changes, the next variant of the dataset begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.replay import layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.replay.chunk_codec import ChunkCodec
    from gym_gui.replay.replay_file import ReplayFile


# Each costs a reopened file, and a row names its variant in one byte.
_MAX_VARIANTS: Final = 64


class DatasetTail:
    """The writing end of one dataset.

    Attributes:
        spec: Its layout.
        length: Items appended, written or not.
        written: Items that are in the file.
        stored_bytes: Bytes of the whole chunks so far.
    """

    def __init__(self, spec: layout.ArraySpec, codec: ChunkCodec, *, resume_from: Any = None) -> None:
        self.spec = spec
        self.length = 0
        self.written = 0
        self.stored_bytes = 0
        self._codec = codec
        self._chunk = np.zeros((spec.chunk_items, *spec.item_shape), dtype=spec.dtype)
        self._full: list[tuple[int, bytes | NDArray[Any]]] = []
        if resume_from is not None and len(resume_from):
            self._resume(resume_from)

    @property
    def unwritten(self) -> int:
        """Items that only memory holds."""
        return self.length - self.written

    def append(self, item: NDArray[Any], *, thorough: bool) -> int:
        """Copy *item* into the current chunk; compresses the chunk when it is full.

        Returns:
            The item's index in the dataset.
        """
        position = self.length % self.spec.chunk_items
        self._chunk[position] = item
        self.length += 1
        if position + 1 == self.spec.chunk_items:
            data = self._encoded(thorough=thorough)
            self.stored_bytes += len(data) if isinstance(data, bytes) else data.nbytes
            self._full.append((self.length - self.spec.chunk_items, data))
        return self.length - 1

    def write(self, file: ReplayFile, *, partial: bool, thorough: bool) -> None:
        """Write the full chunks, and the one in the making too if *partial*.

        A chunk that is refused stays here and is tried again with the next call.
        """
        dataset = None
        while self._full:
            dataset = dataset or file.dataset(self.spec.dataset)
            start, data = self._full[0]
            self._store(dataset, start, start + self.spec.chunk_items, data)
            self._full.pop(0)
        rest = self.length % self.spec.chunk_items
        if partial and rest and self.written < self.length:
            dataset = dataset or file.dataset(self.spec.dataset)
            data = self._encoded(thorough=thorough) if self.spec.compressed else self._chunk[:rest]
            self._store(dataset, self.length - rest, self.length, data)

    def _encoded(self, *, thorough: bool) -> bytes | NDArray[Any]:
        if self.spec.compressed:
            return self._codec.encode(self._chunk, thorough=thorough)
        return self._chunk.copy()

    def _store(self, dataset: Any, start: int, stop: int, data: bytes | NDArray[Any]) -> None:
        if len(dataset) < stop:
            dataset.resize(stop, axis=0)
        if isinstance(data, bytes):
            dataset.id.write_direct_chunk((start, *(0,) * len(self.spec.item_shape)), data)
        else:
            dataset[start:stop] = data
        self.written = stop

    def _resume(self, dataset: Any) -> None:
        self.length = self.written = len(dataset)
        rest = self.length % self.spec.chunk_items
        if not rest:
            return
        start = self.length - rest
        if self.spec.compressed:
            from gym_gui.replay.chunk_codec import decode_chunk  # noqa: PLC0415 - only a resumed run needs it

            _, data = dataset.id.read_direct_chunk((start, *(0,) * len(self.spec.item_shape)))
            self._chunk[:rest] = decode_chunk(data, self.spec.dtype, self._chunk.shape)[:rest]
        else:
            self._chunk[:rest] = dataset[start:]


class ArrayStream:
    """The variants of one kind of array, of which the last one grows.

    Args:
        name: ``frames`` or ``observations``.
        file: Where it is written.
        codec: Compresses; used by the writer's thread only.
    """

    def __init__(self, name: str, file: ReplayFile, codec: ChunkCodec) -> None:
        self._name = name
        self._file = file
        self._codec = codec
        self._tails: list[DatasetTail] = []
        while (dataset := file.dataset(layout.variant_name(name, len(self._tails)))) is not None:
            self._tails.append(DatasetTail(layout.spec_of(dataset), codec, resume_from=dataset))

    @property
    def length(self) -> int:
        """Items over all variants."""
        return sum(tail.length for tail in self._tails)

    @property
    def stored_bytes(self) -> int:
        """Bytes handed to the file."""
        return sum(tail.stored_bytes for tail in self._tails)

    def declare(self, dtype: np.dtype[Any], item_shape: tuple[int, ...]) -> int:
        """The variant that holds such items; a shape or dtype that is new to the run begins the next one.

        Raises:
            SchemaMismatchError: the run has as many variants as a row can name.
        """
        for variant in reversed(range(len(self._tails))):
            if self._tails[variant].spec.holds(dtype, item_shape):
                return variant
        if len(self._tails) >= _MAX_VARIANTS:
            raise SchemaMismatchError(
                f"The {self._name} of this run changed shape or dtype {_MAX_VARIANTS} times; "
                f"{dtype} of shape {item_shape} is not stored."
            )
        spec = layout.ArraySpec.for_items(layout.variant_name(self._name, len(self._tails)), dtype, item_shape)
        self._file.add(spec)
        self._tails.append(DatasetTail(spec, self._codec))
        return len(self._tails) - 1

    def append(self, item: NDArray[Any], *, thorough: bool) -> tuple[int, int]:
        """Keep a copy of *item*.

        Returns:
            The variant and the index within it.
        """
        variant = self.declare(item.dtype, item.shape)
        return variant, self._tails[variant].append(item, thorough=thorough)

    def is_written(self, variant: int, index: int) -> bool:
        """Whether that item is in the file (after the file's next flush)."""
        return index < self._tails[variant].written

    def write(self, *, partial: bool, thorough: bool) -> None:
        """Write what is full, and everything if *partial*."""
        for tail in self._tails:
            if tail.unwritten:
                tail.write(self._file, partial=partial, thorough=thorough)
