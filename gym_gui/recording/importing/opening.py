"""Which importer reads a path: told by what lies there, not by its name."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import ExportError, FormatUnavailableError
from gym_gui.recording.importing.minari_folder import minari_data_folder, minari_datasets_below

if TYPE_CHECKING:
    from os import PathLike

    from gym_gui.recording.importing.sources import ImportSource

_PARQUET: Final = b"PAR1"
_NAMED: Final = 5
_KNOWN: Final = "Parquet, HDF5, SQLite and Minari exports can be imported, and recordings of any backend."


def open_import(path: str | PathLike[str]) -> ImportSource:
    """Open what lies at *path*; `close` it when done.

    Raises:
        ExportError: there is nothing, or nothing that can be imported.
        FormatUnavailableError: its format's package is not installed.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise ExportError(f"There is no {place}.", hint="Check the path.")
    if minari_data_folder(place) is not None:
        return _open_minari(place)
    if _is_parquet(place):
        _require("pyarrow", "Parquet")
        from gym_gui.recording.importing.parquet_rows import ParquetImport, is_export  # noqa: PLC0415 - as above

        if is_export(place) or not _recordings(place):
            return ParquetImport(place)
    found = _recordings(place)
    datasets = [] if found or not place.is_dir() else minari_datasets_below(place)
    if len(datasets) == 1:
        return _open_minari(datasets[0])
    if datasets:
        raise ExportError(
            f"The folder {place} holds {len(datasets)} Minari data sets; one is imported at a time.",
            hint=f"Name one of them: {', '.join(str(one.relative_to(place)) for one in datasets[:_NAMED])}.",
        )
    if not found:
        what = f"The folder {place} holds nothing" if place.is_dir() else f"{place} is of no format"
        raise ExportError(f"{what} that can be imported.", hint=_KNOWN)
    from gym_gui.recording.importing.backend_file import BackendImport  # noqa: PLC0415 - as above

    return BackendImport(place, found[0])


def _open_minari(place: Path) -> ImportSource:
    _require("minari", "Minari")
    from gym_gui.recording.importing.minari_data import MinariImport  # noqa: PLC0415 - only where it is read

    return MinariImport(place)


def _is_parquet(place: Path) -> bool:
    if place.is_dir():
        return any(place.glob("*.parquet"))
    with place.open("rb") as file:
        return file.read(len(_PARQUET)) == _PARQUET


def _recordings(place: Path) -> list[str]:
    """Kinds of the recordings that lie there."""
    from gym_gui.recording.opening import recordings_at  # noqa: PLC0415 - as above

    return [kind for kind, _ in recordings_at(place)]


def _require(package: str, title: str) -> None:
    if find_spec(package) is None:
        raise FormatUnavailableError(
            f"{title} needs the package {package}, which is not installed.",
            hint='Install it with: pip install "gym-gui[formats]"',
        )
