"""What export and import share on a terminal: a line that says how far it is, and signals that stop in order."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

_WIDTH = 60


class TransferLine:
    """One line on standard error, where a person can see it.

    Args:
        done: What is said of each thing: ``Exported``.
    """

    def __init__(self, done: str) -> None:
        self._done = done
        self._shown = False

    def show(self, done: int, total: int) -> None:
        """Say how far it is."""
        if sys.stderr.isatty() and total:
            self._shown = True
            click.echo(f"\r{self._done} {done:,} of {total:,} ({done / total:.0%})   ", nl=False, err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            click.echo("\r" + " " * _WIDTH + "\r", nl=False, err=True)


@contextmanager
def stopped_by_signals() -> Iterator[Callable[[], bool]]:
    """A question whether Ctrl+C, kill or the closing of the terminal asked to stop; the second one stops at once."""
    seen = False
    before: dict[int, Any] = {}

    def take(_number: int, _frame: object) -> None:
        nonlocal seen
        seen = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What is ignored stays so: `nohup` means it.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, take)
    try:
        yield lambda: seen
    finally:
        restore()
