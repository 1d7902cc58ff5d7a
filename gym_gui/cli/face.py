"""What the command line needs of a window, without knowing any: the composition root hands it in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - documentation tools read the annotations
from typing import TYPE_CHECKING, Protocol

import click

from gym_gui.core.errors import RequestError

if TYPE_CHECKING:
    from gym_gui.config.settings import Settings
    from gym_gui.controllers.screen_pictures import PictureRequest, ScreenPictures
    from gym_gui.controllers.start_request import StartRequest


class WindowFace(Protocol):
    """The window, as far as commands go. Its libraries are loaded when it is first asked for something."""

    def run_window(self, settings: Settings, start: StartRequest | None) -> int:
        """Show the window until it is closed; the exit code."""

    def render_screens(self, request: PictureRequest) -> ScreenPictures:
        """Pictures of the play and the replay screen, without a display."""


@dataclass(frozen=True, slots=True)
class RemoteTrainer:
    """A trainer on another machine, whose recordings are read instead of a folder's.

    Attributes:
        address: ``host:port``.
        token_file: File with its token; None where it wants none.
        ca: File with its certificate; None for no TLS.
        is_typed: Whether this command's own words name it; else a variable does, for every command that can use one.
    """

    address: str
    token_file: Path | None = None
    ca: Path | None = None
    is_typed: bool = False


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What every command may ask for.

    Attributes:
        var_dir: The folder given before the command's name.
        window: The window.
        remote: The trainer given before the command's name; None for the folder.
    """

    var_dir: str | None
    window: WindowFace
    remote: RemoteTrainer | None = None


def command_context() -> CommandContext:
    """The context of the command that runs now."""
    context = click.get_current_context().find_root().obj
    assert isinstance(context, CommandContext)  # noqa: S101 - the root command made it
    return context


def refuse_trainer(command: str) -> None:
    """Let a command go on that works on this machine alone, unless a trainer was typed for it.

    Raises:
        RequestError: one was; without a word it would work on another folder than the one that was meant.
    """
    remote = command_context().remote
    if remote is not None and remote.is_typed:
        raise RequestError(f"`gym-gui {command}` works on this machine alone.", hint="Leave --trainer out.")
