"""The lanes of the timeline, by the pixels that are painted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gym_gui.controllers.replay_columns import append_rows, empty_columns
from gym_gui.core.data_model import StepRecord
from gym_gui.ui.theme import PLOT_HUES, Theme
from gym_gui.ui.widgets.timeline_plot import MARGIN_RIGHT, Scale, TimelinePlot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

WIDTH = 900


@pytest.mark.parametrize("rows", [2, 3, 8, 200])
def test_that_the_last_reward_ends_where_its_lane_ends(qapp: QApplication, rows: int) -> None:
    theme = Theme(qapp, "dark")
    started = datetime(2026, 1, 1, tzinfo=UTC)
    records = [
        StepRecord(
            run_id="run",
            episode_id="episode",
            step_index=index,
            action=index or None,
            reward=1.0 if index else None,
            timestamp=started,
        )
        for index in range(rows)
    ]
    columns = append_rows(empty_columns("run"), records)
    scale = Scale(rows, WIDTH)
    image = TimelinePlot(theme).draw(columns, [], scale, 1.0, compact=False).toImage()
    blue = [
        x for x in range(WIDTH) if any(image.pixelColor(x, y).name() == PLOT_HUES[0] for y in range(image.height()))
    ]
    assert blue
    assert max(blue) <= WIDTH - MARGIN_RIGHT
    assert min(blue) >= scale.left
    theme.deleteLater()
