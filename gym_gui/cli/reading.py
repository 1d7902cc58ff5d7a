"""Where the commands read from: the library of a var folder, or one recording from anywhere."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gym_gui.cli.face import command_context
from gym_gui.cli.options import PathText, settings_for
from gym_gui.core.errors import RunNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gym_gui.recording.contract import RecordingReader
    from gym_gui.services.bootstrap import Archive

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def recording_option(command: _Command) -> _Command:
    """Add ``--recording``."""
    return click.option(
        "--recording",
        type=PathText(),
        metavar="PATH",
        help="Read this recording (Parquet, HDF5, SQLite, or a var folder) instead of the library.",
    )(command)


@contextmanager
def opened_library(recording: str | None, var_dir: str | None) -> Iterator[RecordingReader]:
    """What to read from; closed afterwards.

    Raises:
        RecordingError: there is no recording where one was named.
        VarDirError: there is no such var folder.
    """
    if recording is not None:
        from gym_gui.recording.opening import open_recording  # noqa: PLC0415 - h5py or PyArrow: not for --help

        reader = open_recording(recording)
        try:
            yield reader
        finally:
            reader.close()
        return
    with opened_archive(var_dir) as archive:
        yield archive.library


@contextmanager
def opened_source(recording: str | None, var_dir: str | None) -> Iterator[Archive | str]:
    """What `opened_library` reads from, for an export, which reads in bulk what it opens itself: a path stays one.

    Raises:
        VarDirError: there is no such var folder.
    """
    if recording is not None:
        yield recording
        return
    with opened_archive(var_dir) as archive:
        yield archive


@contextmanager
def opened_archive(var_dir: str | None) -> Iterator[Archive]:
    """The recordings of the trainer that was named, or else of the var folder; closed afterwards.

    Raises:
        TrainerUnavailableError: the trainer does not answer, or does not let us in.
        VarDirError: there is no such var folder.
    """
    remote = command_context().remote
    if remote is not None and var_dir is None:
        from gym_gui.services.trainer.client.remote_archive import open_remote  # noqa: PLC0415 - gRPC: not for --help

        with open_remote(settings_for(None), remote.address, token_file=remote.token_file, ca=remote.ca) as elsewhere:
            yield elsewhere
        return
    from gym_gui.services.bootstrap import open_archive  # noqa: PLC0415 - h5py, 0.4 s: not for --help

    with open_archive(settings_for(var_dir)) as local:
        yield local


def path_of_recording(text: str) -> Path | None:
    """The path that *text* names, or None where it is the id of a run."""
    try:
        path = Path(text).expanduser()
        # What is not there is told as a run that is not there: a hostile id is no path, either.
        return path.absolute() if path.exists() else None
    except (OSError, ValueError, RuntimeError):  # too long a name, a null byte, a home that nobody has
        return None


def newest_run(library: RecordingReader) -> str:
    """The id of the newest run.

    Raises:
        RunNotFoundError: there is none.
    """
    runs = library.list_runs()
    if not runs:
        raise RunNotFoundError("The recording has no runs yet.")
    return runs[0].run.run_id
