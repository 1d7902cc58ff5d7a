"""Frames to compressed chunks and back, outside HDF5's lock and the interpreter's.

The chunks are plain Zstandard frames, so the registered HDF5 filter 32015 reads them too.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
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


class ChunkCodec:
    """Compresses chunks on threads of its own, which start with the first chunk."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="chunk-codec")

    def submit(self, chunks: Sequence[NDArray[Any]], *, thorough: bool) -> Future[list[bytes]]:
        """Begin to compress whole chunks, which must not change until it is done.

        Args:
            chunks: Each ``(items, *item_shape)``, C-contiguous. Several at a time cost one hand-over between threads.
            thorough: Spend more CPU for fewer bytes where it pays; off when the sink is behind.
        """
        small = chunks[0].nbytes // max(len(chunks[0]), 1) <= _THOROUGH_ITEM_BYTES
        return self._pool.submit(_compress, chunks, thorough=thorough and small)

    def close(self) -> None:
        """End the threads; what was begun is finished."""
        self._pool.shutdown()


_local = threading.local()


def _compress(chunks: Sequence[NDArray[Any]], *, thorough: bool) -> list[bytes]:
    # A compressor belongs to one thread at a time.
    name = "thorough" if thorough else "fast"
    compressor: zstandard.ZstdCompressor | None = getattr(_local, name, None)
    if compressor is None:
        compressor = zstandard.ZstdCompressor(compression_params=_THOROUGH if thorough else _FAST)
        setattr(_local, name, compressor)
    return [compressor.compress(chunk.reshape(-1).view(np.uint8).data) for chunk in chunks]


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
