"""`gym-gui scalars`: what a learner logged, as a table or JSON."""

from __future__ import annotations

import math
from typing import Final

import click

from gym_gui.cli.options import json_option, print_json, print_table, say, var_dir_option
from gym_gui.cli.reading import opened_library, recording_option
from gym_gui.controllers.run_names import run_named

_NAMED: Final = 5


@click.command()
@click.argument("run_id")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@recording_option
@json_option
@var_dir_option
def scalars(*, run_id: str, names: tuple[str, ...], recording: str | None, as_json: bool, var_dir: str | None) -> None:
    """List what the learner of RUN_ID (its id or name) logged: loss, entropy, speed.

    With --json every point: its step, its time, and its value, which is null where it is no number.
    """
    from gym_gui.recording.scalars import logged_beside, scalar_curves  # noqa: PLC0415 - numpy: not for --help

    with opened_library(recording, var_dir) as library:
        run_id = run_named(library, run_id)
        logged = scalar_curves(library, run_id)
        beside = [] if logged else logged_beside(library, run_id)
    elsewhere = (
        f"Nothing was logged in {run_id} itself, but in {', '.join(beside[:_NAMED])} of its group: "
        f"`gym-gui scalars {beside[0]}`."
        if beside
        else ""
    )
    missing = [name for name in names if name not in logged]
    if missing:
        known = f" It logged {', '.join(logged)}." if logged else f" {elsewhere}".rstrip()
        raise click.ClickException(f"Run {run_id} has no metric {missing[0]!r}.{known}")
    curves = {name: logged[name] for name in names or logged}
    if as_json:
        if elsewhere:
            say(elsewhere, err=True)
        print_json(
            [
                {
                    "name": curve.name,
                    "points": [
                        {"step": step, "time": f"{time}Z", "value": value if math.isfinite(value) else None}
                        for step, time, value in zip(
                            curve.step.tolist(), curve.time.astype(str), curve.value.tolist(), strict=True
                        )
                    ],
                }
                for curve in curves.values()
            ]
        )
        return
    if not curves:
        say(elsewhere or "Nothing was logged. `gym_gui.log(step, loss=...)` in a script that is recorded does.")
        return
    rows = [
        (
            curve.name,
            f"{len(curve):,}",
            f"{curve.step[-1]:,}",
            f"{curve.value[-1]:,.6g}",
            f"{curve.value.min():,.6g}",
            f"{curve.value.max():,.6g}",
        )
        for curve in curves.values()
    ]
    columns = ("METRIC", "POINTS", "LAST STEP", "LAST", "LEAST", "MOST")
    print_table(columns, rows, numbers=columns[1:])
