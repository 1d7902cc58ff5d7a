"""The library: every recorded episode, filtered, searched and sorted without waiting.

`LibraryController` lives on the thread that its task runner answers on; reading happens in tasks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from gym_gui.controllers.library_entry import EpisodeEntry, entry_of
from gym_gui.controllers.library_index import Column, Facet, LibraryIndex
from gym_gui.controllers.replay_state import RowSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import EpisodeSummary, RunRecord

_SCREENFUL: Final = 200


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that can be switched on.

    Attributes:
        facet: What it is about.
        value: Which value it lets through.
        count: Episodes of that value in the whole library.
        on: Whether it filters now; chips of one facet let through any of them.
    """

    facet: Facet
    value: str
    count: int
    on: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LibraryState:
    """What the library shows.

    Attributes:
        entries: Every episode, newest first.
        rows: ``int64``: places in `entries` of the lines to show, in order.
        search: The text that is searched for.
        chips: Every filter there is.
        sort: The column sorted by.
        descending: Its direction.
        loading: Whether a refresh is under way.
        loaded: Whether there was an answer yet; before it, emptiness means nothing.
        fault: One sentence where the library could not be read; empty otherwise.
        why_empty: One sentence where there is nothing to list, but should be; empty otherwise.
    """

    entries: Sequence[EpisodeEntry] = ()
    rows: NDArray[np.int64]
    search: str = ""
    chips: tuple[Chip, ...] = ()
    sort: Column = Column.WHEN
    descending: bool = True
    loading: bool = False
    loaded: bool = False
    fault: str = ""
    why_empty: str = ""

    @property
    def filtered(self) -> bool:
        """Whether search or chips hide something, or could."""
        return bool(self.search.strip()) or any(chip.on for chip in self.chips)


class LibraryView(Protocol):
    """The face of a `LibraryController`."""

    def show_library(self, state: LibraryState) -> None:
        """Something changed."""

    def show_run(self, run: RunRecord) -> None:
        """The facts of a run that `LibraryController.look_up` asked for."""


class EpisodeSource(Protocol):
    """Where episodes come from; asked in tasks only."""

    def recorded_mark(self) -> tuple[int, ...]:
        """Numbers that differ once anything was recorded, in any process; cheap."""

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """Every episode, or only the *newest* ones, newest first."""

    def get_run(self, run_id: str) -> RunRecord:
        """The run's record."""


class LibrarySource(EpisodeSource, RowSource, Protocol):
    """Where the library's rows and the rows of its episodes come from: the store."""


class LibraryController:
    """Lists, filters and sorts.

    Args:
        source: The store.
        runner: Where it is asked.
        view: What shows the answer.
        why_empty: Why there is nothing to list though there should be, asked in tasks; an empty text for no reason.
    """

    def __init__(
        self,
        source: EpisodeSource,
        runner: TaskRunner,
        view: LibraryView,
        why_empty: Callable[[], str] = str,
    ) -> None:
        self._source = source
        self._runner = runner
        self._view = view
        self._why_empty = why_empty
        self._state = LibraryState(rows=np.empty(0, np.int64))
        self._on: set[tuple[Facet, str]] = set()
        self._index = LibraryIndex((), self._state.sort)
        self._looked_up: str | None = None
        self._again = False
        self._mark: tuple[int, ...] = ()
        self._asking = False

    @property
    def state(self) -> LibraryState:
        """What is shown now."""
        return self._state

    def refresh(self) -> None:
        """Read the library again; while it is being read, once more after that."""
        if self._state.loading:
            self._again = True
            return
        self._show(loading=True)
        if not self._state.loaded:
            # A screenful at once, whatever the library holds; a fault is told by the whole reading that follows.
            self._runner.submit(self._read_newest, self._newest_arrived, lambda _error: self._read_all())
        else:
            self._read_all()

    def poll(self) -> None:
        """Ask whether anything was recorded since, by whomever, and only then read the library again."""
        if self._asking or self._state.loading:
            return
        self._asking = True
        self._runner.submit(self._source.recorded_mark, self._mark_told, self._mark_not_told)

    def _mark_told(self, mark: tuple[int, ...]) -> None:
        self._asking = False
        if mark != self._mark:
            self.refresh()

    def _mark_not_told(self, _error: Exception) -> None:
        self._asking = False  # what is shown stays; reading it again, with F5 say, tells what is wrong

    def search(self, text: str) -> None:
        """Show only what has every word of *text* in game, player, seed, ending, family or run id."""
        self._show(search=text, rows=self._rows(search=text))

    def toggle(self, facet: Facet, value: str) -> None:
        """Switch a filter chip."""
        self._on ^= {(facet, value)}
        self._show(chips=self._chips(), rows=self._rows())

    def clear_filters(self) -> None:
        """Show everything."""
        self._on.clear()
        self._show(search="", chips=self._chips(), rows=self._rows(search=""))

    def sort(self, column: Column, *, descending: bool) -> None:
        """Order by a column; what is equal keeps the newest first."""
        self._show(sort=column, descending=descending, rows=self._rows(sort=column, descending=descending))

    def look_up(self, run_id: str) -> None:
        """Ask for the facts of a run; the newest question is the one that is answered."""
        self._looked_up = run_id

        def found(run: RunRecord) -> None:
            if self._looked_up == run_id:
                self._view.show_run(run)

        # A run that cannot be read has its episodes in the table all the same; opening one says what is wrong.
        self._runner.submit(lambda: self._source.get_run(run_id), found, lambda _error: None)

    def _read_all(self) -> None:
        self._runner.submit(self._read, self._arrived, self._failed)

    def _read_newest(self) -> LibraryIndex:
        newest = self._source.list_episodes(newest=_SCREENFUL)
        return LibraryIndex([entry_of(summary) for summary in newest], self._state.sort)

    def _newest_arrived(self, index: LibraryIndex) -> None:
        if index.entries:
            self._index = index
            self._show(entries=index.entries, chips=self._chips(), rows=self._rows(), loaded=True)
        self._read_all()

    def _read(self) -> tuple[LibraryIndex, tuple[int, ...], str]:
        mark = self._source.recorded_mark()  # first: what is recorded while the list is read is seen by the next poll
        index = LibraryIndex([entry_of(summary) for summary in self._source.list_episodes()], self._state.sort)
        return index, mark, "" if index.entries else self._why_empty()

    def _arrived(self, answer: tuple[LibraryIndex, tuple[int, ...], str]) -> None:
        index, self._mark, why_empty = answer
        self._index = index
        self._on &= {(facet, value) for facet, counts in index.counts.items() for value, _ in counts}
        rows = self._rows()
        self._show(
            entries=index.entries,
            chips=self._chips(),
            rows=rows,
            loading=False,
            loaded=True,
            fault="",
            why_empty=why_empty,
        )
        self._go_again()

    def _failed(self, error: Exception) -> None:
        self._mark = ()
        self._show(loading=False, fault=str(error) or type(error).__name__)
        self._go_again()

    def _go_again(self) -> None:
        if self._again:
            self._again = False
            self.refresh()

    def _rows(
        self, *, search: str | None = None, sort: Column | None = None, descending: bool | None = None
    ) -> NDArray[np.int64]:
        state = self._state
        return self._index.rows(
            state.search if search is None else search,
            self._on,
            state.sort if sort is None else sort,
            descending=state.descending if descending is None else descending,
        )

    def _chips(self) -> tuple[Chip, ...]:
        return tuple(
            Chip(facet, value, count, (facet, value) in self._on)
            for facet, counts in self._index.counts.items()
            for value, count in counts
        )

    def _show(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)
        self._view.show_library(self._state)
