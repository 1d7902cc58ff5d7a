"""StopRequest: somebody wants the worker to end; it does so between two steps, or soon after where none comes."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# A worker has ten seconds. Where no step ends in this many (a long update), it is interrupted, and the rest saves.
PATIENCE_S: Final = 5


class Stopped(BaseException):
    """The worker was told to stop, and is on its way out; no ``except Exception`` may hold it up."""


@dataclass(slots=True)
class Stopping:
    """What became of work that could be stopped.

    Attributes:
        happened: Whether it was.
    """

    happened: bool = False


class StopRequest:
    """Set by a signal or an order, looked at between steps.

    Attributes:
        is_made: Whether it was asked for.
        reason: Who asked, one sentence.
    """

    def __init__(self) -> None:
        self.is_made = False
        self.reason = ""

    def make(self, reason: str) -> None:
        """Ask; the first one counts."""
        # No lock: a signal may come while the same thread is in here.
        if not self.is_made:
            self.reason = reason
            self.is_made = True

    def check(self) -> None:
        """Between two steps.

        Raises:
            Stopped: it was asked for.
        """
        if self.is_made:
            raise Stopped(self.reason)

    def listen(self, *, at_once: bool = False) -> None:
        """Hear SIGTERM and SIGINT; only in the main thread of a process that is all the worker's.

        Args:
            at_once: Raise `Stopped` wherever the program is, for code that asks nobody between steps.
        """
        if threading.current_thread() is not threading.main_thread():
            return

        def heard(number: int, _frame: FrameType | None) -> None:
            is_first, is_alarm = not self.is_made, number == getattr(signal, "SIGALRM", None)
            self.make("It was asked to stop.")
            if is_alarm or (at_once and is_first):
                raise Stopped(self.reason)
            if is_first and hasattr(signal, "alarm"):
                signal.alarm(PATIENCE_S)

        signal.signal(signal.SIGTERM, heard)
        signal.signal(signal.SIGINT, heard)
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, heard)

    @contextmanager
    def heeded(self) -> Iterator[Stopping]:
        """Work that may be stopped: `Stopped` ends the block and goes no further; afterwards nothing interrupts."""
        ending = Stopping()
        try:
            yield ending
        except Stopped:
            ending.happened = True
        finally:
            if hasattr(signal, "alarm"):
                signal.alarm(0)
