"""Which readers of this process hold a replay file, so that its writer can ask them to let go.

HDF5 shares one open file among all handles of a process: a writer that must reopen (a new dataset, the final
attributes) cannot while a reader holds on. Readers open again by themselves at their next call.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class ReleasesFile(Protocol):
    """A reader that can close its handle and open it again when it is next used."""

    def release_file(self, path: Path) -> None:
        """Close the handle on *path*, a resolved one, if there is one; called from the writer's thread."""


# Held by a writer while it reopens or makes room for items that it then writes, and by a reader while it looks: HDF5
# shows one handle's half-done change to every other one of the process. Always taken before a reader's own lock.
changing = threading.RLock()

_lock = threading.Lock()
_readers: weakref.WeakSet[ReleasesFile] = weakref.WeakSet()


def register_reader(reader: ReleasesFile) -> None:
    """From now on *reader* is asked."""
    with _lock:
        _readers.add(reader)


def release_readers(path: Path, *, but: ReleasesFile | None = None) -> None:
    """Ask every reader of this process *but* one to let go of *path*, however it is spelt; with `changing` held."""
    path = path.resolve()
    with _lock:
        readers = list(_readers)
    for reader in readers:
        if reader is not but:
            reader.release_file(path)
