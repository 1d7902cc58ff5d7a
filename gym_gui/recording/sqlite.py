"""SQLiteBackend: a recording as one file that can be shared, and asked with SQL.

The backend belongs to the writer's thread; reading and queries may come from any.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from gym_gui.core.errors import ConfigError, FrameNotFoundError, RecordingError, StoreError
from gym_gui.core.refs import FRAMES_DATASET, OBSERVATIONS_DATASET, FrameRef
from gym_gui.core.typing_compat import override
from gym_gui.db.connection import connect_reader
from gym_gui.recording.backend_recorder import BackendRecorder
from gym_gui.recording.contract import RecordingBackend
from gym_gui.recording.queries import forbid_writing
from gym_gui.recording.sqlite_arrays import DEFAULT_LEVEL, RecordingStore
from gym_gui.recording.wording import recording_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary, RunRecord, RunState, RunSummary, StepRecord
    from gym_gui.recording.config import RecorderConfig

FILE_NAME: Final = "recording.sqlite"
# Pragmas that may be chosen, with the values that they take; WAL is what lets others read while we write.
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "journal_mode": frozenset({"wal", "delete", "truncate", "persist"}),
    "synchronous": frozenset({"off", "normal", "full", "extra"}),
}
_MODES: Final = frozenset({"immediate", "exclusive", "deferred"})


class SQLiteBackend(RecordingBackend):
    """Writes ``recording.sqlite``: each call of `write_steps` is one transaction."""

    name: ClassVar = "sqlite"
    keeps_frames: ClassVar = True
    options: ClassVar = {
        "batch_size": None,
        "transaction_mode": "immediate",
        "connection_timeout": None,
        "journal_mode": "WAL",
        "synchronous": "NORMAL",
        "cache_size": None,
    }

    def __init__(self, config: RecorderConfig) -> None:
        super().__init__(config)
        if config.compression not in {None, "zstd"}:
            raise ConfigError(
                f"The recorder sqlite cannot compress with {config.compression!r}.", hint="It has 'zstd'."
            )
        self._level = DEFAULT_LEVEL if config.compression_level is None else config.compression_level
        self._pragmas = _pragmas(config)
        self._path = config.location(FILE_NAME)
        self._store: RecordingStore | None = None
        self._bytes: Counter[tuple[str, str]] = Counter()

    @property
    @override
    def path(self) -> Path:
        return self._path

    @override
    def begin_run(self, run: RunRecord) -> None:
        with recording_errors():
            self.store().insert_run(run)

    @override
    def begin_episode(self, rollup: EpisodeRollup) -> None:
        with recording_errors():
            self.store().upsert_episode(rollup)

    @override
    def write_steps(self, steps: Sequence[StepRecord]) -> None:
        if steps:
            with recording_errors():
                # Its share is an estimate where a call holds steps of several episodes; calls are short.
                last = steps[-1]
                self._bytes[last.run_id, last.episode_id] += self.store().insert_attached(steps)

    @override
    def end_episode(self, rollup: EpisodeRollup) -> None:
        with recording_errors():
            stored_bytes = self._bytes.pop((rollup.run_id, rollup.episode_id), 0)
            self.store().upsert_episode(rollup, stored_bytes=stored_bytes)

    @override
    def end_run(self, run_id: str, state: RunState, ended_at: datetime) -> None:
        with recording_errors():
            self.store().end_run(run_id, state, ended_at)

    @override
    def flush(self) -> None:
        """Nothing waits: what was taken is committed."""

    @override
    def close(self) -> None:
        if self._store is not None:
            with recording_errors():
                self._store.close()
            self._store = None

    def store(self) -> RecordingStore:
        """The open file; made where it is missing.

        Raises:
            RecordingError: it cannot be made or opened, or is not ours.
        """
        if self._store is None:
            with recording_errors():
                try:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise RecordingError(
                        f"The folder of the recording cannot be made: {error.strerror or error}.",
                        hint=f"Folder: {self._path.parent}",
                    ) from error
                store = RecordingStore(self._path, level=self._level)
                store.set_pragmas(self._pragmas)
                self._store = store
        return self._store


class SQLiteReader:
    """Reads what `SQLiteBackend` wrote, also while it is written.

    Args:
        path: The file.

    Raises:
        RecordingError: there is no such recording, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        with recording_errors():
            self._store = RecordingStore(path, read_only=True)
        self._runs: set[str] = set()

    def list_runs(self) -> list[RunSummary]:
        """Every run, newest first."""
        return self._store.list_runs()

    def get_run(self, run_id: str) -> RunRecord:
        """One run; raises `RunNotFoundError`."""
        return self._store.get_run(run_id)

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """The episodes of a run in order, or of every run, newest first."""
        return self._store.list_episodes(run_id, newest=newest)

    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup:
        """By id or index, None for the last; raises `RunNotFoundError`, `EpisodeNotFoundError`."""
        return self._store.get_episode(run_id, episode)

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """Detached records in order of step and agent."""
        return self._store.load_steps(run_id, episode_id, start=start, stop=stop)

    def require(self, frame_ref: str) -> NDArray[Any]:
        """The array of a ref as a new array; raises `FrameNotFoundError` with the reason."""
        ref = FrameRef.require(frame_ref)
        if ref.dataset not in {FRAMES_DATASET, OBSERVATIONS_DATASET}:
            raise FrameNotFoundError(f"The recording has no {ref.dataset} of run {ref.run_id}.", reason="no-dataset")
        try:
            if ref.run_id not in self._runs:
                self._store.get_run(ref.run_id)
                self._runs.add(ref.run_id)
            array = self._store.array(ref.index)
        except LookupError as error:
            raise FrameNotFoundError(f"The recording does not hold run {ref.run_id}.", reason="no-file") from error
        except (ValueError, StoreError) as error:
            raise FrameNotFoundError(f"{frame_ref} cannot be read: {error}.", reason="unreadable") from error
        if array is None:
            raise FrameNotFoundError(f"{frame_ref} is beyond what was recorded.", reason="out-of-range")
        return array

    def resolve_batch(self, frame_refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """The arrays of many refs in their order; None where one leads to nothing."""
        return [self._resolve(ref) for ref in frame_refs]

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._store.close()

    def _resolve(self, frame_ref: str) -> NDArray[Any] | None:
        try:
            return self.require(frame_ref)
        except (ValueError, FrameNotFoundError):  # no ref at all, or one that leads to nothing
            return None


class SQLiteRecorder(BackendRecorder):
    """Records to one SQLite file."""

    backend_class: ClassVar = SQLiteBackend
    reader_class: ClassVar = SQLiteReader

    def __init__(self, config: RecorderConfig | Mapping[str, Any]) -> None:
        super().__init__(config)
        self._connections: dict[int, sqlite3.Connection] = {}
        self._connections_lock = threading.Lock()

    def create_schema(self) -> None:
        """Make the file and its tables now, not with the first step.

        Raises:
            RecordingError: it cannot be made, or is another program's.
        """
        backend = SQLiteBackend(self.config)
        backend.store()
        backend.close()

    def execute_query(self, query: str, parameters: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """The rows that *query* gives, as dictionaries by column; it sees what was flushed, and can change nothing.

        Raises:
            RecordingError: there is no file yet, or SQLite refuses the query.
        """
        cursor = None
        try:
            cursor = self.get_connection().execute(query, parameters)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor]
        except sqlite3.Error as error:
            raise RecordingError(f"The query was refused: {error}.", hint=f"File: {self.backend.path}") from error
        finally:
            if cursor is not None:
                cursor.close()

    def get_connection(self) -> sqlite3.Connection:
        """This thread's connection, which can only read; `close_connections` closes it.

        Raises:
            RecordingError: there is no file yet, or it cannot be opened.
        """
        thread = threading.get_ident()
        with self._connections_lock:
            connection = self._connections.get(thread)
            if connection is None:
                with recording_errors():
                    connection = self._connections[thread] = connect_reader(self.backend.path)
                    forbid_writing(connection)
            return connection

    def close_connections(self) -> None:
        """Close every connection that `get_connection` gave."""
        with self._connections_lock:
            while self._connections:
                self._connections.popitem()[1].close()

    @override
    def close(self) -> None:
        try:
            self.close_connections()
        finally:
            super().close()


def _pragmas(config: RecorderConfig) -> dict[str, str | int]:
    pragmas: dict[str, str | int] = {}
    for name, words in _WORDS.items():
        value = str(config.option(name, SQLiteBackend.options[name])).lower()
        if value not in words:
            raise ConfigError(f"{name} cannot be {value!r}.", hint=f"It can be {', '.join(sorted(words))}.")
        pragmas[name] = value
    mode = str(config.option("transaction_mode", "immediate")).lower()
    if mode not in _MODES:
        raise ConfigError(f"transaction_mode cannot be {mode!r}.", hint=f"It can be {', '.join(sorted(_MODES))}.")
    for option, pragma, factor in (("cache_size", "cache_size", 1), ("connection_timeout", "busy_timeout", 1000)):
        value = config.option(option, None)
        if value is not None:
            try:
                pragmas[pragma] = int(float(value) * factor)
            except (TypeError, ValueError) as error:
                raise ConfigError(f"{option} cannot be {value!r:.60}; it takes a number.") from error
    return pragmas
