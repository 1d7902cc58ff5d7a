"""`gym-gui train start | presets`: a run from a preset, an environment or a script."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from gym_gui.cli.options import foreign_output_aside, json_option, print_json, print_table, say
from gym_gui.cli.run_lines import run_document
from gym_gui.cli.trainer_link import TrainerLink, link_options, run_id_of
from gym_gui.core.errors import ConfigError, UnknownEnvironmentError
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.workers.algorithms import require_learners
from gym_gui.workers.composing import changed, command_line, pair, starting_config
from gym_gui.workers.fitting import check_fit
from gym_gui.workers.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable

_AFTER: Final = f"{__name__}.after"


@click.command()
@json_option
def presets(*, as_json: bool) -> None:
    """List the presets: runs that are known to learn, to start from."""
    if as_json:
        print_json(
            [
                {
                    "name": preset.name,
                    "title": preset.title,
                    "solved_at": preset.solved_at,
                    "config": msgspec.to_builtins(preset.config),
                }
                for preset in PRESETS.values()
            ]
        )
        return
    rows = [
        (
            preset.name,
            preset.config.algorithm or preset.config.worker,
            preset.config.env_id,
            f"{preset.config.total_steps:,}",
            preset.title,
        )
        for preset in PRESETS.values()
    ]
    print_table(("PRESET", "ALGORITHM", "ENVIRONMENT", "STEPS", "WHAT"), rows, numbers=("STEPS",))
    say("Start one:  gym-gui train start cartpole-ppo --follow")


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what the run is."""
    for option in (
        click.option("--name", metavar="TEXT", help="What you call it."),
        click.option("--script", type=click.Path(), metavar="FILE", help="Run this file; its arguments follow --."),
        click.option(
            "--set",
            "pairs",
            multiple=True,
            metavar="NAME=VALUE",
            help="Change a setting (evaluation.every_steps=5000) or a hyper-parameter (learning_rate=1e-4).",
        ),
        click.option("--num-envs", type=click.IntRange(min=1), metavar="N", help="Environments side by side."),
        click.option(
            "--frames", metavar="WHICH", help="Training episodes to keep pictures of: all, none, every:N, best."
        ),
        click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Of everything random."),
        click.option("--steps", "total_steps", type=click.IntRange(min=1), metavar="N", help="Steps to train."),
        click.option(
            "--algorithm", metavar="NAME", default="", help="PPO (the default), DQN, A2C, SAC, TD3 or random."
        ),
    ):
        command = option(command)
    return command


class _TakesArguments(click.Command):
    """Keeps the words after -- apart: a script's argument may be called as a preset is."""

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place = args.index("--") if "--" in args else len(args)
        ctx.meta[_AFTER] = tuple(args[place + 1 :])
        return super().parse_args(ctx, args[:place])


@click.command(name="start", cls=_TakesArguments)
@click.argument("what", required=False, metavar="[PRESET|ENV_ID]")
@click.argument("arguments", nargs=-1, metavar="[-- ARGUMENTS OF THE SCRIPT]")
@_settings
@click.option("--like", metavar="RUN", help="As that run was; the other options say what is different.")
@click.option("--resume-from", metavar="RUN", help="Go on from that run's newest checkpoint.")
@click.option("--wait", is_flag=True, help="Return when the run has ended; the exit code says how.")
@click.option("--follow", is_flag=True, help="Like --wait, and show what the run writes.")
@click.option("--dry-run", is_flag=True, help="Start nothing; show what would be.")
@json_option
@link_options
def start(
    *,
    what: str | None,
    arguments: tuple[str, ...],
    like: str | None,
    resume_from: str | None,
    wait: bool,
    follow: bool,
    dry_run: bool,
    as_json: bool,
    link: TrainerLink,
    **given: Any,
) -> int:
    """Start a training run.

    PRESET is one of `gym-gui train presets`; ENV_ID any Gymnasium id, which PPO then learns where no --algorithm is
    named. With --script a file of your own is run instead: a plain `gym_gui.RecordTelemetry(env)` in it joins the run.
    The run goes on when this command ends.
    """
    after: tuple[str, ...] = click.get_current_context().meta[_AFTER]
    if like is None:
        config = _config_of(what, arguments, after, given)
    else:
        config = _config_like(like, link, (what, *arguments), after, given)
    if dry_run:
        if as_json:
            print_json(msgspec.to_builtins(config))
        else:
            say(command_line(config, resume_from=resume_from))
        return 0
    if link.is_local:
        _check_here(config)  # told here, not in a log
    with link.opened() as client:
        run = client.submit(config, resume_from=resume_from and run_id_of(client, resume_from), judge=not link.is_local)
        if not (wait or follow):
            if as_json:
                print_json(run_document(run))
            else:
                click.echo(run.run_id)
                say(f"Watch it:  gym-gui watch {run.run_id}", err=True)
            return 0
        from gym_gui.cli.train_waiting import wait_for  # noqa: PLC0415 - only where somebody waits

        return wait_for(client, run.run_id, follow=follow, as_json=as_json)


