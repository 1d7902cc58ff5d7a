"""Purging: a run's rows, pictures, checkpoints and logs are deleted; first it is said what that will be."""

from __future__ import annotations

import logging
import shutil
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from gym_gui.core.clock import utc_now
from gym_gui.core.errors import StoreError, TrainerRefusedError
from gym_gui.core.sizes import bytes_of
from gym_gui.replay.run_lock import is_being_written
from gym_gui.services.trainer.dispatch.run_folder import RunFolder
from gym_gui.services.trainer.states import Retention, check_retention
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gym_gui.config.paths import VarPaths
    from gym_gui.core.data_model import RunSummary
    from gym_gui.services.trainer.run_store import RunStore, TrainingRun

_LOGGER = logging.getLogger(__name__)


def describe(paths: VarPaths, run_id: str) -> list[str]:
    """What there is of a run, in words, each with its name and size; empty where nothing is left.

    Raises:
        StoreError: the database of recordings cannot be read.
    """
    said = []
    for recording in _recordings(paths, run_id):
        name = recording.run.run_id
        said.append(f"{name}: {recording.steps:,} steps of {recording.episodes:,} episodes")
        said += [
            f"{name}: pictures and arrays, {bytes_of(path) / 1e6:.1f} MB"
            for path in _files(paths, name)
            if path.exists() and path.suffix != ".lock"
        ]
    return said + [f"{run_id}: {what}" for what in RunFolder(paths, run_id).describe()]


def purge(store: RunStore, paths: VarPaths, run: TrainingRun, reason: str) -> list[str]:
    """Delete what `describe` names; what was deleted. Interrupted, it goes on where it is called again.

    Raises:
        RunTransitionError: the run is not archived.
        TrainerRefusedError: somebody still writes it.
        StoreError: something cannot be deleted.
    """
    check_retention(run.run_id, run.state, run.retention, Retention.PURGED)
    recordings = [one.run.run_id for one in _recordings(paths, run.run_id)]
    writing = [name for name in recordings if is_being_written(paths.replay_dir, name)]
    if writing:
        raise TrainerRefusedError(f"Recording {writing[0]} is still being written.", hint="Wait a moment.")
    what = describe(paths, run.run_id)
    _LOGGER.info("Run %s is purged: %s", run.run_id, "; ".join(what) or "nothing is left of it")
    try:
        _delete(paths, recordings)
        RunFolder(paths, run.run_id).remove()
    except OSError as error:
        raise StoreError(
            f"Run {run.run_id} could not be deleted whole: {error.strerror or error}.", hint="Purge it again."
        ) from error
    store.retain(run.run_id, Retention.PURGED, reason)
    return what


def purge_old(store: RunStore, paths: VarPaths, owner: str, days: int) -> list[str]:
    """Purge *owner*'s archived runs that ended more than so many days ago; their ids.

    Raises:
        StoreError: the registry refuses, or something cannot be deleted.
    """
    before = utc_now() - timedelta(days=days)
    old = [
        run
        for run in store.list(archived=True, limit=1_000_000)
        if run.retention is Retention.RETAINED and run.owner in {"", owner} and run.ended_at and run.ended_at < before
    ]
    for run in old:
        purge(store, paths, run, f"It ended more than {days} days ago.")
    return [run.run_id for run in old]


def _delete(paths: VarPaths, recordings: Sequence[str]) -> None:
    if not recordings:
        return
    # Rows first: a row must never name a picture that is gone.
    with closing(TelemetrySQLiteStore(paths.telemetry_db)) as telemetry:
        for name in recordings:
            telemetry.delete_run(name)
    for name in recordings:
        for path in _files(paths, name):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _recordings(paths: VarPaths, run_id: str) -> list[RunSummary]:
    # Evaluations are recordings of their own, of the run's group.
    if not paths.telemetry_db.is_file():
        return []
    with closing(TelemetrySQLiteStore(paths.telemetry_db, read_only=True)) as telemetry:
        return [
            one for one in telemetry.list_runs() if one.run.run_id == run_id or one.run.metadata.get("group") == run_id
        ]


def _files(paths: VarPaths, name: str) -> list[Path]:
    return [
        paths.replay_dir / f"{name}.h5",
        paths.replay_dir / f"{name}.lock",
        paths.recordings_dir / name,
        paths.live_dir / name,
    ]
