"""What the live screens say of a run, an alert and a worker, whole and without ambiguity."""

from __future__ import annotations

from dataclasses import replace
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
from gym_gui.services.trainer.run_store import RunProgress
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.status import AlertStatus, WorkerStatus
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_details import now_facts
from gym_gui.ui.screens.live_health_page import LiveHealthPage
from gym_gui.ui.screens.live_runs_model import COLUMNS, TEXT, quiet_text
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
    qtbot.waitExposed(side)
    for run, text in (
        (make_run(100_000, total_steps=10_000_000), "10 % of 10M"),
        (make_run(300, TrainingState.COMPLETED, total_steps=3_000), "100 % of 3,000"),
    ):
        side.show_run(run)
        shown = {label.whole_text: label.text() for label in side.findChildren(ElidedLabel) if label.isVisible()}
        assert shown[text] == text


@pytest.mark.parametrize(
    ("steps", "total", "done"), [(166_304, 1_000_000, "16 %"), (29, 100, "29 %"), (999_999, 1_000_000, "99 %")]
)
def test_that_progress_is_rounded_down(steps: int, total: int, done: str) -> None:
    run = make_run(1, total_steps=total, progress=RunProgress(steps=steps))
    assert TEXT[RunColumn.PROGRESS](run) == done


def test_that_a_run_that_evaluates_is_not_said_to_stand() -> None:
    def speed(age_s: float, steps_per_s: float = 0.0) -> tuple[str, str]:
        last = utc_now() - timedelta(seconds=age_s)
        run = make_run(1, progress=RunProgress(steps=9, steps_per_s=steps_per_s, last_step_at=last))
        return TEXT[RunColumn.SPEED](run), {fact.key: fact.value for fact in now_facts(run)}["Speed"]

    assert speed(0.3) == ("evaluating", "evaluating")
    assert speed(20.0) == ("0", "0 steps/s")
    assert speed(0.3, 60.0) == ("60", "60 steps/s")


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


def busy_table(qtbot: QtBot, theme: Theme, width: int) -> LiveRunsTable:
    """A table of long texts in every column."""
    now = utc_now()
    runs = [
        make_run(
            place,
            state,
            name=f"breakout-ppo-with-a-long-name-{place}",
            host="workstation-3",
            gpus=(0, 1),
            started_at=now,
            progress=RunProgress(
                steps=1_234_567,
                mean_return=-1234.56,
                steps_per_s=12_345.0,
                last_step_at=now - timedelta(minutes=59, seconds=30),
            ),
        )
        for place, state in enumerate((TrainingState.RUNNING, TrainingState.CANCELLED, TrainingState.COMPLETED))
    ]
    table = LiveRunsTable(theme, "")
    qtbot.addWidget(table)
    table.resize(width, 300)
    table.show()
    qtbot.waitExposed(table)
    table.show_state(LiveRunsState(runs=runs, shown=runs, loaded=True))
    return table


def shown_columns(table: LiveRunsTable) -> list[RunColumn]:
    return [column for place, column in enumerate(COLUMNS) if not table.isColumnHidden(place)]


@pytest.mark.parametrize("width", [848, 1_400])  # of a window of 1280, and of a wide one
def test_that_no_column_of_the_runs_is_cut(qtbot: QtBot, theme: Theme, width: int) -> None:
    table = busy_table(qtbot, theme, width)
    assert table.horizontalHeader().length() <= table.viewport().width()
    assert RunColumn.STARTED in shown_columns(table)


def test_that_columns_come_back_with_the_room_for_them(qtbot: QtBot, theme: Theme) -> None:
    table = busy_table(qtbot, theme, 848)
    assert RunColumn.GPU not in shown_columns(table)
    table.horizontalHeader().resizeSection(0, 160)  # the user's own width: nothing is arranged any more
    table.resize(1_600, 300)
    qtbot.waitUntil(lambda: shown_columns(table) == list(COLUMNS), timeout=5_000)
    assert table.columnWidth(0) == 160


def test_that_the_age_of_a_step_is_short_in_the_list() -> None:
    def age(**ago: float) -> str:
        run = make_run(1, progress=RunProgress(last_step_at=utc_now() - timedelta(**ago)))
        return TEXT[RunColumn.AGE](run)

    assert age(seconds=12.2) == "12 s ago"
    assert age(minutes=3, seconds=5.2) == "3 min ago"
    assert age(hours=2, minutes=10) == "2 h ago"


def test_that_a_run_that_stands_still_says_so() -> None:
    run = make_run(1)
    for seconds, said in ((1, ""), (14, "no step for 14 s")):
        last = utc_now() - timedelta(seconds=seconds, milliseconds=200)
        assert quiet_text(replace(run, progress=replace(run.progress, last_step_at=last))) == said
    old = replace(run.progress, last_step_at=utc_now() - timedelta(hours=1))
    assert quiet_text(replace(run, state=TrainingState.COMPLETED, progress=old)) == ""
    assert quiet_text(run) == ""  # none yet
