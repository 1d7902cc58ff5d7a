"""SplitBackend: rows to SQLite and arrays to HDF5, with the very pieces that the window records with.

Its folder is laid out as a var folder, so every command takes it as ``--var-dir``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from gym_gui.config.paths import VarPaths
from gym_gui.core.errors import EpisodeNotFoundError, RunNotFoundError
from gym_gui.core.typing_compat import override
from gym_gui.core.value_codec import encode_value
from gym_gui.recording.backend_recorder import BackendRecorder
from gym_gui.recording.contract import RecordingBackend
from gym_gui.recording.wording import recording_errors
from gym_gui.replay.frame_resolver import FrameResolver
from gym_gui.replay.layout import replay_path
from gym_gui.replay.recovery import recover_file
from gym_gui.replay.run_lock import RunLock
from gym_gui.replay.writer import ReplayWriter
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.core.data_model import (
        EpisodeRollup,
        EpisodeSummary,
        RunRecord,
        RunState,
        RunSummary,
        ScalarColumns,
        StepRecord,
    )
    from gym_gui.recording.config import RecorderConfig

FOLDER: Final = "split"
# Fewer than this at a time: there is time to compress for size.
_CALM_STEPS: Final = 24


class SplitBackend(RecordingBackend):
    """Writes a folder like the window's own: ``telemetry/telemetry.sqlite`` and ``replay/<run_id>.h5``."""

    name: ClassVar = "split"
    keeps_frames: ClassVar = True
    options: ClassVar = {}

    def __init__(self, config: RecorderConfig) -> None:
        super().__init__(config)
        self._paths = VarPaths(config.location(FOLDER))
        self._store: TelemetrySQLiteStore | None = None
        self._writers: dict[str, ReplayWriter] = {}
        self._held: list[StepRecord] = []  # detached; their arrays are not on disk yet
        self._last: dict[tuple[str, str], dict[str, int]] = {}  # episode -> agent -> newest step
        self._bytes_before: dict[str, int] = {}

    @property
    @override
    def path(self) -> Path:
        return self._paths.root

    @override
    def begin_run(self, run: RunRecord) -> None:
        with recording_errors():
            store = self._open()
            if run.run_id not in self._writers:
                self._mend(store, run.run_id)
            self._writer(run.run_id)
            store.insert_run(run)

    @override
    def begin_episode(self, rollup: EpisodeRollup) -> None:
        with recording_errors():
            self._open().upsert_episode(rollup)

    @override
    def write_steps(self, steps: Sequence[StepRecord]) -> None:
        with recording_errors():
            for step in steps:
                encode_value(step.action)  # raises before anything of the call is kept
            thorough = len(steps) < _CALM_STEPS
            for step in steps:
                if self._is_new(step):
                    self._held.append(self._writer(step.run_id).append(step, thorough=thorough))
                    agents = self._last[step.run_id, step.episode_id]
                    agents[step.agent_id] = max(step.step_index, agents.get(step.agent_id, -1))

    @override
    def end_episode(self, rollup: EpisodeRollup) -> None:
        self.flush()
        with recording_errors():
            writer = self._writer(rollup.run_id)
            writer.mark_episode_end()
            taken = writer.stored_bytes - self._bytes_before.get(rollup.run_id, 0)
            self._bytes_before[rollup.run_id] = writer.stored_bytes
            self._open().upsert_episode(rollup, stored_bytes=taken)
        self._last.pop((rollup.run_id, rollup.episode_id), None)

    @override
    def end_run(self, run_id: str, state: RunState, ended_at: datetime) -> None:
        self.flush()
        with recording_errors():
            writer = self._writers.pop(run_id, None)
            if writer is not None:
                writer.close()
            self._open().end_run(run_id, state, ended_at)
            self._open().close_interrupted((run_id,), file_bytes={run_id: writer.file_bytes if writer else 0})
        self._bytes_before.pop(run_id, None)

    @override
    def flush(self) -> None:
        with recording_errors():
            for run_id in dict.fromkeys(step.run_id for step in self._held):
                self._writers[run_id].flush(thorough=len(self._held) < _CALM_STEPS)
            if self._held:
                # L1: a row is committed once its arrays are on disk.
                self._open().insert_steps(self._held)
                self._held = []

    @override
    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._held = []  # what the disk refused to the last
            with recording_errors():
                try:
                    while self._writers:
                        self._writers.popitem()[1].close()
                finally:
                    if self._store is not None:
                        self._store.close()
                        self._store = None

    def _open(self) -> TelemetrySQLiteStore:
        if self._store is None:
            self._paths.prepare()
            self._store = TelemetrySQLiteStore(self._paths.telemetry_db)
        return self._store

    def _mend(self, store: TelemetrySQLiteStore, run_id: str) -> None:
        """A run whose process died is resumed where its rows end: arrays beyond them are let go."""
        path = replay_path(self._paths.replay_dir, run_id)
        if not path.exists() or run_id not in store.running_run_ids():
            return
        lock = RunLock(self._paths.replay_dir, run_id)
        try:
            extent = store.extent(run_id)
            if extent is not None:
                recover_file(path, keep_rows=extent.rows, keep_items=extent.items)
        finally:
            lock.release()

    def _writer(self, run_id: str) -> ReplayWriter:
        writer = self._writers.get(run_id)
        if writer is None:
            self._open()
            writer = ReplayWriter(run_id, self._paths.replay_dir, flush_interval_s=None)
            writer.start()
            self._writers[run_id] = writer
        return writer

    def _is_new(self, step: StepRecord) -> bool:
        episode = (step.run_id, step.episode_id)
        agents = self._last.get(episode)
        if agents is None:
            agents = self._last[episode] = {}
            for row in self._rows(step, start=0, stop=None):
                agents[row.agent_id] = row.step_index
        if step.step_index > agents.get(step.agent_id, -1):
            return True
        near = [*self._rows(step, start=step.step_index, stop=step.step_index + 1), *self._held]
        identity = (*episode, step.step_index, step.agent_id)
        return all((one.run_id, one.episode_id, one.step_index, one.agent_id) != identity for one in near)

    def _rows(self, step: StepRecord, *, start: int, stop: int | None) -> list[StepRecord]:
        try:
            return self._open().load_steps(step.run_id, step.episode_id, start=start, stop=stop)
        except (RunNotFoundError, EpisodeNotFoundError):
            return []


