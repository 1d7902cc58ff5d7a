"""HDF5 and SQLite: the run copied into a recorder's backend, which keeps every step and every picture in one file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import RunState
from gym_gui.core.errors import ExportError, RecordingError
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.export.attach import attached
from gym_gui.recording.factory import RecorderFactory
from gym_gui.recording.journaled_backend import JournaledBackend
from gym_gui.recording.sqlite import SQLiteBackend

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.recording.contract import RecordingBackend
    from gym_gui.recording.export.job import ExportJob

_PAGE_STEPS: Final = 8_192
# One file when it is closed, with nothing beside it; a copy that breaks off is thrown away, so nothing need be synced.
_SQLITE_OPTIONS: Final = {"journal_mode": "delete", "synchronous": "off"}


def write_sqlite(job: ExportJob, path: Path) -> None:
    """Write the selection as one SQLite file."""
    _write(job, path, "sqlite", "recording.sqlite", _SQLITE_OPTIONS)


def write_hdf5(job: ExportJob, path: Path) -> None:
    """Write the selection as one HDF5 file."""
    _write(job, path, "hdf5", "recording.h5", {})


def _write(job: ExportJob, path: Path, name: str, file_name: str, options: dict[str, Any]) -> None:
    # In a folder of its own: a backend may keep journals beside its file while it writes.
    folder = path.with_name(f"{path.name}.folder")
    folder.mkdir()
    try:
        config = RecorderConfig(backend=name, path=folder / file_name, options=options)
        try:
            with RecorderFactory.create_backend(config) as backend:
                if isinstance(backend, JournaledBackend):
                    backend.tell_by_flush_only()
                _copy(job, backend)
            (folder / file_name).rename(path)
        except RecordingError as error:
            cause: BaseException | None = error
            while cause is not None and not (isinstance(cause, OSError) and cause.errno):
                cause = cause.__cause__
            if isinstance(cause, OSError):
                raise OSError(cause.errno, cause.strerror) from error
            raise ExportError(
                f"The export could not be written. {error.message}",
                hint=error.hint.replace(": recording goes on by itself", ""),
            ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(job: ExportJob, backend: RecordingBackend) -> None:
    selection = job.selection
    job.progress.begin(sum(map(selection.rows_of, selection.episodes)))
    backend.begin_run(selection.run)
    missing = 0
    for episode in selection.episodes:
        backend.begin_episode(episode)
        if not _copy_bare(job, backend, episode):
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


def _copy_bare(job: ExportJob, backend: RecordingBackend, episode: EpisodeRollup) -> bool:
    """Copy rows in bulk where nothing but rows is to be copied, and the backend takes them so."""
    if not isinstance(backend, SQLiteBackend):
        return False
    frames = job.options.frames is not False
    pages = job.source.episode_pages(job.selection, episode)
    if any(any(page.obs_refs) or (frames and any(page.frame_refs)) for page in pages):
        return False
    for page in job.source.episode_pages(job.selection, episode):
        backend.store().insert_bare_columns(page)
        job.rows += len(page)
        job.progress.advance(len(page))
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
