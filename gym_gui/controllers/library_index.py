"""Every episode of the library, prepared so that a filter or a sort takes about a millisecond.

Made in a task; read on the thread that shows it.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.controllers.library_entry import player_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from gym_gui.controllers.library_entry import EpisodeEntry


class Column(StrEnum):
    """What the library can be sorted by."""

    GAME = "game"
    PLAYER = "player"
    EPISODE = "episode"
    SEED = "seed"
    STEPS = "steps"
    RETURN = "return"
    ENDED = "ended"
    WHEN = "when"
    SIZE = "size"


class Facet(StrEnum):
    """What a filter chip is about."""

    FAMILY = "family"
    PLAYER = "player"
    ENDING = "ending"


_FACET_OF: Final[dict[Facet, Callable[[EpisodeEntry], str]]] = {
    Facet.FAMILY: lambda entry: entry.family,
    Facet.PLAYER: lambda entry: entry.summary.player,
    Facet.ENDING: lambda entry: entry.ending.value,
}
_NO_SEED: Final = -1
_SORT_KEY: Final[dict[Column, Callable[[EpisodeEntry], Any]]] = {
    Column.GAME: lambda entry: entry.game.lower(),
    Column.PLAYER: lambda entry: player_of(entry.summary.player, entry.rollup).lower(),
    Column.EPISODE: lambda entry: entry.rollup.episode_index,
    Column.SEED: lambda entry: _NO_SEED if entry.rollup.seed is None else entry.rollup.seed,
    Column.STEPS: lambda entry: entry.rollup.steps,
    # A return that is no number sorts below every number, so that the order stays one.
    Column.RETURN: lambda entry: (entry.rollup.total_reward == entry.rollup.total_reward, entry.rollup.total_reward),
    Column.ENDED: lambda entry: entry.ending.value,
    Column.WHEN: lambda entry: entry.rollup.started_at,
    Column.SIZE: lambda entry: entry.summary.size_bytes,
}


class LibraryIndex:
    """Looks up which episodes to show, in which order.

    Args:
        entries: Every episode, newest first.
        sort: The column that will be asked for first.
    """

    def __init__(self, entries: Sequence[EpisodeEntry], sort: Column) -> None:
        self.entries = entries
        self._haystacks = [entry.haystack for entry in entries]
        values = {facet: [value_of(entry) for entry in entries] for facet, value_of in _FACET_OF.items()}
        self._facets = {facet: np.array(found, np.str_) for facet, found in values.items()}
        self._orders: dict[Column, NDArray[np.int64]] = {}
        self.counts: dict[Facet, list[tuple[str, int]]] = {
            facet: sorted(Counter(found).items(), key=lambda item: (-item[1], item[0]))
            for facet, found in values.items()
        }
        self._order(sort)

    def rows(
        self, text: str, chips: Collection[tuple[Facet, str]], sort: Column, *, descending: bool
    ) -> NDArray[np.int64]:
        """Places in `entries` of what has every word of *text* and passes the chips, in order.

        Args:
            text: Words, in any case.
            chips: What is let through; those of one facet let through any of them.
            sort: The column to order by; what is equal has the newest first when *descending*.
            descending: From the greatest.
        """
        ascending = self._order(sort)
        order = ascending[::-1] if descending else ascending
        return order[self._mask(text, chips)[order]]

    def _mask(self, text: str, chips: Collection[tuple[Facet, str]]) -> NDArray[np.bool_]:
        mask = np.ones(len(self._haystacks), np.bool_)
        for word in text.lower().split():
            mask &= np.fromiter((word in haystack for haystack in self._haystacks), np.bool_, len(mask))
        for facet, values in self._facets.items():
            wanted = [value for of, value in chips if of is facet]
            if wanted:
                mask &= np.isin(values, wanted)
        return mask

    def _order(self, column: Column) -> NDArray[np.int64]:
        order = self._orders.get(column)
        if order is None:
            keys = [_SORT_KEY[column](entry) for entry in self.entries]
            # From the oldest, so that turning the order round leaves the newest of equals on top.
            places = sorted(range(len(keys) - 1, -1, -1), key=keys.__getitem__)
            order = self._orders[column] = np.array(places, np.int64)
        return order
