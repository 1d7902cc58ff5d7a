"""What a worker wrote, as lines: how grave each is, and which of them are looked for."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What is looked for.

    Attributes:
        search: A part of the line, whatever its case.
        level: The least grave level.
    """

    search: str = ""
    level: LogLevel = LogLevel.DEBUG

    @property
    def is_open(self) -> bool:
        """Whether every line passes."""
        return not self.search and self.level is LogLevel.DEBUG

    def passes(self, line: LogLine) -> bool:
        """Whether this line does."""
        return _ORDER[line.level] >= _ORDER[self.level] and self.search.lower() in line.text.lower()


class LogCutter:
    """Cuts bytes that come piece by piece into lines."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._last = LogLine(0, LogLevel.INFO, "")

    def feed(self, data: bytes) -> list[LogLine]:
        """The lines that *data* makes whole."""
        *whole, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        return list(map(self._line, whole))

    def finish(self) -> list[LogLine]:
        """The last line, where nothing ended it."""
        rest, self._rest = self._rest, ""
        return [self._line(rest)] if rest else []

    def _line(self, text: str) -> LogLine:
        # A progress bar overwrites itself: the last thing that it said counts.
        bare = _TERMINAL_CODES.sub("", text.rstrip("\r").rpartition("\r")[2])
        self._last = LogLine(self._last.number + 1, level_of(bare, self._last.level), bare)
        return self._last


def level_of(text: str, before: LogLevel = LogLevel.INFO) -> LogLevel:
    """The level that a line speaks of; one that is indented belongs to the line before it."""
    if text.startswith((" ", "\t")) and before is LogLevel.ERROR:
        return before
    return next((level for level, words in _WORDS if words.search(text)), LogLevel.INFO)
