"""A run's log, followed, searched and filtered by level; `LiveLogController` lives where its runner answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from gym_gui.controllers.log_lines import LogCutter, LogFilter, LogLevel, LogLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.controllers.live_curves import SourceOf
    from gym_gui.controllers.live_source import LogPart
    from gym_gui.controllers.views import TaskRunner

MOST_LINES: Final = 50_000


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
        self._cutter = LogCutter()
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
        self._lines, self._offset, self._cutter = [], 0, LogCutter()
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
        self._lines += self._cutter.feed(part.data)
        del self._lines[:-MOST_LINES]
        self._show(missing="", total=self._lines[-1].number if self._lines else 0)
        self.poll()

    def _failed(self, error: Exception, generation: int) -> None:
        if generation == self._generation:
            self._busy = False
            self._show(missing=str(error) or type(error).__name__)

    def _show(self, **changes: Any) -> None:
        state = replace(self._state, **changes)
        wanted = LogFilter(state.search, state.level)
        lines = list(self._lines) if wanted.is_open else list(filter(wanted.passes, self._lines))
        self._state = replace(state, lines=lines)
        self._view.show_log(self._state)
