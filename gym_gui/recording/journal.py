"""The journal of an episode in the making: entries appended whole, so that a kill at any instant costs none of them.

A file in Parquet or HDF5 is worth nothing until it is finished. So every episode is first a journal, which any process
can read at any time and which survives its writer; the file of the format is made from it when the episode has ended.
Format: eight bytes of magic, then entries: length and CRC-32 of the payload (``uint32``, little-endian), kind (one
byte), payload. An entry that is not whole is the end of the journal.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from gym_gui.core.errors import RecordingError
from gym_gui.core.one_line import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

JOURNAL_SUFFIX: Final = ".journal"
_MAGIC: Final = b"GYMJRNL1"
_HEAD: Final = struct.Struct("<IIB")

EPISODE: Final = 1  # an episode's document as JSON
ROWS: Final = 2  # rows of steps
ARRAYS: Final = 3  # frames or large observations


class Entry(NamedTuple):
    """Where an entry of a journal lies.

    Attributes:
        kind: `EPISODE`, `ROWS` or `ARRAYS`.
        offset: Of its payload, in bytes from the start of the file.
        length: Of its payload, in bytes.
        crc: Of its payload.
    """

    kind: int
    offset: int
    length: int
    crc: int

    @property
    def end(self) -> int:
        """Where the next entry begins."""
        return self.offset + self.length


class JournalWriter:
    """Appends entries; one that `append` has taken is seen by every process, and survives this one.

    Args:
        path: The journal; one that is there is gone on with, without what was cut off at its end.

    Raises:
        RecordingError: it is no journal, or the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise _refused(path, error) from error
        try:
            self._size = self._begin()
        except BaseException:
            os.close(self._file)
            raise

    @property
    def size_bytes(self) -> int:
        """Bytes written so far."""
        return self._size

    def append(self, entries: Sequence[tuple[int, bytes]]) -> None:
        """Write entries, all of them or none.

        Raises:
            RecordingError: the disk refuses; nothing was written.
        """
        parts: list[bytes] = []
        for kind, payload in entries:
            parts += (_HEAD.pack(len(payload), zlib.crc32(payload), kind), payload)
        self._write(b"".join(parts))

    def cut(self, size_bytes: int) -> None:
        """Take back what was appended since the journal had *size_bytes*."""
        os.ftruncate(self._file, size_bytes)
        os.lseek(self._file, size_bytes, os.SEEK_SET)
        self._size = size_bytes

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _begin(self) -> int:
        size = os.fstat(self._file).st_size
        if size >= len(_MAGIC):
            # Arrays whose rows were never written are nobody's.
            whole = max((entry.end for entry in scan(self._path) if entry.kind != ARRAYS), default=len(_MAGIC))
        else:
            whole = 0
        try:
            os.ftruncate(self._file, whole)
            os.lseek(self._file, 0, os.SEEK_END)
        except OSError as error:
            raise _refused(self._path, error) from error
        self._size = whole
        if not whole:
            self._write(_MAGIC)
        return self._size

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            self.cut(self._size)
            raise _refused(self._path, error) from error
        self._size += len(data)


def scan(path: Path, offset: int = 0) -> Iterator[Entry]:
    """The whole entries of a journal from *offset* (an entry's end) on, without their payloads.

    What follows a damaged one counts as cut off; arrays are looked at when they are read.

    Raises:
        RecordingError: it is no journal, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if offset == 0:
                magic = file.read(len(_MAGIC))
                if magic != _MAGIC[: len(magic)]:
                    raise RecordingError(f"{path.name} is no journal of a recording.", hint=f"File: {path}")
                offset = len(_MAGIC)
            while offset + _HEAD.size <= size:
                file.seek(offset)
                length, crc, kind = _HEAD.unpack(file.read(_HEAD.size))
                entry = Entry(kind, offset + _HEAD.size, length, crc)
                if entry.end > size or (kind != ARRAYS and zlib.crc32(file.read(length)) != crc):
                    return
                yield entry
                offset = entry.end
    except OSError as error:
        if isinstance(error, RecordingError):
            raise
        raise unreadable(path, error) from error


def read_payload(path: Path, entry: Entry) -> bytes:
    """The payload of an entry.

    Raises:
        RecordingError: the file cannot be read, or the entry is damaged.
    """
    try:
        with path.open("rb") as file:
            file.seek(entry.offset)
            payload = file.read(entry.length)
    except OSError as error:
        raise unreadable(path, error) from error
    if zlib.crc32(payload) != entry.crc:
        raise RecordingError(f"{path.name} is damaged at byte {entry.offset:,}.", hint=f"File: {path}")
    return payload


def unreadable(path: Path, error: Exception) -> RecordingError:
    """The fault of a file that cannot be read."""
    told = getattr(error, "strerror", None) or printable(str(error))
    return RecordingError(f"{path.name} cannot be read: {told}.", hint=f"File: {path}")


def _refused(path: Path, error: OSError) -> RecordingError:
    return RecordingError(f"The recording cannot be written: {error.strerror or error}.", hint=f"File: {path}")
