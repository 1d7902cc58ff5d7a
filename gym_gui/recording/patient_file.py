"""An HDF5 file on a disk that may be full: HDF5 never sees a write that fails, which it does not survive.

A file that HDF5 cannot close stays half open in its tables, prints its stack, and takes the process with it later. So
the first refusal is noted, everything after it is let go, and the caller is told once the file is closed.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import h5py

from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _PatientFile(io.FileIO):
    """A file whose writes always succeed; `fault` says what the disk refused."""

    fault: OSError | None = None

    @override
    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        left = view
        while len(left) and self.fault is None:
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.fault = error
        return len(view)

    @override
    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.fault = self.fault or error
            return size or 0

    @override
    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        count = super().readinto(view) or 0
        if count < len(view):  # what was let go reads as zeros
            view[count:] = bytes(len(view) - count)
        return len(view)


@contextmanager
def patient_file(path: Path, mode: str, **options: Any) -> Iterator[h5py.File]:
    """An HDF5 file to write.

    Args:
        path: Where it lies.
        mode: ``w`` or ``r+``.
        options: h5py's.

    Raises:
        OSError: the disk refused, or HDF5 cannot read what is there; the file is of no use.
    """
    with _PatientFile(path, "w+b" if mode == "w" else "r+b") as disk:
        try:
            with h5py.File(disk, mode, **options) as file:
                yield file
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            # HDF5 read back what it could not write.
            if disk.fault is not None:
                raise OSError(disk.fault.errno, disk.fault.strerror) from error
            raise
        if disk.fault is not None:
            raise OSError(disk.fault.errno, disk.fault.strerror)
