"""What the live screens say of a run, an alert and a worker, whole and without ambiguity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from live_runs import make_run
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from gym_gui.controllers.live_attention import AttentionState
from gym_gui.controllers.live_runs import LinkState, LiveRunsState, RunColumn, TrainerLink
from gym_gui.controllers.live_source import LiveHealth, LiveWorker
from gym_gui.core.clock import utc_now
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.status import AlertStatus, WorkerStatus
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_details import now_facts
from gym_gui.ui.screens.live_health_page import LiveHealthPage
from gym_gui.ui.screens.live_runs_model import COLUMNS, TEXT
from gym_gui.ui.screens.live_runs_table import LiveRunsTable
from gym_gui.ui.screens.live_side import LiveSide
from gym_gui.ui.theme import Theme
from gym_gui.ui.widgets.fact_grid import ElidedLabel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

STARTED = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)
LONG = "The return of run breakout-38af3d fell from 1.49 to 1.35, which is a long sentence that takes several lines."


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, "dark")


def test_that_the_progress_beside_the_pictures_is_whole(qtbot: QtBot, theme: Theme) -> None:
    side = LiveSide(theme, print)
    qtbot.addWidget(side)
    side.resize(side.sizeHint())
    side.show()
    side.show_run(make_run(100_000, total_steps=10_000_000))
    qtbot.waitExposed(side)
    shown = {label.whole_text: label.text() for label in side.findChildren(ElidedLabel) if label.isVisible()}
    assert shown["10 % of 10M"] == "10 % of 10M"


def test_that_an_ended_run_has_its_mean_speed_and_no_current_one() -> None:
    run = make_run(
        360, TrainingState.COMPLETED, started_at=STARTED, ended_at=STARTED + timedelta(minutes=1), total_steps=3_600
    )
    facts = {fact.key: fact.value for fact in now_facts(run)}
    assert facts["Mean speed"] == "60 steps/s"
    assert "Speed" not in facts
    assert TEXT[RunColumn.SPEED](run) == ""
    assert "Mean speed" not in {fact.key for fact in now_facts(make_run(1))}


def test_that_the_table_tells_runs_of_one_name_apart_also_where_one_is_filtered_away(
    qtbot: QtBot, theme: Theme
) -> None:
    table = LiveRunsTable(theme, "")
    qtbot.addWidget(table)
    runs = [make_run(place, run_id=f"cart-{place}", name="cart") for place in (1, 2)]
    table.show_state(LiveRunsState(runs=runs, shown=runs[:1]))
    cell = table.runs_model.index(0, COLUMNS.index(RunColumn.NAME))
    assert cell.data(Qt.ItemDataRole.DisplayRole) == "cart · 1"


@pytest.mark.parametrize("width", [700, 1_400])
def test_that_alerts_are_whole_at_any_width(qtbot: QtBot, theme: Theme, width: int) -> None:
    page = LiveHealthPage(theme, print)
    qtbot.addWidget(page)
    page.resize(1_000, 600)
    page.show()
    alert = AlertStatus(run_id="r", kind="return-collapsed", sentence=LONG, since=STARTED, active=True)
    page.show_attention(AttentionState(health=LiveHealth(), alerts=(alert,)))
    qtbot.waitExposed(page)
    page.resize(width, 600)
    table = page.alerts

    def needed() -> int:
        item = table.item(0, 1)
        assert item is not None
        room = table.visualItemRect(item).adjusted(tokens.SPACE_8, 0, -tokens.SPACE_8, 0)
        return table.fontMetrics().boundingRect(room, int(Qt.TextFlag.TextWordWrap), LONG).height()

    def is_whole() -> bool:
        room = table.rowHeight(0) + table.horizontalHeader().height()
        return table.isVisible() and table.rowHeight(0) >= needed() and table.height() >= room

    qtbot.waitUntil(is_whole, timeout=5_000)


def test_that_a_worker_that_judges_does_not_train(qtbot: QtBot, theme: Theme) -> None:
    page = LiveHealthPage(theme, print)
    qtbot.addWidget(page)
    workers = tuple(
        WorkerStatus(
            run_id="r", worker_id=name, host="here", pid=1, phase="training", silent_s=0.1, late=False, starved=False
        )
        for name in ("w0", "w0-eval")
    )
    page.show_attention(AttentionState(health=LiveHealth(workers=workers)))
    assert [row.texts[0] for row in page.workers.rows] == ["w0 · training", "w0-eval · evaluation"]


def test_that_what_a_lost_trainer_would_know_is_shown_as_unknown(qtbot: QtBot, theme: Theme) -> None:
    page = LiveHealthPage(theme, print)
    qtbot.addWidget(page)
    page.resize(1_000, 700)
    page.show()
    heard = LiveWorker(worker_id="w0", host="here", pid=7, heard_at=utc_now() - timedelta(minutes=3))
    runs = [make_run(1, workers=(heard,)), make_run(2, workers=(heard,)), make_run(3, TrainingState.COMPLETED)]
    lost = TrainerLink(LinkState.LOST, "No trainer answers.")
    page.show_attention(AttentionState(health=LiveHealth(running=0), runs=runs, link=lost))
    said = {label.whole_text for label in page.findChildren(ElidedLabel)}
    assert "0 runs" not in said
    assert {"unknown", "2 runs running"} <= said
    assert [row.texts[0] for row in page.workers.rows] == ["w0 · unknown"] * 2
    assert all(row.texts[4].startswith("3 min") and row.role != "good" for row in page.workers.rows)
    notes = [label.text() for label in page.findChildren(QLabel)]
    assert notes.count("Unknown while no trainer answers.") == 2  # what waits to be written, and what was let go
    page.show_attention(AttentionState(health=LiveHealth(), link=lost))
    assert "Nobody works." not in [label.text() for label in page.findChildren(QLabel)]
