"""The newest picture of each worker of this machine: a memory-mapped file that is written and read without waiting.

One file a worker, ``<folder>/<run_id>/<worker_id>.frame``. A sequence number that is odd while the writer writes tells
a reader that what it copied was torn (a seqlock), so neither ever waits for the other.
"""

from __future__ import annotations

import logging
import mmap
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.closing import Closing
from gym_gui.core.refs import check_run_id, is_run_id
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_LOGGER = logging.getLogger(__name__)

SUFFIX: Final = ".frame"
_MAGIC: Final = b"GGLIVE01"
_SEQ_AT: Final = 8
# After magic and sequence number: height, width, step, return, microseconds since 1970, bytes of the episode's id.
_FACTS: Final = struct.Struct("<IIqdqH")
_FACTS_AT: Final = 16
_ID_AT: Final = 64
_ID_BYTES: Final = 184
# Where a reader says when it last looked, microseconds since 1970.
_LOOKED_AT: Final = 248
_WATCHED_US: Final = 3_000_000
_PIXELS_AT: Final = 256
_CHANNELS: Final = 3
_AXES: Final = 3
# A picture takes some 50 us to write: who finds it torn this often meets a writer that died while it wrote.
_ATTEMPTS: Final = 64
_PAUSE_S: Final = 0.0002


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LiveFrame:
    """The newest picture of a worker.

    Attributes:
        seq: Counts up with each picture; 1 is the first.
        frame: ``uint8 (H, W, 3)``, owned.
        episode_id: The episode that it shows.
        step_index: Its step; 0 is the state after reset.
        episode_return: Sum of the episode's rewards so far.
        time_us: When it was written, microseconds since 1970, UTC.
    """

    seq: int
    frame: NDArray[np.uint8]
    episode_id: str
    step_index: int
    episode_return: float
    time_us: int


class LiveFrameWriter(Closing):
    """Shows the pictures of one worker; one thread at a time.

    What the disk refuses is logged once and then left alone: a picture for a screen is worth no fault.

    Args:
        folder: The var folder's ``live``; made where it is missing.
        run_id: The run.
        worker_id: The worker, unique within the run.

    Raises:
        InvalidRunIdError: one of them could not name a file.
    """

    def __init__(self, folder: Path, run_id: str, worker_id: str) -> None:
        self._path = folder / check_run_id(run_id) / f"{check_run_id(worker_id)}{SUFFIX}"
        self._map: mmap.mmap | None = None
        self._room = 0
        self._pictures = 0
        self._refused = False

    def show(self, frame: NDArray[np.uint8], *, episode_id: str, step_index: int, episode_return: float) -> None:
        """Let *frame*, ``uint8 (H, W, 3)``, be the newest; it is copied."""
        if self._refused or frame.ndim != _AXES or frame.shape[2] != _CHANNELS or frame.dtype != np.uint8:
            return
        try:
            self._write(frame, episode_id.encode()[:_ID_BYTES], step_index, episode_return)
        except (OSError, ValueError) as fault:
            self._refused = True
            _LOGGER.warning("Live pictures are not shown: %s", fault)

    @property
    def is_watched(self) -> bool:
        """Whether somebody looked within the last seconds."""
        if self._map is None:
            return False
        looked_us: int = struct.unpack_from("<Q", self._map, _LOOKED_AT)[0]
        return time.time_ns() // 1000 - looked_us < _WATCHED_US

    def _write(self, frame: NDArray[np.uint8], name: bytes, step_index: int, episode_return: float) -> None:
        if self._map is None or frame.nbytes > self._room:
            self._open(frame.nbytes)
        view = self._map
        if view is None:
            return
        seq = 2 * self._pictures
        struct.pack_into("<Q", view, _SEQ_AT, seq + 1)
        height, width = frame.shape[:2]
        now_us = time.time_ns() // 1000
        _FACTS.pack_into(view, _FACTS_AT, height, width, step_index, episode_return, now_us, len(name))
        view[_ID_AT : _ID_AT + len(name)] = name
        target = np.ndarray(frame.shape, np.uint8, view, _PIXELS_AT)
        target[...] = frame
        del target  # it would keep the map from being closed
        self._pictures += 1
        struct.pack_into("<Q", view, _SEQ_AT, seq + 2)

    def _open(self, frame_bytes: int) -> None:
        """A file with room for such a picture takes the place of the one before."""
        self._let_go()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".next")
        with fresh.open("w+b") as file:
            # Written, not stretched: a full disk is met here as an error, not later as a fault of the memory map.
            file.write(_MAGIC.ljust(_PIXELS_AT, b"\0") + bytes(frame_bytes))
            file.flush()
            self._map = mmap.mmap(file.fileno(), _PIXELS_AT + frame_bytes)
        self._room = frame_bytes
        fresh.replace(self._path)

    def _let_go(self) -> None:
        if self._map is not None:
            self._map.close()
            self._map = None

    @override
    def close(self) -> None:
        """Remove the file: nobody plays here any more."""
        if self._map is None:
            return
        self._let_go()
        self._refused = True
        try:
            self._path.unlink(missing_ok=True)
            self._path.parent.rmdir()
        except OSError:
            pass  # another worker still shows pictures there


