"""What the commands of training share: the trainer that they speak to, here or elsewhere."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from gym_gui.cli.options import settings_for, var_dir_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gym_gui.services.trainer.client import TrainerClient

_Command = TypeVar("_Command", bound="Callable[..., Any]")
TOKEN_FILE_VARIABLE: Final = "GYM_GUI_TRAINER_TOKEN_FILE"  # noqa: S105 - the variable's name, no secret
CA_VARIABLE: Final = "GYM_GUI_TRAINER_CA"


def trainer_options(command: _Command) -> _Command:
    """Add ``--trainer`` and ``--var-dir``."""
    command = click.option(
        "--trainer",
        metavar="HOST:PORT",
        help="A trainer elsewhere; GYM_GUI_TRAINER_TOKEN_FILE and GYM_GUI_TRAINER_CA name the files that let you in. "
        "Without it: the one of this machine's var folder, which is started where none runs.",
    )(command)
    return var_dir_option(command)


@contextmanager
def opened_trainer(trainer: str | None, var_dir: str | None) -> Iterator[TrainerClient]:
    """A client of the trainer given, or of the var folder's own.

    Raises:
        TrainerUnavailableError: it does not answer, or does not let us in.
    """
    if trainer is None:
        from gym_gui.services.trainer.discovery import ensure_trainer  # noqa: PLC0415 - gRPC, a quarter of a second

        client = ensure_trainer(settings_for(var_dir).paths)
    else:
        from gym_gui.services.trainer.client import TrainerClient  # noqa: PLC0415 - same

        token_file, ca_file = os.environ.get(TOKEN_FILE_VARIABLE), os.environ.get(CA_VARIABLE)
        client = TrainerClient(
            trainer,
            token=Path(token_file).read_text(encoding="utf-8").strip() if token_file else None,
            ca=Path(ca_file) if ca_file else None,
        )
    try:
        yield client
    finally:
        client.close()