def _check_here(config: TrainingConfig) -> None:
    """Let a run pass that this machine can begin."""
    if config.worker == "sb3":
        require_learners()
    if config.launcher != "local":
        return
    try:
        with foreign_output_aside():
            check_fit(config)
    except UnknownEnvironmentError as fault:
        meant = [name for name in PRESETS if config.env_id.lower() in name] or get_close_matches(config.env_id, PRESETS)
        if meant:
            fault.hint = f"As a preset there is {' and '.join(meant)}. {fault.hint}"
        raise


def _config_of(
    what: str | None, arguments: tuple[str, ...], after: tuple[str, ...], given: dict[str, Any]
) -> TrainingConfig:
    """The run that the words say: *what* and *arguments* stand before --, *after* behind it."""
    changes = dict(map(pair, given.pop("pairs")))
    script, algorithm, name = given.pop("script"), given.pop("algorithm"), given.pop("name")
    changes = {key: value for key, value in given.items() if value is not None} | changes
    if script is not None:
        if algorithm:
            raise click.UsageError("A script has its own algorithm: leave --algorithm out.")
        if what in PRESETS:
            raise click.UsageError(
                f"Name the preset {what} or a --script; an argument of the script's that is called so follows --."
            )
        if what is not None:  # a mistyped environment as likely as an argument
            raise click.UsageError(f"{what!r} is not for a --script to learn: arguments of the script follow --.")
        config = TrainingConfig(worker="script", script=_absolute(script), arguments=after, total_steps=0)
    elif what is None:
        raise click.UsageError("Name a preset, an environment, or a --script.")
    elif arguments or after:
        raise click.UsageError(f"{(*arguments, *after)[0]!r} is an argument for a --script, and there is none.")
    else:
        config = starting_config(what, algorithm=algorithm)
    config = changed(config, changes)
    return replace(config, name=name) if name else config


def _config_like(
    like: str, link: TrainerLink, words: tuple[str | None, ...], after: tuple[str, ...], given: dict[str, Any]
) -> TrainingConfig:
    """The configuration of the run *like*, changed as *given* says; *after* are other arguments of its script."""
    if words != (None,) or given.pop("script") is not None or given.pop("algorithm"):
        raise click.UsageError(
            "--like takes everything from that run: leave environment, preset, --script and --algorithm out."
        )
    pairs, name = given.pop("pairs"), given.pop("name")
    with link.reading() as reader:
        run = reader.get(run_id_of(reader, like))
    if not run.digest:
        raise ConfigError(f"{run.run_id} is a script that came by itself: nobody told the trainer how it was started.")
    config = run.config
    if after:
        if config.worker != "script":
            raise click.UsageError(f"{after[0]!r} is an argument for a --script, and {run.run_id} is none.")
        config = replace(config, arguments=after)
    config = changed(config, {key: value for key, value in given.items() if value is not None} | dict(map(pair, pairs)))
    return replace(config, name=name) if name else config


def _absolute(script: str) -> str:
    from pathlib import Path  # noqa: PLC0415 - with a script

    path = Path(script).absolute()
    if not path.is_file():
        raise ConfigError(f"There is no script {script}.")
    return str(path)
