"""`gym-gui train`: start, look at, steer and put away training runs."""

from __future__ import annotations

import importlib
from typing import Final

import click

from gym_gui.cli.options import HintingGroup
from gym_gui.core.typing_compat import override

# Command -> its module, and its line in the help.
_COMMANDS: Final = {
    "presets": ("train_start", "List the presets: runs that are known to learn."),
    "start": ("train_start", "Start a run: a preset, an environment, or a script of your own."),
    "list": ("train_runs", "List the runs, newest first."),
    "show": ("train_runs", "Show one run: its settings, and what became of it."),
    "compare": ("train_compare", "Show runs side by side: how far they came, and in what their settings differ."),
    "log": ("train_log", "Show what a run's workers wrote."),
    "pause": ("train_runs", "Let a run wait between two steps."),
    "resume": ("train_runs", "Let a paused run go on, or an ended one from its newest checkpoint."),
    "cancel": ("train_runs", "Stop a run; its checkpoint is kept."),
    "archive": ("train_runs", "Put an ended run out of the way."),
    "unarchive": ("train_runs", "Take a run out of the archive again."),
    "purge": ("train_runs", "Remove an archived run's recording and checkpoints."),
}


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
        command: click.Command = getattr(module, f"{cmd_name}_run", None) or getattr(module, cmd_name)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def train() -> None:
    """Start and steer training runs; they go on when this command and the window are closed."""
