"""The writer's handle on one replay file: created or resumed, always readable by others, reopened for new datasets."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import h5py

from gym_gui.core.clock import to_iso, utc_now
from gym_gui.core.errors import ReplayFileError
from gym_gui.replay import layout
from gym_gui.replay.open_files import opening, release_readers
from gym_gui.replay.recovery import recover_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Below this much free space nothing is written: HDF5 cannot mend a file that met a full disk halfway.
_RESERVE_BYTES: Final = 32 * 1024 * 1024
_RESERVE_SHARE: Final = 0.1
_ALREADY_OPEN: Final = "already open"


class ReplayFile:
    """An open HDF5 file in SWMR mode; datasets can still be added, at the price of reopening it.

    Args:
        run_id: Stored in the file.
        path: The file; an existing one is resumed, never erased.

    Raises:
        ReplayFileError: it is foreign, damaged beyond repair, or cannot be written.
    """

    def __init__(self, run_id: str, path: Path) -> None:
        self.path = path
        self._run_id = run_id
        with writing(path):
            resumed = path.exists() and path.stat().st_size > 0
            if resumed:
                recover_file(path)
            self._file = self._open("r+" if resumed else "w")
            if resumed:
                self._check_ours()
            else:
                self._describe()
            self._file.swmr_mode = True

    def dataset(self, name: str) -> Any:
        """The h5py dataset of that name, or None; valid until the next `add` or `close`."""
        return self._file.get(name)

    def add(self, spec: layout.ArraySpec) -> None:
        """Create a dataset.

        Raises:
            ReplayFileError: the file cannot be reopened or written.
        """
        with writing(self.path), opening:
            self._reopen()
            layout.create_dataset(self._file, spec)
            self._file.swmr_mode = True

    def flush(self) -> None:
        """Hand everything written to the operating system.

        Raises:
            ReplayFileError: the disk refused.
        """
        with writing(self.path):
            self._file.flush()

    def close(self, *, total_steps: int, total_episodes: int) -> None:
        """Write the final attributes and close, so that every tool can open the file plainly.

        Raises:
            ReplayFileError: the disk refused; what was flushed before is there.
        """
        with writing(self.path), opening:
            self._reopen()
            self._file.attrs["total_steps"] = total_steps
            self._file.attrs["total_episodes"] = total_episodes
            self._file.attrs["closed_at"] = to_iso(utc_now())
            self._file.close()

    def abandon(self) -> None:
        """Close without a word, after a fault; recovery mends the file at the next start."""
        try:
            self._file.close()
        except (OSError, RuntimeError, ValueError):
            return  # the fault that brought us here has been reported

    def _reopen(self) -> None:
        release_readers(self.path)
        self._file.close()
        self._file = self._open("r+")

    def _open(self, mode: str) -> h5py.File:
        # One process writes a run, guarded by the run's lock file; HDF5's own locks would keep a reader's handle
        # from letting us add a dataset.
        return h5py.File(self.path, mode, libver=layout.LIBVER, locking=False)

    def _describe(self) -> None:
        self._file.attrs["run_id"] = self._run_id
        self._file.attrs["version"] = layout.FORMAT_VERSION
        self._file.attrs["created_at"] = to_iso(utc_now())
        self._file.attrs["total_steps"] = 0
        self._file.attrs["total_episodes"] = 0
        for spec in layout.BASE_SPECS:
            layout.create_dataset(self._file, spec)

    def _check_ours(self) -> None:
        if self._file.attrs.get("run_id") != self._run_id or layout.INDEX not in self._file:
            self._file.close()
            raise ReplayFileError(
                f"The replay file of run {self._run_id} belongs to something else and is left untouched.",
                hint=f"Move it away to record this run. File: {self.path}",
            )


def check_space(folder: Path) -> None:
    """Make sure that the disk has room beyond the reserve.

    Raises:
        ReplayFileError: it has not.
    """
    disk = os.statvfs(folder) if hasattr(os, "statvfs") else None
    if disk is None:
        return
    free_bytes = disk.f_bavail * disk.f_frsize
    if free_bytes < min(_RESERVE_BYTES, disk.f_blocks * disk.f_frsize * _RESERVE_SHARE):
        raise disk_is_full(folder)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn HDF5's own errors into one sentence.

    Raises:
        ReplayFileError: for any error of HDF5 or the disk.
    """
    try:
        yield
    except ReplayFileError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise disk_is_full(path.parent) from error
        hint = f"File: {path}"
        if isinstance(error, PermissionError):
            hint = f"Make the folder writable or choose another var folder. File: {path}"
        # HDF5 tells file, buffer and offset, too, on several lines.
        told = " ".join(str(error).split()).partition(", filename =")[0]
        raise ReplayFileError(f"The replay file could not be written: {told}.", hint=hint) from error


def disk_is_full(folder: Path) -> ReplayFileError:
    """The fault of a disk without room."""
    return ReplayFileError(
        f"The disk is full: {shutil.disk_usage(folder).free // 1024:,} KiB are left.",
        hint=f"Free some space: recording goes on by itself. Folder: {folder}",
    )
