"""The replay file's format: names, dtypes, chunks. ``docs/reference/replay-file-format.md`` says it in words."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z

from gym_gui.core.refs import FRAMES_DATASET, OBSERVATIONS_DATASET
from gym_gui.replay.chunk_codec import ZSTD_FILTER_ID, ZSTD_LEVEL

if TYPE_CHECKING:
    from pathlib import Path

FORMAT_VERSION: Final = "1.0"
FILE_SUFFIX: Final = ".h5"
# Follows it while a dataset is added to a copy.
NEXT_SUFFIX: Final = ".next"
# Readable by HDF5 1.10 (2016) and later; SWMR needs its superblock.
LIBVER: Final = ("v110", "v110")

FRAMES: Final = FRAMES_DATASET
OBSERVATIONS: Final = OBSERVATIONS_DATASET
ACTIONS: Final = "actions"
REWARDS: Final = "rewards"
DONES: Final = "dones"
INDEX: Final = "index"
EPISODE_STARTS: Final = "episodes/starts"
EPISODE_LENGTHS: Final = "episodes/lengths"

# One row a step: where its arrays are. An index of -1 means none was kept.
INDEX_DTYPE: Final = np.dtype(
    [
        ("frame", "<i4"),
        ("observation", "<i4"),
        ("frame_variant", "u1"),
        ("observation_variant", "u1"),
        ("flags", "u1"),
    ]
)
ROW_TERMINATED: Final = 1
ROW_TRUNCATED: Final = 2
ROW_RESET: Final = 4  # the state after reset: its action and reward are fillers
ROW_ACTION_ELSEWHERE: Final = 8  # the action did not fit this file's dtype; the database has it
ROW_OBSERVATION_IS_FRAME: Final = 64

# Superblock of version 2 and 3: signature, version, size of offsets, …, address of the file's end.
_SUPERBLOCK: Final = struct.Struct("<8sBB18xQ")
_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_KNOWN_SUPERBLOCKS: Final = (2, 3)
_OFFSET_BYTES: Final = 8

_MIB: Final = 1024 * 1024
# About 8 frames of Atari, 4 of a 400x600 picture: a random read decodes one chunk, a flush rewrites half of one.
_MAX_CHUNK_ITEMS: Final = 8
_MAX_CHUNK_BYTES: Final = 4 * _MIB
# Small items are not compressed: a chunk of them is rewritten in place at each flush, and leaves no holes.
_COMPRESSED_ITEM_BYTES: Final = 4_096
_PLAIN_CHUNK_BYTES: Final = 32_768
_PLAIN_CHUNK_ITEMS: Final = 1_024


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """How one dataset stores its items.

    Attributes:
        dataset: Its name.
        dtype: Of the items.
        item_shape: Shape of one item.
        chunk_items: Items a chunk.
        compressed: Whether chunks are Zstandard frames, written directly.
    """

    dataset: str
    dtype: np.dtype[Any]
    item_shape: tuple[int, ...]
    chunk_items: int
    compressed: bool

    @classmethod
    def for_items(cls, dataset: str, dtype: np.dtype[Any], item_shape: tuple[int, ...]) -> ArraySpec:
        """The layout for items of that dtype and shape."""
        item_bytes = max(1, dtype.itemsize * int(np.prod(item_shape)))
        if item_bytes >= _COMPRESSED_ITEM_BYTES:
            items = max(1, min(_MAX_CHUNK_ITEMS, _MAX_CHUNK_BYTES // item_bytes))
            return cls(dataset, dtype, item_shape, 1 << (items.bit_length() - 1), compressed=True)
        items = max(1, min(_PLAIN_CHUNK_ITEMS, _PLAIN_CHUNK_BYTES // item_bytes))
        return cls(dataset, dtype, item_shape, items, compressed=False)

    def holds(self, dtype: np.dtype[Any], item_shape: tuple[int, ...]) -> bool:
        """Whether items of that dtype and shape can go here unchanged."""
        return self.dtype == dtype and self.item_shape == item_shape


def replay_path(replay_dir: Path, run_id: str) -> Path:
    """The file of a run; *run_id* must have been checked."""
    return replay_dir / f"{run_id}{FILE_SUFFIX}"


def check_whole(path: Path) -> None:
    """Make sure that a file was not cut short.

    HDF5 looks only where no writer is announced; in SWMR mode it waits, for ever, for the missing bytes to appear.

    Raises:
        OSError: the file is shorter than its superblock says, or cannot be read.
    """
    with path.open("rb") as file:
        superblock = file.read(_SUPERBLOCK.size)
        size_bytes = file.seek(0, os.SEEK_END)
    if len(superblock) < _SUPERBLOCK.size:
        raise OSError("it is cut off at its very beginning" if superblock else "it is empty")
    signature, version, offset_bytes, end = _SUPERBLOCK.unpack(superblock)
    if signature == _SIGNATURE and version in _KNOWN_SUPERBLOCKS and offset_bytes == _OFFSET_BYTES and size_bytes < end:
        raise OSError(f"it is cut off: {size_bytes:,} of {end:,} bytes are left")


def variant_name(dataset: str, variant: int) -> str:
    """``frames`` for variant 0, ``frames.1`` for what came after the first change of shape or dtype."""
    return f"{dataset}.{variant}" if variant else dataset


def create_dataset(file: h5py.File, spec: ArraySpec) -> None:
    """Make an empty, growing dataset; the Zstandard filter is declared without needing its plug-in."""
    shape = (0, *spec.item_shape)
    if not spec.compressed:
        file.create_dataset(
            spec.dataset,
            shape=shape,
            maxshape=(None, *spec.item_shape),
            chunks=(spec.chunk_items, *spec.item_shape),
            dtype=spec.dtype,
        )
        return
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_chunk((spec.chunk_items, *spec.item_shape))
    creation.set_fill_time(h5d.FILL_TIME_NEVER)
    creation.set_filter(ZSTD_FILTER_ID, h5z.FLAG_OPTIONAL, (ZSTD_LEVEL,))
    space = h5s.create_simple(shape, (h5s.UNLIMITED, *spec.item_shape))
    links = h5p.create(h5p.LINK_CREATE)
    links.set_create_intermediate_group(1)
    h5d.create(
        file.id, spec.dataset.encode(), h5t.py_create(spec.dtype, logical=True), space, dcpl=creation, lcpl=links
    ).close()


def spec_of(dataset: h5py.Dataset) -> ArraySpec:
    """The layout of a dataset that is there."""
    creation = dataset.id.get_create_plist()
    filters = [creation.get_filter(position)[0] for position in range(creation.get_nfilters())]
    return ArraySpec(
        dataset=str(dataset.name).lstrip("/"),
        dtype=dataset.dtype,
        item_shape=dataset.shape[1:],
        chunk_items=dataset.chunks[0] if dataset.chunks else max(len(dataset), 1),
        compressed=filters == [ZSTD_FILTER_ID],
    )


BASE_SPECS: Final = (
    ArraySpec.for_items(INDEX, INDEX_DTYPE, ()),
    ArraySpec.for_items(REWARDS, np.dtype("<f8"), ()),
    ArraySpec.for_items(DONES, np.dtype("bool"), ()),
    ArraySpec(EPISODE_STARTS, np.dtype("<i8"), (), 64, compressed=False),
    ArraySpec(EPISODE_LENGTHS, np.dtype("<i8"), (), 64, compressed=False),
)
