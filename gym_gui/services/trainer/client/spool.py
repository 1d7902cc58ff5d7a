"""Spool files: what a trainer that does not answer is owed, on this machine's disk, in order, until it has it.

One file a stream: a magic line, then frames of length, CRC-32 and bytes. The first frame says where it is to go, the
second is the stream's registration, the rest are its messages. What a killed process left half-written at the end is
not there.
"""

from __future__ import annotations

import os
import struct
import time
import zlib
from typing import TYPE_CHECKING, Any, Final

import msgspec
from filelock import FileLock, Timeout

from gym_gui.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from io import FileIO
    from pathlib import Path

_MAGIC: Final = b"gym-gui spool 1\n"
_FRAME: Final = struct.Struct("<II")
_MAX_FRAME: Final = 256 * 1024 * 1024
_SUFFIX: Final = ".spool"
# What the system has written down at least so often survives a power cut; a killed process loses nothing in any case.
_SYNC_S: Final = 1.0


class SpoolError(EnvironmentFault, OSError):
    """A spool file cannot be written or read."""


class SpoolFile:
    """One stream's file, held until `close` or death.

    Args:
        path: The file.
        lock: Held by whoever owns it.
        file: Open for reading and writing, unbuffered: what a full disk refused would be tried again by whatever is
            done next.
    """

    def __init__(self, path: Path, lock: FileLock, file: FileIO) -> None:
        self.path = path
        self._lock = lock
        self._file = file
        self._body = 0
        self._end = 0
        self._synced_s = time.monotonic()
        self.about: dict[str, Any] = {}
        self.registration = b""

    @classmethod
    def create(cls, folder: Path, name: str, about: dict[str, Any], registration: bytes) -> SpoolFile:
        """A new one.

        Args:
            folder: Where.
            name: Of the stream; no other has it.
            about: ``address``, and what a person who finds it wants to know.
            registration: Of the stream, as its message.

        Raises:
            SpoolError: the disk refuses.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{name}{_SUFFIX}"
            lock = _locked(path)
            if lock is None:
                raise SpoolError(f"The spool file {path.name} belongs to another process.")
            spool = cls(path, lock, path.open("w+b", buffering=0))
            spool._write(_MAGIC)
            spool._end = len(_MAGIC)
            spool.append(msgspec.json.encode(about))
            spool.append(registration)
        except OSError as error:
            raise SpoolError(f"Nothing can be spooled: {error.strerror or error}.", hint=f"Folder: {folder}") from error
        spool.about, spool.registration, spool._body = about, registration, spool._end
        return spool

    @classmethod
    def adopt(cls, path: Path) -> SpoolFile | None:
        """One whose owner is dead; None where it lives, or where the file is none."""
        try:
            lock = _locked(path)
        except OSError:
            return None
        if lock is None:
            return None
        try:
            spool = cls(path, lock, path.open("r+b", buffering=0))
        except OSError:
            _unlock(path, lock)
            return None
        if not spool._read_head():
            spool.close()
            return None
        return spool

    @property
    def size_bytes(self) -> int:
        """Bytes of its messages."""
        return self._end - self._body

    def append(self, data: bytes) -> tuple[int, int]:
        """Add a message; where it lies: offset and length. Survives the death of this process.

        Raises:
            SpoolError: the disk refuses; the file is as it was.
        """
        at = self._end
        try:
            self._file.seek(at)
            self._write(_FRAME.pack(len(data), zlib.crc32(data)) + data)
            if time.monotonic() - self._synced_s > _SYNC_S:
                self.sync()
        except OSError as error:
            self._cut(at)
            raise SpoolError(
                f"Nothing can be spooled: {error.strerror or error}.", hint=f"File: {self.path}"
            ) from error
        self._end = at + _FRAME.size + len(data)
        return at + _FRAME.size, len(data)

    def read(self, offset: int, length: int) -> bytes:
        """A message.

        Raises:
            SpoolError: the disk refuses.
        """
        try:
            return self._read(offset, length)
        except OSError as error:
            raise SpoolError(f"What was spooled cannot be read: {error.strerror or error}.") from error

    def messages(self) -> Iterator[bytes]:
        """Every whole message, in order."""
        at = self._body
        while (data := self._frame_at(at)) is not None:
            at += _FRAME.size + len(data)
            yield data

    def sync(self) -> None:
        """Let a power cut lose nothing."""
        os.fsync(self._file.fileno())
        self._synced_s = time.monotonic()

    def clear(self) -> None:
        """Its messages have arrived."""
        self._cut(self._body)
        self._end = self._body

    def close(self) -> None:
        """Let go of it; what it holds is for the next one to deliver. Safe to call twice."""
        if not self._file.closed:
            self._file.close()
            _unlock(self.path, self._lock)

    def remove(self) -> None:
        """Everything has arrived, and nothing more will come."""
        if not self._file.closed:
            self.path.unlink(missing_ok=True)
            self.close()

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def _read(self, at: int, length: int) -> bytes:
        """What lies there; less at the end of the file."""
        self._file.seek(at)
        parts = []
        while length and (part := self._file.read(length)):
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _cut(self, at: int) -> None:
        try:
            self._file.truncate(at)
        except OSError:
            self._file.seek(at)  # a frame whose checksum does not fit ends the file, too

    def _read_head(self) -> bool:
        if self._read(0, len(_MAGIC)) != _MAGIC:
            return False
        about = self._frame_at(len(_MAGIC))
        if about is None:
            return False
        at = len(_MAGIC) + _FRAME.size + len(about)
        registration = self._frame_at(at)
        if registration is None:
            return False
        try:
            self.about = msgspec.json.decode(about, type=dict[str, Any])
        except msgspec.MsgspecError:
            return False
        self.registration = registration
        self._body = at + _FRAME.size + len(registration)
        self._end = self._file.seek(0, os.SEEK_END)
        return True

    def _frame_at(self, at: int) -> bytes | None:
        try:
            head = self._read(at, _FRAME.size)
            if len(head) < _FRAME.size:
                return None
            length, checksum = _FRAME.unpack(head)
            data = self._read(at + _FRAME.size, length) if length <= _MAX_FRAME else b""
        except OSError:
            return None
        return data if len(data) == length and zlib.crc32(data) == checksum else None


def orphans(folder: Path, left_alone: Collection[Path] = ()) -> Iterator[SpoolFile]:
    """Spool files whose owner is dead; each is held by us from then on. A file that is none is left alone.

    Args:
        folder: Where they lie.
        left_alone: Those that are not to be looked at.
    """
    try:
        paths = sorted(folder.glob(f"*{_SUFFIX}"))
    except OSError:
        return
    for path in paths:
        spool = None if path in left_alone else SpoolFile.adopt(path)
        if spool is not None:
            yield spool


def _locked(path: Path) -> FileLock | None:
    lock = FileLock(path.with_suffix(".lock"), timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


def _unlock(path: Path, lock: FileLock) -> None:
    path.with_suffix(".lock").unlink(missing_ok=True)
    lock.release()
