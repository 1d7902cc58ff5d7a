"""The live screens beside a trainer that is lost and comes back; who controls an evaluation; room of the parts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from live_runs import MemoryDesk, make_run
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFrame
from ui.test_live import WAIT_MS, open_live, opens_a_dialog

from gym_gui.controllers.live_details import Comparison
from gym_gui.controllers.live_facts import Difference
from gym_gui.controllers.live_runs import LinkState, LiveRunsState, StateChip, StateGroup, TrainerLink
from gym_gui.controllers.live_source import LiveHealth, LivePicture
from gym_gui.services.trainer.config import EvaluationConfig, TrainingConfig
from gym_gui.services.trainer.judging import RunJudge
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.status import AlertStatus
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.messages import TwoLines

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.screens.live_screen import LiveScreen


@pytest.fixture
def live(window: MainWindow, qtbot: QtBot) -> LiveScreen:
    """The live screens, without runs."""
    return open_live(window, qtbot, 0)


def test_that_the_banner_of_a_lost_trainer_goes_once_it_is_back(
    live: LiveScreen, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert window.context is not None
    attention = window.context.live.attention
    qtbot.waitUntil(lambda: attention.state.health is not None, timeout=WAIT_MS)
    desk = type(live.desk)
    broken = "The connection to the trainer at 127.0.0.1:34295 broke."
    monkeypatch.setattr(desk, "link", TrainerLink(LinkState.LOST, broken))
    attention.controller.poll()
    qtbot.waitUntil(lambda: live.banner.isVisible() and live.banner.text == broken, timeout=WAIT_MS)
    monkeypatch.setattr(desk, "link", TrainerLink(LinkState.CONNECTED, "Trainer at 127.0.0.1:40000"))
    attention.controller.poll()
    qtbot.waitUntil(lambda: not live.banner.isVisible(), timeout=WAIT_MS)


def test_that_a_banner_of_several_alerts_tells_those_that_are_left(
    live: LiveScreen, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert window.context is not None
    attention = window.context.live.attention
    qtbot.waitUntil(lambda: attention.state.health is not None, timeout=WAIT_MS)
    first, second = (
        AlertStatus(run_id=name, kind="nan", sentence=f"The loss of {name} is not a number.", since=None, active=True)
        for name in ("one", "two")
    )
    monkeypatch.setattr(type(live.desk), "health", lambda _desk: LiveHealth(alerts=(first, second)))
    attention.controller.poll()
    whole = "The loss of one is not a number. And 1 more."
    qtbot.waitUntil(lambda: live.banner.text == whole, timeout=WAIT_MS)
    monkeypatch.setattr(type(live.desk), "health", lambda _desk: LiveHealth(alerts=(second,)))
    attention.controller.poll()
    qtbot.waitUntil(lambda: live.banner.text == "The loss of two is not a number.", timeout=WAIT_MS)
    assert live.banner.isVisible()


@opens_a_dialog
def test_that_a_window_that_closes_does_not_wait_for_what_is_being_judged(
    live: LiveScreen, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    hangs = f"import pathlib, time; pathlib.Path({str(begun)!r}).touch(); time.sleep(600)"
    monkeypatch.setattr(live.desk, "_judge", RunJudge((sys.executable, "-c", hangs), patience_s=600.0))
    live.start_run()
    qtbot.waitUntil(begun.exists, timeout=WAIT_MS)
    desk = live.desk
    window.close()  # returns
    assert not desk.misfit(TrainingConfig(worker="random", env_id="NoSuch-v1"))


@pytest.mark.parametrize("before", [("w0-eval",), ()], ids=["evaluating", "not-yet"])
def test_that_the_picture_that_is_controlled_is_the_one_that_is_looked_at(
    live: LiveScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...]
) -> None:
    run = make_run(1, config=TrainingConfig(env_id="CartPole-v1", evaluation=EvaluationConfig(every_steps=100)))
    trainer = MemoryDesk(runs=[run])
    monkeypatch.setattr(type(live.desk), "list_runs", lambda _desk: trainer.list_runs())
    monkeypatch.setattr(type(live.desk), "source_of", lambda _desk, _run_id: trainer)
    monkeypatch.setattr(type(live.desk), "orders", lambda _desk: trainer)
    page = live.watch_page
    live.page_buttons["Watch"].click()

    def show(*workers: str) -> None:
        frame = np.zeros((8, 8, 3), np.uint8)
        trainer.shown = [LivePicture(run.run_id, worker, 1, frame, "ep", 0, 0.0, 0) for worker in workers]
        qtbot.waitUntil(lambda: page.wall.workers == list(workers), timeout=WAIT_MS)

    def looked_at() -> str:
        return "" if page.wall.current_picture is None else page.wall.current_picture.worker_id

    show("w0", *before)
    assert looked_at() == "w0"
    qtbot.waitUntil(page.hand.isEnabled, timeout=WAIT_MS)
    page.hand.click()
    qtbot.waitUntil(lambda: page.hand.text() == "Hand back", timeout=WAIT_MS)
    show("w0", "w0-eval")
    assert looked_at() == "w0-eval"
    QTest.keyPress(page.wall, Qt.Key.Key_Left)
    assert page.keys.held == {"left"}  # the game's key, not the wall's
    assert looked_at() == "w0-eval"


def test_that_a_picture_that_comes_first_in_line_leaves_the_chosen_one_chosen(live: LiveScreen) -> None:
    wall = live.watch_page.wall
    frame = np.zeros((8, 8, 3), np.uint8)
    for worker in ("w1", "w2", "w0"):
        wall.show_pictures([LivePicture("run", worker, 1, frame, "ep", 0, 0.0, 0)])
    assert wall.current_picture is not None
    assert wall.current_picture.worker_id == "w1"


@pytest.mark.parametrize("width", [900, 1_440])
def test_that_an_alert_moves_nothing(live: LiveScreen, window: MainWindow, qtbot: QtBot, width: int) -> None:
    window.resize(width, 640)
    state = LiveRunsState(runs=[make_run(1)], chips=(StateChip(StateGroup.ACTIVE, 1, on=False),), loaded=True)
    live.show_runs(state)
    chip = next(iter(live.runs_page.chip_buttons.values()))
    watched = (chip, live.runs_page.table, live.start_button, live.page_buttons["Runs"])

    def places() -> list[QRect]:
        return [QRect(one.mapTo(live, QPoint()), one.size()) for one in watched]

    qtbot.waitUntil(lambda: chip.isVisible() and live.width() > 0, timeout=WAIT_MS)
    QApplication.processEvents()
    before = places()
    sentence = "The mean return of a-run fell from 480 to 12 over the newest hundred episodes: look at its curves. " * 3
    live.show_alerts([AlertStatus(run_id="r", kind="return-collapsed", sentence=sentence, since=None, active=True)])
    qtbot.waitUntil(live.banner.isVisible, timeout=WAIT_MS)
    QApplication.processEvents()
    assert places() == before
    assert live.banner.text == sentence
    (label,) = live.banner.findChildren(TwoLines)
    assert label.text().endswith("…")
    assert label.toolTip()
    room = QRect(live.banner.mapTo(live, QPoint()), live.banner.size())
    assert not any(room.intersects(place) for place in before)
    live.banner.hide()
    QApplication.processEvents()
    assert places() == before


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_that_a_refusal_stays_told_until_the_run_is_another_one(live: LiveScreen) -> None:
    live.start_run()
    form = live.start_form
    assert form is not None
    live.show_refused("The trainer is full.", "")
    form.show_misfit(form.form.config, "")  # a judgement that was on its way takes nothing away
    assert form.message.text() == "The trainer is full."
    QTest.keyClicks(form.settings.fields["name"], "another")
    assert form.message.text() == ""
    form.reject()


def test_that_a_banner_does_not_touch_the_filters(live: LiveScreen, qtbot: QtBot) -> None:
    live.show_runs(LiveRunsState(runs=[make_run(1)], chips=(StateChip(StateGroup.ACTIVE, 1, on=False),), loaded=True))
    live.show_refused("The trainer is full.", "")
    chip = next(iter(live.runs_page.chip_buttons.values()))
    (bar,) = live.banner.findChildren(QFrame, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def gap() -> int:
        return chip.mapTo(live, QPoint()).y() - bar.mapTo(live, QPoint(0, bar.height())).y()

    qtbot.waitUntil(lambda: gap() >= tokens.SPACE_8, timeout=WAIT_MS)


def test_that_the_curves_of_an_ended_run_have_the_room_of_pictures(live: LiveScreen, qtbot: QtBot) -> None:
    page = live.watch_page
    live.page_buttons["Watch"].click()
    page.show_runs([make_run(1, TrainingState.COMPLETED)])
    assert "This run has ended" in page.wall.message
    qtbot.waitUntil(lambda: page.panel.height() > 3 * page.wall.height(), timeout=WAIT_MS)
    page.show_runs([make_run(2)])
    qtbot.waitUntil(lambda: page.wall.height() > page.panel.height() / 2, timeout=WAIT_MS)


def test_that_compared_values_stand_beside_one_another(live: LiveScreen) -> None:
    runs = (make_run(1), make_run(2))
    live.show_comparison(Comparison(runs=runs, rows=(Difference("learning_rate", ("0.001", "0.002")),)))
    table = live.compare_page.table
    assert [row.texts for row in table.rows] == [("learning_rate", "0.001", "0.002")]
    assert table.columnViewportPosition(2) < table.viewport().width() / 2


@opens_a_dialog
def test_that_the_form_stands_in_the_middle_of_the_window_with_a_margin(live: LiveScreen, window: MainWindow) -> None:
    for size in (QSize(900, 640), QSize(1440, 900)):
        window.resize(size)
        live.start_run()
        form, room = live.start_form, window.geometry()
        assert form is not None
        assert (form.geometry().center() - room.center()).manhattanLength() <= 2
        assert room.adjusted(tokens.SPACE_32, tokens.SPACE_32, -tokens.SPACE_32, -tokens.SPACE_32).contains(
            form.geometry()
        )
        form.reject()
