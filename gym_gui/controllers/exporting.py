"""Exports and imports as faces ask for them: settings in, a result out; and one export that runs in the background."""

from __future__ import annotations

import contextlib
import shutil
import threading
from typing import TYPE_CHECKING, Any

from gym_gui.controllers.run_names import run_named
from gym_gui.core.errors import EnvironmentFault, ExportError, RunNotFoundError
from gym_gui.core.refs import check_run_id
from gym_gui.recording.export import export, export_run
from gym_gui.recording.importing import feed, open_import
from gym_gui.replay.layout import replay_path
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from gym_gui.config.settings import Settings
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.recording.export import ExportRequest, ExportResult
    from gym_gui.recording.importing import ImportResult
    from gym_gui.services.bootstrap import Archive, Services


def export_recorded(source: Archive | str, run_id: str, output: str | PathLike[str], **asked: Any) -> ExportResult:
    """What `export_run` does, of the run of that id or that name.

    Args:
        source: The recordings of a var folder or of a trainer, or the path of a recording from anywhere.
        run_id: The run's id; among an archive's, its name, too.
        output: The file or folder to write.
        asked: The other arguments of `export_run`.

    Raises:
        EnvironmentFault: it cannot be done; nothing was left behind.
    """
    chosen = run_id if isinstance(source, str) else run_named(source.library, run_id)
    return export_run(source, chosen, output, **asked)


def import_into_folder(
    settings: Settings,
    path: str | PathLike[str],
    *,
    run_id: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ImportResult:
    """Take an exported run into the settings' var folder, through the recorder that games go through.

    Args:
        settings: Where the recordings are.
        path: The file or folder.
        run_id: What the run is called here; None: as it was.
        progress: Told done and total rows.
        cancelled: Asked often; True stops.

    Raises:
        EnvironmentFault: it cannot be done; nothing was left behind.
    """
    source = open_import(path)
    try:
        chosen = check_run_id(run_id or source.run.run_id)
        with open_services(settings) as services:
            _check_free(services, chosen)
            try:
                result = feed(source, services.telemetry, run_id=chosen, progress=progress, cancelled=cancelled)
                services.telemetry.flush()
                _check_kept(services)
            except BaseException:
                _remove_run(services, chosen)
                raise
    finally:
        source.close()
    return result


def _check_free(services: Services, run_id: str) -> None:
    with contextlib.suppress(RunNotFoundError):
        services.store.get_run(run_id)
        raise ExportError(f"There is a run {run_id} here already.", hint="Give the imported one a name with --run-id.")


def _check_kept(services: Services) -> None:
    status = services.sink.status()
    if status.lost_steps or status.lost_frames:
        raise ExportError(
            f"{status.lost_steps:,} steps and {status.lost_frames:,} pictures could not be stored.",
            hint=f"Nothing of the run was kept. {status.fault}".strip(),
        )


def _remove_run(services: Services, run_id: str) -> None:
    """Take out what an import that failed had stored; the sink is closed first, so that nothing comes after."""
    services.sink.close()
    services.resolver.close()
    with contextlib.suppress(EnvironmentFault):
        services.store.delete_run(run_id)
    replay_path(services.paths.replay_dir, run_id).unlink(missing_ok=True)
    # What another backend records here lies in a folder that has the run's name.
    shutil.rmtree(services.paths.recordings_dir / run_id, ignore_errors=True)


class BackgroundExport:
    """One export at a time, off the caller's thread; how far it is can be asked at any time.

    Args:
        archive: Where the recording is.
        runner: Where it runs, and which thread hears of its end.
    """

    def __init__(self, archive: Archive, runner: TaskRunner) -> None:
        self._archive = archive
        self._runner = runner
        self._stop = threading.Event()
        self.running = False
        self.done = 0
        self.total = 0

    def start(
        self, request: ExportRequest, on_done: Callable[[ExportResult], None], on_error: Callable[[Exception], None]
    ) -> None:
        """Begin; one of the two is called on the runner's home thread."""
        self._stop.clear()
        self.running, self.done, self.total = True, 0, 0

        def work() -> ExportResult:
            return export(self._archive, request, progress=self._progress, cancelled=self._stop.is_set)

        def done(result: ExportResult) -> None:
            self.running = False
            on_done(result)

        def failed(error: Exception) -> None:
            self.running = False
            on_error(error)

        self._runner.submit(work, done, failed)

    def cancel(self) -> None:
        """Ask it to stop; its end is told as an error, and nothing is left behind."""
        self._stop.set()

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
