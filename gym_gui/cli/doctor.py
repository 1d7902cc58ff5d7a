"""`gym-gui doctor`: what of this machine works, line by line, and what to do about the rest."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from gym_gui.cli.options import foreign_output_aside, json_option, print_json, say, settings_for, var_dir_option

if TYPE_CHECKING:
    from gym_gui.controllers.doctor import Check

_COLOURS: Final = {"ok": "green", "warning": "yellow", "problem": "red"}
_MARGIN: Final = 24


@click.command()
@json_option
@var_dir_option
def doctor(*, as_json: bool, var_dir: str | None) -> int:
    """Check this machine and this installation, and say what to do.

    Each line is ok, a warning (something cannot be done here, the rest works) or a problem. Only problems make the
    exit code 1.
    """
    from gym_gui.controllers.doctor import Status, examine  # noqa: PLC0415 - Gymnasium and h5py, a second

    settings = settings_for(var_dir)
    found: list[Check] = []
    checks = examine(settings)
    while True:
        with foreign_output_aside():
            check = next(checks, None)
        if check is None:
            break
        found.append(check)
        if not as_json:
            _tell(check)
    problems = sum(check.status is Status.PROBLEM for check in found)
    warnings = sum(check.status is Status.WARNING for check in found)
    if as_json:
        print_json([asdict(check) for check in found])
    else:
        click.echo(f"\n{_counted(problems, 'problem')}, {_counted(warnings, 'warning')}.")
    return 1 if problems else 0


def _tell(check: Check) -> None:
    status = click.style(f"{check.status.value:<8}", fg=_COLOURS[check.status.value], bold=check.status.value != "ok")
    width = max(60, min(shutil.get_terminal_size().columns, 120)) - _MARGIN
    lines = textwrap.wrap(check.message, width, break_long_words=False, break_on_hyphens=False) or [""]
    click.echo(f"{status}  {check.check:<12}  {lines[0]}")
    for line in lines[1:]:
        click.echo(" " * _MARGIN + line)
    if check.hint:
        say(" " * _MARGIN + check.hint)


def _counted(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
