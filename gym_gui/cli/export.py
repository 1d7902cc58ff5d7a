"""`gym-gui export`: a run, or some of it, as a file of another format."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import (
    PathText,
    foreign_output_aside,
    json_option,
    print_json,
    say,
    var_dir_option,
)
from gym_gui.cli.reading import opened_source, recording_option
from gym_gui.cli.transfer_line import TransferLine, stopped_by_signals
from gym_gui.core.sizes import size_text

if TYPE_CHECKING:
    from gym_gui.recording.export import ExportResult


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--format", "format_name", metavar="NAME", help="parquet, csv, json, hdf5, sqlite, minari, mp4, gif, png or wav."
)
@click.option(
    "-o",
    "--output",
    type=PathText(),
    metavar="PATH",
    required=True,
    help="File or folder to write; its ending may say the format.",
)
@click.option("--episodes", metavar="1,5-9", help="Indices, ranges or ids; without it, all.")
@click.option(
    "--from", "start", type=click.IntRange(min=0), metavar="STEP", default=0, help="First step of each episode."
)
@click.option("--to", "stop", type=click.IntRange(min=1), metavar="STEP", help="First step not to take.")
@click.option(
    "--compression",
    metavar="NAME",
    help="Parquet: zstd, snappy, gzip, lz4, brotli, none. HDF5 and Minari: gzip, lzf, none.",
)
@click.option(
    "--compression-level", type=int, metavar="N", help="Its effort: zstd 1 to 22, gzip 1 to 9, brotli 1 to 11."
)
@click.option(
    "--frames/--no-frames",
    default=None,
    help="Take the pictures along; without it, Parquet does not, HDF5 and SQLite do.",
)
@click.option("--partition", is_flag=True, help="Parquet: a folder with one file an episode.")
@click.option("--lines", is_flag=True, help="JSON: one document a line (JSON Lines).")
@click.option(
    "--fps", type=float, metavar="N", help="Video and GIF: pictures a second; without it, the run's step rate."
)
@click.option("--overlay", is_flag=True, help="Pictures: draw step, action, reward and return on them.")
@click.option("--lossless", is_flag=True, help="Video: every pixel bit for bit; H.264 RGB in .mp4, FFV1 in .mkv.")
@click.option("--crf", type=int, metavar="N", help="Video: quality, 0 (best) to 51 (smallest); 18 without it.")
@click.option(
    "--sound/--no-sound", default=True, help="Video: with the sound, where it was recorded; that is what happens."
)
@click.option("--scale", type=int, metavar="N", default=1, help="Pictures: enlarge by a whole number.")
@click.option("--force", is_flag=True, help="Replace what is at PATH.")
@recording_option
@json_option
@var_dir_option
def export(
    *,
    run_id: str,
    format_name: str | None,
    output: str,
    episodes: str | None,
    start: int,
    stop: int | None,
    partition: bool,
    force: bool,
    as_json: bool,
    recording: str | None,
    var_dir: str | None,
    **options: Any,
) -> None:
    """Write RUN, or some of its episodes and steps, as a file of another format.

    Nothing appears at PATH before all of it is there; Ctrl+C stops and leaves nothing behind.
    """
    from gym_gui.controllers.exporting import export_recorded  # noqa: PLC0415 - h5py, 0.4 s: not for --help

    force = force or _may_replace(Path(output), asks=not as_json)
    with (
        foreign_output_aside(),
        opened_source(recording, var_dir) as source,
        stopped_by_signals() as stopped,
        TransferLine("Exported") as line,
    ):
        result = export_recorded(
            source,
            run_id,
            output,
            format=format_name,
            episodes=episodes,
            start=start,
            stop=stop,
            overwrite=force,
            progress=line.show,
            cancelled=stopped,
            partitioned=partition,
            **options,
        )
    if as_json:
        print_json({**asdict(result), "output": str(result.output)})
    else:
        _tell(result)


def _may_replace(path: Path, *, asks: bool) -> bool:
    try:
        if not asks or not path.exists() or not sys.stdin.isatty():
            return False
    except OSError:  # a name that no disk takes; the export says so
        return False
    return click.confirm(f"{path} is there already. Replace it?", abort=True, err=True)


def _tell(result: ExportResult) -> None:
    parts = [f"{result.episodes:,} episode{'s' * (result.episodes != 1)}"]
    if result.rows:
        parts.append(f"{result.rows:,} rows")
    if result.frames:
        parts.append(f"{result.frames:,} picture{'s' * (result.frames != 1)}")
    click.echo(f"Exported {', '.join(parts)} in {result.seconds:.1f} s ({size_text(result.size_bytes)}).")
    click.echo(result.output)
    for note in result.notes:
        say(f"Note: {note}", err=True)
