"""`export_run`: checks what is asked, reads, writes beside the target and renames; the same for every face."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model.run import KEPT_ELSEWHERE
from gym_gui.core.errors import ExportError, FormatUnavailableError, RunNotFoundError
from gym_gui.core.sizes import bytes_of
from gym_gui.core.sound import sound_rate_of
from gym_gui.recording.export.beside import check_target, written_beside
from gym_gui.recording.export.formats import ExportFormat, find_format, format_of_path
from gym_gui.recording.export.job import ExportJob, Progressing
from gym_gui.recording.export.request import ExportOptions, ExportRequest, ExportResult, check_request
from gym_gui.recording.export.selection import parse_episodes, select
from gym_gui.recording.export.source import ExportSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from gym_gui.recording.export.job import Progress
    from gym_gui.recording.export.selection import Selection

# Format -> module and function; a format's packages are loaded when it is written.
_WRITERS: Final = {
    "csv": ("csv_rows", "write_csv"),
    "json": ("json_rows", "write_json"),
    "parquet": ("parquet_rows", "write_parquet"),
    "hdf5": ("hdf5_copy", "write_hdf5"),
    "sqlite": ("backend_copy", "write_sqlite"),
    "minari": ("minari_data", "write_minari"),
    "mp4": ("video", "write_video"),
    "gif": ("gif", "write_gif"),
    "png": ("png", "write_png"),
    "wav": ("soundtrack", "write_wav"),
}


def export_run(
    source: Any,
    run_id: str,
    output: str | PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the word of the command and of the recorders' protocol
    episodes: str | Iterable[int | str] | None = None,
    start: int = 0,
    stop: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    **options: Any,
) -> ExportResult:
    """Write a run, or some of its episodes, in another format.

    Args:
        source: A var folder or another recording (a path), an open `Archive` or `Services`, or a `RecordingReader`.
        run_id: The run.
        output: The file or folder to write; it appears when all of it is there.
        format: Name of a format; None: what the ending of *output* means.
        episodes: ``"1,5-9"``, or indices and ids; None for all.
        start: First step of each episode.
        stop: First step not to take; None: to the end.
        overwrite: Whether what is at *output* may be replaced.
        progress: Told done and total.
        cancelled: Asked often; True stops the export.
        options: The fields of `ExportOptions`: ``compression``, ``frames``, ``fps``, ``overlay``, ``lossless``, ….

    Raises:
        ExportError: it cannot be done as asked, or the disk refused; nothing was left behind.
        ExportStoppedError: *cancelled* said so; nothing was left behind.
        FormatUnavailableError: the format's package is not installed.
        RunNotFoundError: there is no such run.
        EpisodeNotFoundError: the run has no such episode.
    """
    unknown = sorted(options.keys() - {one.name for one in fields(ExportOptions)})
    if unknown:
        raise TypeError(f"export_run() knows no option {unknown[0]!r}")
    path = Path(output)
    chosen = format_of_path(path) if format is None else find_format(format)
    request = ExportRequest(
        run_id=run_id,
        output=path,
        format=chosen.name,
        episodes=parse_episodes(episodes) if isinstance(episodes, str) else None if episodes is None else (*episodes,),
        start=start,
        stop=stop,
        options=ExportOptions(**options),
        overwrite=overwrite,
    )
    return export(source, request, progress=progress, cancelled=cancelled)


def export(
    source: Any,
    request: ExportRequest,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ExportResult:
    """What `export_run` does, of a request that is already made."""
    started_s = time.perf_counter()
    chosen = find_format(request.format)
    check_request(request, chosen)
    check_package(chosen)
    with ExitStack() as stack:
        reading = stack.enter_context(open_source(source, request.run_id))
        selection = select(reading.rows, request)
        _check_frames(reading, selection, chosen)
        _check_sound(selection, chosen)
        target = request.output.expanduser().absolute()
        if chosen.name == "minari":
            target = _data_set_of(target, selection.run.env_id, stack)
        check_target(target, overwrite=request.overwrite)
        job = ExportJob(reading, selection, request.options, Progressing(progress, cancelled), target=target)
        with written_beside(target, overwrite=request.overwrite) as beside:
            module, function = _WRITERS[chosen.name]
            getattr(import_module(f"gym_gui.recording.export.{module}"), function)(job, beside)
    return ExportResult(
        run_id=selection.run.run_id,
        format=chosen.name,
        output=target,
        episodes=len(selection.episodes),
        rows=job.rows,
        frames=job.frames,
        size_bytes=bytes_of(target),
        seconds=time.perf_counter() - started_s,
        notes=tuple(job.notes),
    )


def _data_set_of(target: Path, env_id: str, stack: ExitStack) -> Path:
    """The data set's own folder: Minari finds it by a name with a version, whatever the folder around it is called."""
    from gym_gui.recording.export.minari_data import dataset_folder  # noqa: PLC0415 - h5py, only for this format

    folder = dataset_folder(target, env_id)
    if folder != target and not target.is_dir():
        check_target(target, overwrite=False)
        target.mkdir()
        stack.callback(_remove_empty, target)
    return folder


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # not empty: the data set is in it
        folder.rmdir()


