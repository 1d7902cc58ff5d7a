"""How the returns of a run are spread, and which of its episodes stand out. Pure."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.controllers.run_curves import EpisodeFacts

_BINS: Final = 24
_STANDING_OUT: Final = 3


@dataclass(frozen=True, slots=True)
class EpisodePick:
    """An episode that stands out.

    Attributes:
        place: In `EpisodeFacts`.
        value: Its return.
        steps: Its actions.
        reached: Training steps of the run when it ended.
        pictured: Whether pictures of it were kept.
    """

    place: int
    value: float
    steps: int
    reached: int
    pictured: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ReturnSummary:
    """How the returns of a run are spread, and which episodes stand out.

    Attributes:
        counts: ``int64 (bins,)``.
        edges: ``float64 (bins + 1,)``.
        examples: ``int64 (bins,)``: the newest episode of each bin, of those with pictures where there are any, as its
            place in `EpisodeFacts`; -1 for none.
        best: Greatest returns first.
        worst: Least returns first.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    examples: NDArray[np.int64]
    best: tuple[EpisodePick, ...]
    worst: tuple[EpisodePick, ...]


def summary_of(facts: EpisodeFacts) -> ReturnSummary | None:
    """The returns of training episodes, of evaluations where there is nothing else; None where none ended."""
    training = np.flatnonzero(~facts.evaluations & np.isfinite(facts.returns))
    rows = training if len(training) else np.flatnonzero(np.isfinite(facts.returns))
    if not len(rows):
        return None
    values = facts.returns[rows]
    edges = _edges_of(values)
    bins = len(edges) - 1
    counts, _ = np.histogram(values, edges)
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, bins - 1)
    examples = np.full(bins, -1, np.int64)
    examples[place] = rows  # of equal places the last one stays
    seen = facts.pictured[rows]
    examples[place[seen]] = rows[seen]
    few = min(_STANDING_OUT, len(rows))
    last = np.argpartition(values, len(values) - few)[len(values) - few :]
    first = np.argpartition(values, few - 1)[:few]
    best = rows[last[np.argsort(-values[last], kind="stable")]]
    worst = rows[first[np.argsort(values[first], kind="stable")]]

    def picks(places: NDArray[np.int64]) -> tuple[EpisodePick, ...]:
        return tuple(
            EpisodePick(
                one,
                float(facts.returns[one]),
                int(facts.steps[one]),
                int(facts.reached[one]),
                bool(facts.pictured[one]),
            )
            for one in places.tolist()
        )

    return ReturnSummary(counts, edges, examples, picks(best), picks(worst))


def _edges_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges of bins of equal width from the least to the greatest of *values*, as many as they can fill."""
    bins = int(min(_BINS, max(1, len(np.unique(values[-_BINS * _BINS :])))))
    low, high = float(values.min()), float(values.max())
    if low == high:
        half = max(0.5, abs(low) * 1e-9)
        low, high = max(low - half, -sys.float_info.max), min(high + half, sys.float_info.max)
    if np.isfinite(high - low):
        edges = np.linspace(low, high, bins + 1)
    else:  # farther apart than a float64 reaches
        edges = np.linspace(low / 4, high / 4, bins + 1) * 4
    return np.unique(edges)  # values that are next to each other leave no room for more
