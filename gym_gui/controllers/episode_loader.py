"""Reads an episode in pages: the first at once, the rest behind it, new rows of a live one on request.

Lives on the thread that the task runner answers on; reading and the making of columns happen in tasks.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, Protocol

from gym_gui.controllers.replay_columns import EpisodeColumns, append_rows, empty_columns
from gym_gui.core.data_model import EpisodeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.controllers.replay_state import RowSource
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import EpisodeRollup, RunRecord

FIRST_ROWS: Final = 512  # enough to show the first picture and play while the rest is read
PAGE_ROWS: Final = 8_192
INFO_ROWS: Final = 64  # a seek reads one such page: under a millisecond of rows
INFO_PAGES: Final = 32


class LoaderListener(Protocol):
    """Who is told what was read."""

    def episode_opened(self, run: RunRecord, episode: EpisodeRollup) -> None:
        """The episode exists; rows follow."""

    def rows_loaded(self, episode: EpisodeRollup, columns: EpisodeColumns, *, complete: bool) -> None:
        """Rows up to the end of *columns* are there; *complete*: no more are known of."""

    def info_loaded(self) -> None:
        """A page that `EpisodeLoader.info` asked for is there."""

    def loading_failed(self, message: str) -> None:
        """The episode or some of its rows cannot be read."""


class EpisodeLoader:
    """Loads one episode at a time; opening another makes every answer for the one before void."""

    def __init__(self, rows: RowSource, runner: TaskRunner, listener: LoaderListener) -> None:
        self._rows = rows
        self._runner = runner
        self._listener = listener
        self._generation = 0
        self._loading = False
        self._episode: EpisodeRollup | None = None
        self._columns = empty_columns()
        self._pages: OrderedDict[int, Mapping[int, Mapping[str, Any]]] = OrderedDict()
        self._page_in_flight = False
        self._page_wanted: int | None = None

    def close(self) -> None:
        """Forget the episode and every answer that is on its way."""
        self._generation += 1
        self._episode = None
        self._columns = empty_columns()
        self._loading = False
        self._pages.clear()
        self._page_in_flight = False
        self._page_wanted = None

    def open(self, run_id: str, episode: str | int | None) -> None:
        """Begin to read; None: the run's last episode."""
        self.close()
        self._loading = True
        rows = self._rows
        generation = self._generation

        def work() -> tuple[RunRecord, EpisodeRollup, EpisodeColumns]:
            run = rows.get_run(run_id)
            found = rows.get_episode(run_id, episode)
            return (
                run,
                found,
                append_rows(empty_columns(run_id), rows.load_steps(run_id, found.episode_id, stop=FIRST_ROWS)),
            )

        def done(answer: tuple[RunRecord, EpisodeRollup, EpisodeColumns]) -> None:
            if generation != self._generation:
                return
            run, self._episode, columns = answer
            self._listener.episode_opened(run, self._episode)
            self._accept(self._episode, columns, FIRST_ROWS)

        self._runner.submit(work, done, lambda error: self._failed(generation, error))

    def refresh(self) -> None:
        """Look for rows that were recorded since; does nothing while reading."""
        if self._episode is not None and not self._loading:
            self._loading = True
            self._read_page(int(self._columns.steps[-1]) + 1 if len(self._columns) else 0)

    def info(self, step_index: int, *, ask: bool = True) -> Mapping[str, Any] | None:
        """The environment's info at a step; None where it must be read first.

        Args:
            step_index: The step.
            ask: Whether to read it then; `LoaderListener.info_loaded` will say when it is there.
        """
        page = step_index // INFO_ROWS
        infos = self._pages.get(page)
        if infos is not None and step_index in infos:
            self._pages.move_to_end(page)
            return infos[step_index]
        if ask:
            self._page_wanted = page
            self._read_info()
        return None

    def _read_page(self, start: int) -> None:
        episode, before = self._episode, self._columns
        if episode is None:
            return
        rows = self._rows
        generation = self._generation

        def work() -> tuple[EpisodeRollup, EpisodeColumns]:
            found = episode
            if episode.status is EpisodeStatus.RUNNING:
                found = rows.get_episode(episode.run_id, episode.episode_id)
            records = rows.load_steps(episode.run_id, episode.episode_id, start=start, stop=start + PAGE_ROWS)
            return found, append_rows(before, records)

        def done(answer: tuple[EpisodeRollup, EpisodeColumns]) -> None:
            if generation == self._generation:
                self._accept(*answer, start + PAGE_ROWS)

        self._runner.submit(work, done, lambda error: self._failed(generation, error))

    def _accept(self, episode: EpisodeRollup, columns: EpisodeColumns, stop: int) -> None:
        """Take a page that reached up to step *stop*, and go on where there is more."""
        grown = len(columns) > len(self._columns)
        full = grown and int(columns.steps[-1]) >= stop - 1
        more = full or stop <= episode.steps
        self._episode, self._columns = episode, columns
        self._loading = more
        generation = self._generation
        self._listener.rows_loaded(episode, columns, complete=not more)
        if more and generation == self._generation:
            self._read_page(stop)

    def _failed(self, generation: int, error: Exception) -> None:
        if generation == self._generation:
            self._loading = False
            self._listener.loading_failed(str(error) or type(error).__name__)

    def _read_info(self) -> None:
        episode, page = self._episode, self._page_wanted
        if self._page_in_flight or episode is None or page is None:
            return
        rows = self._rows
        generation = self._generation
        first = page * INFO_ROWS

        def work() -> dict[int, Mapping[str, Any]]:
            records = rows.load_steps(episode.run_id, episode.episode_id, start=first, stop=first + INFO_ROWS)
            return {record.step_index: record.info for record in reversed(records)}

        def done(infos: dict[int, Mapping[str, Any]]) -> None:
            if generation != self._generation:
                return
            self._page_in_flight = False
            self._pages[page] = infos
            while len(self._pages) > INFO_PAGES:
                self._pages.popitem(last=False)
            if self._page_wanted == page:
                self._page_wanted = None
                self._listener.info_loaded()
            else:
                self._read_info()

        def failed(_error: Exception) -> None:
            if generation == self._generation:  # the columns tell the rest; the next step asks again
                self._page_in_flight = False
                self._page_wanted = None

        self._page_in_flight = True
        self._runner.submit(work, done, failed)
