"""One export that is being written: what it reads, how far it is, whether it is still wanted, what it lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from gym_gui.recording.export.request import ExportStoppedError

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.recording.export.request import ExportOptions
    from gym_gui.recording.export.selection import Selection
    from gym_gui.recording.export.source import ExportSource

Progress: TypeAlias = Callable[[int, int], None]
_TELL_S: Final = 0.05


class Progressing:
    """Counts rows or pictures, tells how many, and stops where it is no longer wanted.

    Args:
        progress: Told done and total, at most twenty times a second.
        cancelled: Asked often; True stops.
        what: ``export`` or ``import``.
    """

    def __init__(
        self, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None, *, what: str = "export"
    ) -> None:
        self._progress = progress
        self._cancelled = cancelled
        self._what = what
        self._told_s = 0.0
        self.done = 0
        self.total = 0

    def begin(self, total: int) -> None:
        """Say how much there is to do."""
        self.done, self.total = 0, total
        self.advance(0)

    def advance(self, count: int) -> None:
        """So many more are done.

        Raises:
            ExportStoppedError: it is no longer wanted.
        """
        if self._cancelled is not None and self._cancelled():
            raise ExportStoppedError(f"The {self._what} was stopped.", hint="Nothing of it was left behind.")
        self.done += count
        now_s = time.monotonic()
        if self._progress is not None and (now_s - self._told_s >= _TELL_S or self.done >= self.total):
            self._told_s = now_s
            self._progress(min(self.done, self.total), self.total)


class ExportJob:
    """What a format's writer is given.

    Attributes:
        source: Where everything is read.
        selection: What is exported.
        options: How.
        progress: How far it is.
        target: Where it will lie in the end.
        notes: What could not be kept as it was, one sentence each.
        rows: Rows written.
        frames: Pictures written.
    """

    def __init__(
        self,
        source: ExportSource,
        selection: Selection,
        options: ExportOptions,
        progress: Progressing,
        *,
        target: Path,
    ) -> None:
        self.source = source
        self.selection = selection
        self.options = options
        self.progress = progress
        self.target = target
        self.notes: list[str] = []
        self.rows = 0
        self.frames = 0

    def note(self, sentence: str) -> None:
        """Tell of something that could not be kept, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)
