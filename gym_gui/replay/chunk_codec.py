"""Frames to compressed chunks and back, outside HDF5's lock and the interpreter's.

The chunks are plain Zstandard frames, so the registered HDF5 filter 32015 reads them too.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import zstandard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ZSTD_FILTER_ID: Final = 32015
ZSTD_LEVEL: Final = 1

# Zstandard lets go of the interpreter: two chunks are compressed while the third gathers.
_THREADS: Final = 2

# Long-distance matching finds the last frame again: on Atari a third of the bytes for four times the CPU.
# It pays where items are small; a 400x600 picture would cost 3 ms for a few per cent.
_THOROUGH_ITEM_BYTES: Final = 160_000
_FAST: Final = zstandard.ZstdCompressionParameters.from_level(
    ZSTD_LEVEL, window_log=22, hash_log=17, write_content_size=True
)
_THOROUGH: Final = zstandard.ZstdCompressionParameters.from_level(
    ZSTD_LEVEL,
    window_log=23,
    enable_ldm=True,
    ldm_min_match=32,
    ldm_hash_log=17,
    write_content_size=True,
)


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to work for fewer bytes; every choice is lossless, and read alike.

    Attributes:
        level: Zstandard's level, 1 to 19.
        search: Look for the last frame again: ``never``, ``auto`` (where there is time and it pays), ``always``.
        threads: Threads that compress; 0 compresses on the caller's.
    """

    level: int = ZSTD_LEVEL
    search: str = "auto"
    threads: int = _THREADS


class ChunkCodec:
    """Compresses chunks on threads of its own, which start with the first chunk."""

    def __init__(self, effort: Effort | None = None) -> None:
        self._effort = effort or Effort()
        self._pool: ThreadPoolExecutor | None = None
        if self._effort.threads:
            self._pool = ThreadPoolExecutor(self._effort.threads, thread_name_prefix="chunk-codec")

    def submit(self, chunks: Sequence[NDArray[Any]], *, thorough: bool) -> Future[list[bytes]]:
        """Begin to compress whole chunks, which must not change until it is done.

        Args:
            chunks: Each ``(items, *item_shape)``, C-contiguous. Several at a time cost one hand-over between threads.
            thorough: Spend more CPU for fewer bytes where it pays; off when the sink is behind.
        """
        level, search = self._effort.level, self._effort.search
        if search == "auto":
            thorough = thorough and chunks[0].nbytes // max(len(chunks[0]), 1) <= _THOROUGH_ITEM_BYTES
        else:
            thorough = search == "always"
        if self._pool is not None:
            return self._pool.submit(_compress, chunks, thorough=thorough, level=level)
        done: Future[list[bytes]] = Future()
        done.set_result(_compress(chunks, thorough=thorough, level=level))
        return done

    def close(self) -> None:
        """End the threads; what was begun is finished."""
        if self._pool is not None:
            self._pool.shutdown()


_local = threading.local()


def _compress(chunks: Sequence[NDArray[Any]], *, thorough: bool, level: int) -> list[bytes]:
    compressors = [_compressor(level, thorough=thorough)]
    if level > ZSTD_LEVEL and thorough:
        # On screens that hardly move the lowest level is the smallest: the better of both is kept.
        compressors.append(_compressor(ZSTD_LEVEL, thorough=True))
    return [
        min((compressor.compress(chunk.reshape(-1).view(np.uint8).data) for compressor in compressors), key=len)
        for chunk in chunks
    ]


def _compressor(level: int, *, thorough: bool) -> zstandard.ZstdCompressor:
    # A compressor belongs to one thread at a time.
    name = f"{'thorough' if thorough else 'fast'}_{level}"
    compressor: zstandard.ZstdCompressor | None = getattr(_local, name, None)
    if compressor is None:
        compressor = zstandard.ZstdCompressor(compression_params=_parameters(level, thorough=thorough))
        setattr(_local, name, compressor)
    return compressor


def _parameters(level: int, *, thorough: bool) -> zstandard.ZstdCompressionParameters:
    if level == ZSTD_LEVEL:
        return _THOROUGH if thorough else _FAST
    # Above it, the tables are of the level's own size.
    matching = {"window_log": 23, "enable_ldm": True, "ldm_min_match": 32, "ldm_hash_log": 17} if thorough else {}
    return zstandard.ZstdCompressionParameters.from_level(level, write_content_size=True, **matching)


def decode_chunk(data: bytes, out: NDArray[np.uint8]) -> None:
    """Decompress one chunk into *out*, ``(bytes,)``, which it must fill exactly.

    Raises:
        ValueError: the bytes are no chunk of that size.
    """
    decompressor = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    try:
        with decompressor.stream_reader(data) as reader:
            written = reader.readinto(out.data)
            surplus = len(reader.read(1))
    except zstandard.ZstdError as error:
        raise ValueError(f"the chunk is damaged: {error}") from error
    if written != out.nbytes or surplus:
        raise ValueError(f"the chunk holds {written}{' and more' * surplus} bytes, not {out.nbytes}")
