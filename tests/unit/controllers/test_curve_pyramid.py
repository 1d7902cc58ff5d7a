"""Views of long curves: nothing that sticks out is lost, whatever is zoomed into, and points are found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.controllers.curve_pyramid import CurvePyramid, mean_and_band, smooth


def make_curve(count: int, seed: int = 1) -> CurvePyramid:
    x = np.arange(count, dtype=np.float64)
    return CurvePyramid(x, np.random.default_rng(seed).standard_normal(count))


@given(
    count=st.integers(1, 30_000),
    columns=st.integers(1, 300),
    edges=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_that_a_view_keeps_what_sticks_out(count: int, columns: int, edges: tuple[float, float]) -> None:
    curve = make_curve(count)
    left, right = sorted(edge * count for edge in edges)
    right = max(right, left + 1.0)
    view = curve.view(left, right, columns)
    inside = curve.y[(curve.x >= left) & (curve.x <= right)]
    if len(inside):
        assert view.high.max() >= inside.max()
        assert view.low.min() <= inside.min()
    assert len(view) <= columns + 4
    assert bool((np.diff(view.x) >= 0).all())
    assert bool((view.low <= view.mean + 1e-9).all())
    assert bool((view.mean <= view.high + 1e-9).all())


def test_that_the_whole_of_a_million_points_has_its_mean() -> None:
    curve = make_curve(1_000_000)
    view = curve.view(0, 1_000_000, 1)
    assert view.mean[-1] == pytest.approx(curve.y.mean(), abs=1e-3)


def test_that_zooming_in_shows_the_points_themselves() -> None:
    curve = make_curve(100_000)
    view = curve.view(5_000, 5_100, 800)
    assert view.exact
    assert view.x[0] == 4_999  # the line goes on beyond the edge
    np.testing.assert_array_equal(view.mean, curve.y[4_999:5_102])


def test_that_means_of_the_greatest_values_are_finite() -> None:
    y = np.tile([1.7e308, 1.6e308], 5_000)
    curve = CurvePyramid(np.arange(10_000.0), y)
    for columns in (20, 4_000):
        view = curve.view(0, 9_999, columns)
        np.testing.assert_allclose(view.mean[1:-1], 1.65e308, rtol=0.04)
    np.testing.assert_allclose(smooth(y, 4)[4:], 1.65e308)
    _, mean, half = mean_and_band([curve, CurvePyramid(curve.x, -y)], 0, 9_999, 50)
    np.testing.assert_allclose(mean, 0.0, atol=1e294)
    assert np.isfinite(half).all()


def test_that_nan_is_left_out_and_points_keep_their_names() -> None:
    y = np.array([1.0, np.nan, 3.0, np.inf, 5.0])
    curve = CurvePyramid(np.array([4.0, 3.0, 2.0, 1.0, 0.0]), y)
    assert curve.y.tolist() == [5.0, 3.0, 1.0]
    assert [curve.row_of(place) for place in range(3)] == [4, 2, 0]


def test_that_the_nearest_point_is_the_one_that_sticks_out_of_its_column() -> None:
    y = np.zeros(100_000)
    y[43_210] = 7.0
    curve = CurvePyramid(np.arange(100_000, dtype=np.float64), y)
    assert curve.nearest(43_200, 0, 100_000, 500) == 43_210
    assert curve.nearest(10.2, 0, 100, 1_000) == 10
    assert CurvePyramid(np.empty(0), np.empty(0)).nearest(1, 0, 2, 10) is None


def test_that_smoothing_is_the_mean_of_the_points_before() -> None:
    y = np.array([1.0, 2.0, np.nan, 4.0])
    assert smooth(y, 2).tolist() == [1.0, 1.5, 2.0, 4.0]
    assert smooth(y, 1) is y


def test_that_the_band_holds_the_mean_where_several_runs_are() -> None:
    x = np.arange(100, dtype=np.float64)
    curves = [CurvePyramid(x, np.full(100, value)) for value in (1.0, 2.0, 3.0)]
    short = CurvePyramid(x[:50], np.full(50, 2.0))
    grid, mean, half = mean_and_band([*curves, short], 0, 99, 50)
    assert mean == pytest.approx(np.full(len(grid), 2.0))
    # Of 1, 2, 3: deviation 1, Student's t of two degrees of freedom 4.303, over the root of 3.
    assert half[-1] == pytest.approx(4.303 / np.sqrt(3), rel=1e-3)
    assert half[0] < half[-1]  # a fourth run that agrees makes it surer
