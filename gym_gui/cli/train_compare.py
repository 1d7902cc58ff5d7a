"""`gym-gui train compare`: runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from gym_gui.cli.options import json_option, print_json, print_table, say
from gym_gui.cli.run_lines import number, run_document, state_of, steps_of, took
from gym_gui.cli.trainer_link import TrainerLink, link_options, run_id_of, tell_standstill
from gym_gui.controllers.live_facts import differences
from gym_gui.controllers.live_trainer import live_run_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.controllers.live_facts import Difference
    from gym_gui.services.trainer.run_store import TrainingRun

_FEWEST: Final = 2


@click.command()
@click.argument("run_ids", nargs=-1, required=True, metavar="RUN RUN...")
@json_option
@link_options
def compare(*, run_ids: tuple[str, ...], as_json: bool, link: TrainerLink) -> None:
    """Show runs side by side: how far each came, and the settings and packages in which they differ."""
    with link.reading() as client:
        runs = [client.get(one) for one in dict.fromkeys(run_id_of(client, text) for text in run_ids)]
        if len(runs) < _FEWEST:
            raise click.UsageError("Name two runs at least.")
        tell_standstill(client, runs)
        rows = differences(list(map(live_run_of, runs)), {one.run_id: client.get_record(one.run_id) for one in runs})
    if as_json:
        print_json(_document(runs, rows))
    else:
        _tell(runs, rows)


def _document(runs: list[TrainingRun], rows: tuple[Difference, ...]) -> dict[str, object]:
    ids = [run.run_id for run in runs]
    return {
        "runs": [run_document(run) for run in runs],
        "differences": {row.key: dict(zip(ids, row.values, strict=True)) for row in rows},
    }


def _tell(runs: list[TrainingRun], rows: tuple[Difference, ...]) -> None:
    figures: tuple[tuple[str, Callable[[TrainingRun], str]], ...] = (
        ("name", lambda run: run.config.name),
        ("state", state_of),
        ("steps", steps_of),
        ("episodes", lambda run: f"{run.progress.episodes:,}"),
        ("return", lambda run: number(run.progress.mean_return)),
        ("time", took),
    )
    told = [(key, *map(figure, runs)) for key, figure in figures]
    columns = ("", *(run.run_id for run in runs))
    print_table(columns, [row for row in told if any(row[1:])] + [(row.key, *row.values) for row in rows])
    if not rows:
        say("Their settings and packages are the same.")
