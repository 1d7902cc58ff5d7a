"""The writing end of one dataset: items gather in a chunk, and whole chunks go to the file.

Large items are compressed, on the codec's threads, while the next chunk gathers; small ones are written in place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.typing_compat import override
from gym_gui.replay.chunk_codec import decode_chunk
from gym_gui.replay.open_files import changing
from gym_gui.replay.replay_file import check_space

if TYPE_CHECKING:
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from gym_gui.replay.chunk_codec import ChunkCodec
    from gym_gui.replay.layout import ArraySpec
    from gym_gui.replay.replay_file import ReplayFile

# Chunks in the making at once: one gathers, two are compressed, one waits to be written.
_MAX_COMPRESSING: Final = 3


class DatasetTail(ABC):
    """Appends items to one dataset.

    Attributes:
        spec: The dataset's layout.
        length: Items appended, written or not.
        written: Items that are in the file.
        whole_bytes: Bytes of the whole chunks.
        partial_bytes: Bytes of the chunk in the making, as it was last written.
    """

    def __init__(self, spec: ArraySpec) -> None:
        self.spec = spec
        self.length = 0
        self.written = 0
        self.whole_bytes = 0
        self.partial_bytes = 0
        self._chunk = np.zeros((spec.chunk_items, *spec.item_shape), dtype=spec.dtype)

    @property
    def unwritten(self) -> int:
        """Items that only memory holds."""
        return self.length - self.written

    def append(self, item: NDArray[Any], *, thorough: bool = False) -> int:
        """Copy *item* into the current chunk; a chunk that is full by it begins its way to the file.

        Returns:
            The item's index in the dataset.
        """
        position = self.length % self.spec.chunk_items
        self._chunk[position] = item
        self.length += 1
        if position + 1 == self.spec.chunk_items:
            self._chunk_is_full(thorough=thorough)
        return self.length - 1

    @abstractmethod
    def write(self, file: ReplayFile, *, partial: bool, thorough: bool) -> None:
        """Write the full chunks, and the one in the making too if *partial*.

        A chunk that is refused stays here and is tried again with the next call.
        """

    @abstractmethod
    def _chunk_is_full(self, *, thorough: bool) -> None: ...

    def _grow(self, dataset: Any, length: int) -> None:
        if len(dataset) < length:
            dataset.resize(length, axis=0)


class PlainTail(DatasetTail):
    """Small items: the chunk in the making is rewritten in place at each write."""

    def __init__(self, spec: ArraySpec, *, resume_from: Any = None) -> None:
        super().__init__(spec)
        self._full: list[tuple[int, NDArray[Any]]] = []
        if resume_from is not None:
            self.length = self.written = len(resume_from)
            rest = self.length % spec.chunk_items
            self._chunk[:rest] = resume_from[self.length - rest :]

    @override
    def write(self, file: ReplayFile, *, partial: bool, thorough: bool) -> None:
        rest = self.length % self.spec.chunk_items
        pieces = [*self._full, (self.length - rest, self._chunk[:rest])] if partial and rest else self._full
        if not pieces:
            return
        dataset = file.dataset(self.spec.dataset)
        with changing:
            self._grow(dataset, pieces[-1][0] + len(pieces[-1][1]))
            for start, items in pieces:
                dataset[start : start + len(items)] = items
                self.written = start + len(items)
            self.partial_bytes = items.nbytes if len(items) < self.spec.chunk_items else 0
        self._full.clear()

    @override
    def _chunk_is_full(self, *, thorough: bool) -> None:
        self._full.append((self.length - self.spec.chunk_items, self._chunk.copy()))
        self.whole_bytes += self._chunk.nbytes
        self.partial_bytes = 0


class CompressedTail(DatasetTail):
    """Large items: whole chunks are compressed in parallel and written directly, in order."""

    def __init__(self, spec: ArraySpec, codec: ChunkCodec, *, resume_from: Any = None) -> None:
        super().__init__(spec)
        self._codec = codec
        self._compressing: deque[tuple[int, Future[bytes], NDArray[Any]]] = deque()
        self._spare: list[NDArray[Any]] = []
        if resume_from is not None:
            self.length = self.written = len(resume_from)
            rest = self.length % spec.chunk_items
            if rest:
                _, data = resume_from.id.read_direct_chunk(self._offset(self.length - rest))
                self._chunk[:rest] = decode_chunk(data, spec.dtype, self._chunk.shape)[:rest]

    @override
    def write(self, file: ReplayFile, *, partial: bool, thorough: bool) -> None:
        dataset = None
        while self._compressing and (
            partial or len(self._compressing) > _MAX_COMPRESSING or self._compressing[0][1].done()
        ):
            dataset = dataset or file.dataset(self.spec.dataset)
            start, future, chunk = self._compressing[0]
            data = future.result()
            # Before each chunk: a batch may be larger than all that is left, and the rows need room, too.
            check_space(file.path.parent)
            self._store(dataset, start, start + self.spec.chunk_items, data)
            self.whole_bytes += len(data)
            self.partial_bytes = 0
            self._compressing.popleft()
            self._spare.append(chunk)
        rest = self.length % self.spec.chunk_items
        if partial and rest and self.written < self.length:
            dataset = dataset or file.dataset(self.spec.dataset)
            data = self._codec.submit(self._chunk, thorough=thorough).result()
            self._store(dataset, self.length - rest, self.length, data)
            self.partial_bytes = len(data)

    @override
    def _chunk_is_full(self, *, thorough: bool) -> None:
        future = self._codec.submit(self._chunk, thorough=thorough)
        self._compressing.append((self.length - self.spec.chunk_items, future, self._chunk))
        self._chunk = self._spare.pop() if self._spare else np.zeros_like(self._chunk)

    def _store(self, dataset: Any, start: int, stop: int, data: bytes) -> None:
        with changing:
            self._grow(dataset, stop)
            dataset.id.write_direct_chunk(self._offset(start), data)
        self.written = stop

    def _offset(self, start: int) -> tuple[int, ...]:
        return (start, *(0,) * len(self.spec.item_shape))


def make_tail(spec: ArraySpec, codec: ChunkCodec, *, resume_from: Any = None) -> DatasetTail:
    """The tail for a layout; *resume_from* is the dataset of an earlier session, if there is one."""
    if spec.compressed:
        return CompressedTail(spec, codec, resume_from=resume_from)
    return PlainTail(spec, resume_from=resume_from)
