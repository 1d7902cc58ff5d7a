"""The peer of the storage benchmarks: 100-frame chunks, lzf, whole-batch assignment, as a first design would do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CHUNK_FRAMES = 100


def write(path: Path, frames: list[NDArray[np.uint8]]) -> None:
    """Write *frames* in batches of a chunk, flushing after each."""
    shape = frames[0].shape
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset(
            "frames",
            shape=(0, *shape),
            maxshape=(None, *shape),
            chunks=(CHUNK_FRAMES, *shape),
            dtype=np.uint8,
            compression="lzf",
        )
        for start in range(0, len(frames), CHUNK_FRAMES):
            batch = frames[start : start + CHUNK_FRAMES]
            dataset.resize(start + len(batch), axis=0)
            dataset[start : start + len(batch)] = np.array(batch)
            file.flush()


def read_one(path: Path, index: int) -> NDArray[np.uint8]:
    """One frame, the file opened for it."""
    with h5py.File(path, "r") as file:
        frame: NDArray[np.uint8] = file["frames"][index]
    return frame
