"""A `LiveDesk` on a var folder: its recordings, its live pictures, and its trainer, found or started when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.controllers.live_desk import LiveDesk
from gym_gui.controllers.live_recorded import RecordedRuns
from gym_gui.core.errors import TrainerUnavailableError

if TYPE_CHECKING:
    from gym_gui.controllers.live_desk import TrainerSource
    from gym_gui.services.bootstrap import Archive


def open_desk(archive: Archive) -> LiveDesk:
    """The desk of an open archive; nothing is looked for before it is asked."""
    from gym_gui.services.live_frames import LiveFrames  # noqa: PLC0415 - only where runs are watched

    paths = archive.paths
    recorded = RecordedRuns(archive.library, LiveFrames(paths.live_dir), paths.root, paths.trainer_runs_dir)

    def find() -> TrainerSource | None:
        return None

    def start() -> TrainerSource:
        raise TrainerUnavailableError("There is no trainer here yet.")

    return LiveDesk(recorded, find=find, start=start)
