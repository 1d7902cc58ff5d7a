"""`gym-gui`: the group of commands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

import gym_gui
from gym_gui.cli.face import CommandContext, RemoteTrainer, WindowFace, refuse_trainer
from gym_gui.cli.options import HintingGroup, as_typed_here, forget_trainer, say, settings_for
from gym_gui.core import variables
from gym_gui.core.clock import SWITCH_INTERVAL_S
from gym_gui.core.errors import EnvironmentFault, RequestError
from gym_gui.core.typing_compat import override

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2

# Command -> its module, and its line in the help; importing them all would cost half a second.
_COMMANDS: Final = {
    "games": ("games", "List the games that can be played here."),
    "play": ("window", "Play a game in the window; everything is recorded."),
    "record": ("record", "Let a policy play, and record it; needs no display."),
    "runs": ("library", "List what was recorded, newest first."),
    "episodes": ("library", "List the episodes of a run."),
    "steps": ("library", "List the steps of an episode."),
    "scalars": ("scalars", "List what the learner of a run logged."),
    "frame": ("frame", "Save one frame as a picture."),
    "export": ("export", "Write a run as Parquet, CSV, JSON, HDF5, SQLite, Minari, MP4, GIF, PNG or WAV."),
    "import": ("import_", "Take an exported run back in: Parquet, HDF5, SQLite or Minari."),
    "train": ("train", "Start and steer training runs."),
    "watch": ("watch", "Watch training runs live in the terminal."),
    "replay": ("window", "Watch an episode in the window."),
    "demo": ("demo", "Show that it all works here, in under a minute; needs no display."),
    "trainer": ("trainer", "Run and ask the trainer, which keeps what training scripts publish."),
    "config": ("config", "Show, check and change the settings."),
    "doctor": ("doctor", "Check this machine and this installation."),
}
# Commands that no trainer can do: what they make, change or look at is on this machine.
_HERE_ALONE: Final = frozenset({"games", "play", "record", "import", "demo", "config", "doctor"})


class _LazyGroup(HintingGroup):
    """Knows its commands by name and imports one when it is called."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"gym_gui.cli.{_COMMANDS[cmd_name][0]}")
        # A keyword of Python's, `import`, is a name with an underscore.
        command: click.Command = getattr(module, cmd_name, None) or getattr(module, f"{cmd_name}_")
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--var-dir",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Folder of the recordings; may stand after the command, too. Without it: GYM_GUI_VAR_DIR, or var/ in a "
    "checkout, or the user's data folder.",
)
@click.option(
    "--trainer",
    metavar="HOST:PORT",
    envvar=variables.TRAINER,
    help="Read the recordings of the trainer at that address instead of a folder's: runs, episodes, steps, scalars, "
    "frame, export, replay, and the window. Where the variable GYM_GUI_TRAINER says so, --var-dir counts more.",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    envvar=variables.TOKEN_FILE,
    help="With the token of a trainer on another machine.",
)
@click.option(
    "--ca",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    envvar=variables.CERTIFICATE,
    help="With its certificate.",
)
@click.version_option(gym_gui.__version__, prog_name="gym-gui")
@click.pass_context
def gym_gui_command(
    ctx: click.Context, *, var_dir: str | None, trainer: str | None, token_file: Path | None, ca: Path | None
) -> None:
    """Play, record, watch and scrub through Gymnasium environments.

    Without a command, the window opens. `gym-gui COMMAND --help` tells about one command.
    """
    is_typed = ctx.get_parameter_source("trainer") is ParameterSource.COMMANDLINE
    if var_dir is not None and not is_typed:
        forget_trainer()
        trainer = None  # a folder that is named here counts more than what was set for all commands
    remote = None if trainer is None else RemoteTrainer(trainer, token_file, ca, is_typed)
    ctx.obj = CommandContext(var_dir, ctx.obj, remote)
    if ctx.invoked_subcommand in _HERE_ALONE:
        refuse_trainer(ctx.invoked_subcommand)
    if remote is not None:
        # The window, and whatever it starts, asks the same one.
        given = {"": trainer, "_TOKEN_FILE": token_file, "_CA": ca}
        os.environ.update({f"GYM_GUI_TRAINER{name}": str(value) for name, value in given.items() if value})
    if ctx.invoked_subcommand is None:
        from gym_gui.cli.window import open_window  # noqa: PLC0415 - only where it is opened

        ctx.exit(open_window(settings_for(var_dir), None))


def run(window: WindowFace) -> int:
    """Run the command line of this process; its exit code."""
    # Threads that compress hand the interpreter back sooner: the game and the picture wait a tenth as long.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="gym-gui: %(levelname)s: %(message)s")
    try:
        code = gym_gui_command.main(prog_name=as_typed_here("gym-gui ").strip(), standalone_mode=False, obj=window)
    except click.UsageError as error:
        error.show()
        return WRONG_USAGE
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be said on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except RequestError as error:
        _tell(error)
        return WRONG_USAGE
    except (click.ClickException, click.Abort, KeyboardInterrupt, EnvironmentFault, ImportError) as error:
        return _tell(error)
    return code if isinstance(code, int) else DONE


def _tell(error: BaseException) -> int:
    """Say what went wrong in one sentence; the exit code."""
    if isinstance(error, click.ClickException):
        say(f"gym-gui: {error.format_message()}", err=True)
        return error.exit_code
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        say("gym-gui: Stopped.", err=True)
    elif isinstance(error, ImportError) and not isinstance(error, EnvironmentFault):
        if (error.name or "gym_gui").startswith("gym_gui"):
            raise error  # a fault of ours, with its trace
        say(f"gym-gui: {error}. `gym-gui doctor` names what to install.", err=True)
    else:
        say(f"gym-gui: {error}", err=True)
    return FAILED
