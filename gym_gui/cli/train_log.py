"""`gym-gui train log`: what a run's workers wrote, all of it, or the lines that are looked for."""

from __future__ import annotations

import sys

import click

from gym_gui.cli.trainer_link import TrainerLink, link_options, run_id_of
from gym_gui.controllers.log_lines import LogCutter, LogFilter, LogLevel, LogLine


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended, or Ctrl+C.")
@click.option("--search", default="", metavar="TEXT", help="Only lines with this text, in capitals or not.")
@click.option(
    "--level",
    type=click.Choice([level.value for level in LogLevel]),
    default=LogLevel.DEBUG.value,
    help="Only lines at least as grave.",
)
@link_options
def log(*, run_id: str, follow: bool, search: str, level: str, link: TrainerLink) -> None:
    """Show what a run's workers wrote."""
    wanted = LogFilter(search, LogLevel(level))
    with link.reading() as client:
        parts = client.read_log(run_id_of(client, run_id), follow=follow)
        if wanted.is_open:
            for data in parts:  # as it is, to the last byte
                sys.stdout.buffer.write(data)
                sys.stdout.flush()
            return
        cutter = LogCutter()
        for data in parts:
            _show(cutter.feed(data), wanted)
        _show(cutter.finish(), wanted)


def _show(lines: list[LogLine], wanted: LogFilter) -> None:
    for line in filter(wanted.passes, lines):
        click.echo(line.text)
