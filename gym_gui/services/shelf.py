"""The recordings in a folder and those added by name: found without opening them, opened once, let go together."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from gym_gui.core.errors import EnvironmentFault
from gym_gui.recording.chain_reader import parts_of
from gym_gui.recording.opening import open_as, recordings_at

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.recording.contract import RecordingReader

_LOGGER = logging.getLogger(__name__)
# A folder that changed a moment ago may still be filled.
_SETTLED_S: Final = 2.0


class Place(NamedTuple):
    """Where a recording is.

    Attributes:
        kind: As `recording.opening` names it.
        path: Its file or folder.
        folder: The name of the folder that it lies in on the shelf; None where it lies on none.
    """

    kind: str
    path: Path
    folder: str | None


class Shelf:
    """Recordings of all backends; any thread.

    Args:
        folder: Where they lie, one or several in a folder each; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._added: list[Path] = []
        self._found: dict[Path, tuple[int, list[Place]]] = {}
        self._readers: dict[Place, RecordingReader] = {}
        self._of_run: dict[str, tuple[tuple[int, ...], list[RecordingReader]]] = {}
        self._told: set[Place] = set()

    def add(self, path: Path) -> None:
        """Put a recording from elsewhere on it."""
        with self._lock:
            self._added.append(path)

    def places(self) -> list[Place]:
        """Every recording there is."""
        with self._lock:
            found = [Place(kind, path, None) for one in self._added for kind, path in _recordings(one)]
            try:
                inside = sorted(self._folder.iterdir())
            except OSError:
                inside = []
            for child in inside:
                found += self._places_in(child)
            return list(dict.fromkeys(found))

    def open(self, place: Place) -> RecordingReader | None:
        """The reader of a recording, or None where it cannot be read, which is logged once."""
        with self._lock:
            reader = self._readers.get(place)
            if reader is None:
                try:
                    reader = self._readers[place] = open_as(place.kind, place.path)
                except (EnvironmentFault, OSError) as error:
                    if place not in self._told:
                        _LOGGER.warning("A recording is not in the library: %s", error)
                        self._told.add(place)
            return reader

    def readers_of(self, run_id: str) -> list[RecordingReader]:
        """The readers of the recordings that have a run: more than one where one backend took over from another."""
        with self._lock:
            stamp = (_changed_ns(self._folder), _changed_ns(self._folder / run_id), len(self._added))
            known = self._of_run.get(run_id)
            if known is not None and known[0] == stamp:
                return known[1]
            places = self.places()
            own = [one for one in places if one.folder == run_id]
            found = [
                reader
                for place in own or places
                if (reader := self.open(place)) is not None and _has_run(reader, run_id)
            ]
            if len(found) > 1:
                found = [*parts_of(found, run_id)]
            if found and not _is_fresh(max(stamp[:2])):
                self._of_run[run_id] = stamp, found
            return found

    def close(self) -> None:
        """Let go of every file; the shelf may be used again."""
        with self._lock:
            self._of_run.clear()
            while self._readers:
                self._readers.popitem()[1].close()

    def _places_in(self, child: Path) -> list[Place]:
        changed_ns = _changed_ns(child)
        known = self._found.get(child)
        if known is not None and known[0] == changed_ns:
            return known[1]
        found = [Place(kind, path, child.name) for kind, path in _recordings(child)]
        if found and not _is_fresh(changed_ns):
            self._found[child] = changed_ns, found
        return found


def mark_of(place: Place) -> int:
    """A number that changes with the files of a recording; none is opened."""
    total = 0
    runs = place.path / "runs"
    parts = place.path.with_name(f"{place.path.name}.parts")
    log = place.path.with_name(f"{place.path.name}-wal")
    for top in (place.path, runs, parts, log):
        for path in (top, *(top.glob("*") if top.is_dir() else ()), *(top.glob("*/*") if top is parts else ())):
            try:
                status = path.stat()
            except OSError:
                continue
            total += status.st_mtime_ns + status.st_size
    # Of the runs in folders, those that are being recorded have a lock: their journals grow.
    for lock in runs.glob("*.lock"):
        for journal in (runs / lock.stem / "episodes").glob("_*"):
            total += _changed_ns(journal)
    return total % 2**62


def _recordings(path: Path) -> list[tuple[str, Path]]:
    try:
        return recordings_at(path)
    except EnvironmentFault as error:
        _LOGGER.debug("not in the library: %s", error)
        return []


def _has_run(reader: RecordingReader, run_id: str) -> bool:
    try:
        reader.get_run(run_id)
    except EnvironmentFault:
        return False
    return True


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _is_fresh(changed_ns: int) -> bool:
    return time.time_ns() - changed_ns < _SETTLED_S * 1e9
