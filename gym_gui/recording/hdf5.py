"""Hdf5 recordings: one file that explains itself, ``/<run_id>/<episode_id>/{frames, actions, rewards, ...}``.

Every HDF5 program reads it; the datasets say what they are and in which units. While a run is recorded its episodes
lie beside the file, in ``<file>.parts``: journals of running ones, files of finished ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import h5py

from gym_gui.core.errors import RecordingError
from gym_gui.core.refs import is_run_id
from gym_gui.core.typing_compat import override
from gym_gui.recording.backend_recorder import BackendRecorder
from gym_gui.recording.documents import run_of_document
from gym_gui.recording.hdf5_additions import Additions
from gym_gui.recording.hdf5_columns import GZIP_LEVEL, Storage
from gym_gui.recording.hdf5_episode import DOCUMENT, FIRST_PLACE, Hdf5Episode
from gym_gui.recording.hdf5_run import FORMAT, PARTS_SUFFIX, Hdf5Run, Parts, document_of, episodes_in
from gym_gui.recording.journal import unreadable
from gym_gui.recording.journal_episode import JournalEpisode
from gym_gui.recording.journaled_backend import JournaledBackend
from gym_gui.recording.stored_episode import StoredRun
from gym_gui.recording.stored_reader import StoredReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    import numpy as np

    from gym_gui.core.data_model import EpisodeRollup, RunRecord
    from gym_gui.recording.config import RecorderConfig
    from gym_gui.recording.hdf5_rows import RowSource
    from gym_gui.recording.journaled_backend import RunFiles
    from gym_gui.recording.stored_episode import StoredEpisode

FILE_NAME: Final = "recording.h5"


class HDF5Backend(JournaledBackend):
    """Writes one HDF5 file.

    Args:
        config: Where to and how; ``compression`` is one of ``gzip`` (the default, which every HDF5 reads), ``lzf``,
            ``none``. Options of its own are those of `hdf5_columns.Storage`.

    Raises:
        ConfigError: no such compression or level.
    """

    name: ClassVar = "hdf5"
    options: ClassVar = {
        "chunk_size": 1000,
        "shuffle": True,
        "fletcher32": False,
        "track_order": True,
        "create_intermediate_groups": True,
    }

    def __init__(self, config: RecorderConfig) -> None:
        self.storage = Storage(
            config.compression or "gzip",
            GZIP_LEVEL if config.compression_level is None else config.compression_level,
            int(config.option("chunk_size", 1000)),
            bool(config.option("shuffle", True)),
            bool(config.option("fletcher32", False)),
            bool(config.option("track_order", True)),
        )
        path = config.location(FILE_NAME)
        super().__init__(config, path, path.with_name(f"{path.name}{PARTS_SUFFIX}"))

    @override
    def open_run(self, run: RunRecord) -> RunFiles:
        return Hdf5Run(run, self.path, self.storage)

    def write_bare_episode(self, rollup: EpisodeRollup, rows: RowSource) -> None:
        """Write an episode that is over, and has neither pictures nor large observations, straight from its columns.

        Raises:
            RecordingError: the disk refuses.
        """
        run = self._run(rollup.run_id, rollup)
        files = run.files
        assert isinstance(files, Hdf5Run)  # noqa: S101 - for the type checker
        files.finish_bare_episode(run.number_of(rollup.episode_id), rows, rollup)

    @override
    def interrupted_runs(self) -> list[RunRecord]:
        return [run[0] for run_id in part_ids(self.path) if (run := Parts(self.path, run_id).read_run()) is not None]

    @override
    def close(self) -> None:
        super().close()
        parts = self.path.with_name(f"{self.path.name}{PARTS_SUFFIX}")
        if parts.is_dir() and not any(parts.iterdir()):
            parts.rmdir()


class HDF5Reader(StoredReader):
    """Reads what `HDF5Backend` writes, while it writes, too.

    Args:
        path: The recording's file; while its first run is recorded, it need not be there.

    Raises:
        RecordingError: it is no recording of ours, or cannot be read.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._identity: tuple[int, int, int] | None = None
        self._parts: dict[Path, h5py.File] = {}
        self._episodes: dict[str, dict[int, tuple[str, StoredEpisode]]] = {}
        self._whole: dict[str, dict[int, StoredEpisode]] = {}
        with self._lock:
            self._recording()

    @override
    def run_ids(self) -> list[str]:
        file = self._recording()
        finished = [] if file is None else [name for name, item in list(file.items()) if DOCUMENT in item.attrs]
        return sorted({*finished, *part_ids(self.path)})

    @override
    def read_run(self, run_id: str) -> StoredRun | None:
        if not is_run_id(run_id):
            return None
        file, parts = self._recording(), Parts(self.path, run_id)
        told = parts.read_run()
        if told is None:
            if file is None or run_id not in file:
                return None
            told = run_of_document(document_of(file[run_id]))
        current: dict[int, tuple[str, StoredEpisode]] = {
            ordinal: ("", episode) for ordinal, episode in self._finished(run_id).items()
        }
        known = self._episodes.get(run_id, {})
        for path, ordinal in parts.episodes():
            kept = known.get(ordinal)
            current[ordinal] = kept if kept and kept[0] == path.name else (path.name, self._part(path))
        for path, ordinal in parts.journals():
            if current.get(ordinal, ("",))[0]:
                continue  # its file is there, its journal about to go
            kept = known.get(ordinal)
            is_known = kept is not None and isinstance(kept[1], JournalEpisode)
            journal = kept[1] if kept and is_known else JournalEpisode(path, ordinal, FIRST_PLACE)
            if isinstance(journal, JournalEpisode):
                journal.refresh()
                if not journal.is_empty:
                    current[ordinal] = path.name, journal
        self._episodes[run_id] = current
        episodes = {one.rollup.episode_id: one for _, (_, one) in sorted(current.items())}
        return StoredRun(*told, episodes)

    @override
    def forget(self) -> None:
        self._episodes.clear()
        self._whole.clear()
        while self._parts:
            self._parts.popitem()[1].close()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _finished(self, run_id: str) -> dict[int, StoredEpisode]:
        """The run's episodes in the recording itself, read once."""
        file = self._recording()
        if file is None or run_id not in file:
            return {}
        found = self._whole.get(run_id)
        if found is None:
            found = self._whole[run_id] = {}
            for group, document in episodes_in(file, run_id):
                found[int(document["ordinal"])] = Hdf5Episode(self._opener(group.name), document)
        return found

    def _opener(self, name: str) -> Any:
        def group() -> h5py.Group:
            file = self._recording()
            if file is None or name not in file:
                raise FileNotFoundError(2, "the episode is gone", str(self.path))
            return file[name]

        return group

    def _part(self, path: Path) -> StoredEpisode:
        def group() -> h5py.File:
            if path not in self._parts:
                self._parts[path] = _open(path)
            return self._parts[path]

        file = group()
        document = {**document_of(file), "size_bytes": path.stat().st_size}
        return Hdf5Episode(group, document)

    def _recording(self) -> h5py.File | None:
        """The recording as it is now: its writer replaces it."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            if self._file is not None:
                self.forget()
            if not part_ids(self.path):
                raise RecordingError(f"There is no recording {self.path.name}.", hint=f"File: {self.path}") from None
            return None
        identity = status.st_dev, status.st_ino, status.st_mtime_ns
        if self._file is None or identity != self._identity:
            self.forget()
            self._file, self._identity = _open(self.path), identity
            if self._file.attrs.get("format") != FORMAT:
                self.forget()
                raise RecordingError(f"{self.path.name} is no recording of gym_gui.", hint=f"File: {self.path}")
        return self._file


class HDF5Recorder(BackendRecorder):
    """Records to one HDF5 file, and adds what the program wants in it besides.

    Additions are in the file from the end of the run on; paths lead from the file's root, as in HDF5.
    """

    backend_class: ClassVar = HDF5Backend
    reader_class: ClassVar = HDF5Reader

    def __init__(self, config: RecorderConfig | Mapping[str, Any]) -> None:
        super().__init__(config)
        self._additions: Additions | None = None

    def create_group(self, group_path: str, **attributes: Any) -> None:
        """Add a group that says *attributes* of itself.

        Raises:
            SchemaMismatchError: HDF5 cannot have it.
        """
        self._noted().add_group(group_path, attributes)

    def create_dataset(
        self, dataset_path: str, data_shape: tuple[int, ...], dtype: np.dtype[Any], **dataset_options: Any
    ) -> None:
        """Add a dataset of *data_shape*; *dataset_options* are h5py's, ``data`` among them.

        Raises:
            SchemaMismatchError: HDF5 cannot have it.
        """
        self._noted().add_dataset(dataset_path, data_shape, str(dtype), dataset_options)

    def set_attributes(self, path: str, attributes: dict[str, Any]) -> None:
        """Add attributes to what is, or will be, at *path*.

        Raises:
            SchemaMismatchError: HDF5 cannot have them.
        """
        self._noted().set_attributes(path, attributes)

    def close_file(self) -> None:
        """Put the file together, and end."""
        self.close()

    @override
    def close(self) -> None:
        if self._additions is not None:
            self._additions.close()
        super().close()

    def _noted(self) -> Additions:
        if self._additions is None:
            backend = self.backend
            assert isinstance(backend, HDF5Backend)  # noqa: S101 - for the type checker
            path = Parts(backend.path, self.run_id).additions
            self._additions = Additions(path, track_order=backend.storage.track_order)
        return self._additions


def part_ids(recording: Path) -> list[str]:
    """Runs of which something is not in the recording yet."""
    folder = recording.with_name(f"{recording.name}{PARTS_SUFFIX}")
    if not folder.is_dir():
        return []
    found = [path.name for path in folder.iterdir() if path.is_dir() and is_run_id(path.name)]
    return [run_id for run_id in found if Parts(recording, run_id).read_run() is not None]


def _open(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r", locking=False)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error
