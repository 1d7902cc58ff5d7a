"""A file whose end a failing disk refused: a copy of it that opens, and how much of each dataset is really there."""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING, Any, Final

from gym_gui.replay.layout import SUPERBLOCK_BYTES, end_of_file

if TYPE_CHECKING:
    from pathlib import Path

_MARKS_AT: Final = 11
_CHECKSUM_AT: Final = SUPERBLOCK_BYTES - 4
_WORD: Final = 0xFFFFFFFF


def make_openable(path: Path, target: Path) -> None:
    """Copy *path* to *target*, filled up with zeros to the length it should have, and without the mark of a writer.

    Beside a writer HDF5 would wait, without end, for metadata that the zeros replaced; so it calls them damaged.
    """
    shutil.copyfile(path, target)
    with target.open("r+b") as file:
        superblock = bytearray(file.read(SUPERBLOCK_BYTES))
        superblock[_MARKS_AT] = 0
        struct.pack_into("<I", superblock, _CHECKSUM_AT, _lookup3(bytes(superblock[:_CHECKSUM_AT])))
        file.seek(0)
        file.write(superblock)
        file.truncate(end_of_file(bytes(superblock)))


def items_there(dataset: Any, size_bytes: int) -> int:
    """Items of an h5py dataset before the first chunk that is missing or reaches beyond *size_bytes* of its file."""
    items, chunk_items = len(dataset), dataset.chunks[0]
    for start in range(0, items, chunk_items):
        chunk = dataset.id.get_chunk_info_by_coord((start, *(0,) * (dataset.ndim - 1)))
        if chunk.byte_offset is None or chunk.byte_offset + chunk.size > size_bytes:
            return start
    return items


def _lookup3(data: bytes) -> int:
    """The checksum of HDF5's metadata: Bob Jenkins's lookup3, little-endian (public domain, 2006)."""
    a = b = c = (0xDEADBEEF + len(data)) & _WORD
    padded = data + bytes(-len(data) % 12)
    blocks = list(struct.iter_unpack("<III", padded))
    for x, y, z in blocks[:-1]:
        a, b, c = _mix((a + x) & _WORD, (b + y) & _WORD, (c + z) & _WORD)
    x, y, z = blocks[-1]
    return _final((a + x) & _WORD, (b + y) & _WORD, (c + z) & _WORD)


def _rotated(word: int, bits: int) -> int:
    return ((word << bits) | (word >> (32 - bits))) & _WORD


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & _WORD) ^ _rotated(c, bits)
        c = (c + b) & _WORD
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _rotated(b, bits)) & _WORD
        a, b, c = b, c, a
    return b
