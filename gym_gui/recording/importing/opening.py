"""Which importer reads a path: told by what lies there, not by its name."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import ExportError, FormatUnavailableError
from gym_gui.recording.importing.minari_folder import minari_data_folder

if TYPE_CHECKING:
    from os import PathLike

    from gym_gui.recording.importing.sources import ImportSource

_PARQUET: Final = b"PAR1"
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_SQLITE: Final = b"SQLite format 3\x00"
_KNOWN: Final = "Parquet, HDF5, SQLite and Minari exports can be imported."


def open_import(path: str | PathLike[str]) -> ImportSource:
    """Open what lies at *path*; `close` it when done.

    Raises:
        ExportError: there is nothing, or nothing that can be imported.
        FormatUnavailableError: its format's package is not installed.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise ExportError(f"There is no {place}.", hint="Check the path.")
    kind = _kind_of(place)
    if kind == "parquet":
        _require("pyarrow", "Parquet")
        from gym_gui.recording.importing.parquet_rows import ParquetImport  # noqa: PLC0415 - only where it is read

        return ParquetImport(place)
    if kind == "minari":
        _require("minari", "Minari")
        from gym_gui.recording.importing.minari_data import MinariImport  # noqa: PLC0415 - only where it is read

        return MinariImport(place)
    from gym_gui.recording.importing.backend_file import BackendImport  # noqa: PLC0415 - only where it is read

    return BackendImport(place, kind)


def _kind_of(place: Path) -> str:
    if place.is_dir():
        if any(place.glob("*.parquet")):
            return "parquet"
        if minari_data_folder(place) is not None:
            return "minari"
        raise ExportError(f"The folder {place} holds nothing that can be imported.", hint=_KNOWN)
    with place.open("rb") as file:
        head = file.read(16)
    for magic, kind in ((_PARQUET, "parquet"), (_HDF5, "hdf5"), (_SQLITE, "sqlite")):
        if head.startswith(magic):
            if kind == "hdf5" and minari_data_folder(place.parent) is not None:
                return "minari"
            return kind
    raise ExportError(f"{place} is of no format that can be imported.", hint=_KNOWN)


def _require(package: str, title: str) -> None:
    if find_spec(package) is None:
        raise FormatUnavailableError(
            f"{title} needs the package {package}, which is not installed.",
            hint='Install it with: pip install "gym-gui[formats]"',
        )
