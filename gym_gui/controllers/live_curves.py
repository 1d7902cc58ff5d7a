"""The curves of the chosen runs: read on in tasks, made into pyramids there, and handed to whoever paints.

`LiveCurvesController` lives on the thread that its task runner answers on.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from gym_gui.controllers.curve_picking import nearest, pictured_instead, told_instead
from gym_gui.controllers.live_runs import run_labels
from gym_gui.controllers.live_source import Moment
from gym_gui.controllers.return_summary import ReturnSummary, summary_of
from gym_gui.controllers.run_curves import (
    LENGTH,
    RETURN,
    SPEED,
    Axis,
    EpisodeFacts,
    RunCurves,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.controllers.curve_pyramid import CurvePyramid
    from gym_gui.controllers.live_source import LiveRun, LiveSource
    from gym_gui.controllers.views import TaskRunner

MOST_PLOTS: Final = 8
MOST_RUNS: Final = 12
_FIRST_METRICS: Final = (RETURN, LENGTH)
_LOSSES: Final = ("loss", "train/loss", "train/value_loss", "train/policy_gradient_loss")
# Runs whose numbers are kept although they are not looked at: coming back to one costs nothing.
_KEPT_RUNS: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class CurveLine:
    """One run's curve of one metric.

    Attributes:
        run_id: The run.
        label: What people call it.
        hue: Place in the palette; the same for a run in every plot.
        raw: Its points.
        smoothed: The same, smoothed; `raw` itself where nothing is.
        pictured: ``int64``, growing: places, in order of x, of the points whose episodes kept pictures; None where
            points are no episodes, or all of them did.
    """

    run_id: str
    label: str
    hue: int
    raw: CurvePyramid
    smoothed: CurvePyramid
    pictured: NDArray[np.int64] | None = None

    def pictured_between(self, left: float, right: float, most: int) -> NDArray[np.int64]:
        """Of the places with pictures between two x, *most* at most, one a stretch; costs the same for any number."""
        pictured = self.pictured
        if pictured is None or not len(pictured):
            return np.empty(0, np.int64)
        points = np.searchsorted(self.raw.x, np.linspace(left, right, most + 1))
        points[-1] = np.searchsorted(self.raw.x, right, "right")
        firsts = np.searchsorted(pictured, points)
        return pictured[firsts[:-1][firsts[:-1] < firsts[1:]]]

    def nearest_pictured(self, place: int) -> int:
        """The place nearest to *place* whose episode kept pictures; *place* where that is not told, or none did."""
        return place if self.pictured is None else nearest(self.pictured, place)


@dataclass(frozen=True, slots=True, eq=False)
class CurvePlotState:
    """One plot.

    Attributes:
        metric: What it shows.
        axis: What x is.
        lines: A curve each run.
        band: Whether the mean of the runs and its confidence interval are drawn.
    """

    metric: str
    axis: Axis
    lines: tuple[CurveLine, ...]
    band: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CurvesState:
    """What the curves show.

    Attributes:
        run_ids: The runs, the first of them being the one that is watched.
        metrics: Every metric that one of them has.
        chosen: Those that have a plot.
        axis: What x is.
        window: Points that are averaged.
        band: Whether mean and confidence are drawn.
        plots: In the order of `chosen`.
        episodes: Of the first run.
        returns: How they are spread; None where none ended.
        loading: Whether nothing was read yet.
        fault: One sentence where reading failed; empty otherwise.
    """

    run_ids: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    axis: Axis = Axis.STEP
    window: int = 1
    band: bool = False
    plots: tuple[CurvePlotState, ...] = ()
    episodes: EpisodeFacts | None = None
    returns: ReturnSummary | None = None
    loading: bool = False
    fault: str = ""


class CurvesView(Protocol):
    """The face of a `LiveCurvesController`."""

    def show_curves(self, state: CurvesState) -> None:
        """Something changed."""

    def open_episode(self, run_id: str, episode_id: str, step_index: int) -> None:
        """A point was picked: show the episode at that step."""

    def tell(self, sentence: str) -> None:
        """Nothing could be opened: say why."""


class SourceOf(Protocol):
    """Whom to ask about a run."""

    def source_of(self, run_id: str) -> LiveSource:
        """The source that knows it."""


class LiveCurvesController:
    """Reads, chooses, picks.

    Args:
        desk: Whom to ask about each run.
        runner: Where it is asked and where pyramids are made.
        view: What shows the answer.
    """

    def __init__(self, desk: SourceOf, runner: TaskRunner, view: CurvesView) -> None:
        self._desk = desk
        self._runner = runner
        self._view = view
        self._state = CurvesState()
        self._labels: dict[str, str] = {}
        self._hues: dict[str, int] = {}
        self._steps_before: dict[str, int] = {}
        self._picked: tuple[str, ...] | None = None  # metrics that a person chose
        self._curves: dict[str, RunCurves] = {}
        self._lock = threading.Lock()  # of `_curves`: one task reads or arranges at a time
        self._generation = 0
        self._busy = False
        self._again = False

    @property
    def state(self) -> CurvesState:
        """What is shown now."""
        return self._state

    def show(self, runs: Sequence[LiveRun]) -> None:
        """Show these runs' curves; the first one is the one that is watched."""
        run_ids = tuple(run.run_id for run in runs[:MOST_RUNS])
        self._labels |= run_labels(runs)
        self._steps_before |= {run.run_id: run.steps_before for run in runs}
        if run_ids == self._state.run_ids:
            return
        self._generation += 1
        # A run keeps its colour while it is shown; new ones take what is free.
        kept = {run_id: hue for run_id, hue in self._hues.items() if run_id in run_ids}
        free = (hue for hue in range(MOST_RUNS) if hue not in kept.values())
        self._hues = kept | {run_id: next(free) for run_id in run_ids if run_id not in kept}
        empty = bool(set(run_ids) - self._curves.keys())
        self._state = replace(
            self._state, run_ids=run_ids, plots=(), episodes=None, returns=None, loading=empty, fault=""
        )
        self._view.show_curves(self._state)
        self.poll()

    def choose(self, metrics: Sequence[str]) -> None:
        """Give these metrics a plot each."""
        self._picked = tuple(metrics)[:MOST_PLOTS]
        self._ask_again(chosen=self._picked)

    def set_axis(self, axis: Axis) -> None:
        """What x is."""
        self._ask_again(axis=axis)

    def set_window(self, window: int) -> None:
        """Average so many points."""
        self._ask_again(window=max(1, window))

    def set_band(self, *, shown: bool) -> None:
        """Whether mean and confidence of several runs are drawn."""
        self._ask_again(band=shown)

    def poll(self) -> None:
        """Read on, unless an answer is on its way; then once more after it."""
        if not self._state.run_ids:
            return
        if self._busy:
            self._again = True
            return
        self._busy = True
        asked, generation = self._state, self._generation
        labels, hues, before = dict(self._labels), dict(self._hues), dict(self._steps_before)
        self._runner.submit(
            lambda: self._read(asked, labels, hues, before),
            lambda answer: self._arrived(answer, generation),
            lambda error: self._failed(error, generation),
        )

    def pick(self, line: CurveLine, metric: str, place: int) -> None:
        """Open the episode of a point, at its step; where that kept no pictures, the nearest one that did.

        Of what a learner logged it is the episode that went on then.

        Args:
            line: The point's.
            metric: Likewise.
            place: The point's, in order of x.
        """
        there = line.nearest_pictured(place)
        row, told = line.raw.row_of(there), told_instead(there - place)
        self._runner.submit(lambda: self._moment(line.run_id, metric, row, told), self._found, self._not_found)

    def open_episode(self, place: int) -> None:
        """Open an episode of the first run, by its place in `CurvesState.episodes`, at its beginning."""
        facts = self._state.episodes
        if facts is not None and place < len(facts):
            self._view.open_episode(*facts.ids[place], 0)

    # Inside.

    def _ask_again(self, **changes: Any) -> None:
        self._generation += 1
        self._state = replace(self._state, **changes)
        self._view.show_curves(self._state)
        self.poll()

    def _read(
        self, asked: CurvesState, labels: dict[str, str], hues: dict[str, int], before: dict[str, int]
    ) -> CurvesState:
        with self._lock:
            for run_id in asked.run_ids:
                curves = self._curves.setdefault(run_id, RunCurves(before.get(run_id, 0)))
                source = self._desk.source_of(run_id)
                curves.add_episodes(source.load_episode_table(run_id, after_key=curves.next_key))
                # A page at a time, until there is nothing more.
                while curves.add_scalars(*source.load_scalars(run_id, after_row=curves.next_row)):
                    pass
            self._drop_old(asked.run_ids)
            held = {run_id: self._curves[run_id] for run_id in asked.run_ids}
            metrics = tuple(dict.fromkeys(name for curves in held.values() for name in curves.metrics))
            chosen = asked.chosen if self._picked is not None else _usual(metrics)
            plots = []
            for metric in chosen:
                lines = []
                for run_id, curves in held.items():
                    if metric in curves.metrics:
                        raw = curves.series(metric, asked.axis)
                        smoothed = curves.series(metric, asked.axis, asked.window)
                        pictured = curves.pictured(metric, asked.axis)
                        label = labels.get(run_id, run_id)
                        lines.append(CurveLine(run_id, label, hues[run_id], raw, smoothed, pictured))
                plots.append(CurvePlotState(metric, asked.axis, tuple(lines), asked.band and len(lines) > 1))
            first = held[asked.run_ids[0]].episodes
            returns = asked.returns if asked.episodes is first else summary_of(first)
            return replace(
                asked,
                metrics=metrics,
                chosen=chosen,
                plots=tuple(plots),
                episodes=first,
                returns=returns,
                loading=False,
                fault="",
            )

    def _drop_old(self, wanted: Sequence[str]) -> None:
        for run_id in [one for one in self._curves if one not in wanted][: max(0, len(self._curves) - _KEPT_RUNS)]:
            del self._curves[run_id]

    def _arrived(self, answer: CurvesState, generation: int) -> None:
        self._busy = False
        if generation == self._generation:
            self._state = answer
            self._view.show_curves(answer)
        if self._again or generation != self._generation:
            self._again = False
            self.poll()

    def _failed(self, error: Exception, generation: int) -> None:
        self._busy = self._again = False
        if generation != self._generation:  # of what nobody looks at any more
            self.poll()
            return
        self._state = replace(self._state, loading=False, fault=str(error) or type(error).__name__)
        self._view.show_curves(self._state)

    def _moment(self, run_id: str, metric: str, row: int, told: str) -> tuple[Moment | None, str]:
        """What a point opens, and what is said where that is not quite what it stands for."""
        with self._lock:
            curves = self._curves[run_id]
            time_us = curves.scalar_time_us(metric, row)
            facts = curves.episodes
        if time_us is None:
            # A point of an episode tells where it ended.
            return Moment(*facts.ids[row], int(facts.steps[row])), told
        moment = self._desk.source_of(run_id).find_moment(run_id, time_us)
        return (None, "") if moment is None else pictured_instead(moment, facts)

    def _found(self, found: tuple[Moment | None, str]) -> None:
        moment, told = found
        if moment is None:
            self._view.tell("No episode was recorded at that moment.")
        else:
            self._view.open_episode(moment.run_id, moment.episode_id, moment.step_index)
            if told:
                self._view.tell(told)

    def _not_found(self, error: Exception) -> None:
        self._view.tell(str(error) or type(error).__name__)


def _usual(metrics: Sequence[str]) -> tuple[str, ...]:
    """What is plotted until a person chooses."""
    chosen = [name for name in _FIRST_METRICS if name in metrics]
    loss = next((name for name in _LOSSES if name in metrics), None)
    chosen += [loss] if loss else []
    chosen += [SPEED] if SPEED in metrics else []
    chosen += [name for name in metrics if name not in chosen][: 4 - len(chosen)]
    return tuple(chosen[:4])
