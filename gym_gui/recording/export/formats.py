"""Which formats there are, what each keeps, and which options it knows."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import ExportRequestError

if TYPE_CHECKING:
    from os import PathLike


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """One way out.

    Attributes:
        name: How a command names it: ``parquet``.
        title: How a window names it: ``Parquet``.
        told: What it is for, one line.
        suffixes: Endings of its files; the first is the usual one. Empty where it is a folder.
        options: Names of the options that mean something to it.
        needs_frames: Whether there is nothing to export without pictures.
        needs_sound: Whether there is nothing to export without sound.
        compressions: What ``--compression`` may be; the first is the default. Empty where it knows none.
        package: What has to be importable beyond the base installation; empty where nothing has.
    """

    name: str
    title: str
    told: str
    suffixes: tuple[str, ...]
    options: frozenset[str] = frozenset()
    needs_frames: bool = False
    needs_sound: bool = False
    compressions: tuple[str, ...] = ()
    package: str = ""


FORMATS: Final = (
    ExportFormat(
        name="parquet",
        title="Parquet",
        told="Typed table for pandas, DuckDB and Polars",
        suffixes=(".parquet",),
        options=frozenset({"compression", "compression_level", "frames", "partitioned"}),
        compressions=("zstd", "snappy", "gzip", "lz4", "brotli", "none"),
        package="pyarrow",
    ),
    ExportFormat(
        name="csv",
        title="CSV",
        told="Table for spreadsheets, RFC 4180",
        suffixes=(".csv",),
    ),
    ExportFormat(
        name="json",
        title="JSON",
        told="One document, or one line a step",
        suffixes=(".json", ".jsonl"),
        options=frozenset({"lines"}),
    ),
    ExportFormat(
        name="hdf5",
        title="HDF5",
        told="One self-contained file with every picture",
        suffixes=(".h5", ".hdf5"),
        options=frozenset({"compression", "compression_level", "frames"}),
        compressions=("gzip", "lzf", "none"),
    ),
    ExportFormat(
        name="sqlite",
        title="SQLite",
        told="One self-contained database with every picture",
        suffixes=(".sqlite", ".db"),
        options=frozenset({"frames"}),
    ),
    ExportFormat(
        name="minari",
        title="Minari",
        told="Data set for minari.load_dataset",
        suffixes=(),
        options=frozenset({"compression", "compression_level"}),
        compressions=("gzip", "lzf", "none"),
        package="minari",
    ),
    ExportFormat(
        name="mp4",
        title="MP4",
        told="Video, small or lossless, with the sound",
        suffixes=(".mp4", ".mkv"),
        options=frozenset({"fps", "overlay", "lossless", "crf", "scale", "sound"}),
        needs_frames=True,
        package="av",
    ),
    ExportFormat(
        name="gif",
        title="GIF",
        told="Moving picture for a page or a message",
        suffixes=(".gif",),
        options=frozenset({"fps", "overlay", "scale"}),
        needs_frames=True,
    ),
    ExportFormat(
        name="png",
        title="PNG",
        told="One picture, or a folder of them",
        suffixes=(".png",),
        options=frozenset({"overlay", "scale"}),
        needs_frames=True,
    ),
    ExportFormat(
        name="wav",
        title="WAV",
        told="The sound alone, sample for sample",
        suffixes=(".wav",),
        needs_sound=True,
    ),
)
_BY_NAME: Final = {one.name: one for one in FORMATS}


def find_format(name: str) -> ExportFormat:
    """The format of that name.

    Raises:
        ExportRequestError: there is none; the hint offers the nearest.
    """
    found = _BY_NAME.get(name.lower())
    if found is None:
        near = get_close_matches(name.lower(), _BY_NAME, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Formats: {', '.join(_BY_NAME)}."
        raise ExportRequestError(f"There is no format {name!r}.", hint=hint)
    return found


def format_of_path(path: str | PathLike[str]) -> ExportFormat:
    """The format that a file's ending means.

    Raises:
        ExportRequestError: it means none.
    """
    suffix = Path(path).suffix.lower()
    for one in FORMATS:
        if suffix in one.suffixes:
            return one
    what = f"The ending {suffix!r} means no format." if suffix else "The path has no ending that means a format."
    raise ExportRequestError(what, hint=f"Name one with --format: {', '.join(_BY_NAME)}.")
