"""Every effort of compression gives the same bytes back, and the greatest one the fewest of them."""

from __future__ import annotations

import numpy as np
import pytest

from gym_gui.replay import Effort
from gym_gui.replay.chunk_codec import ChunkCodec, decode_chunk

SHAPE = (8, 60, 80, 3)


def moving_picture() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A textured ground with a square that moves over it, ``(8, 60, 80, 3)``."""
    frames = np.repeat(np.random.default_rng(0).integers(0, 6, (1, *SHAPE[1:]), np.uint8), SHAPE[0], axis=0)
    for place in range(SHAPE[0]):
        frames[place, 10:20, 5 * place : 5 * place + 10] = 200
    return frames


def compressed(effort: Effort, *, thorough: bool = True) -> bytes:
    codec = ChunkCodec(effort)
    try:
        return codec.submit([moving_picture()], thorough=thorough).result()[0]
    finally:
        codec.close()


@pytest.mark.parametrize("threads", [0, 1, 3])
@pytest.mark.parametrize("search", ["never", "auto", "always"])
@pytest.mark.parametrize("level", [1, 3, 16])
def test_that_every_effort_is_lossless(level: int, search: str, threads: int) -> None:
    data = compressed(Effort(level=level, search=search, threads=threads))
    out = np.empty(int(np.prod(SHAPE)), np.uint8)
    decode_chunk(data, out)
    assert np.array_equal(out.reshape(SHAPE), moving_picture())


def test_that_the_greatest_effort_takes_the_fewest_bytes() -> None:
    fast, good, small = (
        len(compressed(effort)) for effort in (Effort(search="never"), Effort(), Effort(level=16, search="always"))
    )
    assert small <= good
    assert small < fast


def test_that_a_writer_that_is_behind_is_quick_unless_told_always() -> None:
    assert compressed(Effort(), thorough=False) == compressed(Effort(search="never"))
    assert compressed(Effort(search="always"), thorough=False) == compressed(Effort(search="always"))
