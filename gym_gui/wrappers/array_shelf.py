"""ArrayShelf: the chunks that an `ArrayPen` fills, as another thread or process sees them that compresses them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model.batch import ArrayBlock
from gym_gui.replay.layout import ArraySpec
from gym_gui.wrappers.array_pen import ArrayPen, ChunkOpened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model.batch import ArrayKind
    from gym_gui.replay.chunk_codec import ChunkCodec
    from gym_gui.wrappers.array_pen import ChunkEnded
    from gym_gui.wrappers.chunk_room import ChunkRoom

# Fewer chunks than this waiting: there is time to compress for size.
_CALM_CHUNKS: Final = 3


class _Chunk:
    """A buffer that is being filled, or waits.

    Attributes:
        first: Number of its first item.
        spec: Its layout.
        items: ``(chunk_items, *item_shape)``.
        handle: The buffer, as its room knows it.
        end: Number after its last item, once no more will come.
        sent: Items that were handed on.
    """

    __slots__ = ("end", "first", "handle", "items", "sent", "spec")

    def __init__(self, opened: ChunkOpened, spec: ArraySpec, items: NDArray[Any]) -> None:
        self.first = opened.first
        self.spec = spec
        self.items = items
        self.handle = opened.handle
        self.end = opened.first + spec.chunk_items
        self.sent = 0


class ArrayShelf:
    """The unfinished chunks of one pen.

    Args:
        kind: What they hold.
        room: Where they lie; gets back those that are done with.
        events: What the pen told; taken away when it is looked at.
    """

    def __init__(
        self,
        kind: ArrayKind,
        room: ChunkRoom,
        events: deque[ChunkOpened | ChunkEnded],
    ) -> None:
        self.kind = kind
        self._room = room
        self._events = events
        self._chunks: deque[_Chunk] = deque()

    @classmethod
    def beside(cls, pen: ArrayPen, room: ChunkRoom) -> ArrayShelf:
        """The shelf of a pen of this process."""
        return cls(pen.kind, room, pen.events)

    @property
    def item_bytes(self) -> int:
        """Bytes of one array; 0 before the first."""
        self._learn()
        return self._chunks[-1].items[0].nbytes if self._chunks else 0

    def items(self, numbers: Sequence[int]) -> list[NDArray[Any]]:
        """Written arrays that were not handed on, by their ascending numbers: views, true until `release`."""
        self._learn()
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
        self._learn()
        while self._chunks and self._chunks[0].end <= upto:
            self._recycle()

    def blocks(self, upto: int, codec: ChunkCodec) -> list[ArrayBlock]:
        """What has not been handed on of the items before number *upto*, which were all written."""
        self._learn()
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
            self._recycle()
        return blocks

    def _learn(self) -> None:
        while self._events:
            event = self._events.popleft()
            if isinstance(event, ChunkOpened):
                spec = ArraySpec.for_items(self.kind.value, np.dtype(event.dtype), event.item_shape)
                items = self._room.array(event.handle, (spec.chunk_items, *spec.item_shape), spec.dtype)
                self._chunks.append(_Chunk(event, spec, items))
            elif self._chunks:
                self._chunks[-1].end = event.end

    def _recycle(self) -> None:
        chunk = self._chunks.popleft()
        self._room.give_back(chunk.handle)

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
