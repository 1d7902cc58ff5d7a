"""ParquetBackend: a folder of Parquet files a run, one table of steps an episode, pictures beside it.

Layout: ``<folder>/runs/<run_id>/`` with ``run_metadata.parquet``, ``run_statistics.parquet`` and ``episodes/``, which
holds ``trajectory_ep_000001.parquet``, ``episode_summary_ep_000001.parquet``, ``frames_ep_000001.parquet`` and, where
observations are large arrays, ``observations_ep_000001.parquet``. While an episode runs it is a journal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from gym_gui.core.data_model import RunState
from gym_gui.core.refs import is_run_id
from gym_gui.core.typing_compat import override
from gym_gui.recording.backend_recorder import BackendRecorder
from gym_gui.recording.documents import run_of_document
from gym_gui.recording.journal_episode import JournalEpisode
from gym_gui.recording.journaled_backend import JournaledBackend
from gym_gui.recording.parquet_declared import declared_type, fitted
from gym_gui.recording.parquet_episode import ParquetEpisode
from gym_gui.recording.parquet_files import (
    FILE_PATTERNS,
    RUNS_DIR,
    Compression,
    RunFolder,
    check_patterns,
    import_pyarrow,
    read_document,
)
from gym_gui.recording.parquet_run import ParquetRun
from gym_gui.recording.parquet_unify import together
from gym_gui.recording.stored_episode import StoredRun
from gym_gui.recording.stored_reader import StoredReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from os import PathLike

    import numpy as np
    import pyarrow as pa

    from gym_gui.core.data_model import RunRecord
    from gym_gui.recording.config import RecorderConfig
    from gym_gui.recording.journaled_backend import RunFiles
    from gym_gui.recording.stored_episode import StoredEpisode
    from gym_gui.recording.value_kinds import Kind

FOLDER: Final = "parquet"
DEFAULT_COMPRESSION: Final = "zstd"


class ParquetBackend(JournaledBackend):
    """Writes runs as Parquet files.

    Its own option ``file_patterns`` gives other names to the files of some kinds; see `parquet_files.FILE_PATTERNS`.

    Attributes:
        declared: Columns that the tables of episodes get whether or not something is recorded in them.

    Args:
        config: Where to and how; ``compression`` is one of ``zstd, snappy, gzip, lz4, brotli, none``.

    Raises:
        FormatUnavailableError: PyArrow is not installed.
        ConfigError: no such compression, or a pattern that cannot be.
    """

    name: ClassVar = "parquet"
    options: ClassVar = {"file_patterns": {}}

    def __init__(self, config: RecorderConfig) -> None:
        import_pyarrow()
        self._compression = Compression(config.compression or DEFAULT_COMPRESSION, config.compression_level)
        self._patterns = check_patterns(config.option("file_patterns", {}))
        self.declared: dict[str, Kind] = {}
        base = config.location(FOLDER)
        super().__init__(config, base, base / RUNS_DIR)

    @override
    def open_run(self, run: RunRecord) -> RunFiles:
        path = self.path / RUNS_DIR / run.run_id
        # A run that is there keeps the names it has.
        folder = RunFolder.at(path) if path.exists() else RunFolder(path, self._patterns)
        return ParquetRun(run, folder, self._compression, self.declared)

    @override
    def interrupted_runs(self) -> list[RunRecord]:
        with ParquetReader(self.path) as reader:
            return reader.unfinished()


class ParquetReader(StoredReader):
    """Reads what `ParquetBackend` writes, while it writes, too.

    Args:
        folder: The recording.

    Raises:
        FormatUnavailableError: PyArrow is not installed.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        super().__init__()
        import_pyarrow()
        self.path = Path(folder)
        self._episodes: dict[str, dict[int, StoredEpisode]] = {}

    def unfinished(self) -> list[RunRecord]:
        """Runs that say that they are being recorded, or have journals."""
        told = [(self._record(folder), folder) for folder in map(self._folder, self.run_ids())]
        return [run for (run, state, _), folder in told if state is RunState.RUNNING or folder.journals()]

    @override
    def run_ids(self) -> list[str]:
        runs = self.path / RUNS_DIR
        found = [path for path in runs.iterdir() if is_run_id(path.name)] if runs.is_dir() else []
        return sorted(path.name for path in found if RunFolder.at(path).of_run("metadata").exists())

    @override
    def read_run(self, run_id: str) -> StoredRun | None:
        if not is_run_id(run_id):
            return None
        folder = self._folder(run_id)
        if not folder.of_run("metadata").exists():
            return None
        run, state, ended_at = self._record(folder)
        known = self._episodes.setdefault(run_id, {})
        current: dict[int, StoredEpisode] = {}
        finished = self._documents(folder, known)
        for ordinal, document in finished.items():
            kept = known.get(ordinal)
            current[ordinal] = kept if isinstance(kept, ParquetEpisode) else ParquetEpisode(folder, ordinal, document)
        for path, ordinal in folder.journals():
            if ordinal in finished:
                continue
            journal = known.get(ordinal)
            if isinstance(journal, JournalEpisode):
                journal.refresh()
            else:
                journal = JournalEpisode(path, ordinal)
            if not journal.is_empty:
                current[ordinal] = journal
        self._episodes[run_id] = current
        return StoredRun(run, state, ended_at, {one.rollup.episode_id: one for _, one in sorted(current.items())})

    @override
    def forget(self) -> None:
        for episodes in self._episodes.values():
            for episode in episodes.values():
                episode.close()
        self._episodes.clear()

    def trajectories(self, run_id: str) -> list[Path]:
        """The tables of steps of a run's finished episodes, in order."""
        folder = self._folder(run_id)
        return [folder.of_episode("trajectory", ordinal) for ordinal in folder.finished()]

    def to_table(self, run_id: str) -> pa.Table:
        """The steps of a run's finished episodes as one table, also while its files differ in their columns."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - heavy; only where it is asked for

        return together([pq.read_table(path) for path in self.trajectories(run_id)])

    def _folder(self, run_id: str) -> RunFolder:
        return RunFolder.at(self.path / RUNS_DIR / run_id)

    def _record(self, folder: RunFolder) -> tuple[RunRecord, RunState, datetime | None]:
        return run_of_document(msgspec.json.decode(read_document(folder.of_run("metadata"))))

    def _documents(self, folder: RunFolder, known: Mapping[int, StoredEpisode]) -> dict[int, Mapping[str, object]]:
        """Number -> summary of every finished episode; of those that are known already, nothing is read."""
        statistics = folder.of_run("statistics")
        if statistics.exists() and not known:
            listed = msgspec.json.decode(read_document(statistics))["episodes"]
            return {int(one["ordinal"]): one for one in listed}
        return {
            ordinal: {}
            if isinstance(known.get(ordinal), ParquetEpisode)
            else msgspec.json.decode(read_document(folder.of_episode("summary", ordinal)))
            for ordinal in folder.finished()
        }


class ParquetRecorder(BackendRecorder):
    """Records to Parquet files."""

    backend_class: ClassVar = ParquetBackend
    reader_class: ClassVar = ParquetReader

    def __init__(self, config: RecorderConfig | Mapping[str, Any]) -> None:
        super().__init__(config)
        self._declared: dict[str, np.dtype[Any]] = {}

    def create_table(self, schema: dict[str, str]) -> None:
        """Say which columns there will be: name -> type, as NumPy names it (``float32``), or ``string``.

        Values recorded under these names from now on take that type. The columns stand in the table of every episode
        that ends from now on.

        Raises:
            SchemaMismatchError: a type does not exist, or a name has no place of its own in the table.
        """
        declared = {name: declared_type(name, text) for name, text in schema.items()}
        self._declared.update(declared)
        self._chooses = True
        backend = self.backend
        assert isinstance(backend, ParquetBackend)  # noqa: S101 - for the type checker
        kinds: dict[str, Kind] = {
            name: ("str",) if dtype.kind == "U" else ("np", dtype.str) for name, dtype in declared.items()
        }
        backend.declared.update(kinds)

    @override
    def _chosen(self, step_data: dict[str, Any], step_number: int) -> dict[str, Any] | None:
        chosen = super()._chosen(step_data, step_number)
        if chosen is None:
            return None
        return {name: self._as_declared(name, value, step_number) for name, value in chosen.items()}

    def write_batch(self, data_batch: list[dict[str, Any]]) -> int:
        """Record steps, and return when they are on disk.

        Args:
            data_batch: A step each; ``step_number`` counts on where it is missing, ``episode_id`` is the current one.

        Returns:
            How many were recorded.
        """
        for data in data_batch:
            rest = {name: value for name, value in data.items() if name not in {"step_number", "episode_id"}}
            number = data.get("step_number", self._last_number + 1)
            episode = data.get("episode_id")
            self.record_step(rest, number, episode)
            self._last_number = number
        self.flush()
        return len(data_batch)

    def flush_buffer(self) -> None:
        """Return when everything recorded before is on disk, and every ended episode is a Parquet file.

        Raises:
            RecordingError: the disk refuses.
        """
        self.flush()
        backend = self.backend
        assert isinstance(backend, ParquetBackend)  # noqa: S101 - for the type checker
        backend.finish_now()

    def _as_declared(self, name: str, value: Any, step_number: int) -> Any:
        dtype = self._declared.get(name)
        if dtype is None or value is None:
            return value
        return fitted(name, value, dtype, step_number)


__all__ = ["DEFAULT_COMPRESSION", "FILE_PATTERNS", "ParquetBackend", "ParquetReader", "ParquetRecorder"]
