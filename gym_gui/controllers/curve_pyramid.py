"""CurvePyramid: any view of a curve of ten million points, drawn from a few thousand numbers.

Least, greatest and sum are kept of blocks of 8, 64, 512, ... points. Pure numpy, no state beyond the arrays: made on a
task, read by the thread that paints.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HALVINGS: Final = 3
FACTOR: Final = 2**_HALVINGS
# A pixel column is made of at least so many blocks: with fewer, its edges would be those of the blocks.
_BLOCKS_A_COLUMN: Final = 2
# Below so many points a column each point is drawn as itself.
_FEW: Final = 1.0
# Values from here on are summed in a smaller unit: their squares would not be a float64's, nor great sums of them.
_SUMMED_BELOW: Final = 2.0**480
_SMALL_UNIT: Final = 2.0**-560
_GREATEST: Final = sys.float_info.max


@dataclass(frozen=True, slots=True, eq=False)
class CurveView:
    """What is drawn of a curve in one window of x.

    Attributes:
        x: ``float64 (n,)``, growing: of each point, or of the middle of each pixel column.
        low: ``float64 (n,)``, the least value there.
        high: ``float64 (n,)``, the greatest.
        mean: ``float64 (n,)``.
        exact: Whether every place is one point of the curve.
    """

    x: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    exact: bool

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    size: int  # points a block
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    sums: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """A stretch of blocks: where each begins, and how many points it has."""

    x: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    sums: NDArray[np.float64]
    counts: NDArray[np.float64]


class CurvePyramid:
    """A curve, its points in order of x; nan and infinite values are left out.

    Args:
        x: ``float64 (n,)``; sorted here where it is not.
        y: ``float64 (n,)``.
        rows: ``int64 (n,)``: what each point is called by whoever made it; None for its place.
    """

    def __init__(self, x: NDArray[np.float64], y: NDArray[np.float64], rows: NDArray[np.int64] | None = None) -> None:
        finite = np.isfinite(y) & np.isfinite(x)
        if not finite.all():
            kept = np.flatnonzero(finite)
            x, y, rows = x[kept], y[kept], kept if rows is None else rows[kept]
        if len(x) > 1 and bool((x[1:] < x[:-1]).any()):
            order = np.argsort(x, kind="stable")
            x, y, rows = x[order], y[order], order if rows is None else rows[order]
        self.x, self.y, self.rows = x, y, rows
        self._unit = _unit_of(y)
        self._levels = _levels_of(y, self._unit)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def x_range(self) -> tuple[float, float] | None:
        """Least and greatest x; None without a point."""
        return (float(self.x[0]), float(self.x[-1])) if len(self.x) else None

    def row_of(self, place: int) -> int:
        """What the point at *place*, in order of x, is called."""
        return place if self.rows is None else int(self.rows[place])

    def view(self, left: float, right: float, columns: int) -> CurveView:
        """What is drawn between two x in so many pixel columns; with a point beyond each edge, so that lines go on.

        Costs the same for any number of points.
        """
        first = max(0, int(np.searchsorted(self.x, left, "left")) - 1)
        stop = min(len(self.x), int(np.searchsorted(self.x, right, "right")) + 1)
        count = stop - first
        columns = max(1, columns)
        if count <= columns * _FEW:
            x, y = self.x[first:stop], self.y[first:stop]
            return CurveView(x, y, y, y, exact=True)
        level = self._level_for(count / columns)
        if level is None:
            x, low = self.x[first:stop], self.y[first:stop]
            high, sums = low, low * self._unit
            counts = np.ones(count)
        else:
            begin, end = first // level.size, -(-stop // level.size)
            low, high, sums = level.low[begin:end], level.high[begin:end], level.sums[begin:end]
            x = self.x[begin * level.size : end * level.size : level.size]
            counts = np.full(end - begin, float(level.size))
            if end * level.size > len(self.x):
                counts[-1] = len(self.x) - (end - 1) * level.size
        return _reduce(_Blocks(x, low, high, sums, counts), left, (right - left) / columns, self._unit)

    def extremes(self, left: float, right: float) -> tuple[float, float] | None:
        """Least and greatest value between two x; None where there is no point."""
        seen = self.view(left, right, 512)
        return (float(seen.low.min()), float(seen.high.max())) if len(seen) else None

    def nearest(self, x: float, left: float, right: float, columns: int) -> int | None:
        """The place of the point nearest to *x*, None where the view between two x has none.

        Of those that fall on the same pixel column, the greatest: it is what sticks out.
        """
        if not len(self.x):
            return None
        half = (right - left) / max(1, columns) / 2
        first = int(np.searchsorted(self.x, x - half, side="left"))
        stop = int(np.searchsorted(self.x, x + half, side="right"))
        if stop > first:
            return self._greatest(first, stop)
        after = min(first, len(self.x) - 1)
        before = max(0, after - 1)
        place = before if abs(self.x[before] - x) <= abs(self.x[after] - x) else after
        return place if left <= self.x[place] <= right else None

    def _greatest(self, first: int, stop: int) -> int:
        """Where the greatest value between two places is; by blocks where there are many."""
        level = next((one for one in reversed(self._levels) if one.size * 4 < stop - first), None)
        if level is not None:
            begin, end = -(-first // level.size), stop // level.size
            block = begin + int(np.argmax(level.high[begin:end]))
            first, stop = block * level.size, (block + 1) * level.size
        return first + int(np.argmax(self.y[first:stop]))

    def _level_for(self, points_a_column: float) -> _Level | None:
        fitting = [one for one in self._levels if one.size * _BLOCKS_A_COLUMN <= points_a_column]
        return fitting[-1] if fitting else None


def smooth(y: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """The mean of each point and the ones before it, *window* in all; nan and infinite values are left out.

    Args:
        y: ``float64 (n,)``.
        window: Points; 1 changes nothing.
    """
    window = min(window, len(y))
    if window <= 1:
        return y
    finite = np.isfinite(y)
    unit = _unit_of(y[finite])
    if unit != 1.0:
        return np.clip(smooth(y * unit, window), -_GREATEST * unit, _GREATEST * unit) / unit
    if finite.all():  # as a rule: half of the work
        sums = np.cumsum(y)
        sums[window:] -= sums[:-window].copy()
        sums[:window] /= np.arange(1, window + 1)
        sums[window:] /= window
        return sums
    totals = np.cumsum(np.where(finite, y, 0.0))
    counts = np.cumsum(finite, dtype=np.float64)
    totals[window:] -= totals[:-window].copy()
    counts[window:] -= counts[:-window].copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        means: NDArray[np.float64] = totals / counts
    return means


def mean_and_band(
    curves: list[CurvePyramid], left: float, right: float, columns: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean of several curves and how far it may be off, between two x.

    Each curve is taken at the middle of each column, between its own first and last point only.

    Args:
        curves: Two or more, or there is no band.
        left: Least x.
        right: Greatest x.
        columns: Pixels.

    Returns:
        ``x``, ``mean`` and half the width of the 95 % confidence interval, each ``float64 (n,)``.
    """
    grid = left + (np.arange(columns) + 0.5) * (right - left) / max(1, columns)
    values = np.full((len(curves), columns), np.nan)
    for row, curve in enumerate(curves):
        seen = curve.view(left, right, columns)
        if len(seen):
            values[row] = np.interp(grid, seen.x, seen.mean, left=np.nan, right=np.nan)
    present = np.isfinite(values)
    counts = present.sum(axis=0)
    kept = counts > 0
    unit = _unit_of(values[present])
    values *= unit
    filled = np.where(present, values, 0.0)
    safe = np.maximum(counts, 1)
    mean = filled.sum(axis=0) / safe
    squares = (np.where(present, values - mean, 0.0) ** 2).sum(axis=0)
    deviation = np.sqrt(squares / np.maximum(counts - 1, 1))
    half = np.where(counts > 1, _t95(counts) * deviation / np.sqrt(safe), 0.0)
    if unit != 1.0:
        mean, half = (np.clip(one, -_GREATEST * unit, _GREATEST * unit) / unit for one in (mean, half))
    return grid[kept], mean[kept], half[kept]


