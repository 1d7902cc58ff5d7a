"""ChunkRoom: where a pen's buffers lie: on this process's heap, or in memory that the recording process sees, too."""

from __future__ import annotations

import itertools
import math
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable

    from numpy.typing import NDArray

# Emptied buffers that are kept for the next chunk: touching fresh memory costs as much as the copy.
_KEPT_BUFFERS: Final = 16
_KEPT_BYTES: Final = 32 * 1024 * 1024
_ALIGNED: Final = 64
# Before each buffer in shared memory, as many bytes; the first one says whether anybody needs it still.
_HEAD_BYTES: Final = _ALIGNED
_NEEDED: Final = 0
_DONE_WITH: Final = 1


class ChunkRoom(Protocol):
    """Gives buffers to the thread that steps, and takes them back from any other."""

    def take(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], on_free: Callable[[], None]
    ) -> tuple[int, NDArray[Any]] | None:
        """A buffer's handle and the buffer; None where there is no room. *on_free* is called once it went back."""

    def look(self) -> None:
        """Notice what went back; told of it are those who took it."""

    def array(self, handle: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """The buffer of that handle."""

    def give_back(self, handle: int) -> None:
        """Nobody looks at it any more."""


class HeapRoom:
    """Buffers of this process."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._arrays: dict[int, tuple[NDArray[Any], Callable[[], None]]] = {}
        self._free: deque[NDArray[Any]] = deque(maxlen=_KEPT_BUFFERS)

    def take(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], on_free: Callable[[], None]
    ) -> tuple[int, NDArray[Any]] | None:
        """See `ChunkRoom`; there is always room."""
        try:
            array = self._free.pop()
        except IndexError:
            array = np.empty(shape, dtype)
        if array.shape != shape or array.dtype != dtype:
            self._free.clear()
            array = np.empty(shape, dtype)
        handle = next(self._numbers)
        self._arrays[handle] = array, on_free
        return handle, array

    def look(self) -> None:
        """See `ChunkRoom`; it is noticed at once."""

    def array(self, handle: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """See `ChunkRoom`."""
        del shape, dtype
        return self._arrays[handle][0]

    def give_back(self, handle: int) -> None:
        """See `ChunkRoom`."""
        array, on_free = self._arrays.pop(handle)
        on_free()
        if len(self._free) * array.nbytes < _KEPT_BYTES:
            self._free.append(array)


class SharedRoom:
    """Buffers within a memory map, the lowest free place first, so that little of it is ever touched.

    Which of them are free again is read from the map itself when a new one is wanted: a message would wake a thread
    beside the one that steps, several times a second.

    Args:
        memory: The map.
        start: Its first byte that is to be given.
    """

    def __init__(self, memory: mmap.mmap, start: int) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._free: list[tuple[int, int]] = [(start, len(memory) - start)]  # offset and bytes, ascending, apart
        self._taken: dict[int, tuple[int, Callable[[], None]]] = {}  # by handle

    def take(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], on_free: Callable[[], None]
    ) -> tuple[int, NDArray[Any]] | None:
        """See `ChunkRoom`; a handle is the buffer's offset in the map."""
        size = _HEAD_BYTES + -(-math.prod(shape) * dtype.itemsize // _ALIGNED) * _ALIGNED
        with self._lock:
            for place, (offset, room) in enumerate(self._free):
                if room >= size:
                    rest = [(offset + size, room - size)] if room > size else []
                    self._free[place : place + 1] = rest
                    handle = offset + _HEAD_BYTES
                    self._taken[handle] = size, on_free
                    self._memory[offset] = _NEEDED
                    return handle, self.array(handle, shape, dtype)
        return None

    def array(self, handle: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """See `ChunkRoom`."""
        return np.ndarray(shape, dtype, self._memory, handle)

    def give_back(self, handle: int) -> None:
        """See `ChunkRoom`."""
        self._memory[handle - _HEAD_BYTES] = _DONE_WITH

    def look(self) -> None:
        """See `ChunkRoom`."""
        memory = self._memory
        with self._lock:
            done = [handle for handle in self._taken if memory[handle - _HEAD_BYTES] == _DONE_WITH]
            if not done:
                return
            free = self._free
            for handle in done:
                size, on_free = self._taken.pop(handle)
                free.append((handle - _HEAD_BYTES, size))
                on_free()
            joined: list[tuple[int, int]] = []
            for offset, room in sorted(free):
                if joined and sum(joined[-1]) == offset:
                    joined[-1] = (joined[-1][0], joined[-1][1] + room)
                else:
                    joined.append((offset, room))
            self._free = joined


class SharedView:
    """The recording process's look at a `SharedRoom`.

    Args:
        memory: The same map.
    """

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    def take(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], on_free: Callable[[], None]
    ) -> tuple[int, NDArray[Any]] | None:
        """None: only the owner gives."""
        del shape, dtype, on_free
        return None

    def look(self) -> None:
        """See `ChunkRoom`; the owner does."""

    def give_back(self, handle: int) -> None:
        """See `ChunkRoom`; the owner finds it when it looks."""
        self._memory[handle - _HEAD_BYTES] = _DONE_WITH

    def array(self, handle: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """See `ChunkRoom`."""
        return np.ndarray(shape, dtype, self._memory, handle)
