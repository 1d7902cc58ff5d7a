"""`gym-gui train list | show | pause | resume | cancel | archive | unarchive | purge`: runs that the trainer knows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import click

from gym_gui.cli.options import json_option, print_json, print_table, say, without_empty_columns
from gym_gui.cli.run_lines import COLUMNS, NUMBERS, age, run_document, state_of, table_row, what_of
from gym_gui.cli.trainer_link import TrainerLink, link_options, run_id_of, tell_standstill
from gym_gui.controllers.live_facts import GIT_COMMIT
from gym_gui.services.trainer.states import Retention, TrainingState
from gym_gui.workers.composing import command_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.core.data_model import RunRecord
    from gym_gui.services.trainer.client.client import TrainerClient
    from gym_gui.services.trainer.run_store import RunTransition, TrainingRun

_OBEYS_S: Final = 10.0
# A worker has ten seconds to save, then it is killed; one on a cluster is let go of within a minute.
_ENDS_S: Final = 60.0
_LOOK_S: Final = 0.05


@click.command(name="list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in TrainingState]),
    help="Only runs in that state; may be given again.",
)
@click.option("--archived", is_flag=True, help="Archived runs, too.")
@json_option
@link_options
def list_run(*, states: tuple[str, ...], archived: bool, as_json: bool, link: TrainerLink) -> None:
    """List the runs that the trainer knows, newest first."""
    with link.reading() as client:
        found = client.list_runs(tuple(map(TrainingState, states)), archived=archived)
        tell_standstill(client, found)
    if as_json:
        print_json(list(map(run_document, found)))
        return
    if not found:
        say("No runs. `gym-gui train start cartpole-ppo` starts one.")
        return
    columns, rows = without_empty_columns(
        COLUMNS, list(map(table_row, found)), where=dict.fromkeys(("DONE", "RETURN", "STEPS/S", "LAST STEP", "WHY"), "")
    )
    print_table(columns, rows, numbers=NUMBERS)


@click.command()
@click.argument("run_id", metavar="RUN")
@json_option
@link_options
def show(*, run_id: str, as_json: bool, link: TrainerLink) -> None:
    """Show one run: what it is, where it stands, and every change of its state."""
    with link.reading() as client:
        run = client.get(run_id_of(client, run_id))
        transitions = client.transitions(run.run_id)
        record = client.get_record(run.run_id)
        tell_standstill(client, [run])
    if as_json:
        print_json(run_document(run, transitions) | {"recorded": _recorded(record)})
        return
    for name, text in [*_facts(run), *_recorded_facts(record)]:
        if text:
            click.echo(f"{click.style(f'{name:<14}', bold=True)}{text}")
    for one in transitions:
        click.echo(_line_of(one))


def _facts(run: TrainingRun) -> list[tuple[str, str]]:
    cells = dict(zip(COLUMNS, table_row(run), strict=True))
    config = run.config
    return [
        ("Run", run.run_id),
        ("Name", config.name),
        ("What", what_of(run)),
        ("State", f"{cells['STATE']}: {run.reason}" if run.reason else cells["STATE"]),
        (
            "Steps",
            f"{cells['STEPS']} of {config.total_steps:,}" if config.total_steps and cells["STEPS"] else cells["STEPS"],
        ),
        ("Return", cells["RETURN"]),
        ("Steps/s", cells["STEPS/S"]),
        ("Last step", f"{cells['LAST STEP']} ago" if cells["LAST STEP"] else ""),
        ("Attempt", str(run.attempt) if run.attempt > 1 else ""),
        ("Resumed from", f"{run.resumed_from}, at step {run.steps_before:,}" if run.resumed_from else ""),
        ("Restarts", str(run.restarts) if run.restarts else ""),
        ("Workers", ", ".join(f"{one.worker_id} (process {one.pid} on {one.host})" for one in run.workers)),
        ("Host", "" if run.workers else run.host),  # processes that are there say so themselves
        # A script that came by itself was started by another command, which nobody told us.
        ("Command", command_line(config, resume_from=run.resumed_from) if run.digest else ""),
    ]


def _recorded(record: RunRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "env_id": record.env_id,
        "env_kwargs": dict(record.env_kwargs),
        "action_space": record.action_space,
        "observation_space": record.observation_space,
        "git_commit": record.metadata.get(GIT_COMMIT),
        "versions": dict(record.versions),
    }


def _recorded_facts(record: RunRecord | None) -> list[tuple[str, str]]:
    if record is None:
        return []
    return [
        ("Environment", ", ".join((record.env_id, *(f"{key}={value}" for key, value in record.env_kwargs.items())))),
        ("Actions", record.action_space or ""),
        ("Observations", record.observation_space or ""),
        ("Git commit", str(record.metadata.get(GIT_COMMIT) or "")),
        ("Packages", ", ".join(f"{name} {version}" for name, version in sorted(record.versions.items()))),
    ]


def _line_of(one: RunTransition) -> str:
    before = "" if one.before is None else f"{one.before.value} -> "
    # Archiving changes no state: its reason says all.
    change = "" if one.before is one.after else f"{before}{one.after.value}: "
    return f"  {one.at.astimezone():%Y-%m-%d %H:%M:%S}  {change}{one.reason}  ({age(one.at)} ago)"


def _steering(function: Callable[..., None]) -> click.Command:
    """A command that changes a run's state: RUN, a reason, and the answer as everywhere."""
    for decorate in (
        link_options,
        json_option,
        click.option("--reason", default="", metavar="TEXT", help="Kept with the change."),
        click.argument("run_id", metavar="RUN"),
    ):
        function = decorate(function)
    return click.command()(function)


