"""Exports and imports as faces ask for them: settings in, a result out; and what an export may take on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gym_gui.recording.export import export_run
from gym_gui.services.bootstrap import open_archive

if TYPE_CHECKING:
    from os import PathLike

    from gym_gui.config.settings import Settings
    from gym_gui.recording.export import ExportResult


def export_from_folder(settings: Settings, run_id: str, output: str | PathLike[str], **asked: Any) -> ExportResult:
    """What `export_run` does, of the recordings in the settings' var folder.

    Args:
        settings: Where the recordings are.
        run_id: The run.
        output: The file or folder to write.
        asked: The other arguments of `export_run`.

    Raises:
        EnvironmentFault: it cannot be done; nothing was left behind.
    """
    with open_archive(settings) as archive:
        return export_run(archive, run_id, output, **asked)
