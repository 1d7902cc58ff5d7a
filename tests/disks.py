"""A disk of a few megabytes, of the test's own: it can be filled, freed and made read-only."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE_MB = 6


class SmallDisk:
    """A mounted file system in memory.

    Attributes:
        path: Where it is mounted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, *, leave_bytes: int = 0) -> None:
        """Take all the room but *leave_bytes*."""
        free = os.statvfs(self.path).f_bavail * os.statvfs(self.path).f_frsize
        try:
            with self._filler.open("ab") as filler:
                filler.write(bytes(max(0, free - leave_bytes)))
        except OSError:
            return  # someone else took the last block

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink()

    def make_read_only(self) -> None:
        """From now on nothing can be written, not even by root."""
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 6 MB; the test is left out where nothing may be mounted."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a disk of a test's own can be mounted by root on Linux only")
    yield SmallDisk(path)
    subprocess.run(["umount", "--lazy", path], check=True)
