"""The files of a run in HDF5: an episode's journal becomes a file of its own, all of them one at the run's end.

A file that HDF5 was adding to when its process died cannot be opened again. So nothing is ever added to the recording
in place: episodes wait as whole files beside it, and the end of a run makes a new recording, which takes the old one's
place in one step. Compressed chunks are copied as they are.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import h5py
import msgspec

import gym_gui
from gym_gui.core.clock import to_iso, utc_now
from gym_gui.core.data_model import RunState
from gym_gui.core.errors import RecordingError
from gym_gui.core.one_line import printable
from gym_gui.core.typing_compat import override
from gym_gui.recording.documents import run_document, run_of_document
from gym_gui.recording.hdf5_additions import apply_additions
from gym_gui.recording.hdf5_episode import DOCUMENT, Hdf5Episode, write_attributes, write_bare_episode, write_episode
from gym_gui.recording.journal import JOURNAL_SUFFIX, unreadable
from gym_gui.recording.journaled_backend import RunFiles
from gym_gui.recording.patient_file import patient_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup, RunRecord
    from gym_gui.recording.hdf5_columns import Storage
    from gym_gui.recording.hdf5_rows import RowSource
    from gym_gui.recording.journal_episode import JournalEpisode

FORMAT: Final = "gym_gui recording"
FORMAT_VERSION: Final = 1
PARTS_SUFFIX: Final = ".parts"
_RUN_FILE: Final = "run.json"
_PREFIX: Final = "ep_"


class Parts:
    """What of a run is not in the recording yet: its journals, its finished episodes, what it says of itself.

    Args:
        recording: The recording's file.
        run_id: The run.
    """

    def __init__(self, recording: Path, run_id: str) -> None:
        self.path = recording.with_name(f"{recording.name}{PARTS_SUFFIX}") / run_id

    def journal(self, ordinal: int) -> Path:
        """The journal of an episode."""
        return self.path / f"{_PREFIX}{ordinal:06d}{JOURNAL_SUFFIX}"

    def episode(self, ordinal: int) -> Path:
        """The file of a finished episode."""
        return self.path / f"{_PREFIX}{ordinal:06d}.h5"

    @property
    def additions(self) -> Path:
        """Groups, datasets and attributes of a program's own."""
        return self.path / f"additions{JOURNAL_SUFFIX}"

    def journals(self) -> list[tuple[Path, int]]:
        """Journals with their episodes' numbers."""
        return self._numbered(JOURNAL_SUFFIX)

    def episodes(self) -> list[tuple[Path, int]]:
        """Finished episodes with their numbers."""
        return self._numbered(".h5")

    def read_run(self) -> tuple[RunRecord, RunState, datetime | None] | None:
        """What the run says of itself, or None where it is not being recorded."""
        try:
            return run_of_document(msgspec.json.decode((self.path / _RUN_FILE).read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError) as error:
            raise unreadable(self.path / _RUN_FILE, error) from error

    def write_run(self, document: dict[str, Any]) -> None:
        """Say it anew."""
        self.path.mkdir(parents=True, exist_ok=True)
        partial = self.path / f"{_RUN_FILE}.partial"
        partial.write_bytes(msgspec.json.encode(document))
        partial.replace(self.path / _RUN_FILE)

    def remove(self) -> None:
        """Everything is in the recording."""
        # What says that the run is being recorded goes last.
        for path in sorted(self.path.iterdir(), key=lambda path: path.name == _RUN_FILE):
            path.unlink()
        self.path.rmdir()

    def _numbered(self, suffix: str) -> list[tuple[Path, int]]:
        found = self.path.glob(f"{_PREFIX}*{suffix}")
        return sorted((path, int(path.stem.removeprefix(_PREFIX))) for path in found)


class Hdf5Run(RunFiles):
    """One run of a recording.

    Args:
        run: The run; of one that is there, its own record holds.
        recording: The recording's file; it need not be there.
        storage: How datasets are stored.
    """

    def __init__(self, run: RunRecord, recording: Path, storage: Storage) -> None:
        self._recording = recording
        self._storage = storage
        self.parts = Parts(recording, run.run_id)
        there = self.parts.read_run() or _run_in(recording, run.run_id)
        super().__init__(there[0] if there else run)
        self.parts.path.mkdir(parents=True, exist_ok=True)

    @override
    def ordinals(self) -> dict[str, int]:
        found: dict[str, int] = {}
        if self._recording.exists():
            with opened(self._recording) as file:
                for _, document in episodes_in(file, self.run.run_id):
                    found[document["episode_id"]] = int(document["ordinal"])
        for path, ordinal in self.parts.episodes():
            with opened(path) as file:
                found[document_of(file)["episode_id"]] = ordinal
        return found

    @override
    def journals(self) -> list[tuple[Path, int]]:
        return self.parts.journals()

    @override
    def journal_path(self, ordinal: int) -> Path:
        return self.parts.journal(ordinal)

    @override
    def standing(self) -> tuple[RunState, datetime | None]:
        told = self.parts.read_run()
        return (RunState.RUNNING, None) if told is None else told[1:]

    @override
    def write_run(self, state: RunState, ended_at: datetime | None) -> None:
        self.parts.write_run(run_document(self.run, state, ended_at))

    @override
    def finish_episode(self, journal: JournalEpisode, rollup: EpisodeRollup) -> None:
        with _new_file(self.parts.episode(journal.ordinal), self._storage) as file:
            write_episode(file, journal, rollup, self._storage)

    def finish_bare_episode(self, ordinal: int, rows: RowSource, rollup: EpisodeRollup) -> None:
        """Make the file of an episode that never was a journal; see `hdf5_episode.write_bare_episode`."""
        with _new_file(self.parts.episode(ordinal), self._storage) as file:
            write_bare_episode(file, rows, rollup, ordinal, self._storage)

    @override
    def unfinish(self, ordinal: int) -> EpisodeRollup:
        from gym_gui.recording.rewriting import write_journal  # noqa: PLC0415 - rare

        path = self.parts.episode(ordinal)
        with opened(path if path.exists() else self._recording) as file:
            if path.exists():
                group, document = file, document_of(file)
            else:
                found = ((group, one) for group, one in episodes_in(file, self.run.run_id))
                group, document = next((group, one) for group, one in found if one["ordinal"] == ordinal)
            episode = Hdf5Episode(lambda: group, document)
            write_journal(self.parts.journal(ordinal), episode, self.run)
        path.unlink(missing_ok=True)
        return episode.rollup

    @override
    def finish_run(self, state: RunState, ended_at: datetime) -> None:
        recording = self._recording
        with _new_file(recording, self._storage, begin_with=recording) as file:
            file.attrs.update({"format": FORMAT, "version": FORMAT_VERSION, "written_by": _application()})
            run = file.require_group(self.run.run_id)
            write_attributes(run, run_document(self.run, state, ended_at))
            for path, _ in self.parts.episodes():
                _copy_episode(path, run)
            apply_additions(file, self.parts.additions, track_order=self._storage.track_order)
        self.parts.remove()


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """A file to read.

    Raises:
        RecordingError: it cannot be opened.
    """
    try:
        file = h5py.File(path, "r", locking=False)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error
    with file:
        yield file


def episodes_in(file: h5py.File, run_id: str) -> Iterator[tuple[h5py.Group, dict[str, Any]]]:
    """The groups of a run's episodes with their documents."""
    # A list: h5py's own iterator holds its lock for as long as it lives.
    for item in list(file.get(run_id, {}).values()):
        if isinstance(item, h5py.Group) and DOCUMENT in item.attrs:
            yield item, document_of(item)


def document_of(group: h5py.Group) -> dict[str, Any]:
    """What a run or an episode says of itself.

    Raises:
        RecordingError: it is none of ours.
    """
    text = group.attrs.get(DOCUMENT)
    if text is None:
        raise RecordingError("This is no part of a recording.", hint=f"File: {group.file.filename}")
    found: dict[str, Any] = msgspec.json.decode(text)
    return found


def group_name(episode_id: str, ordinal: int) -> str:
    """The name of an episode's group: its id, where HDF5 can have it as a name."""
    plain = bool(episode_id) and not set("/\0") & set(episode_id) and episode_id != "."
    return episode_id if plain else f"episode-{ordinal:06d}"


def _run_in(recording: Path, run_id: str) -> tuple[RunRecord, RunState, datetime | None] | None:
    if not recording.exists():
        return None
    with opened(recording) as file:
        return run_of_document(document_of(file[run_id])) if run_id in file else None


def _copy_episode(path: Path, run: h5py.Group) -> None:
    with opened(path) as source:
        document = document_of(source)
        name = group_name(document["episode_id"], int(document["ordinal"]))
        if name in run:
            del run[name]  # it was gone on with
        source.copy(source["/"], run, name=name)
        run[name].attrs[DOCUMENT] = msgspec.json.encode({**document, "size_bytes": path.stat().st_size}).decode()
        run[name].attrs["size_bytes"] = path.stat().st_size


@contextmanager
def _new_file(path: Path, storage: Storage, *, begin_with: Path | None = None) -> Iterator[h5py.File]:
    """A file that takes its place once it is whole.

    Raises:
        RecordingError: the disk refuses; what was there stays.
    """
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = "w"
        if begin_with is not None and begin_with.exists():
            shutil.copyfile(begin_with, partial)
            mode = "r+"
        order: dict[str, Any] = {"track_order": storage.track_order} if mode == "w" else {}
        with patient_file(partial, mode, **order) as file:
            if mode == "w":
                file.attrs["created_at"] = to_iso(utc_now()) or ""
            yield file
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        if isinstance(error, RecordingError):
            raise
        told = getattr(error, "strerror", None) or printable(str(error)).partition(", filename =")[0]
        raise RecordingError(f"The recording cannot be written: {told}.", hint=f"File: {path}") from error
    finally:
        partial.unlink(missing_ok=True)


def _application() -> str:
    return f"gym_gui {gym_gui.__version__}"
