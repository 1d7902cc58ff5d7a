"""ParquetBackend: a folder of Parquet files a run, one table of steps an episode, pictures beside it.

Layout: ``<folder>/runs/<run_id>/`` with ``run_metadata.parquet``, ``run_statistics.parquet`` and ``episodes/``, which
holds ``trajectory_ep_000001.parquet``, ``episode_summary_ep_000001.parquet``, ``frames_ep_000001.parquet`` and, where
observations are large arrays, ``observations_ep_000001.parquet``. While an episode runs it is a journal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from gym_gui.core.data_model import RunState
from gym_gui.core.refs import is_run_id
from gym_gui.core.typing_compat import override
from gym_gui.recording.documents import run_of_document
from gym_gui.recording.journal_episode import JournalEpisode
from gym_gui.recording.journaled_backend import JournaledBackend
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
from gym_gui.recording.stored_episode import StoredRun
from gym_gui.recording.stored_reader import StoredReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from os import PathLike

    from gym_gui.core.data_model import RunRecord
    from gym_gui.recording.config import RecorderConfig
    from gym_gui.recording.journaled_backend import RunFiles
    from gym_gui.recording.stored_episode import StoredEpisode

FOLDER: Final = "parquet"
DEFAULT_COMPRESSION: Final = "zstd"


class ParquetBackend(JournaledBackend):
    """Writes runs as Parquet files.

    Its own option ``file_patterns`` gives other names to the files of some kinds; see `parquet_files.FILE_PATTERNS`.

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
        base = config.location(FOLDER)
        super().__init__(config, base, base / RUNS_DIR)

    @override
    def open_run(self, run: RunRecord) -> RunFiles:
        return ParquetRun(run, RunFolder(self.path / RUNS_DIR / run.run_id, self._patterns), self._compression)

    @override
    def interrupted_runs(self) -> list[RunRecord]:
        with ParquetReader(self.path, file_patterns=self._patterns) as reader:
            return [run for run, state in reader.states() if state is RunState.RUNNING]


class ParquetReader(StoredReader):
    """Reads what `ParquetBackend` writes, while it writes, too.

    Args:
        folder: The recording.
        file_patterns: As for the backend.
    """

    def __init__(self, folder: str | PathLike[str], *, file_patterns: Mapping[str, str] | None = None) -> None:
        super().__init__()
        import_pyarrow()
        self.path = Path(folder)
        self._patterns = check_patterns(file_patterns)
        self._episodes: dict[str, dict[int, StoredEpisode]] = {}

    def states(self) -> list[tuple[RunRecord, RunState]]:
        """Every run, and where it stands."""
        return [self._record(self._folder(run_id))[:2] for run_id in self.run_ids()]

    @override
    def run_ids(self) -> list[str]:
        runs = self.path / RUNS_DIR
        found = runs.glob(f"*/{self._patterns['metadata']}") if runs.is_dir() else ()
        return sorted(path.parent.name for path in found if is_run_id(path.parent.name))

    @override
    def read_run(self, run_id: str) -> StoredRun | None:
        folder = self._folder(run_id)
        if not is_run_id(run_id) or not folder.of_run("metadata").exists():
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

    def _folder(self, run_id: str) -> RunFolder:
        return RunFolder(self.path / RUNS_DIR / run_id, self._patterns)

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


__all__ = ["DEFAULT_COMPRESSION", "FILE_PATTERNS", "ParquetBackend", "ParquetReader"]
