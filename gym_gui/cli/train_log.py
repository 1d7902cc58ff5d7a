"""`gym-gui train log`: what a run's workers wrote, all of it, or the lines that are looked for."""

from __future__ import annotations

import sys

import click

from gym_gui.cli.options import say
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
        run = client.get(run_id_of(client, run_id))
        written = shown = 0
        cutter = LogCutter()
        for data in client.read_log(run.run_id, follow=follow):
            written += len(data)
            if wanted.is_open:  # as it is, to the last byte
                sys.stdout.buffer.write(data)
                sys.stdout.flush()
            else:
                shown += _show(cutter.feed(data), wanted)
        if not wanted.is_open:
            shown += _show(cutter.finish(), wanted)
    if not written:
        # Nobody but the trainer's own workers is listened to.
        own = run.config.worker == "script" and not run.config.script
        why = " What a script prints stays where it was started." if own else ""
        say(f"Nothing was written to the log of {run.run_id}.{why}", err=True)
    elif not (wanted.is_open or shown):
        say(f"No line of the log of {run.run_id} is as you ask.", err=True)


def _show(lines: list[LogLine], wanted: LogFilter) -> int:
    """Print what passes; how many lines that were."""
    passed = list(filter(wanted.passes, lines))
    for line in passed:
        click.echo(line.text)
    return len(passed)
