"""Disks of the test's own: one of a few megabytes that can be filled and freed, and folders that can only be read."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
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


@contextmanager
def only_readable(folder: Path) -> Iterator[Path]:
    """*folder* where nothing can be written, not even by root; the test is left out where that cannot be had."""
    if sys.platform == "win32":
        pytest.skip("mounts and permission bits of Unix")
    if os.geteuid() != 0:
        with _without_write_permission(folder):
            yield folder
        return
    view = folder.with_name(f"{folder.name}-read-only")
    view.mkdir()
    try:
        subprocess.run(["mount", "--bind", folder, view], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("permission bits do not bind root, and nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", view], check=True)
        yield view
    finally:
        subprocess.run(["umount", "--lazy", view], check=True)


@contextmanager
def _without_write_permission(folder: Path) -> Iterator[None]:
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    try:
        yield
    finally:
        for path in folders:
            path.chmod(0o755)
