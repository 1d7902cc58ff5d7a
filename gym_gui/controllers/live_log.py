"""A run's log, followed, searched and filtered by level; `LiveLogController` lives where its runner answers."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.controllers.live_curves import SourceOf
    from gym_gui.controllers.live_source import LogPart
    from gym_gui.controllers.views import TaskRunner

MOST_LINES: Final = 50_000


class LogLevel(StrEnum):
    """How grave a line is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_ORDER: Final = {level: place for place, level in enumerate(LogLevel)}
_WORDS: Final = (
    (LogLevel.ERROR, re.compile(r"\b(ERROR|CRITICAL|FATAL|Traceback|\w*Error|\w*Exception)\b")),
    (LogLevel.WARNING, re.compile(r"\b(WARN|WARNING|\w*Warning)\b")),
    (LogLevel.DEBUG, re.compile(r"\bDEBUG\b")),
)
_TERMINAL_CODES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line: its number from 1 on, its level, its text."""

    number: int
    level: LogLevel
    text: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LogState:
    """What the log shows.

    Attributes:
        run_id: Whose log it is.
        lines: Those that search and level let through.
        total: Lines that were read.
        search: What is searched for.
        level: The least grave level that is shown.
        following: Whether the end is kept in sight.
        missing: One sentence where there is no log.
    """

    run_id: str | None = None
    lines: Sequence[LogLine] = ()
    total: int = 0
    search: str = ""
    level: LogLevel = LogLevel.DEBUG
    following: bool = True
    missing: str = ""


class LogView(Protocol):
    """The face of a `LiveLogController`."""

    def show_log(self, state: LogState) -> None:
        """Something changed."""


def level_of(text: str, before: LogLevel = LogLevel.INFO) -> LogLevel:
    """The level that a line speaks of; one that is indented belongs to the line before it."""
    if text.startswith((" ", "\t")) and before is LogLevel.ERROR:
        return before
    return next((level for level, words in _WORDS if words.search(text)), LogLevel.INFO)


class LiveLogController:
    """Reads on, searches, filters.

    Args:
        desk: Whom to ask about the run.
        runner: Where it is asked.
        view: What shows it.
    """

    def __init__(self, desk: SourceOf, runner: TaskRunner, view: LogView) -> None:
        self._desk = desk
        self._runner = runner
        self._view = view
        self._state = LogState()
        self._lines: list[LogLine] = []
        self._offset = 0
        self._count = 0
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._generation = 0
        self._busy = False

    @property
    def state(self) -> LogState:
        """What is shown now."""
        return self._state

    def follow(self, run_id: str | None) -> None:
        """Read this run's log; None for none."""
        if run_id == self._state.run_id:
            return
        self._generation += 1
        self._busy = False
        self._lines, self._offset, self._count, self._rest = [], 0, 0, ""
        self._decoder.reset()
        self._show(run_id=run_id, missing="", total=0)
        self.poll()

    def poll(self) -> None:
        """Read on, unless an answer is on its way."""
        run_id = self._state.run_id
        if run_id is None or self._busy:
            return
        self._busy = True
        offset, generation = self._offset, self._generation

        def read() -> LogPart:
            return self._desk.source_of(run_id).read_log(run_id, offset)

        self._runner.submit(
            read, lambda part: self._arrived(part, generation), lambda error: self._failed(error, generation)
        )

    def search(self, text: str) -> None:
        """Show only lines that contain *text*, whatever its case."""
        self._show(search=text)

    def set_level(self, level: LogLevel) -> None:
        """Show only lines at least that grave."""
        self._show(level=level)

    def set_following(self, *, following: bool) -> None:
        """Whether the end is kept in sight."""
        if following != self._state.following:
            self._show(following=following)

    # Inside.

    def _arrived(self, part: LogPart, generation: int) -> None:
        if generation != self._generation:
            return
        self._busy = False
        if not part.data:
            if part.missing != self._state.missing:
                self._show(missing="" if self._lines else part.missing)
            return
        self._offset = part.offset
        text = self._rest + self._decoder.decode(part.data)
        *whole, self._rest = text.split("\n")
        level = self._lines[-1].level if self._lines else LogLevel.INFO
        for line in whole:
            # A progress bar overwrites itself: the last thing that it said counts.
            bare = _TERMINAL_CODES.sub("", line.rstrip("\r").rpartition("\r")[2])
            level = level_of(bare, level)
            self._count += 1
            self._lines.append(LogLine(self._count, level, bare))
        del self._lines[:-MOST_LINES]
        self._show(missing="", total=self._count)
        self.poll()

    def _failed(self, error: Exception, generation: int) -> None:
        if generation == self._generation:
            self._busy = False
            self._show(missing=str(error) or type(error).__name__)

    def _show(self, **changes: Any) -> None:
        state = replace(self._state, **changes)
        wanted, least = state.search.lower(), _ORDER[state.level]
        lines: Sequence[LogLine] = self._lines
        if wanted or least:
            lines = [line for line in lines if _ORDER[line.level] >= least and wanted in line.text.lower()]
        else:
            lines = list(lines)
        self._state = replace(state, lines=lines)
        self._view.show_log(self._state)
