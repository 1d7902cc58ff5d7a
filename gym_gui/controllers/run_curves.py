"""RunCurves: all numbers of one run that a curve can be drawn of, grown by what each reading brings.

Used by one task at a time; what `series` gives is never written again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.controllers.curve_pyramid import CurvePyramid, smooth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeTable, ScalarColumns

RETURN: Final = "return"
LENGTH: Final = "length"
SPEED: Final = "speed"
EVALUATION: Final = "evaluation return"
# Each point of these is one episode.
_EPISODE_BY_EPISODE: Final = frozenset({RETURN, LENGTH, EVALUATION})
# Speed is told of stretches that are long enough to say something.
_SPEED_POINTS: Final = 400
_SPEED_OVER_S: Final = 2.0


class Axis(StrEnum):
    """What a curve's x is."""

    STEP = "step"
    TIME = "time"  # seconds since the run's first episode began
    EPISODE = "episode"


class _Growing:
    """An array that grows at its end, doubling what it holds."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self._held = np.empty(64, dtype)
        self._count = 0

    def extend(self, values: NDArray[np.generic]) -> None:
        needed = self._count + len(values)
        if needed > len(self._held):
            held = np.empty(max(needed, 2 * len(self._held)), self._held.dtype)
            held[: self._count] = self._held[: self._count]
            self._held = held  # those who look at the old one keep it
        self._held[self._count : needed] = values
        self._count = needed

    @property
    def values(self) -> NDArray[np.generic]:
        return self._held[: self._count]


@dataclass(frozen=True, slots=True)
class _Scalar:
    step: _Growing
    time_us: _Growing
    value: _Growing


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeFacts:
    """Every episode that ended, in order of its end; place *r* of each column is one episode.

    Attributes:
        ids: Run and episode, as the recording names them.
        steps: ``int64``, actions.
        returns: ``float64``.
        ended_us: ``int64``, microseconds since 1970.
        started_us: ``int64``.
        evaluations: ``bool``.
        reached: ``int64``: training steps of the run when it ended, those before its checkpoint included.
        pictured: ``bool``: whether pictures of it were kept.
    """

    ids: Sequence[tuple[str, str]]
    steps: NDArray[np.int64]
    returns: NDArray[np.float64]
    ended_us: NDArray[np.int64]
    started_us: NDArray[np.int64]
    evaluations: NDArray[np.bool_]
    reached: NDArray[np.int64]
    pictured: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.steps)


class RunCurves:
    """The episodes and scalars of one run.

    Args:
        steps_before: Those of the checkpoint that it went on from: its episodes are counted on, as its scalars are.
    """

    def __init__(self, steps_before: int = 0) -> None:
        self._steps_before = steps_before
        self.next_key = 0
        self.next_row = 0
        self._seen: set[int] = set()
        self._ids: list[tuple[str, str]] = []
        self._columns = {
            "steps": _Growing(np.int64),
            "returns": _Growing(np.float64),
            "ended_us": _Growing(np.int64),
            "started_us": _Growing(np.int64),
            "evaluations": _Growing(np.bool_),
            "frames": _Growing(np.int64),
        }
        self._scalars: dict[str, _Scalar] = {}
        self._facts: EpisodeFacts | None = None
        self._made: dict[tuple[str, Axis, int], tuple[int, CurvePyramid]] = {}
        self._marked: dict[tuple[str, Axis], tuple[CurvePyramid, NDArray[np.int64] | None]] = {}

    def add_episodes(self, table: EpisodeTable) -> bool:
        """Take in what was read; whether there was anything new."""
        self.next_key = table.next_key
        fresh = [place for place, key in enumerate(table.keys.tolist()) if key not in self._seen]
        # Only those can come again whose key is beyond where the next reading begins.
        self._seen = {key for key in (*self._seen, *table.keys.tolist()) if key > table.next_key}
        if not fresh:
            return False
        for name, column in self._columns.items():
            column.extend(getattr(table, name)[fresh])
        self._ids += [(table.run_ids[place], table.episode_ids[place]) for place in fresh]
        self._facts = None
        return True

    def add_scalars(self, scalars: ScalarColumns, next_row: int) -> bool:
        """Take in what was read; whether there was anything new."""
        self.next_row = next_row
        for place, name in enumerate(scalars.names):
            rows = np.flatnonzero(scalars.name == place)
            if not len(rows):
                continue
            held = self._scalars.setdefault(name, _Scalar(_Growing(np.int64), _Growing(np.int64), _Growing(np.float64)))
            held.step.extend(scalars.step[rows])
            held.time_us.extend(scalars.time_us[rows])
            held.value.extend(scalars.value[rows])
        return bool(len(scalars))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every name that `series` knows, those of episodes first."""
        facts = self.episodes
        has = [RETURN, LENGTH, SPEED] if len(facts) else []
        if facts.evaluations.any():
            has.append(EVALUATION)
        return (*has, *sorted(self._scalars))

    @property
    def episodes(self) -> EpisodeFacts:
        """The episodes in order of their end."""
        if self._facts is None:
            self._facts = self._order()
        return self._facts

    def series(self, metric: str, axis: Axis, window: int = 1) -> CurvePyramid:
        """The curve of a metric, each point the mean of *window*; made again only where there is something new.

        A point's row is a place in `episodes`, or for a scalar the place of `scalar_time_us`.
        """
        size = self._size_of(metric)
        made = self._made.get((metric, axis, window))
        if made is not None and made[0] == size:
            return made[1]
        x, y, rows = self._points(metric, axis)
        curve = CurvePyramid(x, smooth(y, window), rows)
        self._made[metric, axis, window] = (size, curve)
        self._forget(keep=(metric, axis, window))
        return curve

    def pictured(self, metric: str, axis: Axis) -> NDArray[np.int64] | None:
        """Places, in order of x, of a curve's points whose episodes kept pictures.

        None where that is nothing to tell points apart by: they are no episodes, or all of them did.
        """
        if metric not in _EPISODE_BY_EPISODE:
            return None
        curve = self.series(metric, axis)
        marked = self._marked.get((metric, axis))
        if marked is None or marked[0] is not curve:
            # A curve without rows has one point for each episode.
            told = self.episodes.pictured if curve.rows is None else self.episodes.pictured[curve.rows]
            marked = self._marked[metric, axis] = (curve, None if told.all() else np.flatnonzero(told))
        return marked[1]

    def scalar_time_us(self, metric: str, row: int) -> int | None:
        """When a point of a scalar was logged, microseconds since 1970; None where *metric* is none."""
        held = self._scalars.get(metric)
        return None if held is None else int(held.time_us.values[row])

    def _forget(self, keep: tuple[str, Axis, int]) -> None:
        # Of one metric and axis the bare curve and one smoothed one; a slider that is dragged leaves no trail.
        gone = [key for key in self._made if key[:2] == keep[:2] and key != keep and key[2] != 1 and keep[2] != 1]
        for key in gone:
            del self._made[key]

    def _size_of(self, metric: str) -> int:
        held = self._scalars.get(metric)
        return len(self._ids) if held is None else len(held.value.values)

    def _points(
        self, metric: str, axis: Axis
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64] | None]:
        if metric in self._scalars:
            return self._scalar_points(metric, axis)
        facts = self.episodes
        if metric == SPEED:
            return self._speed_points(axis)
        chosen = facts.evaluations if metric == EVALUATION else ~facts.evaluations
        rows = np.flatnonzero(chosen)
        values = facts.steps if metric == LENGTH else facts.returns
        x = self._x_of_episodes(axis)
        return x[rows], values[rows].astype(np.float64), rows

    def _x_of_episodes(self, axis: Axis) -> NDArray[np.float64]:
        facts = self.episodes
        if axis is Axis.TIME:
            return (facts.ended_us - self._began_us) / 1e6
        if axis is Axis.EPISODE:
            return np.cumsum(~facts.evaluations).astype(np.float64)
        return facts.reached.astype(np.float64)

    def _scalar_points(
        self, metric: str, axis: Axis
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64] | None]:
        held = self._scalars[metric]
        value = held.value.values.astype(np.float64)
        time_us = held.time_us.values.astype(np.int64)
        if axis is Axis.STEP:
            return held.step.values.astype(np.float64), value, None
        if axis is Axis.TIME:
            return (time_us - (self._began_us or int(time_us[0]))) / 1e6, value, None
        # How many episodes had ended when it was logged.
        return np.searchsorted(self.episodes.ended_us, time_us, "right").astype(np.float64), value, None

    def _speed_points(self, axis: Axis) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64] | None]:
        """Training steps a second, between episodes far enough apart."""
        facts = self.episodes
        rows = np.flatnonzero(~facts.evaluations)
        if len(rows) < 2:  # noqa: PLR2004 - a speed needs two instants
            return np.empty(0), np.empty(0), None
        time_s = facts.ended_us[rows] / 1e6
        # The last episode of each stretch of time: of two that end together nothing can be told.
        stretch = max(_SPEED_OVER_S, (time_s[-1] - time_s[0]) / _SPEED_POINTS)
        last = np.flatnonzero(np.diff(np.floor((time_s - time_s[0]) / stretch), append=np.inf))
        rows, time_s = rows[last], time_s[last]
        reached = facts.reached[rows]
        took = np.diff(time_s)
        with np.errstate(divide="ignore", invalid="ignore"):
            speed = np.where(took > 0, np.diff(reached) / took, np.nan)
        return self._x_of_episodes(axis)[rows[1:]], speed, rows[1:]

    @property
    def _began_us(self) -> int:
        facts = self.episodes
        return int(facts.started_us.min()) if len(facts) else 0

    def _order(self) -> EpisodeFacts:
        ended = self._columns["ended_us"].values.astype(np.int64)
        order = np.argsort(ended, kind="stable")
        steps = self._columns["steps"].values.astype(np.int64)[order]
        evaluations = self._columns["evaluations"].values.astype(np.bool_)[order]
        return EpisodeFacts(
            ids=[self._ids[place] for place in order.tolist()],
            steps=steps,
            returns=self._columns["returns"].values.astype(np.float64)[order],
            ended_us=ended[order],
            started_us=self._columns["started_us"].values.astype(np.int64)[order],
            evaluations=evaluations,
            reached=self._steps_before + np.cumsum(np.where(evaluations, 0, steps)),
            pictured=self._columns["frames"].values[order] != 0,
        )