def _awaited(
    client: TrainerClient, run: TrainingRun, wanted: TrainingState | None, patience_s: float
) -> tuple[TrainingRun, bool]:
    """The run once it is in the wanted state or over; as it is when the patience is, and then False."""
    deadline_s = time.monotonic() + patience_s
    while run.state is not wanted and run.state.is_active:
        if time.monotonic() > deadline_s:
            return run, False
        time.sleep(_LOOK_S)
        run = client.get(run.run_id)
    return run, True


def _obeyed(client: TrainerClient, run: TrainingRun, wanted: TrainingState) -> TrainingRun:
    """The run once its worker has done as it was told; as it is after ten seconds, which a person is told."""
    run, is_there = _awaited(client, run, wanted, _OBEYS_S)
    if not is_there:
        say(f"{run.run_id} has its order; its worker follows it once its step or update is over.", err=True)
    return run


def _tell(run: TrainingRun, *, as_json: bool) -> None:
    if as_json:
        print_json(run_document(run))
    else:
        say(f"{run.run_id} is {state_of(run)}.")


@_steering
def pause(*, run_id: str, reason: str, as_json: bool, link: TrainerLink) -> None:
    """Let RUN wait between two steps; it keeps its place and its memory."""
    with link.opened() as client:
        run = client.pause(run_id_of(client, run_id), reason)
        run = _obeyed(client, run, TrainingState.PAUSED)
    _tell(run, as_json=as_json)


@_steering
def cancel(*, run_id: str, reason: str, as_json: bool, link: TrainerLink) -> None:
    """Stop RUN, and wait until it has ended; what it recorded and its checkpoint are kept."""
    with link.opened() as client:
        run, is_over = _awaited(client, client.cancel(run_id_of(client, run_id), reason), None, _ENDS_S)
        if not is_over:
            why = client.status().sink_fault
            say(f"{run.run_id} has its order; its end is not noted yet. {why}".rstrip(), err=True)
    _tell(run, as_json=as_json)


@_steering
def archive(*, run_id: str, reason: str, as_json: bool, link: TrainerLink) -> None:
    """Put an ended RUN out of the way; everything of it is kept."""
    with link.opened() as client:
        run = client.archive(run_id_of(client, run_id), reason)
    _tell(run, as_json=as_json)


@_steering
def unarchive(*, run_id: str, reason: str, as_json: bool, link: TrainerLink) -> None:
    """Take RUN out of the archive again."""
    with link.opened() as client:
        run = client.unarchive(run_id_of(client, run_id), reason)
    _tell(run, as_json=as_json)


@_steering
def resume(*, run_id: str, reason: str, as_json: bool, link: TrainerLink) -> None:
    """Let a paused RUN go on; of an ended one, start a new run from its newest checkpoint."""
    with link.opened() as client:
        run = client.get(run_id_of(client, run_id))
        if run.state.is_active:
            run = _obeyed(client, client.resume(run.run_id, reason), TrainingState.RUNNING)
        else:
            run = client.submit(run.config, resume_from=run.run_id, reason=reason)
    _tell(run, as_json=as_json)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@link_options
def purge(*, run_id: str, yes: bool, as_json: bool, link: TrainerLink) -> int:
    """Remove RUN's recording, log and checkpoints for good; it has to be archived. Asks first."""
    with link.opened() as client:
        run = client.get(run_id_of(client, run_id))
        run_id = run.run_id
        if run.retention is not Retention.RETAINED:
            # The trainer would refuse it too; nobody is asked for nothing.
            client.purge(run_id)
        if not yes:
            progress = run.progress
            evaluations = "its evaluations, " if run.config.evaluation.every_steps else ""
            say(
                f"This removes {run_id} ({what_of(run)}): {progress.episodes:,} episodes of {progress.steps:,} steps, "
                f"{progress.frames:,} pictures, {evaluations}its log and its checkpoints.",
                err=True,
            )
            click.confirm("For good?", abort=True, err=True)
        removed: Any = client.purge(run_id)
    if as_json:
        print_json({"run_id": run_id, "removed": list(removed)})
    else:
        say(f"Removed: {', '.join(removed) or 'nothing was left'}.")
    return 0
