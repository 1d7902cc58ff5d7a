"""ArrayPen: numbers the arrays of one kind and copies them into chunks, on the thread that steps.

What becomes of the chunks is an `ArrayShelf`'s, on another thread or in another process; `events` tells it of them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from gym_gui.replay.layout import ArraySpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gym_gui.core.data_model.batch import ArrayKind
    from gym_gui.wrappers.chunk_room import ChunkRoom

#: The number of an array that there was no room for.
NO_ROOM: Final = -1

# Chunks of so many bytes are worth waking whoever takes them away; fewer wait for its next round.
_WAKING_BYTES: Final = 32 * 1024 * 1024


class ChunkOpened(NamedTuple):
    """A buffer that is filled from now on.

    Attributes:
        first: Number of its first item.
        dtype: Of its items.
        item_shape: Of each.
        handle: The buffer, as its room knows it.
    """

    first: int
    dtype: str
    item_shape: tuple[int, ...]
    handle: int


class ChunkEnded(NamedTuple):
    """The newest buffer gets nothing more, though it is not full.

    Attributes:
        end: Number after its last item.
    """

    end: int


def event_of(fields: tuple[Any, ...]) -> ChunkOpened | ChunkEnded:
    """The event that has these fields."""
    return ChunkEnded(*fields) if len(fields) == 1 else ChunkOpened(*fields)


class ArrayPen:
    """Numbers the arrays of one kind and gathers them.

    Args:
        kind: What they are.
        max_bytes: What may wait for the shelf; beyond it `write` says `NO_ROOM`.
        room: Where the buffers lie.
        on_full: Called on the thread that writes while nobody has looked at a good many chunks; it must not block.

    Attributes:
        events: What the shelf has to know, oldest first; it takes them away.
        item_bytes: Bytes of one array; 0 before the first.
    """

    def __init__(
        self, kind: ArrayKind, max_bytes: int, room: ChunkRoom, on_full: Callable[[], None] | None = None
    ) -> None:
        self.kind = kind
        self.events: deque[ChunkOpened | ChunkEnded] = deque()
        self.item_bytes = 0
        self._room = room
        self._on_full = on_full
        self._max_bytes = max_bytes
        self._shape: tuple[int, ...] | None = None
        self._dtype: np.dtype[Any] | None = None
        self._spec: ArraySpec | None = None
        self._items: NDArray[Any] = np.empty(0)
        self._handle = 0
        self._slot = 0
        self._slots = 0  # of the buffer at hand
        self._first = 0
        self._opened = 0
        self._given_back = 0

    def write(self, array: NDArray[Any]) -> int:
        """Copy *array*; its number, or `NO_ROOM`."""
        if array.shape != self._shape or array.dtype != self._dtype:
            self._change(array)
        slot = self._slot
        if slot == self._slots:
            if not self._turn():
                return NO_ROOM
            slot = 0
        self._items[slot] = array
        self._slot = slot + 1
        return self._first + slot

    def slot_of(self, number: int) -> NDArray[Any]:
        """The newest item's place, just written: a view that stays true until the shelf has had it."""
        item: NDArray[Any] = self._items[number - self._first]
        return item

    def offset_of(self, number: int) -> int:
        """Bytes before the newest item in its room's memory, where that is shared."""
        return self._handle + (number - self._first) * self.item_bytes

    def _freed(self) -> None:
        self._given_back += 1

    def _change(self, array: NDArray[Any]) -> None:
        """Arrays of another shape or dtype follow: their numbers start at the next multiple."""
        if self._slots:
            self.events.append(ChunkEnded(self._first + self._slot))
        spec = ArraySpec.for_items(self.kind.value, array.dtype, array.shape)
        after = self._first + self._slot
        self._shape, self._dtype, self._spec = array.shape, array.dtype, spec
        self.item_bytes = array.nbytes
        # `_turn` goes on from here.
        self._first = -(-after // spec.chunk_items) * spec.chunk_items
        self._slot = self._slots = 0

    def _turn(self) -> bool:
        """Take the next buffer; whether there was room for one."""
        spec = self._spec
        if spec is None:
            return False
        self._room.look()
        chunk_bytes = spec.chunk_items * self.item_bytes
        if (self._opened - self._given_back) * chunk_bytes > self._max_bytes:
            return False
        found = self._room.take((spec.chunk_items, *spec.item_shape), spec.dtype, self._freed)
        if found is None:
            return False
        self._first += self._slot
        self._handle, self._items = found
        self._slot, self._slots = 0, spec.chunk_items
        self._opened += 1
        self.events.append(ChunkOpened(self._first, spec.dtype.str, spec.item_shape, self._handle))
        if self._on_full is not None and len(self.events) * chunk_bytes > _WAKING_BYTES:
            self._on_full()
        return True
