"""The writer's handle on one replay file: created or resumed, always readable by others, at every instant."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import h5py
from h5py import h5f, h5p

from gym_gui.core.clock import to_iso, utc_now
from gym_gui.core.errors import ReplayFileError
from gym_gui.core.one_line import printable
from gym_gui.replay import layout
from gym_gui.replay.open_files import changing, release_readers
from gym_gui.replay.recovery import recover_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Below this much free space nothing is written: HDF5 cannot mend a file that met a full disk halfway.
_RESERVE_BYTES: Final = 32 * 1024 * 1024
_RESERVE_SHARE: Final = 0.1


class ReplayFile:
    """An open HDF5 file in SWMR mode; datasets can still be added, at the price of copying it.

    SWMR allows no new datasets, and a file that is open in any other way cannot be opened again when its writer dies.
    So the next dataset is added to a closed copy, which then takes the file's place: whatever instant the process is
    killed at, a whole file is there.

    Args:
        run_id: Stored in the file.
        path: The file; an existing one is resumed, never erased.

    Raises:
        ReplayFileError: it is foreign, damaged beyond repair, or cannot be written.
    """

    def __init__(self, run_id: str, path: Path) -> None:
        self.path = path
        self._run_id = run_id
        with writing(path), changing:
            if path.exists() and path.stat().st_size > 0:
                recover_file(path)
                self._check_ours()
            else:
                self._change_copy(self._describe)
            release_readers(path)
            self._file = self._open()
        self._datasets: dict[str, Any] = {}

    def dataset(self, name: str) -> Any:
        """The h5py dataset of that name, or None; valid until the next `add` or `close`."""
        found = self._datasets.get(name)
        if found is None:
            found = self._datasets[name] = self._file.get(name)
        return found

    def add(self, spec: layout.ArraySpec) -> None:
        """Create a dataset.

        Raises:
            ReplayFileError: the disk refused, or another program of this process holds the file; it is as it was.
        """
        with writing(self.path), changing:
            check_space(self.path.parent, beside_bytes=self.path.stat().st_size)
            release_readers(self.path)
            self._datasets.clear()
            self._file.close()
            try:
                self._change_copy(lambda file: layout.create_dataset(file, spec))
            finally:
                self._file = self._open()

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
        with writing(self.path), changing:
            release_readers(self.path)
            # They were made with the file: SWMR lets them change, but not appear.
            self._file.attrs.modify("total_steps", total_steps)
            self._file.attrs.modify("total_episodes", total_episodes)
            self._datasets.clear()
            self._file.close()

    def abandon(self) -> None:
        """Close without a word, after a fault; recovery mends the file at the next start."""
        self._datasets.clear()
        try:
            self._file.close()
        except (OSError, RuntimeError, ValueError):
            return  # the fault that brought us here has been reported

    def _change_copy(self, change: Callable[[h5py.File], None]) -> None:
        partial = self.path.with_name(f"{self.path.name}{layout.NEXT_SUFFIX}")
        try:
            if self.path.exists() and self.path.stat().st_size > 0:
                shutil.copyfile(self.path, partial)
            else:
                partial.unlink(missing_ok=True)
            with h5py.File(partial, "a", libver=layout.LIBVER, locking=False) as copy:
                change(copy)
            partial.replace(self.path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def _open(self) -> h5py.File:
        # A lock file of ours guards a run against a second writer; HDF5's own locks would keep readers out, too.
        access = h5p.create(h5p.FILE_ACCESS)
        access.set_libver_bounds(h5f.LIBVER_V110, h5f.LIBVER_V110)
        access.set_file_locking(False, True)
        flags = h5f.ACC_RDWR | h5f.ACC_SWMR_WRITE
        return h5py.File(h5f.open(os.fsencode(self.path), flags, fapl=access))

    def _describe(self, file: h5py.File) -> None:
        file.attrs["run_id"] = self._run_id
        file.attrs["version"] = layout.FORMAT_VERSION
        file.attrs["created_at"] = to_iso(utc_now())
        file.attrs["total_steps"] = 0
        file.attrs["total_episodes"] = 0
        for spec in layout.BASE_SPECS:
            layout.create_dataset(file, spec)

    def _check_ours(self) -> None:
        with h5py.File(self.path, "r", locking=False) as file:
            ours = file.attrs.get("run_id") == self._run_id and layout.INDEX in file
        if not ours:
            raise ReplayFileError(
                f"The replay file of run {self._run_id} belongs to something else and is left untouched.",
                hint=f"Move it away to record this run. File: {self.path}",
            )


def check_space(folder: Path, *, beside_bytes: int = 0) -> None:
    """Make sure that the disk has room beyond the reserve.

    Args:
        folder: Anywhere on the disk.
        beside_bytes: What is about to be written at once.

    Raises:
        ReplayFileError: it has not.
    """
    try:
        disk = shutil.disk_usage(folder)
    except OSError as error:
        raise ReplayFileError(
            f"The replay folder cannot be reached: {error.strerror or error}.", hint=f"Folder: {folder}"
        ) from error
    if disk.free - beside_bytes < min(_RESERVE_BYTES, disk.total * _RESERVE_SHARE):
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
        told = printable(str(error)).partition(", filename =")[0]
        raise ReplayFileError(f"The replay file could not be written: {told}.", hint=hint) from error


def disk_is_full(folder: Path) -> ReplayFileError:
    """The fault of a disk without room."""
    return ReplayFileError(
        f"The disk is full: {shutil.disk_usage(folder).free // 1024:,} KiB are left.",
        hint=f"Free some space: recording goes on by itself. Folder: {folder}",
    )
