"""`gym-gui`, `gym-gui play`, `gym-gui replay`: the commands that open the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gym_gui.cli.face import command_context
from gym_gui.cli.library import parse_episode
from gym_gui.cli.options import overrides_argument, settings_for, var_dir_option
from gym_gui.cli.reading import newest_run, opened_library, path_of_recording
from gym_gui.cli.record import parse_kwargs
from gym_gui.controllers.display import display_fault
from gym_gui.controllers.run_names import run_named
from gym_gui.controllers.start_request import StartRequest

if TYPE_CHECKING:
    from gym_gui.config.settings import Settings


class NoDisplayError(click.ClickException):
    """A window was asked for where none can be; the exit code is that of wrong usage."""

    exit_code = 2


@click.command()
@click.argument("env_id")
@overrides_argument
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of the first episode.")
@click.option(
    "--kwargs",
    "-k",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Passed to gymnasium.make; VALUE is JSON or text.",
)
@var_dir_option
def play(
    *, env_id: str, overrides: tuple[str, ...], seed: int | None, pairs: tuple[str, ...], var_dir: str | None
) -> int:
    """Play ENV_ID in the window; everything is recorded.

    ENV_ID is a Gymnasium id such as ALE/Breakout-v5, or module:EnvId; `gym-gui games` lists them. KEY=VALUE overrides a
    setting until the window closes: game=atari storage=good; `gym-gui config show` lists them.
    """
    env_kwargs = parse_kwargs(pairs)
    settings = settings_for(var_dir, overrides)
    _require_display()
    from gym_gui.adapters.registry import resolve  # noqa: PLC0415 - Gymnasium, 0.5 s, which the game needs anyway

    resolve(env_id)
    return open_window(settings, StartRequest(kind="play", env_id=env_id, seed=seed, env_kwargs=env_kwargs))


@click.command()
@click.argument("run_id", metavar="RUN_ID|PATH")
@click.argument("episode", required=False)
@var_dir_option
def replay(*, run_id: str, episode: str | None, var_dir: str | None) -> int:
    """Watch EPISODE (its # or id; the last one by default) of RUN_ID in the window.

    RUN_ID may be the path of a recording, too (Parquet, HDF5, SQLite, or a var folder): its newest run is shown.
    """
    _require_display()
    chosen = None if episode is None else parse_episode(episode)
    path = path_of_recording(run_id)
    with opened_library(None if path is None else str(path), var_dir) as library:
        if path is not None:
            run_id = newest_run(library)
        run_id = run_named(library, run_id)
        rollup = library.get_episode(run_id, chosen)
    start = StartRequest(kind="replay", run_id=run_id, episode=rollup.episode_id, recording=path)
    return open_window(settings_for(var_dir), start)


def open_window(settings: Settings, start: StartRequest | None) -> int:
    """Show the window until it is closed; the exit code."""
    _require_display()
    # A folder that cannot be used is the window's to tell: it offers to try again, and keeps what was asked for.
    try:
        return command_context().window.run_window(settings, start)
    except ImportError as error:
        raise click.ClickException(
            f"The window's libraries cannot be loaded: {error}. `gym-gui doctor` names what to install."
        ) from error


def _require_display() -> None:
    fault = display_fault()
    if fault:
        raise NoDisplayError(fault)
