"""The writing end of one dataset: items gather in a chunk, and whole chunks go to the file.

Large items are compressed, on the codec's threads, while the next chunk gathers; small ones are written in place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.typing_compat import override
from gym_gui.replay.chunk_codec import decode_chunk
from gym_gui.replay.open_files import changing
from gym_gui.replay.replay_file import check_space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.core.data_model import ArrayBlock
    from gym_gui.replay.chunk_codec import ChunkCodec
    from gym_gui.replay.layout import ArraySpec
    from gym_gui.replay.replay_file import ReplayFile

# Batches in the making at once: one gathers, two are compressed, one waits to be written.
_MAX_COMPRESSING: Final = 3
# Chunks of a batch: handing a chunk of Atari to another thread and back costs as much as compressing it.
_BATCH_BYTES: Final = 3 * 1024 * 1024


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
        self._extent = 0  # of the dataset in the file

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

    def extend(self, items: NDArray[Any]) -> None:
        """Copy several items, ``(n, *item_shape)``."""
        while len(items):
            position = self.length % self.spec.chunk_items
            taken = min(len(items), self.spec.chunk_items - position)
            self._chunk[position : position + taken] = items[:taken]
            self.length += taken
            items = items[taken:]
            if position + taken == self.spec.chunk_items:
                self._chunk_is_full(thorough=False)

    @abstractmethod
    def land(self, block: ArrayBlock) -> int:
        """Take consecutive items that come as bytes, a compressed chunk as it is.

        Returns:
            The first item's index in the dataset.

        Raises:
            SchemaMismatchError: the bytes are not what the block says.
        """

    def replace(self, start: int, block: ArrayBlock) -> bool:  # noqa: ARG002 - not every tail can
        """Put a fuller chunk in the place of one that `land` put at *start*; whether that could be done."""
        return False

    def is_written(self, index: int) -> bool:
        """Whether that item is in the file (after the file's next flush)."""
        return index < self.written

    @abstractmethod
    def write(self, file: ReplayFile, *, partial: bool, thorough: bool) -> None:
        """Write the full chunks, and the one in the making too if *partial*.

        A chunk that is refused stays here and is tried again with the next call.
        """

    @abstractmethod
    def _chunk_is_full(self, *, thorough: bool) -> None: ...

    def _grow(self, dataset: Any, length: int) -> None:
        # This tail is the dataset's only writer: asking HDF5 for the length again costs more than a frame.
        if self._extent < length:
            dataset.id.set_extent((length, *self.spec.item_shape))
            self._extent = length


class PlainTail(DatasetTail):
    """Small items: the chunk in the making is rewritten in place at each write."""

    def __init__(self, spec: ArraySpec, *, resume_from: Any = None) -> None:
        super().__init__(spec)
        self._full: list[tuple[int, NDArray[Any]]] = []
        if resume_from is not None:
            self.length = self.written = self._extent = len(resume_from)
            rest = self.length % spec.chunk_items
            self._chunk[:rest] = resume_from[self.length - rest :]

    @override
    def land(self, block: ArrayBlock) -> int:
        start = self.length
        self.extend(items_of(block))
        return start

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


class _Batch(NamedTuple):
    start: int
    chunks: list[NDArray[Any]]
    compressed: Future[list[bytes]]
    replaces: bool = False


class CompressedTail(DatasetTail):
    """Large items: batches of whole chunks are compressed in parallel and written directly, in order."""

    def __init__(self, spec: ArraySpec, codec: ChunkCodec, *, resume_from: Any = None) -> None:
        super().__init__(spec)
        self._codec = codec
        self._batch: list[NDArray[Any]] = []
        self._batch_chunks = max(1, _BATCH_BYTES // self._chunk.nbytes)
        self._compressing: deque[_Batch] = deque()
        self._spare: list[NDArray[Any]] = []
        self._replaced: Counter[int] = Counter()  # starts of chunks that wait to be written again
        if resume_from is not None:
            self.length = self.written = self._extent = len(resume_from)
            rest = self.length % spec.chunk_items
            if rest:
                _, data = resume_from.id.read_direct_chunk(self._offset(self.length - rest))
                decode_chunk(data, self._chunk.reshape(-1).view(np.uint8))

    @override
    def land(self, block: ArrayBlock) -> int:
        if not block.compressed or block.chunk_items != self.spec.chunk_items:
            start = self.length
            for item in items_of(block):
                self.append(item)
            return start
        rest = self.length % self.spec.chunk_items
        if rest:  # what was appended one by one ends here; the rest of its chunk stays unnamed
            self.length += self.spec.chunk_items - rest
            self._chunk_is_full(thorough=False)
        self._submit(thorough=False)
        start = self.length
        self.length += self.spec.chunk_items
        self.whole_bytes += len(block.data)  # now, not when it is written: its episode may end before that
        self._compressing.append(_Batch(start, [], _ready(block.data)))
        return start

    @override
    def replace(self, start: int, block: ArrayBlock) -> bool:
        if not block.compressed or block.chunk_items != self.spec.chunk_items:
            return False
        self._replaced[start] += 1
        self._compressing.append(_Batch(start, [], _ready(block.data), replaces=True))
        return True

    @property
    @override
    def unwritten(self) -> int:
        return self.length - self.written + len(self._replaced)

    @override
    def is_written(self, index: int) -> bool:
        return index < self.written and index - index % self.spec.chunk_items not in self._replaced

    @override
    def write(self, file: ReplayFile, *, partial: bool, thorough: bool) -> None:
        if partial:
            self._submit(thorough=thorough)
        while self._compressing and (
            partial or len(self._compressing) > _MAX_COMPRESSING or self._compressing[0].compressed.done()
        ):
            batch = self._compressing[0]
            data = batch.compressed.result()
            # Before each batch: all of them may be larger than what is left, and the rows need room, too.
            check_space(file.path.parent, beside_bytes=sum(map(len, data)))
            self._store(file, batch.start, batch.start + len(data) * self.spec.chunk_items, data)
            if batch.chunks:
                self.whole_bytes += sum(map(len, data))
                self.partial_bytes = 0
            self._compressing.popleft()
            self._spare += batch.chunks
            if batch.replaces:
                self._replaced[batch.start] -= 1
                self._replaced += Counter()  # forgets what is at nought
        rest = self.length % self.spec.chunk_items
        if partial and rest and self.written < self.length:
            data = self._codec.submit([self._chunk], thorough=thorough).result()
            self._store(file, self.length - rest, self.length, data)
            self.partial_bytes = len(data[0])

    @override
    def _chunk_is_full(self, *, thorough: bool) -> None:
        self._batch.append(self._chunk)
        self._chunk = self._spare.pop() if self._spare else np.zeros_like(self._chunk)
        if len(self._batch) >= self._batch_chunks:
            self._submit(thorough=thorough)

    def _submit(self, *, thorough: bool) -> None:
        if self._batch:
            start = (self.length // self.spec.chunk_items - len(self._batch)) * self.spec.chunk_items
            self._compressing.append(_Batch(start, self._batch, self._codec.submit(self._batch, thorough=thorough)))
            self._batch = []

    def _store(self, file: ReplayFile, start: int, stop: int, chunks: list[bytes]) -> None:
        dataset = file.dataset(self.spec.dataset)
        with changing:
            self._grow(dataset, stop)
            for position, data in enumerate(chunks):
                dataset.id.write_direct_chunk(self._offset(start + position * self.spec.chunk_items), data)
        self.written = max(self.written, stop)

    def _offset(self, start: int) -> tuple[int, ...]:
        return (start, *(0,) * len(self.spec.item_shape))


def items_of(block: ArrayBlock) -> NDArray[Any]:
    """The items of a block, ``(count, *item_shape)``; read-only where they were not compressed.

    Raises:
        SchemaMismatchError: the bytes are not what the block says.
    """
    shape = (block.chunk_items if block.compressed else block.count, *block.item_shape)
    try:
        if not block.compressed:
            return np.frombuffer(block.data, block.dtype).reshape(shape)
        items = np.empty(shape, block.dtype)
        decode_chunk(block.data, items.reshape(-1).view(np.uint8))
        return items[: block.count]
    except ValueError as error:
        raise SchemaMismatchError(
            f"{block.count} {block.kind.value} from number {block.first} on are no {block.dtype} of shape "
            f"{block.item_shape}: {error}."
        ) from error


def _ready(data: bytes) -> Future[list[bytes]]:
    done: Future[list[bytes]] = Future()
    done.set_result([data])
    return done


def make_tail(spec: ArraySpec, codec: ChunkCodec, *, resume_from: Any = None) -> DatasetTail:
    """The tail for a layout; *resume_from* is the dataset of an earlier session, if there is one."""
    if spec.compressed:
        return CompressedTail(spec, codec, resume_from=resume_from)
    return PlainTail(spec, resume_from=resume_from)
