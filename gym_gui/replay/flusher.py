"""A thread that flushes at intervals and keeps the fault it met for the next caller; it never dies silently."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from gym_gui.core.errors import ReplayFileError

if TYPE_CHECKING:
    from collections.abc import Callable


class Flusher:
    """Calls *flush* every *interval_s* seconds until stopped.

    Args:
        name: Of the thread.
        interval_s: Seconds between calls.
        flush: May raise `ReplayFileError`.
    """

    def __init__(self, name: str, interval_s: float, flush: Callable[[], None]) -> None:
        self._interval_s = interval_s
        self._flush = flush
        self._fault: ReplayFileError | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def raise_fault(self) -> None:
        """Hand over what went wrong in the background, once.

        Raises:
            ReplayFileError: the last flush failed.
        """
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self._flush()
            except ReplayFileError as error:
                self._fault = error
