"""`gym-gui import`: an exported run back into the var folder."""

from __future__ import annotations

from dataclasses import asdict

import click

from gym_gui.cli.options import PathText, json_option, print_json, say, settings_for, var_dir_option
from gym_gui.cli.transfer_line import TransferLine, stopped_by_signals


@click.command(name="import")
@click.argument("path", type=PathText())
@click.option("--run-id", metavar="NAME", help="What the run is called here; without it, as it was.")
@json_option
@var_dir_option
def import_(*, path: str, run_id: str | None, as_json: bool, var_dir: str | None) -> None:
    """Take the run at PATH (a Parquet, HDF5 or SQLite export, or a Minari data set) into the var folder.

    It goes through the recorder that games go through; Ctrl+C stops and leaves nothing behind.
    """
    from gym_gui.controllers.exporting import import_into_folder  # noqa: PLC0415 - h5py, 0.4 s: not for --help

    with stopped_by_signals() as stopped, TransferLine("Imported") as line:
        result = import_into_folder(settings_for(var_dir), path, run_id=run_id, progress=line.show, cancelled=stopped)
    if as_json:
        print_json(asdict(result))
        return
    click.echo(
        f"Imported {result.episodes:,} episode{'s' * (result.episodes != 1)}, {result.rows:,} rows, "
        f"{result.frames:,} pictures of {result.env_id} in {result.seconds:.1f} s."
    )
    click.echo(f"Run {result.run_id}")
    for note in result.notes:
        say(f"Note: {note}", err=True)
