"""`open_recording`: finds out what lies at a path, puts right what a killed writer left, and opens it for reading."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import EnvironmentFault, RecordingError
from gym_gui.replay.layout import FILE_SUFFIX

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from gym_gui.recording.contract import RecordingReader

PARQUET: Final = "parquet"
HDF5: Final = "hdf5"
SQLITE: Final = "sqlite"
SPLIT: Final = "split"

_HDF5_MAGIC: Final = b"\x89HDF\r\n\x1a\n"
_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_PARQUET_MAGIC: Final = b"PAR1"
_PARTS: Final = ".parts"
_DATABASE: Final = Path("telemetry") / "telemetry.sqlite"
_RUNS: Final = "runs"
_EPISODES: Final = "episodes"


def open_recording(path: str | os.PathLike[str]) -> RecordingReader:
    """Open a recording of any backend.

    Args:
        path: Its file or folder, a file or folder within it, or the folder that a recorder wrote it to.

    Raises:
        RecordingError: there is none, or more than one; the message says what is there instead.
        FormatUnavailableError: it needs a package that is not installed.
    """
    found = recordings_at(Path(path))
    if len(found) > 1:
        names = ", ".join(sorted(one.name for _, one in found))
        raise RecordingError(f"There are {len(found)} recordings in {path}: {names}.", hint="Name one of them.")
    if not found:
        raise RecordingError(f"{_what_is(Path(path))}", hint="A recording is a file or folder that a recorder wrote.")
    ((kind, place),) = found
    return open_as(kind, place)


def open_as(kind: str, path: Path) -> RecordingReader:
    """Open a recording that `recordings_at` found.

    Raises:
        RecordingError: it cannot be read.
        FormatUnavailableError: it needs a package that is not installed.
    """
    put_right(kind, path)
    return _OPENERS[kind](path)


def recordings_at(path: Path) -> list[tuple[str, Path]]:
    """The recordings at a path with their kinds: one where it is one or leads into one, those of a plain folder."""
    try:
        one = _recording_at(path)
        if one is not None:
            return [one]
        if not path.is_dir():
            return []
        inside = [_recording_at(child) for child in sorted(path.iterdir()) if not child.name.startswith(".")]
    except PermissionError as error:
        raise RecordingError(f"{path} cannot be looked into: {error.strerror}.") from error
    return list(dict.fromkeys(one for one in inside if one is not None))


def put_right(kind: str, path: Path) -> None:
    """Finish what a killed writer left; where that is not possible, what it wrote can be read all the same."""
    if kind not in {PARQUET, HDF5} or not _is_unfinished(kind, path):
        return
    from gym_gui.recording.config import RecorderConfig  # noqa: PLC0415 - only where something was left

    try:
        config = RecorderConfig(backend=kind, path=path)
        if kind == PARQUET:
            from gym_gui.recording.parquet import ParquetBackend  # noqa: PLC0415 - PyArrow

            ParquetBackend(config).close()
        else:
            from gym_gui.recording.hdf5 import HDF5Backend  # noqa: PLC0415 - h5py

            HDF5Backend(config).close()
    except (EnvironmentFault, OSError):
        return  # a folder that cannot be written: journals can be read


def _recording_at(path: Path) -> tuple[str, Path] | None:
    if path.is_dir():
        return _folder_at(path)
    if path.name.endswith(_PARTS):
        path = path.with_name(path.name.removesuffix(_PARTS))
    begins = _beginning(path)
    if begins.startswith(_HDF5_MAGIC):
        return (HDF5, path) if _is_hdf5_recording(path) else None
    if path.with_name(f"{path.name}{_PARTS}").is_dir():
        return HDF5, path  # its first run is being recorded
    if begins.startswith(_SQLITE_MAGIC):
        root = path.parent.parent
        return (SPLIT, root) if root / _DATABASE == path else (SQLITE, path)
    if begins.startswith(_PARQUET_MAGIC):
        return _folder_at(path.parent)
    return None


def _folder_at(path: Path) -> tuple[str, Path] | None:
    if path.name.endswith(_PARTS):
        return HDF5, path.with_name(path.name.removesuffix(_PARTS))
    if (path / _DATABASE).is_file():
        return SPLIT, path
    # The recording, a run of it, or the episodes of a run.
    for base, run in (
        (path, path / _RUNS),
        (path.parent.parent, path.parent),
        (path.parent.parent.parent, path.parent.parent),
    ):
        if run.name != _RUNS or not run.is_dir():
            continue
        if any((one / _EPISODES).is_dir() for one in run.iterdir()):
            return PARQUET, base
    return None


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(max(len(_HDF5_MAGIC), len(_SQLITE_MAGIC)))
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise RecordingError(f"{path.name} cannot be read: {error.strerror}.", hint=f"File: {path}") from error


def _is_hdf5_recording(path: Path) -> bool:
    import h5py  # noqa: PLC0415 - heavy; only where an HDF5 file is looked at

    from gym_gui.recording.hdf5_run import FORMAT  # noqa: PLC0415 - as above

    try:
        with h5py.File(path, "r", locking=False) as file:
            return bool(file.attrs.get("format") == FORMAT)
    except OSError:
        return False


def _is_unfinished(kind: str, path: Path) -> bool:
    """Whether a run says that it is being recorded; what a living process records is left alone later."""
    if kind == HDF5:
        return path.with_name(f"{path.name}{_PARTS}").is_dir()
    return any((path / _RUNS).glob("*.lock"))


def _what_is(path: Path) -> str:
    if not path.exists():
        return f"There is nothing at {path}."
    if path.is_dir():
        return f"The folder {path} holds no recording."
    if path.suffix == FILE_SUFFIX and path.parent.name == "replay":
        return f"{path.name} holds the pictures of a run; its steps are in the folder {path.parent.parent}."
    return f"{path.name} is no recording of gym_gui."


def _open_parquet(path: Path) -> RecordingReader:
    from gym_gui.recording.parquet import ParquetReader  # noqa: PLC0415 - PyArrow

    return ParquetReader(path)


def _open_hdf5(path: Path) -> RecordingReader:
    from gym_gui.recording.hdf5 import HDF5Reader  # noqa: PLC0415 - h5py

    return HDF5Reader(path)


def _open_sqlite(path: Path) -> RecordingReader:
    from gym_gui.recording.sqlite import SQLiteReader  # noqa: PLC0415 - only where it is asked for

    return SQLiteReader(path)


def _open_split(path: Path) -> RecordingReader:
    from gym_gui.recording.split import SplitReader  # noqa: PLC0415 - as above

    return SplitReader(path)


_OPENERS: Final[dict[str, Callable[[Path], RecordingReader]]] = {
    PARQUET: _open_parquet,
    HDF5: _open_hdf5,
    SQLITE: _open_sqlite,
    SPLIT: _open_split,
}
