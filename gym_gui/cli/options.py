"""What the commands share: the var folder, JSON, and tables."""

from __future__ import annotations

import difflib
import errno
import os
import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from gym_gui.cli.face import command_context
from gym_gui.core import variables
from gym_gui.core.passwords import without_passwords
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gym_gui.config.settings import Settings

_NO_PATH: Final = (errno.ENAMETOOLONG, errno.EINVAL)
_Command = TypeVar("_Command", bound="Callable[..., Any]")


class HintingGroup(click.Group):
    """A group that names the nearest command where one is mistyped."""

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], known, n=1)
            if near:
                ctx.fail(f"No such command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


class PathText(click.ParamType[str]):
    """A path that a disk could have: neither empty nor longer than any name may be. It need not exist."""

    name = "path"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not text.strip():
            self.fail("it is empty.", param, ctx)
        try:
            os.lstat(Path(text).expanduser())
        except (OSError, RuntimeError) as error:  # RuntimeError: the home of nobody
            if getattr(error, "errno", None) in _NO_PATH:
                self.fail(f"{text[:40]}… is longer than a path can be.", param, ctx)
        return text


def var_dir_option(command: _Command) -> _Command:
    """Add ``--var-dir``."""
    return click.option(
        "--var-dir",
        type=click.Path(file_okay=False),
        metavar="DIR",
        help="Folder of the recordings; see `gym-gui --help`.",
        callback=_meaning_the_folder,
    )(command)


def _meaning_the_folder(_context: click.Context, _parameter: click.Parameter, folder: str | None) -> str | None:
    if folder is not None:
        forget_trainer()
    return folder


def forget_trainer() -> None:
    """Let a folder that was named count, for the window too: the trainer that the variable names is not asked."""
    os.environ.pop(variables.TRAINER, None)


def json_option(command: _Command) -> _Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document and nothing else.")(
        command
    )


def overrides_argument(command: _Command) -> _Command:
    """Add ``[KEY=VALUE]...`` after the other arguments."""
    return click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")(command)


def settings_for(var_dir: str | None, overrides: Sequence[str] | None = None) -> Settings:
    """The settings of the folder given here or before the command's name, or of the default one.

    Args:
        var_dir: The folder given after the command's name.
        overrides: ``KEY=VALUE`` words; with None the command works with any settings, so that wrong ones are only
            told.

    Raises:
        ConfigError: something is set that does not exist, or to a value that it does not take.
    """
    from gym_gui.config.settings import load_settings  # noqa: PLC0415 - help and wrong usage do without

    settings = load_settings(chosen_var_dir(var_dir), overrides or (), lenient=overrides is None)
    if overrides is not None:
        say_without_effect(settings)
    return settings


def say_without_effect(settings: Settings) -> None:
    """Name what was set and means nothing to the application."""
    if settings.without_effect:
        names = " and ".join(settings.without_effect)
        say(f"gym-gui: {names} counts for recorders that a program makes; here every step is kept.", err=True)


def chosen_var_dir(var_dir: str | None) -> Path | None:
    """The folder given here or before the command's name; None for the default one."""
    chosen = var_dir or command_context().var_dir
    return Path(chosen) if chosen else None


def say(text: str, *, err: bool = False) -> None:
    """One line for a person; a command in it reads as they have to type it here."""
    click.echo(as_typed_here(text), err=err)


def as_typed_here(text: str) -> str:
    """*text* without passwords, and with `gym-gui` replaced where the application was started in another way."""
    return without_passwords(text).replace("gym-gui ", f"{os.environ.get(variables.COMMAND) or 'gym-gui'} ")


@contextmanager
def foreign_output_aside() -> Iterator[None]:
    """What an environment prints, in Python or below it, goes to standard error: the answer is ours alone."""
    try:
        descriptor = sys.stdout.fileno()
        sys.stdout.flush()
        kept = os.dup(descriptor)
    except (OSError, ValueError):  # standard output is no file, as in a test that captures it
        with redirect_stdout(sys.stderr):
            yield
        return
    os.dup2(sys.stderr.fileno(), descriptor)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, descriptor)
        os.close(kept)


def print_json(value: Any) -> None:
    """One JSON document on standard output; numbers that JSON does not know (nan, inf) become null."""
    import msgspec  # noqa: PLC0415 - only where there is something to print

    from gym_gui.core.info_codec import to_plain  # noqa: PLC0415 - same

    document = msgspec.json.format(msgspec.json.encode(to_plain(value)), indent=2)
    sys.stdout.buffer.write(document + b"\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = ()) -> None:
    """A table for a person, as wide as it needs to be: an id that is broken over two lines cannot be copied.

    Args:
        columns: Headings.
        rows: A text a column.
        numbers: Columns that are right-aligned.
    """
    from rich.cells import cell_len  # noqa: PLC0415 - only where there is a table to print

    widths = [max(map(cell_len, cells)) for cells in zip(columns, *rows, strict=True)]
    for place, cells in enumerate((columns, *rows)):
        line = "  ".join(
            " " * (width - cell_len(cell)) + cell if column in numbers else cell + " " * (width - cell_len(cell))
            for column, cell, width in zip(columns, cells, widths, strict=True)
        ).rstrip()
        click.echo(line if place else click.style(line, bold=True))


def without_empty_columns(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, where: Mapping[str, str]
) -> tuple[list[str], list[list[str]]]:
    """Columns and rows without the columns of *where* that hold nothing but the value named there."""
    kept = [
        place
        for place, column in enumerate(columns)
        if column not in where or any(row[place] != where[column] for row in rows)
    ]
    return [columns[place] for place in kept], [[row[place] for place in kept] for row in rows]
