"""ChunkRoom: where a pen's buffers lie: on this process's heap, or in memory that the recording process sees, too."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    import mmap

    from numpy.typing import NDArray

# Emptied buffers that are kept for the next chunk: touching fresh memory costs as much as the copy.
_KEPT_BUFFERS: Final = 16
_KEPT_BYTES: Final = 32 * 1024 * 1024
_ALIGNED: Final = 64


class ChunkRoom(Protocol):
    """Gives buffers to the thread that steps, and takes them back from any other."""

    def take(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, NDArray[Any]] | None:
        """A buffer's handle and the buffer; None where there is no room."""

    def array(self, handle: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """The buffer of that handle."""

    def give_back(self, handle: int) -> None:
        """Nobody looks at it any more."""


class HeapRoom:
    """Buffers of this process."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._arrays: dict[int, NDArray[Any]] = {}
        self._free: deque[NDArray[Any]] = deque(maxlen=_KEPT_BUFFERS)

    def take(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, NDArray[Any]] | None:
        """See `ChunkRoom`; there is always room."""
        try:
            array = self._free.pop()
        except IndexError:
            array = np.empty(shape, dtype)
        if array.shape != shape or array.dtype != dtype:
            self._free.clear()
            array = np.empty(shape, dtype)
        handle = next(self._numbers)
        self._arrays[handle] = array
        return handle, array

    def array(self, handle: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """See `ChunkRoom`."""
        del shape, dtype
        return self._arrays[handle]

    def give_back(self, handle: int) -> None:
        """See `ChunkRoom`."""
        array = self._arrays.pop(handle)
        if len(self._free) * array.nbytes < _KEPT_BYTES:
            self._free.append(array)


class SharedRoom:
    """Buffers within a memory map, the lowest free place first, so that little of it is ever touched.

    Args:
        memory: The map.
        start: Its first byte that is to be given.
    """

    def __init__(self, memory: mmap.mmap, start: int) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._free: list[tuple[int, int]] = [(start, len(memory) - start)]  # offset and bytes, ascending, apart
        self._taken: dict[int, int] = {}

    def take(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, NDArray[Any]] | None:
        """See `ChunkRoom`; a handle is the offset in the map."""
        size = -(-int(np.prod(shape)) * dtype.itemsize // _ALIGNED) * _ALIGNED or _ALIGNED
        with self._lock:
            for place, (offset, room) in enumerate(self._free):
                if room >= size:
                    rest = [(offset + size, room - size)] if room > size else []
                    self._free[place : place + 1] = rest
                    self._taken[offset] = size
                    return offset, self.array(offset, shape, dtype)
        return None

    def array(self, handle: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """See `ChunkRoom`."""
        return np.ndarray(shape, dtype, self._memory, handle)

    def give_back(self, handle: int) -> None:
        """See `ChunkRoom`."""
        with self._lock:
            size = self._taken.pop(handle)
            joined: list[tuple[int, int]] = []
            for offset, room in sorted([*self._free, (handle, size)]):
                if joined and sum(joined[-1]) == offset:
                    joined[-1] = (joined[-1][0], joined[-1][1] + room)
                else:
                    joined.append((offset, room))
            self._free = joined


class SharedView:
    """The recording process's look at a `SharedRoom`.

    Args:
        memory: The same map.
        give_back: Tells its owner of a handle that nobody looks at any more.
    """

    def __init__(self, memory: mmap.mmap, give_back: Any) -> None:
        self._memory = memory
        self.give_back = give_back

    def take(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, NDArray[Any]] | None:
        """None: only the owner gives."""
        del shape, dtype
        return None

    def array(self, handle: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """See `ChunkRoom`."""
        return np.ndarray(shape, dtype, self._memory, handle)
