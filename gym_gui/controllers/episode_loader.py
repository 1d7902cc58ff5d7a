"""Reads an episode in pages: the first at once, the rest behind it, new rows of a live one on request.

Lives on the thread that the task runner answers on; reading and the making of columns happen in tasks.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from gym_gui.controllers.replay_columns import EpisodeColumns, append_rows, empty_columns
from gym_gui.controllers.row_matter import RowMatter, matter_of
from gym_gui.controllers.unsaid_matter import UnsaidMatter
from gym_gui.core.data_model import EpisodeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.controllers.replay_state import RowSource
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord

FIRST_ROWS: Final = 512  # enough to show the first picture and play while the rest is read
PAGE_ROWS: Final = 8_192
INFO_ROWS: Final = 64  # a seek reads one such page: under a millisecond of rows
INFO_PAGES: Final = 32
MATTER_PLACES: Final = 1_000_000  # cells, nodes and edges that the pages may hold together: some 100 MB


@dataclass(frozen=True, slots=True)
class _Page:
    """What neighbouring rows carry, by step index, and the places that it takes in memory.

    Attributes:
        matters: By step index.
        counts: How many agents' rows each step had when it was read.
        weight: Places in memory.
    """

    matters: Mapping[int, RowMatter]
    counts: Mapping[int, int]
    weight: int


class LoaderListener(Protocol):
    """Who is told what was read."""

    def episode_opened(self, run: RunRecord, episode: EpisodeRollup) -> None:
        """The episode exists; rows follow."""

    def rows_loaded(self, episode: EpisodeRollup, columns: EpisodeColumns, *, complete: bool) -> None:
        """Rows up to the end of *columns* are there; *complete*: no more are known of."""

    def info_loaded(self) -> None:
        """A page that `EpisodeLoader.matter` asked for is there."""

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
        self._unsaid: UnsaidMatter | None = None
        self._columns = empty_columns()
        self._pages: OrderedDict[int, _Page] = OrderedDict()
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

        def work() -> tuple[RunRecord, EpisodeRollup, UnsaidMatter, EpisodeColumns]:
            run = rows.get_run(run_id)
            found = rows.get_episode(run_id, episode)
            first = rows.load_steps(run_id, found.episode_id, stop=FIRST_ROWS)
            return run, found, UnsaidMatter(run, found), append_rows(empty_columns(run_id), first)

        def done(answer: tuple[RunRecord, EpisodeRollup, UnsaidMatter, EpisodeColumns]) -> None:
            if generation != self._generation:
                return
            run, self._episode, self._unsaid, columns = answer
            self._listener.episode_opened(run, self._episode)
            self._accept(self._episode, columns, FIRST_ROWS)

        self._runner.submit(work, done, lambda error: self._failed(generation, error))

    def refresh(self) -> None:
        """Look for rows that were recorded since; does nothing while reading."""
        if self._episode is not None and not self._loading:
            self._loading = True
            self._read_page(int(self._columns.steps[-1]) + 1 if len(self._columns) else 0)

    def matter(self, step_index: int, *, ask: bool = True) -> RowMatter | None:
        """What the row of a step carries; None where it must be read first.

        Args:
            step_index: The step.
            ask: Whether to read it then; `LoaderListener.info_loaded` will say when it is there.
        """
        page = step_index // INFO_ROWS
        read = self._pages.get(page)
        if read is not None and read.counts.get(step_index, 0) >= self._rows_of(step_index):
            self._pages.move_to_end(page)
            return read.matters[step_index]
        if ask:
            self._page_wanted = page
            self._read_info()
        return None

    def read_ahead(self, step_index: int) -> None:
        """Read the page of a step that will be asked for soon, where nothing else is being read."""
        page = step_index // INFO_ROWS
        if page not in self._pages and not self._page_in_flight:
            self._page_wanted = page
            self._read_info()

    def _rows_of(self, step_index: int) -> int:
        """How many agents' rows of a step are known of; at least one."""
        columns = self._columns
        return max(1, len(columns.agents[columns.position_of(step_index)])) if len(columns) else 1

    def _read_page(self, start: int) -> None:
        episode, before = self._episode, self._columns
        if episode is None:
            return
        rows = self._rows
        generation = self._generation
        # The newest step once more: of several agents' rows some may have been committed since.
        again = min(start, int(before.steps[-1])) if len(before) else start

        def work() -> tuple[EpisodeRollup, EpisodeColumns]:
            found = episode
            if episode.status is EpisodeStatus.RUNNING:
                found = rows.get_episode(episode.run_id, episode.episode_id)
            records = rows.load_steps(episode.run_id, episode.episode_id, start=again, stop=start + PAGE_ROWS)
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
        episode, unsaid, page = self._episode, self._unsaid, self._page_wanted
        if self._page_in_flight or episode is None or unsaid is None or page is None:
            return
        rows = self._rows
        generation = self._generation
        first = page * INFO_ROWS

        def work() -> _Page:
            found = rows.load_steps(episode.run_id, episode.episode_id, start=first, stop=first + INFO_ROWS)
            return _page_of(list(map(unsaid.completed, found)))

        def done(read: _Page) -> None:
            if generation != self._generation:
                return
            self._page_in_flight = False
            self._pages[page] = read
            self._let_go()
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

    def _let_go(self) -> None:
        total = sum(page.weight for page in self._pages.values())
        while len(self._pages) > INFO_PAGES or (total > MATTER_PLACES and len(self._pages) > 1):
            total -= self._pages.popitem(last=False)[1].weight


def _page_of(records: Sequence[StepRecord]) -> _Page:
    """By step index; where several agents share a step, its first row stands for it."""
    matters: dict[int, RowMatter] = {}
    counts: Counter[int] = Counter()
    before = None
    for record in records:
        counts[record.step_index] += 1
        if record.step_index not in matters:
            before = matters[record.step_index] = matter_of(record, before)
    return _Page(matters, counts, sum(matter.weight for matter in matters.values()))
