"""Curves of runs: read on, arranged, and picked from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from live_runs import START, MemoryDesk, episodes_of, make_run, scalars_of

from gym_gui.controllers.curve_pyramid import CurvePyramid
from gym_gui.controllers.live_curves import CurveLine, CurvesState, LiveCurvesController
from gym_gui.controllers.live_source import Moment
from gym_gui.controllers.return_summary import summary_of
from gym_gui.controllers.run_curves import Axis, RunCurves
from gym_gui.controllers.tasks import ImmediateTaskRunner


class Face:
    def __init__(self) -> None:
        self.state = CurvesState()
        self.opened: list[tuple[str, str, int]] = []
        self.told: list[str] = []

    def show_curves(self, state: CurvesState) -> None:
        self.state = state

    def open_episode(self, run_id: str, episode_id: str, step_index: int) -> None:
        self.opened.append((run_id, episode_id, step_index))

    def tell(self, sentence: str) -> None:
        self.told.append(sentence)


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk(tables=[episodes_of([1.0, 3.0, 2.0])], scalars=[scalars_of("loss", [4.0, 2.0, 1.0])])


@pytest.fixture
def face() -> Face:
    return Face()


@pytest.fixture
def curves(desk: MemoryDesk, face: Face) -> LiveCurvesController:
    controller = LiveCurvesController(desk, ImmediateTaskRunner(), face)
    controller.show([make_run(1)])
    return controller


def test_that_return_length_loss_and_speed_are_shown_first(curves: LiveCurvesController, face: Face) -> None:
    assert face.state.chosen == ("return", "length", "loss", "speed")
    (line,) = face.state.plots[0].lines
    assert line.raw.y.tolist() == [1.0, 3.0, 2.0]
    assert line.raw.x.tolist() == [10.0, 20.0, 30.0]
    assert curves.state is face.state


def test_that_every_axis_and_smoothing_is_told_apart(curves: LiveCurvesController, face: Face) -> None:
    curves.set_axis(Axis.TIME)
    assert face.state.plots[0].lines[0].raw.x.tolist() == [1.0, 2.0, 3.0]
    curves.set_axis(Axis.EPISODE)
    assert face.state.plots[0].lines[0].raw.x.tolist() == [1.0, 2.0, 3.0]
    curves.set_window(2)
    assert face.state.plots[0].lines[0].smoothed.y.tolist() == [1.0, 2.0, 2.5]


def test_that_reading_on_adds_only_what_is_new(curves: LiveCurvesController, face: Face, desk: MemoryDesk) -> None:
    desk.tables.append(episodes_of([9.0], first_key=4))
    desk.scalars.append(scalars_of("entropy", [0.5]))
    curves.poll()
    assert face.state.plots[0].lines[0].raw.y.tolist() == [1.0, 3.0, 2.0, 9.0]
    assert "entropy" in face.state.metrics


def test_that_an_episode_that_ended_late_is_read_too() -> None:
    curves = RunCurves()
    # The second of two workers is still at it: the next reading begins before it.
    early = replace(episodes_of([1.0], first_key=2), next_key=0)
    assert curves.add_episodes(early)
    assert curves.add_episodes(episodes_of([5.0, 1.0]))
    assert curves.episodes.returns.tolist() == [5.0, 1.0]
    assert not curves.add_episodes(replace(episodes_of([]), next_key=2))


def test_that_the_episodes_of_a_resumed_run_begin_where_its_checkpoint_was(face: Face, desk: MemoryDesk) -> None:
    curves = LiveCurvesController(desk, ImmediateTaskRunner(), face)
    desk.tables[:] = [episodes_of([1.0, 3.0])]
    curves.show([replace(make_run(1), steps_before=1_000)])
    assert face.state.plots[0].lines[0].raw.x.tolist() == [1_010.0, 1_020.0]


def test_that_a_point_of_an_episode_opens_it_where_it_ended(curves: LiveCurvesController, face: Face) -> None:
    plot = face.state.plots[0]
    curves.pick(plot.lines[0], plot.metric, 1)
    assert face.opened == [("run-1", "ep-2", 10)]


def test_that_points_with_pictures_are_told_and_a_click_beside_goes_to_the_nearest(face: Face) -> None:
    frames = [5, 0, 0, 0, 0, 5, 0]
    controller = LiveCurvesController(
        MemoryDesk(tables=[episodes_of([1.0] * 7, frames=frames)]), ImmediateTaskRunner(), face
    )
    controller.show([make_run(1)])
    plot = face.state.plots[0]
    (line,) = plot.lines
    assert line.pictured is not None
    assert line.pictured.tolist() == [0, 5]
    for place in (0, 1, 3, 6):
        controller.pick(line, plot.metric, place)
    assert [episode for _, episode, _ in face.opened] == ["ep-1", "ep-1", "ep-6", "ep-6"]
    kept = "No pictures were kept of that episode. This is the nearest one that has some,"
    assert face.told == [f"{kept} 1 episode earlier.", f"{kept} 2 episodes later.", f"{kept} 1 episode earlier."]
    # Speed is of no episode.
    assert next(one for one in face.state.plots if one.metric == "speed").lines[0].pictured is None


@pytest.mark.parametrize(("frames", "told"), [([3, 3, 3], None), ([0, 0, 0], [])])
def test_that_where_all_episodes_are_alike_each_point_opens_its_own(
    face: Face, frames: list[int], told: list[int] | None
) -> None:
    table = episodes_of([1.0, 2.0, 3.0], frames=frames)
    controller = LiveCurvesController(MemoryDesk(tables=[table]), ImmediateTaskRunner(), face)
    controller.show([make_run(1)])
    plot = face.state.plots[0]
    pictured = plot.lines[0].pictured
    assert (None if pictured is None else pictured.tolist()) == told
    controller.pick(plot.lines[0], plot.metric, 1)
    assert (face.opened, face.told) == ([("run-1", "ep-2", 10)], [])


def test_that_of_ten_million_points_as_few_are_marked_as_there_is_room_for() -> None:
    x = np.arange(10_000_000, dtype=np.float64)
    curve = CurvePyramid(x, x)
    line = CurveLine("run", "run", 0, curve, curve, np.arange(0, 10_000_000, 2))
    places = line.pictured_between(1_000_000.5, 9_000_000.0, 50)
    assert len(places) == 50
    assert set((places % 2).tolist()) == {0}
    assert (places[0], bool(np.all(np.diff(places) > 100_000))) == (1_000_002, True)
    assert line.pictured_between(4.0, 4.0, 50).tolist() == [4]
    assert not len(line.pictured_between(4.5, 5.5, 50))
    assert line.nearest_pictured(4_999_999) in {4_999_998, 5_000_000}


def test_that_a_point_of_a_scalar_opens_what_was_under_way_then(
    curves: LiveCurvesController, face: Face, desk: MemoryDesk
) -> None:
    loss = face.state.plots[2]
    curves.pick(loss.lines[0], loss.metric, 2)
    assert face.told == ["No episode was recorded at that moment."]
    desk.moment = Moment("run-1", "ep-2", 4)
    curves.pick(loss.lines[0], loss.metric, 2)
    assert face.opened == [("run-1", "ep-2", 4)]
    assert desk.ordered[-1] == ("moment", "run-1", int(START.timestamp() * 1e6) + 1_000_000)


def test_that_a_point_of_a_scalar_goes_where_there_are_pictures(face: Face) -> None:
    desk = MemoryDesk(
        tables=[episodes_of([1.0] * 6, frames=[5, 0, 0, 0, 5, 0])], scalars=[scalars_of("loss", [4.0, 2.0])]
    )
    controller = LiveCurvesController(desk, ImmediateTaskRunner(), face)
    controller.show([make_run(1)])
    loss = next(plot for plot in face.state.plots if plot.metric == "loss")
    for episode_id in ("ep-5", "ep-2", "ep-7"):  # with pictures, without, and one that goes on
        desk.moment = Moment("run-1", episode_id, 4)
        controller.pick(loss.lines[0], "loss", 0)
    assert face.opened == [("run-1", "ep-5", 4), ("run-1", "ep-1", 10), ("run-1", "ep-7", 4)]
    kept = "No pictures were kept of that episode. This is the nearest one that has some,"
    assert face.told == [f"{kept} 1 episode earlier."]


def test_that_a_run_keeps_its_hue_while_others_come_and_go(curves: LiveCurvesController, face: Face) -> None:
    curves.show([make_run(1), make_run(2)])
    curves.show([make_run(2)])
    curves.show([make_run(2), make_run(3)])
    curves.choose(["return"])
    hues = {line.run_id: line.hue for line in face.state.plots[0].lines}
    assert curves.state.run_ids == ("run-2", "run-3")
    assert hues.get("run-2", 1) == 1


def test_that_what_a_person_chose_stays_chosen(curves: LiveCurvesController, face: Face) -> None:
    curves.choose(["loss"])
    curves.poll()
    assert [plot.metric for plot in face.state.plots] == ["loss"]


def test_that_a_source_that_fails_is_told_once(face: Face) -> None:
    class Broken(MemoryDesk):
        def source_of(self, run_id: str) -> MemoryDesk:
            raise OSError(f"no {run_id}")

    LiveCurvesController(Broken(), ImmediateTaskRunner(), face).show([make_run(1)])
    assert face.state.fault == "no run-1"


def test_that_the_best_and_worst_episodes_and_the_histogram_are_told() -> None:
    curves = RunCurves()
    curves.add_episodes(episodes_of([5.0, 1.0, 9.0, 4.0, 4.0, np.nan]))
    summary = summary_of(curves.episodes)
    assert summary is not None
    assert [pick.value for pick in summary.best] == [9.0, 5.0, 4.0]
    assert [pick.value for pick in summary.worst] == [1.0, 4.0, 4.0]
    assert summary.counts.sum() == 5
    assert summary.edges[0] == 1.0
    assert summary.examples[-1] == 2
    assert summary_of(RunCurves().episodes) is None


def test_that_a_bar_opens_an_episode_with_pictures_where_it_has_one() -> None:
    curves = RunCurves()
    curves.add_episodes(episodes_of([1.0, 1.0, 1.0, 9.0, 9.0], frames=[0, 5, 0, 0, 0]))
    summary = summary_of(curves.episodes)
    assert summary is not None
    assert (summary.examples[0], summary.examples[-1]) == (1, 4)
    assert [pick.place for pick in (*summary.best, *summary.worst) if pick.pictured] == [1]


@pytest.mark.parametrize(
    "values",
    [[1.7e308, -1.7e308, 0.0], [1e308] * 3, [1.7976931348623157e308], [5e-324, 1e-323, 0.0], [1.0, 1.0 + 2**-52]],
)
def test_that_any_finite_returns_make_a_histogram(values: list[float]) -> None:
    curves = RunCurves()
    curves.add_episodes(episodes_of(values))
    summary = summary_of(curves.episodes)
    assert summary is not None
    assert summary.counts.sum() == len(values)
    assert np.isfinite(summary.edges).all()
    assert summary.edges[0] <= min(values)
    assert max(values) <= summary.edges[-1]


def test_that_two_episodes_that_end_together_make_no_impossible_speed() -> None:
    table = episodes_of([1.0] * 20)
    table.ended_us[10] = table.ended_us[9] + 1
    curves = RunCurves()
    curves.add_episodes(table)
    assert curves.series("speed", Axis.STEP).y.max() < 50
