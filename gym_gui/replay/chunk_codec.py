"""Frames to compressed chunks and back, outside HDF5's lock and the interpreter's.

The chunks are plain Zstandard frames, so the registered HDF5 filter 32015 reads them too.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import zstandard

if TYPE_CHECKING:
    from numpy.typing import NDArray

ZSTD_FILTER_ID: Final = 32015
ZSTD_LEVEL: Final = 1

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
    """Compressor and decompressor of one thread at a time."""

    def __init__(self) -> None:
        self._fast = zstandard.ZstdCompressor(compression_params=_FAST)
        self._thorough = zstandard.ZstdCompressor(compression_params=_THOROUGH)

    def encode(self, chunk: NDArray[Any], *, thorough: bool) -> bytes:
        """Compress one whole chunk, C-contiguous.

        Args:
            chunk: ``(items, *item_shape)``.
            thorough: Spend more CPU for fewer bytes where it pays; off when the sink is behind.
        """
        small = chunk.nbytes // max(len(chunk), 1) <= _THOROUGH_ITEM_BYTES
        compressor = self._thorough if thorough and small else self._fast
        return compressor.compress(chunk.reshape(-1).view(np.uint8).data)


_local = threading.local()


def decode_chunk(data: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Decompress one chunk into a new array of *shape* ``(items, *item_shape)``.

    Raises:
        ValueError: the bytes are no chunk of that size.
    """
    decompressor = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    size_bytes = dtype.itemsize * int(np.prod(shape))
    try:
        raw = decompressor.decompress(data, max_output_size=size_bytes)
    except zstandard.ZstdError as error:
        raise ValueError(f"the chunk is damaged: {error}") from error
    if len(raw) != size_bytes:
        raise ValueError(f"the chunk holds {len(raw)} bytes, not {size_bytes}")
    return np.frombuffer(raw, dtype=dtype).reshape(shape)