# Student's t, 97.5 %, for 1 to 10 degrees of freedom; beyond, the normal distribution's is near enough.
_T95: Final = np.array([0.0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228])
_NORMAL95: Final = 1.96


def _t95(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    freedom = np.clip(counts - 1, 0, len(_T95) - 1)
    return np.where(counts - 1 < len(_T95), _T95[freedom], _NORMAL95)


def _unit_of(y: NDArray[np.float64]) -> float:
    """A power of two in which sums and squares of finite values are finite, too; 1 as a rule."""
    if not len(y) or max(float(y.max()), -float(y.min())) < _SUMMED_BELOW:
        return 1.0
    return _SMALL_UNIT


def _levels_of(y: NDArray[np.float64], unit: float) -> list[_Level]:
    levels: list[_Level] = []
    low = high = y
    sums = y if unit == 1.0 else y * unit
    size = 1
    while len(low) > FACTOR:
        low, high, sums = _blocks(low, np.minimum), _blocks(high, np.maximum), _blocks(sums, np.add)
        size *= FACTOR
        levels.append(_Level(size, low, high, sums))
    return levels


def _blocks(values: NDArray[np.float64], reduce: np.ufunc) -> NDArray[np.float64]:
    whole = len(values) // FACTOR * FACTOR
    blocks = values[:whole]
    for _ in range(_HALVINGS):  # eight times as fast as a reduction along so short an axis
        blocks = reduce(blocks[0::2], blocks[1::2])
    if whole < len(values):
        blocks = np.append(blocks, reduce.reduce(values[whole:]))
    return blocks


def _reduce(blocks: _Blocks, left: float, width: float, unit: float) -> CurveView:
    """Blocks to pixel columns of *width*; their sums are in *unit*."""
    column = np.floor((blocks.x - left) / width).astype(np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    means = np.add.reduceat(blocks.sums, starts) / np.add.reduceat(blocks.counts, starts)
    middles: NDArray[np.float64] = np.asarray(left + (column[starts] + 0.5) * width, np.float64)
    lows, highs = np.minimum.reduceat(blocks.low, starts), np.maximum.reduceat(blocks.high, starts)
    if unit != 1.0:  # a mean may round to more than the greatest value
        means = np.clip(means, lows * unit, highs * unit) / unit
    return CurveView(middles, lows, highs, means, exact=False)
