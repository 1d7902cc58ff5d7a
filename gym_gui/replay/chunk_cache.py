"""Decoded chunks, least recently used out first, bounded in bytes; shared by every file of a resolver."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

ChunkKey: TypeAlias = tuple[str, str, int]
DEFAULT_CACHE_BYTES: Final = 192 * 1024 * 1024


class ChunkCache:
    """Maps (file, dataset, chunk) to the decoded array and how many of its items were written when it was read.

    Args:
        max_bytes: Bytes of arrays held at most; one chunk is always held.
    """

    def __init__(self, max_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._chunks: OrderedDict[ChunkKey, tuple[NDArray[Any], int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: ChunkKey, item: int) -> NDArray[Any] | None:
        """The decoded chunk, if it is held and had *item* (counted within the chunk) when it was read."""
        with self._lock:
            held = self._chunks.get(key)
            if held is None or item >= held[1]:
                return None
            self._chunks.move_to_end(key)
            return held[0]

    def put(self, key: ChunkKey, chunk: NDArray[Any], valid_items: int) -> None:
        """Hold a chunk, letting the least recently used ones go."""
        with self._lock:
            old = self._chunks.pop(key, None)
            if old is not None:
                self._bytes -= old[0].nbytes
            self._chunks[key] = (chunk, valid_items)
            self._bytes += chunk.nbytes
            while self._bytes > self._max_bytes and len(self._chunks) > 1:
                _, (gone, _) = self._chunks.popitem(last=False)
                self._bytes -= gone.nbytes

    def forget_file(self, path: str) -> None:
        """Let go of a file's chunks."""
        with self._lock:
            for key in [key for key in self._chunks if key[0] == path]:
                chunk, _ = self._chunks.pop(key)
                self._bytes -= chunk.nbytes
