"""What is asked of an export, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import ExportError, ExportRequestError
from gym_gui.recording.compression_levels import LEVELS

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.recording.export.formats import ExportFormat

DEFAULT_CRF: Final = 18
_WORST_CRF: Final = 51
_MAX_SCALE: Final = 16
_LEAST_FPS: Final = 0.01
_MOST_FPS: Final = 1_000  # no screen or file goes beyond


class ExportStoppedError(ExportError):
    """An export or import that was stopped; nothing of it was left behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """How a format is written; None and False are its defaults.

    Attributes:
        compression: Of Parquet's columns, of HDF5's and Minari's arrays.
        compression_level: Its effort, higher is smaller: zstd 1 to 22, gzip 1 to 9, brotli 1 to 11; None: its own.
        frames: Whether pictures come along; None: what the format does, HDF5 and SQLite yes, Parquet no.
        partitioned: A folder with one file an episode (Parquet).
        lines: One JSON document a line.
        fps: Pictures a second; None: the run's own step rate.
        overlay: Draw step, action, reward and return on the pictures.
        lossless: Every pixel bit for bit: H.264 RGB in .mp4, FFV1 in .mkv.
        crf: Quality of the small video, 0 (best) to 51.
        scale: Whole number that pictures are enlarged by.
        sound: Whether a video has the sound that was recorded.
    """

    compression: str | None = None
    compression_level: int | None = None
    frames: bool | None = None
    partitioned: bool = False
    lines: bool = False
    fps: float | None = None
    overlay: bool = False
    lossless: bool = False
    crf: int | None = None
    scale: int = 1
    sound: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What to export, and where to.

    Attributes:
        run_id: The run.
        output: The file or folder to write.
        format: Name of a format.
        episodes: Indices and ids of episodes; None for all.
        start: First step of each episode.
        stop: First step not to take; None: to the end.
        options: How it is written.
        overwrite: Whether what is at *output* may be replaced.
    """

    run_id: str
    output: Path
    format: str
    episodes: tuple[int | str, ...] | None = None
    start: int = 0
    stop: int | None = None
    options: ExportOptions = field(default_factory=ExportOptions)
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """What was written.

    Attributes:
        run_id: The run.
        format: Name of the format.
        output: The file or folder.
        episodes: Episodes written.
        rows: Rows written: one a step and agent; the states after reset count.
        frames: Pictures written.
        size_bytes: Bytes on disk.
        seconds: How long it took.
        notes: One sentence for each thing that could not be kept as it was; empty where all was.
    """

    run_id: str
    format: str
    output: Path
    episodes: int
    rows: int
    frames: int
    size_bytes: int
    seconds: float
    notes: tuple[str, ...] = ()


def _word(option: str, value: object = None) -> str:
    """An option as it is written on the command line."""
    if option == "frames" and value is False:
        return "--no-frames"
    return {"partitioned": "--partition", "sound": "--no-sound"}.get(option, f"--{option.replace('_', '-')}")


def _check_level(asked: ExportOptions, chosen: ExportFormat) -> None:
    level = asked.compression_level
    if level is None:
        return
    name = asked.compression or chosen.compressions[0]
    if name not in LEVELS:
        raise ExportRequestError(
            f"The compression {name} of {chosen.title} has no levels.", hint="Leave --compression-level out."
        )
    low, high = LEVELS[name]
    if not low <= level <= high:
        raise ExportRequestError(
            f"There is no level {level} of {name}.", hint=f"--compression-level takes {low} to {high}."
        )


def check_request(request: ExportRequest, chosen: ExportFormat) -> None:
    """Refuse what means nothing, whatever the run holds.

    Raises:
        ExportRequestError: an option means nothing to the format, a value is out of range, or no step lies between
            the first and the last.
    """
    if request.start < 0 or (request.stop is not None and request.stop <= request.start):
        raise ExportRequestError(
            f"From step {request.start} to step {request.stop} there is nothing.",
            hint="--from is the first step, --to the first one not taken.",
        )
    asked = request.options
    defaults = ExportOptions()
    for one in fields(ExportOptions):
        value = getattr(asked, one.name)
        if value != getattr(defaults, one.name) and one.name not in chosen.options:
            known = ", ".join(sorted(map(_word, chosen.options)))
            hint = f"It knows: {known}." if known else "It has no options of its own."
            raise ExportRequestError(f"{chosen.title} has no {_word(one.name, value)}.", hint=hint)
    if asked.compression is not None and asked.compression not in chosen.compressions:
        raise ExportRequestError(
            f"{chosen.title} has no compression {asked.compression!r}.",
            hint=f"It knows: {', '.join(chosen.compressions)}.",
        )
    _check_level(asked, chosen)
    if asked.fps is not None and not _LEAST_FPS <= asked.fps <= _MOST_FPS:
        raise ExportRequestError(f"{asked.fps:g} pictures a second cannot be shown.", hint="--fps takes 0.01 to 1000.")
    if asked.crf is not None and not 0 <= asked.crf <= _WORST_CRF:
        raise ExportRequestError(f"There is no quality {asked.crf}.", hint="--crf takes 0 (best) to 51 (smallest).")
    if not 1 <= asked.scale <= _MAX_SCALE:
        raise ExportRequestError(
            f"Pictures cannot be enlarged {asked.scale} times.", hint=f"--scale takes 1 to {_MAX_SCALE}."
        )
