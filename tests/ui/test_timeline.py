"""The lanes of the timeline, by the pixels that are painted."""

from __future__ import annotations

import gc
import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from gym_gui.controllers.curve_pyramid import CurvePyramid
from gym_gui.controllers.live_curves import CurveLine, CurvePlotState
from gym_gui.controllers.replay_columns import append_rows, empty_columns
from gym_gui.controllers.run_curves import Axis
from gym_gui.core.data_model import StepRecord
from gym_gui.ui.theme import PLOT_HUES, Theme
from gym_gui.ui.widgets.curve_paint import FOOT, frame_of, full_range, x_ticks
from gym_gui.ui.widgets.curve_plot import CurvePlot
from gym_gui.ui.widgets.timeline_plot import (
    EVENTS_HEIGHT,
    LANE_GAP,
    MARGIN_RIGHT,
    REWARD_HEIGHT,
    SLIDER_HEIGHT,
    Scale,
    TimelinePlot,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from gym_gui.controllers.replay_columns import EpisodeColumns

WIDTH = 900
TINT = 40  # how much bluer than red a curve is, and no surface


def columns_of(rewards: Sequence[float]) -> EpisodeColumns:
    records = [
        StepRecord(
            run_id="run",
            episode_id="episode",
            step_index=index,
            action=index or None,
            reward=reward,
            timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for index, reward in enumerate([None, *rewards])
    ]
    return append_rows(empty_columns("run"), records)


def painted(image: QImage, hue: str) -> list[tuple[int, int]]:
    """Where *image* has about this colour: lines with smooth edges never have it exactly."""
    plain = image.convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.width(), 4)
    near = np.abs(pixels.astype(np.int16) - np.array(QColor(hue).toTuple(), np.int16)).max(axis=2) < 60
    return [(int(x), int(y)) for y, x in np.argwhere(near)]


@pytest.mark.parametrize(
    "rewards",
    [
        [1e308] * 4,
        [1.7e308, -1.7e308] * 4,
        [-1.7e308] * 3,
        [5e-324, 0.0, 1e-310],
        [math.nan, math.inf, 1e308, -math.inf, 1.0],
    ],
)
def test_that_any_rewards_are_drawn(qapp: QApplication, rewards: list[float]) -> None:
    theme = Theme(qapp, "dark")
    columns = columns_of(rewards)
    scale = Scale(len(columns), WIDTH)
    image = TimelinePlot(theme).draw(columns, [], scale, 1.0, compact=False).toImage()
    top = SLIDER_HEIGHT + EVENTS_HEIGHT + LANE_GAP
    bars = painted(image, PLOT_HUES[0]) + painted(image, PLOT_HUES[4])
    assert max(y for _, y in bars) - min(y for _, y in bars) >= REWARD_HEIGHT // 2
    assert all(top - 3 <= y <= top + REWARD_HEIGHT + 3 for _, y in bars)
    theme.deleteLater()


def test_that_a_return_beyond_every_number_stays_at_the_top_of_its_lane(qapp: QApplication) -> None:
    theme = Theme(qapp, "dark")
    columns = columns_of([1.7e308] * 8)
    scale = Scale(len(columns), WIDTH)
    image = TimelinePlot(theme).draw(columns, [], scale, 1.0, compact=False).toImage()
    curve = painted(image, PLOT_HUES[2])
    last = [y for x, y in curve if x > WIDTH - MARGIN_RIGHT - scale.span // 4]
    assert last
    assert max(last) - min(y for _, y in curve) <= 1
    theme.deleteLater()


@pytest.mark.parametrize("values", [[1.7e308, -1.7e308, 0.0], [1.7976931348623157e308] * 2, [5e-324, 0.0]])
def test_that_any_curve_is_drawn_within_its_plot(qapp: QApplication, values: list[float]) -> None:
    theme = Theme(qapp, "dark")
    curve = CurvePyramid(np.arange(float(len(values))), np.array(values))
    lines = tuple(CurveLine(name, name, hue, curve, curve) for hue, name in enumerate("ab"))
    widget = CurvePlot(theme)
    widget.resize(400, 200)
    widget.show_plot(CurvePlotState("return", Axis.STEP, lines, band=True))
    image = widget.grab().toImage()
    frame = widget.frame
    assert frame is not None
    assert painted(image, PLOT_HUES[0])
    assert all(frame.area.top() - 1 <= frame.y_of(value) <= frame.area.bottom() + 1 for value in values)
    widget.deleteLater()
    theme.deleteLater()


@pytest.mark.parametrize(
    ("axis", "x", "ticks"),
    [(Axis.STEP, 4_096.0, ["4,096"]), (Axis.EPISODE, 1.0, ["1"]), (Axis.TIME, 75.0, ["1 min 15 s"])],
)
def test_that_one_x_has_one_tick(axis: Axis, x: float, ticks: list[str]) -> None:
    curve = CurvePyramid(np.full(2, x), np.array([13.0, 6.5]))
    plot = CurvePlotState("loss", axis, (CurveLine("run", "run", 0, curve, curve),), band=False)
    frame = frame_of(plot, QSize(400, 200), *full_range(plot))
    assert [text for _, text in x_ticks(axis, frame)] == ticks


def test_that_the_last_label_of_x_is_not_cut_at_the_edge(qapp: QApplication) -> None:
    theme = Theme(qapp, "dark")
    curve = CurvePyramid(np.linspace(0.0, 4_000.0, 9), np.arange(9.0))
    widget = CurvePlot(theme)
    widget.resize(290, 120)
    widget.show_plot(CurvePlotState("return", Axis.STEP, (CurveLine("run", "run", 0, curve, curve),), band=False))
    image = widget.grab().toImage()
    foot = [[image.pixelColor(x, y).name() for y in range(image.height() - FOOT + 6, image.height())] for x in (0, 289)]
    assert foot[0] == foot[1]
    widget.deleteLater()
    theme.deleteLater()


def test_that_plots_beside_each_other_show_the_same_range(qapp: QApplication) -> None:
    theme, widget = Theme(qapp, "dark"), CurvePlot(Theme(qapp, "dark"))
    plots = []
    for name, end in (("return", 100.0), ("loss", 400.0)):
        curve = CurvePyramid(np.array([end / 2, end]), np.zeros(2))
        plots.append(CurvePlotState(name, Axis.STEP, (CurveLine("run", "run", 0, curve, curve),), band=False))
    widget.resize(500, 200)
    widget.show_plot(plots[0], plots)
    widget.grab()
    assert widget.frame is not None
    assert (widget.frame.left, widget.frame.right) == (50.0, 400.0)
    widget.deleteLater()
    theme.deleteLater()


@pytest.mark.parametrize("look", ["dark", "light"])
def test_that_points_with_pictures_are_ringed_and_the_read_out_says_which_they_are(
    qapp: QApplication, qtbot: QtBot, look: str
) -> None:
    theme = Theme(qapp, look)
    curve = CurvePyramid(np.arange(400.0), np.zeros(400))
    lines = (CurveLine("run", "run", 0, curve, curve, np.array([100, 300])),)
    widget = CurvePlot(theme)
    widget.resize(500, 200)
    widget.show_plot(CurvePlotState("return", Axis.EPISODE, lines, band=False))
    image, frame = widget.grab().toImage(), widget.frame
    assert frame is not None
    y = round(frame.y_of(0.0))

    def inked(place: int, up: int) -> bool:
        """Whether the curve's colour is so far above a point."""
        x = round(frame.x_of(float(place)))
        near = [image.pixelColor(x + right, y - up + down) for right in (-1, 0, 1) for down in (-1, 0)]
        return any(one.blue() > one.red() + TINT for one in near)

    assert [place for place in (50, 100, 200, 300) if inked(place, 3)] == [100, 300]
    widget.show()
    qtbot.waitExposed(widget)
    told = []
    for place in (100, 200):
        QTest.mouseMove(widget, QPointF(frame.x_of(float(place)), y).toPoint())
        told.append(widget.readout().partition(" · ")[2])
    assert told == ["has pictures", "no pictures, opens the nearest with some"]
    widget.deleteLater()
    theme.deleteLater()


def test_that_a_fault_while_painting_leaves_no_painter_open(qapp: QApplication) -> None:
    theme = Theme(qapp, "dark")
    plot = TimelinePlot(theme)
    columns = columns_of([1.0])
    with pytest.raises(ValueError, match="zero-size"):
        plot.draw(replace(columns, rewards=np.empty(0)), [], Scale(2, WIDTH), 1.0, compact=False)
    # A pixmap whose painter is still open cannot be thrown away; Qt would end the process here.
    gc.collect()
    assert not plot.draw(columns, [], Scale(2, WIDTH), 1.0, compact=False).isNull()
    theme.deleteLater()


@pytest.mark.parametrize("rows", [2, 3, 8, 200])
def test_that_the_last_reward_ends_where_its_lane_ends(qapp: QApplication, rows: int) -> None:
    theme = Theme(qapp, "dark")
    columns = columns_of([1.0] * (rows - 1))
    scale = Scale(rows, WIDTH)
    image = TimelinePlot(theme).draw(columns, [], scale, 1.0, compact=False).toImage()
    blue = [
        x for x in range(WIDTH) if any(image.pixelColor(x, y).name() == PLOT_HUES[0] for y in range(image.height()))
    ]
    assert blue
    assert max(blue) <= WIDTH - MARGIN_RIGHT
    assert min(blue) >= scale.left
    theme.deleteLater()
