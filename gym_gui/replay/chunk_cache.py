"""Decoded chunks, least recently used out first, bounded in bytes; shared by every file of a resolver.

Memory that a process touches for the first time can cost ten times what decoding into it does, so the memory of a
chunk that goes is used for the next one. That is safe because no array of the cache ever leaves it: items are copied.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np

from gym_gui.replay.chunk_codec import decode_chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.replay.layout import ArraySpec

ChunkKey: TypeAlias = tuple[str, str, int]
# A few chunks: enough to play through, to step to and fro, and to read ahead. A jump finds nothing in more either.
DEFAULT_CACHE_BYTES: Final = 12 * 1024 * 1024


class _Held(NamedTuple):
    items: NDArray[Any]  # (valid items, *item_shape), in the buffer
    buffer: NDArray[np.uint8]


class ChunkCache:
    """Maps (file, dataset, chunk) to the decoded items that were written when it was read.

    Args:
        max_bytes: Bytes of buffers held at most; one chunk is always held.
    """

    def __init__(self, max_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._chunks: OrderedDict[ChunkKey, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, key: ChunkKey, start: int, stop: int) -> NDArray[Any] | None:
        """A copy of the items ``start <= i < stop`` (counted within the chunk), if all of them are held."""
        with self._lock:
            held = self._chunks.get(key)
            if held is None or stop > len(held.items):
                return None
            self._chunks.move_to_end(key)
            copied: NDArray[Any] = held.items[start:stop].copy()
            return copied

    def decode(
        self, key: ChunkKey, data: bytes, spec: ArraySpec, *, valid_items: int, start: int, stop: int
    ) -> NDArray[Any]:
        """Decode a chunk and hold it, letting the least recently used ones go.

        Args:
            key: Which chunk.
            data: As it lies in the file.
            spec: Of its dataset.
            valid_items: Items of it that were written; what lies behind them means nothing.
            start: First item, counted within the chunk, to answer with.
            stop: The one behind the last.

        Returns:
            A copy of those items.

        Raises:
            ValueError: the bytes are no chunk of that size.
        """
        size_bytes = spec.chunk_items * spec.dtype.itemsize * int(np.prod(spec.item_shape))
        buffer = self._take_buffer(size_bytes)
        decode_chunk(data, buffer[:size_bytes])
        items = buffer[:size_bytes].view(spec.dtype).reshape(spec.chunk_items, *spec.item_shape)
        copied: NDArray[Any] = items[start:stop].copy()
        with self._lock:
            old = self._chunks.pop(key, None)
            self._bytes += buffer.nbytes - (0 if old is None else old.buffer.nbytes)
            self._chunks[key] = _Held(items[:valid_items], buffer)
            while self._bytes > self._max_bytes and len(self._chunks) > 1:
                self._bytes -= self._chunks.popitem(last=False)[1].buffer.nbytes
        return copied

    def forget_file(self, path: str) -> None:
        """Let go of a file's chunks."""
        with self._lock:
            for key in [key for key in self._chunks if key[0] == path]:
                self._bytes -= self._chunks.pop(key).buffer.nbytes

    def _take_buffer(self, size_bytes: int) -> NDArray[np.uint8]:
        """The memory of the oldest chunk where there is no room for another one, if it fits; else new memory."""
        with self._lock:
            oldest = next(iter(self._chunks), None)
            if oldest is not None and self._bytes + size_bytes > self._max_bytes:
                buffer = self._chunks.pop(oldest).buffer
                self._bytes -= buffer.nbytes
                if size_bytes <= buffer.nbytes <= 2 * size_bytes:
                    return buffer
        return np.empty(size_bytes, np.uint8)