class SplitReader:
    """Reads a folder that `SplitBackend`, or the window, wrote.

    Args:
        path: The folder.

    Raises:
        RecordingError: there is no such recording, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        paths = VarPaths(path)
        with recording_errors():
            self._store = TelemetrySQLiteStore(paths.telemetry_db, read_only=True)
        self._resolver = FrameResolver(paths.replay_dir)

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

    def scalar_names(self, run_id: str) -> list[str]:
        """Names of all that a run's learner logged, sorted; raises `RunNotFoundError`."""
        return self._store.scalar_names(run_id)

    def load_scalars(
        self, run_id: str, names: Sequence[str] | None = None, after_row: int = 0
    ) -> tuple[ScalarColumns, int]:
        """A page of what a run's learner logged; see `TelemetrySQLiteStore.load_scalars`."""
        return self._store.load_scalars(run_id, names, after_row)

    def require(self, frame_ref: str) -> NDArray[Any]:
        """The array of a ref; raises `FrameNotFoundError`."""
        return self._resolver.require(frame_ref)

    def resolve_batch(self, frame_refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """The arrays of many refs; None where one leads to nothing."""
        return self._resolver.resolve_batch(frame_refs)

    def close(self) -> None:
        """Let go of every file; safe to call twice."""
        self._resolver.close()
        self._store.close()


class SplitRecorder(BackendRecorder):
    """Records to SQLite and HDF5, as the window does."""

    backend_class: ClassVar = SplitBackend
    reader_class: ClassVar = SplitReader
