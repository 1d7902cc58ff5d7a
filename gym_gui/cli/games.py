"""`gym-gui games`: the catalogue on the command line."""

from __future__ import annotations

from dataclasses import asdict

import click

from gym_gui.cli.options import json_option, print_json, print_table, var_dir_option


@click.command()
@click.option("--all", "include_hidden", is_flag=True, help="Older versions and old Atari ids, too.")
@json_option
@var_dir_option
def games(*, include_hidden: bool, as_json: bool, var_dir: str | None) -> None:  # noqa: ARG001 - all commands take it
    """List the games that can be played here, and what the others need."""
    from gym_gui.adapters.catalog import list_environments  # noqa: PLC0415 - Gymnasium, 0.6 s: not for --help

    entries = list_environments(include_hidden=include_hidden)
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    print_table(
        ("NAME", "ENV_ID", "FAMILY", ""),
        [(entry.name, entry.env_id, entry.family, entry.unavailable_reason) for entry in entries],
    )
