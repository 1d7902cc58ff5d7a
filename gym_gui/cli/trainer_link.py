"""The trainer that the commands of training speak to: the var folder's, or one elsewhere.

Commands that change something start the folder's where none runs; those that only read do without.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from gym_gui.cli.face import command_context
from gym_gui.cli.options import say, settings_for, var_dir_option
from gym_gui.cli.trainer_address import trainer_options
from gym_gui.core.errors import RunNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from gym_gui.services.trainer.client.client import TrainerClient
    from gym_gui.services.trainer.reading import RunReader
    from gym_gui.services.trainer.run_store import TrainingRun

_NAMED: Final = 3
_Command = TypeVar("_Command", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True)
class TrainerLink:
    """Which trainer, as the options of `link_options` name it.

    Attributes:
        trainer: Its address; None for the var folder's own.
        token_file: What lets us in elsewhere.
        ca: The certificate to trust.
        var_dir: The var folder; None for the default one.
    """

    trainer: str | None
    token_file: Path | None
    ca: Path | None
    var_dir: str | None

    @property
    def is_local(self) -> bool:
        """Whether it is this machine's, so that what is missing here is missing there."""
        return self.trainer is None

    @contextmanager
    def opened(self) -> Iterator[TrainerClient]:
        """A client of it; closed afterwards.

        Raises:
            TrainerUnavailableError: it does not answer, does not let us in, or could not be started.
            ConfigError: a file cannot be used.
        """
        from gym_gui.services.trainer.client.discovery import connect, ensure_trainer  # noqa: PLC0415 - gRPC: not for --help

        paths = settings_for(self.var_dir).paths
        if self.trainer is None:
            client = ensure_trainer(paths)
        else:
            client = connect(paths, self.trainer, token_file=self.token_file, ca=self.ca)
        with client:
            yield client

    @contextmanager
    def reading(self) -> Iterator[RunReader]:
        """Who tells of the runs, for a command that changes nothing: nothing is started for it; closed afterwards.

        Raises:
            TrainerUnavailableError: the trainer that is named does not answer, or does not let us in.
            VarDirError: there is no such folder.
            ConfigError: a file cannot be used.
            StoreError: the folder's registry cannot be read.
        """
        if self.trainer is not None:
            with self.opened() as client:
                yield client
            return
        from gym_gui.services.trainer.reading import open_reader  # noqa: PLC0415 - gRPC: not for --help

        reader = open_reader(settings_for(self.var_dir))
        try:
            yield reader
        finally:
            reader.close()


def client_in(reader: RunReader) -> TrainerClient | None:
    """The trainer that is read from; None where none runs on the folder, so that nothing there changes."""
    from gym_gui.services.trainer.client.client import TrainerClient  # noqa: PLC0415 - gRPC: not for --help

    return reader if isinstance(reader, TrainerClient) else None


def tell_standstill(reader: RunReader, runs: Iterable[TrainingRun]) -> None:
    """Where runs are said to be active, and no trainer is there or none can save, a person is told."""
    if not any(run.state.is_active for run in runs):
        return
    client = client_in(reader)
    fault = "" if client is None else client.status().sink_fault
    if fault:
        say(f"Recording stands still: {fault}", err=True)
    if client is None:
        say(
            "No trainer runs on this folder: that is where its runs stood when the last one ended. The next one takes "
            "them over: `gym-gui trainer serve --listen 127.0.0.1:0`, or whatever changes a run.",
            err=True,
        )


def run_id_of(client: RunReader, text: str) -> str:
    """The run of that id, or the newest one of that name; where there are several, a person is told which.

    Raises:
        RunNotFoundError: there is none.
    """
    try:
        return client.get(text).run_id
    except RunNotFoundError as error:
        named = [run.run_id for run in client.list_runs(archived=True) if run.config.name == text]
        if not named:
            raise RunNotFoundError(error.message, hint="`gym-gui train list` lists the trainer's.") from error
        if len(named) > 1:
            others = f"{', '.join(named[1:_NAMED])}{', …' if len(named) > _NAMED else ''}"
            say(f"{len(named):,} runs are named {text}; this is about the newest, {named[0]}, not {others}.", err=True)
        return named[0]


def link_options(command: _Command) -> _Command:
    """Add ``--trainer``, ``--token-file``, ``--ca`` and ``--var-dir``; the command gets them as one *link*."""
    from functools import wraps  # noqa: PLC0415 - stands with its one use

    @wraps(command)
    def linked(
        *, trainer: str | None, token_file: Path | None, ca: Path | None, var_dir: str | None, **others: Any
    ) -> Any:
        remote = command_context().remote  # given before the command's name
        if trainer is None and var_dir is None and remote is not None:
            trainer, token_file, ca = remote.address, token_file or remote.token_file, ca or remote.ca
        return command(link=TrainerLink(trainer, token_file, ca, var_dir), **others)

    return trainer_options(var_dir_option(linked))  # type: ignore[return-value]  # what click makes of it takes words
