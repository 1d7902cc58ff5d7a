"""The replay file's format: names, dtypes, chunks. ``docs/reference/replay-file-format.md`` says it in words."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z

from gym_gui.core.refs import FRAMES_DATASET, OBSERVATIONS_DATASET
from gym_gui.replay.chunk_codec import ZSTD_FILTER_ID, ZSTD_LEVEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

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

# The superblock says where the file ends.
_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_SWMR_SUPERBLOCKS: Final = (2, 3)
SUPERBLOCK_BYTES: Final = 48
_END_OF_FILE_AT: Final = 28

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


def is_cut_off(path: Path) -> bool:
    """Whether the file is shorter than its own superblock says.

    HDF5 checks this for plain reading only; a SWMR reader looks for the missing metadata again and again, without end.
    """
    with path.open("rb") as file:
        head = file.read(SUPERBLOCK_BYTES)
    if len(head) < SUPERBLOCK_BYTES or not head.startswith(_SIGNATURE) or head[8] not in _SWMR_SUPERBLOCKS:
        return False  # what is no file of ours is refused by HDF5 itself
    return path.stat().st_size < end_of_file(head)


def end_of_file(superblock: bytes) -> int:
    """Bytes that a file should have, as its superblock says."""
    (end,) = struct.unpack_from("<Q", superblock, _END_OF_FILE_AT)
    return int(end)


def variant_name(dataset: str, variant: int) -> str:
    """``frames`` for variant 0, ``frames.1`` for what came after the first change of shape or dtype."""
    return f"{dataset}.{variant}" if variant else dataset


def whole_rows(index: NDArray[Any], length_of: Callable[[str], int]) -> int:
    """How many rows, from the first, name only items that are there.

    Args:
        index: Rows of `INDEX_DTYPE`.
        length_of: Items in a dataset now; 0 where there is none.
    """
    torn = np.zeros(len(index), dtype=bool)
    for dataset, rows, items in items_named(index):
        torn[rows] |= items >= length_of(dataset)
    return int(np.argmax(torn)) if torn.any() else len(index)


def items_named(index: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.intp], NDArray[Any]]]:
    """For each dataset that rows point into: its name, the rows that do, and the items that they name."""
    in_frames = (index["flags"] & ROW_OBSERVATION_IS_FRAME) != 0
    everywhere = np.ones(len(index), dtype=bool)
    for stream, field, where in (
        (FRAMES, "frame", everywhere),
        (FRAMES, "observation", in_frames),
        (OBSERVATIONS, "observation", ~in_frames),
    ):
        rows = np.flatnonzero(where & (index[field] >= 0))
        variants = index[f"{field}_variant"][rows]
        for variant in np.unique(variants):
            own = rows[variants == variant]
            yield variant_name(stream, int(variant)), own, index[field][own]


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
