"""A run copied into a recorder's backend, which keeps every step and every picture in one file; SQLite's side of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import RunState
from gym_gui.core.errors import ExportError, RecordingError
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.export.attach import attached
from gym_gui.recording.factory import RecorderFactory
from gym_gui.recording.journaled_backend import JournaledBackend
from gym_gui.recording.sqlite import SQLiteBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.recording.contract import RecordingBackend
    from gym_gui.recording.export.job import ExportJob

_PAGE_STEPS: Final = 8_192
# Copies an episode by its columns, where it has nothing that needs more, and says whether it did.
CopyColumns: TypeAlias = "Callable[[ExportJob, RecordingBackend, EpisodeRollup], bool]"
# One file when it is closed, with nothing beside it; a copy that breaks off is thrown away, so nothing need be synced.
_SQLITE_OPTIONS: Final = {"journal_mode": "delete", "synchronous": "off"}


def write_sqlite(job: ExportJob, path: Path) -> None:
    """Write the selection as one SQLite file."""
    write_copy(job, path, RecorderConfig(backend="sqlite", path=path, options=_SQLITE_OPTIONS), _copy_columns)


def write_copy(job: ExportJob, path: Path, config: RecorderConfig, copy_columns: CopyColumns) -> None:
    """Write the selection as one file of a backend.

    Args:
        job: What is exported.
        path: The file.
        config: The backend and its options.
        copy_columns: The quick way for episodes that have one.

    Raises:
        ExportError: it could not be written.
    """
    # In a folder of its own: a backend may keep journals beside its file while it writes.
    folder = path.with_name(f"{path.name}.folder")
    folder.mkdir()
    try:
        config = replace(config, path=folder / "recording")
        try:
            with RecorderFactory.create_backend(config) as backend:
                if isinstance(backend, JournaledBackend):
                    backend.tell_by_flush_only()
                _copy(job, backend, copy_columns)
            (folder / "recording").rename(path)
        except RecordingError as error:
            cause: BaseException | None = error
            while cause is not None and not _is_of_the_disk(cause):
                cause = cause.__cause__
            if isinstance(cause, OSError):
                raise OSError(cause.errno, cause.strerror) from error
            raise ExportError(
                f"The export could not be written. {error.message}",
                hint=error.hint.replace(": recording goes on by itself", ""),
            ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_of_the_disk(cause: BaseException) -> bool:
    # A file that is missing is one of the recording that is read.
    return isinstance(cause, OSError) and bool(cause.errno) and not isinstance(cause, FileNotFoundError)


def _copy(job: ExportJob, backend: RecordingBackend, copy_columns: CopyColumns) -> None:
    selection = job.selection
    job.progress.begin(sum(map(selection.rows_of, selection.episodes)))
    backend.begin_run(selection.run)
    missing = 0
    for episode in selection.episodes:
        if not copy_columns(job, backend, episode):
            backend.begin_episode(episode)
            missing += _copy_steps(job, backend, episode)
            backend.end_episode(episode)
        backend.flush()
    backend.end_run(selection.run.run_id, RunState(selection.state), utc_now())
    if isinstance(backend, JournaledBackend):
        backend.finish_now()
    backend.flush()
    if missing:
        job.note(f"{missing:,} pictures are named by steps but not there; the copy says so, too.")
    if job.options.frames is False and any(episode.frames for episode in selection.episodes):
        job.note("Pictures were left out, as asked.")


def _copy_columns(job: ExportJob, backend: RecordingBackend, episode: EpisodeRollup) -> bool:
    assert isinstance(backend, SQLiteBackend)  # noqa: S101 - for the type checker
    frames = job.options.frames is not False
    pages = job.source.episode_pages(job.selection, episode)
    if any(any(page.obs_refs) or (frames and any(page.frame_refs)) for page in pages):
        return False
    backend.begin_episode(episode)
    for page in job.source.episode_pages(job.selection, episode):
        backend.store().insert_bare_columns(page)
        job.rows += len(page)
        job.progress.advance(len(page))
    backend.end_episode(episode)
    return True


def _copy_steps(job: ExportJob, backend: RecordingBackend, episode: EpisodeRollup) -> int:
    """Copy steps with their arrays; how many pictures are named but not there."""
    rows, selection, frames = job.source.rows, job.selection, job.options.frames is not False
    end = selection.start + selection.rows_of(episode)
    missing = 0
    for start in range(selection.start, end, _PAGE_STEPS):
        stop = min(start + _PAGE_STEPS, end)
        records = rows.load_steps(episode.run_id, episode.episode_id, start=start, stop=stop)
        missing += sum(one.frame_ref is not None for one in records) if frames else 0
        for group in attached(job.source, records, frames=frames):
            backend.write_steps(group)
            kept = sum(one.frame is not None for one in group)
            missing -= kept
            job.frames += kept
            job.rows += len(group)
            job.progress.advance(len({one.step_index for one in group}))
    return missing
