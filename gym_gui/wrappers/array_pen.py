"""ArrayPen: arrays of one kind into numbered chunks: copied by the thread that steps, compressed by the one that sends.

`write` runs on the training thread and costs one copy. Everything else is the sender's.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model.batch import ArrayBlock, ArrayKind
from gym_gui.replay.layout import ArraySpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from gym_gui.replay.chunk_codec import ChunkCodec

#: The number of an array that there was no room for.
NO_ROOM: Final = -1

# Emptied buffers that are kept for the next chunk: touching fresh memory costs as much as the copy.
_KEPT_BUFFERS: Final = 16
_KEPT_BYTES: Final = 32 * 1024 * 1024
# So many full chunks are worth waking the sender for.
_FULL_CHUNKS: Final = 6
# Fewer chunks than this waiting: there is time to compress for size.
_CALM_CHUNKS: Final = 3


class _Chunk:
    """A buffer that is being filled, or waits for the sender.

    Attributes:
        first: Number of its first item.
        spec: Its layout.
        items: ``(chunk_items, *item_shape)``.
        end: Number after its last item, once no more will come.
        sent: Items that were handed on.
    """

    __slots__ = ("end", "first", "items", "sent", "spec")

    def __init__(self, first: int, spec: ArraySpec, items: NDArray[Any]) -> None:
        self.first = first
        self.spec = spec
        self.items = items
        self.end = first + spec.chunk_items
        self.sent = 0


class ArrayPen:
    """Numbers the arrays of one kind and gathers them.

    Args:
        kind: What they are.
        max_bytes: What may wait for the sender; beyond it `write` says `NO_ROOM`.
        on_full: Called on the training thread now and then while full chunks wait; it must not block.
    """

    def __init__(self, kind: ArrayKind, max_bytes: int, on_full: Callable[[], None] | None = None) -> None:
        self.kind = kind
        self._on_full = on_full
        self._max_bytes = max_bytes
        self._shape: tuple[int, ...] | None = None
        self._dtype: np.dtype[Any] | None = None
        self._spec: ArraySpec | None = None
        self._items: NDArray[Any] = np.empty(0)
        self._slot = 0
        self._room = 0  # slots of the buffer at hand
        self._first = 0
        self._chunks: deque[_Chunk] = deque()
        self._free: deque[NDArray[Any]] = deque(maxlen=_KEPT_BUFFERS)

    @property
    def waiting_chunks(self) -> int:
        """Buffers that the sender has not finished with, the one at hand included."""
        return len(self._chunks)

    @property
    def item_bytes(self) -> int:
        """Bytes of one array; 0 before the first."""
        return self._items.nbytes // self._room if self._room else 0

    def write(self, array: NDArray[Any]) -> int:
        """Copy *array*; its number, or `NO_ROOM`."""
        if array.shape != self._shape or array.dtype != self._dtype:
            self._change(array)
        slot = self._slot
        if slot == self._room:
            if not self._turn():
                return NO_ROOM
            slot = 0
        self._items[slot] = array
        self._slot = slot + 1
        return self._first + slot

    def slot_of(self, number: int) -> NDArray[Any]:
        """The newest item's place, just written: a view that stays true until the sender has had it."""
        item: NDArray[Any] = self._items[number - self._first]
        return item

    def _change(self, array: NDArray[Any]) -> None:
        """Arrays of another shape or dtype follow: their numbers start at the next multiple."""
        if self._room:
            self._chunks[-1].end = self._first + self._slot
        spec = ArraySpec.for_items(self.kind.value, array.dtype, array.shape)
        after = self._first + self._slot
        self._shape, self._dtype, self._spec = array.shape, array.dtype, spec
        # `_turn` goes on from here.
        self._first = -(-after // spec.chunk_items) * spec.chunk_items
        self._slot = self._room = 0
        self._free.clear()

    def _turn(self) -> bool:
        """Take the next buffer; whether there was room for one."""
        spec = self._spec
        if spec is None:
            return False
        size = self._items.nbytes if self._room else 0
        if size * len(self._chunks) > self._max_bytes:
            return False
        try:
            items = self._free.pop()
        except IndexError:
            items = np.empty((spec.chunk_items, *spec.item_shape), spec.dtype)
        self._first += self._slot
        self._items, self._slot, self._room = items, 0, spec.chunk_items
        self._chunks.append(_Chunk(self._first, spec, items))
        if self._on_full is not None and len(self._chunks) % _FULL_CHUNKS == 0:
            self._on_full()
        return True

    # The sender's side.

    def items(self, numbers: Sequence[int]) -> list[NDArray[Any]]:
        """Written arrays that were not handed on, by their ascending numbers: views, true until `release`."""
        found = []
        chunks = iter(self._chunks)
        chunk = next(chunks)
        for number in numbers:
            while number >= chunk.end:
                chunk = next(chunks)
            found.append(chunk.items[number - chunk.first])
        return found

    def release(self, upto: int) -> None:
        """Let go of what comes before number *upto*, handed on or not."""
        while self._chunks and self._chunks[0].end <= upto:
            self._recycle(self._chunks.popleft())

    def blocks(self, upto: int, codec: ChunkCodec) -> list[ArrayBlock]:
        """What has not been handed on of the items before number *upto*, which were all written."""
        blocks: list[ArrayBlock] = []
        while self._chunks:
            chunk = self._chunks[0]
            stop = min(upto, chunk.end)
            count = stop - chunk.first
            if count > chunk.sent:
                calm = len(self._chunks) < _CALM_CHUNKS
                blocks.append(self._block(chunk, count, codec, thorough=calm))
                chunk.sent = count
            if stop < chunk.end:
                break
            self._recycle(self._chunks.popleft())
        return blocks

    def _recycle(self, chunk: _Chunk) -> None:
        kept_bytes = len(self._free) * chunk.items.nbytes
        if chunk.items.shape[1:] == self._shape and chunk.items.dtype == self._dtype and kept_bytes < _KEPT_BYTES:
            self._free.append(chunk.items)

    def _block(self, chunk: _Chunk, count: int, codec: ChunkCodec, *, thorough: bool) -> ArrayBlock:
        spec = chunk.spec
        first = chunk.first
        if spec.compressed:
            items = chunk.items
            if count < spec.chunk_items:
                # The rest is still being written to, and a compressor must not see its input change.
                items = np.zeros_like(chunk.items)
                items[:count] = chunk.items[:count]
            (data,) = codec.submit([items], thorough=thorough).result()
        else:
            first, count = chunk.first + chunk.sent, count - chunk.sent
            data = chunk.items[chunk.sent : chunk.sent + count].tobytes()
        return ArrayBlock(
            kind=self.kind,
            first=first,
            count=count,
            dtype=spec.dtype,
            item_shape=spec.item_shape,
            chunk_items=spec.chunk_items,
            compressed=spec.compressed,
            data=data,
        )
