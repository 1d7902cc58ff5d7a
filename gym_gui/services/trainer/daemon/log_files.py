"""What the workers of a run wrote, read from a place on, as it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gym_gui.core.refs import is_run_id

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK_BYTES: Final = 256 * 1024
_PREFIX: Final = "worker-"
_SUFFIX: Final = ".log"


class LogFollower:
    """Reads on where it stopped.

    Args:
        folder: The run's.
        worker_id: Only this worker's; empty for all.
        offset: Bytes of each file that the reader has.
    """

    def __init__(self, folder: Path, worker_id: str, offset: int) -> None:
        self._folder = folder
        self._worker_id = worker_id
        self._offset = offset
        self._offsets: dict[Path, int] = {}

    def read(self) -> list[tuple[str, int, bytes]]:
        """Worker, offset and bytes of what is new, at most a quarter of a megabyte each; empty where nothing is."""
        if self._worker_id and not is_run_id(self._worker_id):
            return []
        found = []
        for path in sorted(self._folder.glob(f"{_PREFIX}{self._worker_id or '*'}{_SUFFIX}")):
            offset = self._offsets.get(path, self._offset)
            try:
                with path.open("rb") as file:
                    file.seek(offset)
                    data = file.read(_CHUNK_BYTES)
            except OSError:
                continue
            if data:
                self._offsets[path] = offset + len(data)
                found.append((path.name[len(_PREFIX) : -len(_SUFFIX)], offset, data))
        return found