@dataclass(slots=True)
class _Mapped:
    inode: int
    map: mmap.mmap


class LiveFrames(Closing):
    """The newest pictures of every worker below one folder; one thread at a time.

    Args:
        folder: The var folder's ``live``; it may be missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: dict[tuple[str, str], _Mapped] = {}

    def workers(self) -> list[tuple[str, str]]:
        """Run and worker of each file that is there, in order of their names."""
        try:
            found = sorted(self._folder.glob(f"*/*{SUFFIX}"))
        except OSError:
            return []
        return [(path.parent.name, path.stem) for path in found if is_run_id(path.parent.name) and is_run_id(path.stem)]

    def newest(self, run_id: str, worker_id: str, after_seq: int = 0) -> LiveFrame | None:
        """The newest picture; None where there is none, or none after *after_seq*.

        A worker that died leaves its last one: `LiveFrame.time_us` says of when it is.
        """
        try:
            view = self._view(run_id, worker_id)
            if view is None:
                return None
            self._look(view)
            for _ in range(_ATTEMPTS):
                seq = _seq_of(view)
                if seq // 2 <= after_seq:
                    return None
                found = None if seq % 2 else _copied(view, seq // 2)
                if found is not None and _seq_of(view) == seq:
                    return found
                time.sleep(_PAUSE_S)
        except (OSError, ValueError, struct.error):
            self._forget((run_id, worker_id))
        return None

    @staticmethod
    def _look(view: mmap.mmap) -> None:
        # In a folder that can only be read the writer is not told, and shows fewer pictures a second.
        with suppress(TypeError):
            struct.pack_into("<Q", view, _LOOKED_AT, time.time_ns() // 1000)

    def _view(self, run_id: str, worker_id: str) -> mmap.mmap | None:
        key = (run_id, worker_id)
        path = self._folder / check_run_id(run_id) / f"{check_run_id(worker_id)}{SUFFIX}"
        try:
            inode = path.stat().st_ino
        except OSError:
            self._forget(key)
            return None
        known = self._maps.get(key)
        if known is not None and known.inode == inode:
            return known.map
        self._forget(key)
        view = _mapped(path)
        if view[: len(_MAGIC)] != _MAGIC:
            view.close()
            return None
        self._maps[key] = _Mapped(inode, view)
        return view

    def _forget(self, key: tuple[str, str]) -> None:
        known = self._maps.pop(key, None)
        if known is not None:
            known.map.close()

    @override
    def close(self) -> None:
        for key in list(self._maps):
            self._forget(key)


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("r+b") as file:
            return mmap.mmap(file.fileno(), 0)
    except PermissionError:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _seq_of(view: mmap.mmap) -> int:
    seq: int = struct.unpack_from("<Q", view, _SEQ_AT)[0]
    return seq


def _copied(view: mmap.mmap, seq: int) -> LiveFrame | None:
    facts: tuple[Any, ...] = _FACTS.unpack_from(view, _FACTS_AT)
    height, width, step_index, episode_return, time_us, length = facts
    size = height * width * _CHANNELS
    if length > _ID_BYTES or _PIXELS_AT + size > len(view):
        return None  # torn
    pixels = np.frombuffer(view[_PIXELS_AT : _PIXELS_AT + size], np.uint8)
    return LiveFrame(
        seq=seq,
        frame=pixels.reshape(height, width, _CHANNELS).copy(),
        episode_id=bytes(view[_ID_AT : _ID_AT + length]).decode(errors="replace"),
        step_index=step_index,
        episode_return=episode_return,
        time_us=time_us,
    )
