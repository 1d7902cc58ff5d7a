"""What the commands share: the var folder, JSON, and tables."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gym_gui.cli.face import command_context
from gym_gui.config.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def var_dir_option(command: _Command) -> _Command:
    """Add ``--var-dir``."""
    return click.option(
        "--var-dir", type=click.Path(file_okay=False), help="Folder of the recordings [env: GYM_GUI_VAR_DIR]."
    )(command)


def json_option(command: _Command) -> _Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")(command)


def settings_for(var_dir: str | None) -> Settings:
    """The settings of the folder given here or before the command's name, or of the default one."""
    chosen = var_dir or command_context().var_dir
    return load_settings(Path(chosen) if chosen else None)


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
    """A table for a person; columns named in *numbers* are right-aligned."""
    from rich.console import Console  # noqa: PLC0415 - only where there is a table to print
    from rich.table import Table  # noqa: PLC0415 - same

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else 1_000
    Console(width=width, soft_wrap=False, highlight=False, markup=False).print(table)


def size_text(size_bytes: float) -> str:
    """Bytes as a person reads them: ``1.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000 or unit == "GB":  # noqa: PLR2004 - decimal units
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return ""
