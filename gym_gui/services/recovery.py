"""What a killed process left behind, put right at the next start with no manual step."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.refs import is_run_id
from gym_gui.recording.listing import share_out
from gym_gui.replay.layout import replay_path
from gym_gui.replay.recovery import recover_file
from gym_gui.replay.run_lock import RunLock, is_being_written
from gym_gui.services.relisting import relist_run

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

_LOGGER = logging.getLogger(__name__)


def recover_interrupted_runs(store: TelemetrySQLiteStore, replay_dir: Path, recordings_dir: Path) -> list[str]:
    """Mend the files and end the episodes of every run whose process died.

    Args:
        store: Where runs are listed.
        replay_dir: Replay files, and the locks of all runs.
        recordings_dir: Recordings of other backends, a folder for each run.

    Returns:
        Ids of the runs that were put right; what could not be mended is logged and skipped.
    """
    unfinished = store.running_run_ids()
    locked = [path.stem for path in replay_dir.glob("*.lock") if is_run_id(path.stem)]
    recovered: list[str] = []
    for run_id in dict.fromkeys([*unfinished, *locked]):
        if is_being_written(replay_dir, run_id):
            continue
        try:
            _recover_run(store, replay_dir, recordings_dir, run_id)
        except EnvironmentFault as error:
            _LOGGER.error("Run %s could not be recovered: %s", run_id, error)  # noqa: TRY400 - the world's fault
        else:
            recovered.append(run_id)
    return recovered


def _recover_run(store: TelemetrySQLiteStore, replay_dir: Path, recordings_dir: Path, run_id: str) -> None:
    lock = RunLock(replay_dir, run_id)
    try:
        path, folder = replay_path(replay_dir, run_id), recordings_dir / run_id
        is_elsewhere = folder.is_dir()
        if is_elsewhere:
            _relist(store, folder, run_id)
        # Then the database: a damaged file must not keep the rows from being ended.
        store.close_interrupted([run_id], file_bytes={run_id: path.stat().st_size} if path.exists() else None)
        if is_elsewhere:
            share_out(store, run_id, folder)
        if path.exists():
            extent = store.extent(run_id)
            if extent is None:
                recover_file(path)
            else:
                recover_file(path, keep_rows=extent.rows, keep_items=extent.items)
    finally:
        lock.release()


def _relist(store: TelemetrySQLiteStore, folder: Path, run_id: str) -> None:
    try:
        relist_run(store, folder, run_id)
    except (EnvironmentFault, OSError) as error:  # the list stays at what it knew
        _LOGGER.warning("What run %s recorded could not be counted: %s", run_id, error)
