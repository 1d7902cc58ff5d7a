"""Which trainer a command asks: the one of the var folder, or another by its address."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gym_gui.cli.face import command_context
from gym_gui.cli.options import settings_for
from gym_gui.core.variables import CERTIFICATE, TOKEN_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gym_gui.services.trainer.client.client import TrainerClient

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def trainer_options(command: _Command) -> _Command:
    """Add ``--trainer``, ``--token-file`` and ``--ca``."""
    for option in (
        click.option(
            "--ca",
            type=click.Path(dir_okay=False, path_type=Path),
            envvar=CERTIFICATE,
            help="The trainer's certificate, where it is on another machine.",
        ),
        click.option(
            "--token-file",
            type=click.Path(dir_okay=False, path_type=Path),
            envvar=TOKEN_FILE,
            help="File with the trainer's token, likewise.",
        ),
        click.option(
            "--trainer", metavar="HOST:PORT", help="A trainer by its address instead of the var folder's own."
        ),
    ):
        command = option(command)
    return command


@contextmanager
def opened_trainer(
    var_dir: str | None, *, trainer: str | None, token_file: Path | None, ca: Path | None
) -> Iterator[TrainerClient]:
    """A client of the trainer; closed afterwards.

    Raises:
        TrainerUnavailableError: none runs there.
        ConfigError: the token's or the certificate's file cannot be used.
    """
    from gym_gui.services.trainer.client.discovery import connect  # noqa: PLC0415 - gRPC: not for --help

    remote = command_context().remote
    if trainer is None and var_dir is None and remote is not None:
        trainer, token_file, ca = remote.address, token_file or remote.token_file, ca or remote.ca
    with connect(settings_for(var_dir).paths, trainer, token_file=token_file, ca=ca) as client:
        yield client