def check_package(chosen: ExportFormat) -> None:
    """Whether the format's package is there.

    Raises:
        FormatUnavailableError: it is not; the hint installs it.
    """
    if chosen.package and find_spec(chosen.package) is None:
        raise FormatUnavailableError(
            f"{chosen.title} needs the package {chosen.package}, which is not installed.",
            hint='Install it with: pip install "gym-gui[formats]"',
        )


class open_source:  # noqa: N801 - used as a function in a with statement
    """An `ExportSource` over a var folder or another recording, an open `Archive`, or a `RecordingReader`.

    What was opened here is closed when the ``with`` block ends.

    Args:
        source: The folder or file, or what is open.
        run_id: The run that will be read: one that the window's own store holds is read in bulk.
    """

    def __init__(self, source: Any, run_id: str | None = None) -> None:
        self._source = source
        self._run_id = run_id
        self._closing: list[Any] = []

    def __enter__(self) -> ExportSource:
        source = self._source
        if isinstance(source, (str, Path)):
            return self._open_path(Path(source))
        library = getattr(source, "library", None)
        store, resolver = getattr(source, "store", None), getattr(source, "resolver", None)
        if store is not None and resolver is not None and (library is None or self._is_own(store)):
            return ExportSource(store, resolver)
        if library is None:
            return ExportSource(source, source)
        return ExportSource(library, library, by_dataset=self._is_own(library))

    def _is_own(self, store: Any) -> bool:
        """Whether the store holds the run's rows itself; else another backend does, and the library reads them."""
        try:
            return self._run_id is not None and KEPT_ELSEWHERE not in store.get_run(self._run_id).metadata
        except RunNotFoundError:
            return False

    def _open_path(self, path: Path) -> ExportSource:
        # As heavy as a replay: only where a path is given.
        from gym_gui.config.paths import VarPaths  # noqa: PLC0415 - see above
        from gym_gui.recording.opening import open_recording  # noqa: PLC0415 - see above
        from gym_gui.replay.frame_resolver import FrameResolver  # noqa: PLC0415 - see above
        from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore  # noqa: PLC0415 - see above

        paths = VarPaths(path)
        if not paths.telemetry_db.is_file():
            reader = open_recording(path)
            self._closing = [reader]
            return ExportSource(reader, reader)
        store = TelemetrySQLiteStore(paths.telemetry_db, read_only=True)
        elsewhere = None if self._run_id is None else paths.recordings_dir / self._run_id
        if elsewhere is not None and elsewhere.is_dir() and not self._is_own(store):
            store.close()
            return self._open_path(elsewhere)
        resolver = FrameResolver(paths.replay_dir)
        self._closing = [resolver, store]
        return ExportSource(store, resolver)

    def __exit__(self, *_: object) -> None:
        for one in self._closing:
            one.close()


def _check_sound(selection: Selection, chosen: ExportFormat) -> None:
    if chosen.needs_sound and sound_rate_of(selection.run.metadata) is None:
        raise ExportError(
            f"No sound was recorded in run {selection.run.run_id}, so there is no {chosen.title} of it.",
            hint="Sound is of Atari games opened as for a person, with a fixed frame skip.",
        )


def _check_frames(source: ExportSource, selection: Selection, chosen: ExportFormat) -> None:
    if not chosen.needs_frames or any(episode.frames for episode in selection.episodes):
        return
    # A summary that counts none may be older than the count: the rows know.
    if not any(any(page.frame_refs) for _, page in source.pages(selection)):
        raise ExportError(
            f"No pictures were recorded in run {selection.run.run_id}, so there is no {chosen.title} of it.",
            hint="Its steps can be exported as parquet, csv or json.",
        )
