"""The live screens in the window: real keys and clicks on real recordings and real shared pictures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from live_runs import make_run, refusal
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from recordings import Recordings

from gym_gui.controllers.disk_estimate import MIN_STEPS
from gym_gui.controllers.live_runs import LinkState, LiveRunsState, RunColumn, TrainerLink
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, RunState
from gym_gui.services.live_frames import LiveFrameWriter
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.status import AlertStatus
from gym_gui.ui.screens.live_screen import LiveScreen
from gym_gui.ui.screens.replay_screen import ReplayScreen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.widgets.curve_plot import CurvePlot

WAIT_MS = 15_000
# Dialogs are windows of their own, whose size the offscreen platform cannot pass on.
opens_a_dialog = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def recordings(var_dir: Path) -> Iterator[Recordings]:
    made = Recordings(var_dir)
    yield made
    made.close()


@pytest.fixture
def filled(recordings: Recordings) -> Recordings:
    """Three runs of policies, the newest of four episodes; and one of a person."""
    recordings.record(10, player="human")
    recordings.record(30, player="dqn", env_id="CartPole-v1")
    recordings.record(20, player="ppo", env_id="ALE/Breakout-v5")
    for index in range(4):
        recordings.record(25 + index, player="a2c", run_id="newest", episode_index=index)
    for run_id in ("run-00001", "run-00002", "run-00003", "newest"):
        recordings.finish(run_id)
    return recordings


@pytest.fixture
def live(filled: Recordings, window: MainWindow, qtbot: QtBot) -> LiveScreen:
    """The live screens with their three runs."""
    del filled
    return open_live(window, qtbot, 3)


def open_live(window: MainWindow, qtbot: QtBot, runs: int) -> LiveScreen:
    """Go to the live screens by their key, and wait for the lines."""
    QTest.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    screen = window.made_screen("live")
    assert isinstance(screen, LiveScreen)
    qtbot.waitUntil(
        lambda: screen.controller.state.loaded and screen.runs_page.table.runs_model.rowCount() == runs,
        timeout=WAIT_MS,
    )
    return screen


def type_over(field: QWidget, text: str) -> None:
    """Type *text* in place of what is in a field."""
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)


def names(live: LiveScreen) -> list[str]:
    return [run.run_id for run in live.runs_page.table.runs_model.runs]


def first_plot(live: LiveScreen, qtbot: QtBot) -> CurvePlot:
    """The return's plot, painted."""
    live.page_buttons["Watch"].click()
    panel = live.watch_page.panel
    qtbot.waitUntil(lambda: bool(panel.plots) and panel.plots[0].frame is not None, timeout=WAIT_MS)
    return panel.plots[0]


def test_that_runs_are_listed_newest_first_and_the_first_is_chosen(live: LiveScreen, qtbot: QtBot) -> None:
    assert names(live)[0] in {"newest", "run-00003"}
    assert "run-00001" not in names(live)
    assert live.count.text() == "3 runs"
    qtbot.waitUntil(lambda: "gymnasium" in live.details.facts(), timeout=WAIT_MS)
    assert live.details.facts()["Episodes"] in {"1", "4"}


def test_that_typing_searches_and_escape_shows_all_again(live: LiveScreen) -> None:
    table = live.runs_page.table
    QTest.keyClicks(table, "d")
    QTest.keyClicks(live.runs_page.search, "qn")
    assert names(live) == ["run-00002"]
    assert live.count.text() == "1 of 3 runs"
    QTest.keyClick(live.runs_page.search, Qt.Key.Key_Escape)
    assert len(names(live)) == 3


def test_that_a_search_without_a_match_offers_to_clear_it(live: LiveScreen) -> None:
    live.runs_page.search.setText("zzz")
    assert live.runs_page.empty.title == "No run matches"
    live.runs_page.empty.button.click()
    assert len(names(live)) == 3


def test_that_a_click_on_a_title_sorts(live: LiveScreen) -> None:
    table = live.runs_page.table
    column = list(RunColumn).index(RunColumn.STEPS)
    header = table.horizontalHeader()
    spot = QPoint(header.sectionViewportPosition(column) + 10, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)
    assert names(live)[0] == "newest"
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)
    assert names(live)[-1] == "newest"


def test_that_lines_are_copied_with_their_titles(live: LiveScreen) -> None:
    table = live.runs_page.table
    table.selectAll()
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("Run\tState\tProgress")
    assert len(lines) == 4


def test_that_enter_watches_and_a_click_on_a_point_opens_that_episode_at_its_step(
    live: LiveScreen, window: MainWindow, qtbot: QtBot
) -> None:
    live.runs_page.table.choose("newest")
    QTest.keyClick(live.runs_page.table, Qt.Key.Key_Return)
    assert live.watch_page.isVisible()
    plot = first_plot(live, qtbot)
    qtbot.waitUntil(lambda: plot.plot is not None and len(plot.plot.lines[0].raw) == 4, timeout=WAIT_MS)
    assert plot.plot is not None
    plot.repaint()
    line, frame = plot.plot.lines[0], plot.frame
    assert frame is not None
    spot = QPointF(frame.x_of(float(line.raw.x[2])), frame.y_of(float(line.raw.y[2]))).toPoint()
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)
    qtbot.waitUntil(lambda: isinstance(window.made_screen("replay"), ReplayScreen), timeout=WAIT_MS)
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    player = screen.player.controller
    qtbot.waitUntil(lambda: player.state.length == 28 and not player.state.loading, timeout=WAIT_MS)
    assert player.state.episode is not None
    assert player.state.episode.episode_id == "newest-2"
    assert player.state.step_index == 27


def test_that_a_curve_is_zoomed_panned_and_shown_whole_by_keys(live: LiveScreen, qtbot: QtBot) -> None:
    live.runs_page.table.choose("newest")
    plot = first_plot(live, qtbot)
    qtbot.waitUntil(lambda: plot.plot is not None and len(plot.plot.lines[0].raw) == 4, timeout=WAIT_MS)
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert plot.is_zoomed
    others = [one for one in live.watch_page.panel.plots if one.isVisible()]
    assert all(one.is_zoomed for one in others)  # one axis, one part of it
    QTest.keyClick(plot, Qt.Key.Key_PageDown)
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.readout()
    QTest.keyClick(plot, Qt.Key.Key_0)
    assert not any(one.is_zoomed for one in others)


def test_that_axis_smoothing_and_metrics_are_reached_by_keys(live: LiveScreen, qtbot: QtBot) -> None:
    live.runs_page.table.choose("newest")
    plot = first_plot(live, qtbot)
    curves = live.watch_page.curves
    QTest.keyClick(plot, Qt.Key.Key_X)
    assert curves.state.axis.value == "time"
    QTest.keyClick(plot, Qt.Key.Key_BracketRight)
    assert curves.state.window == 2
    QTest.keyClick(plot, Qt.Key.Key_F)
    assert [one.isVisible() for one in live.watch_page.panel.plots].count(True) == 1
    QTest.keyClick(plot, Qt.Key.Key_F)
    assert [one.isVisible() for one in live.watch_page.panel.plots].count(True) > 1


def test_that_newest_pictures_are_tiled_enlarged_and_made_to_stand_still(
    live: LiveScreen, filled: Recordings, qtbot: QtBot
) -> None:
    wall = live.watch_page.wall
    live.runs_page.table.choose("newest")
    live.page_buttons["Watch"].click()
    writers = [LiveFrameWriter(filled.paths.live_dir, "newest", f"w{place}") for place in range(3)]
    try:
        for place, writer in enumerate(writers):
            writer.show(np.full((8, 8, 3), place, np.uint8), episode_id="newest-1", step_index=5, episode_return=1.0)
        qtbot.waitUntil(lambda: wall.workers == ["w0", "w1", "w2"], timeout=WAIT_MS)
        wall.setFocus()
        QTest.keyClick(wall, Qt.Key.Key_Right)
        QTest.keyClick(wall, Qt.Key.Key_Return)
        assert wall.enlarged_worker == "w1"
        QTest.keyClick(wall, Qt.Key.Key_Escape)
        assert not wall.is_enlarged()
        QTest.keyClick(wall, Qt.Key.Key_Space)
        assert live.watch_page.pictures.frozen
        assert live.watch_page.live.isVisible()
        QTest.mouseClick(live.watch_page.live, Qt.MouseButton.LeftButton)
        writers[0].show(np.full((8, 8, 3), 9, np.uint8), episode_id="newest-1", step_index=6, episode_return=2.0)
        qtbot.waitUntil(lambda: _step_of(live, "w0") == 6, timeout=WAIT_MS)
    finally:
        for writer in writers:
            writer.close()


def _step_of(live: LiveScreen, worker: str) -> int:
    picture = live.watch_page.wall.picture_of(worker)
    return -1 if picture is None else picture.step_index


def test_that_looking_back_opens_the_episode_at_the_step_that_is_shown(
    live: LiveScreen, filled: Recordings, window: MainWindow, qtbot: QtBot
) -> None:
    live.runs_page.table.choose("newest")
    live.page_buttons["Watch"].click()
    with LiveFrameWriter(filled.paths.live_dir, "newest", "w0") as writer:
        writer.show(np.zeros((8, 8, 3), np.uint8), episode_id="newest-1", step_index=5, episode_return=1.0)
        qtbot.waitUntil(lambda: _step_of(live, "w0") == 5, timeout=WAIT_MS)
    live.watch_page.wall.setFocus()
    QTest.keyClick(live.watch_page.wall, Qt.Key.Key_Backspace)
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    state = screen.player.controller
    qtbot.waitUntil(lambda: state.state.length == 27 and state.state.step_index == 5, timeout=WAIT_MS)


def test_that_best_episodes_open_at_their_beginning(live: LiveScreen, window: MainWindow, qtbot: QtBot) -> None:
    live.runs_page.table.choose("newest")
    live.page_buttons["Watch"].click()
    window.resize(1440, 900)
    side = live.watch_page.side
    qtbot.waitUntil(lambda: bool(side.best.buttons) and side.best.buttons[0].isVisible(), timeout=WAIT_MS)
    QTest.mouseClick(side.best.buttons[0], Qt.MouseButton.LeftButton)
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)
    qtbot.waitUntil(lambda: screen.player.controller.state.length > 0, timeout=WAIT_MS)
    assert screen.player.controller.state.step_index == 0


def test_that_chosen_runs_are_compared(live: LiveScreen, qtbot: QtBot) -> None:
    table = live.runs_page.table
    table.selectAll()
    QTest.keyClick(table, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(live.compare_page.isVisible, timeout=WAIT_MS)
    rows = {row.texts[0]: row.texts[1:] for row in live.compare_page.table.rows}
    assert set(rows["algorithm"]) == {"a2c", "dqn", "ppo"}
    panel = live.compare_page.panel
    qtbot.waitUntil(lambda: bool(panel.plots) and panel.plots[0].plot is not None, timeout=WAIT_MS)
    assert panel.plots[0].plot is not None
    assert len(panel.plots[0].plot.lines) == 3
    QTest.keyClick(live.compare_page, Qt.Key.Key_Escape)
    assert live.runs_page.isVisible()


def test_that_the_log_is_shown_searched_and_closed(live: LiveScreen, filled: Recordings, qtbot: QtBot) -> None:
    folder = filled.paths.trainer_runs_dir / "newest"
    folder.mkdir(parents=True)
    (folder / "worker-w0.log").write_text("began\nERROR it broke\n")
    table = live.runs_page.table
    table.choose("newest")
    QTest.keyClick(table, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: live.log_pane.lines() == ["began", "ERROR it broke"], timeout=WAIT_MS)
    QTest.keyClicks(live.log_pane.search, "broke")
    assert live.log_pane.lines() == ["ERROR it broke"]
    QTest.keyClick(table, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert not live.log_pane.isVisible()


@opens_a_dialog
def test_that_without_runs_the_screen_invites_to_start_one(window: MainWindow, qtbot: QtBot) -> None:
    live = open_live(window, qtbot, 0)
    assert live.runs_page.empty.title == "Nothing is being trained yet"
    QTest.mouseClick(live.runs_page.empty.button, Qt.MouseButton.LeftButton)
    assert live.start_form is not None
    assert live.start_form.form.preset == "cartpole-ppo"
    live.start_form.reject()


@opens_a_dialog
def test_that_the_form_shows_the_command_and_what_is_wrong(window: MainWindow, qtbot: QtBot) -> None:
    live = open_live(window, qtbot, 0)
    QTest.keyClick(live, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    form = live.start_form
    assert form is not None
    steps = form.settings.fields["total_steps"]
    type_over(steps, "7x")
    assert form.message.text() == "Steps is a whole number."
    assert not form.start_button.isEnabled()
    QTest.keyClick(steps, Qt.Key.Key_Backspace)
    assert form.form.config.total_steps == 7
    assert "--steps 7" in form.form.command
    QTest.mouseClick(form.kinds.button("DQN"), Qt.MouseButton.LeftButton)
    assert "buffer_size" in form.hyper.fields
    form.reject()


@opens_a_dialog
def test_that_a_scripts_arguments_are_typed_with_quotes(window: MainWindow, qtbot: QtBot) -> None:
    live = open_live(window, qtbot, 0)
    live.start_run()
    form = live.start_form
    assert form is not None
    QTest.mouseClick(form.kinds.button("script"), Qt.MouseButton.LeftButton)
    type_over(form.settings.fields["script"], "train.py")
    field = form.settings.fields["arguments"]
    assert isinstance(field, QLineEdit)
    assert field.placeholderText() == "for example --steps 500 'two words'"
    type_over(field, "500 'a b")
    assert form.message.text() == "Arguments has a quote that is not closed."
    assert (form.start_button.isEnabled(), form.copy_button.isEnabled()) == (False, False)
    QTest.keyClicks(field, "' c")
    assert (form.start_button.isEnabled(), form.copy_button.isEnabled()) == (True, True)
    assert form.form.config.arguments == ("500", "a b", "c")
    assert field.text() == "500 'a b' c"
    form.reject()


@opens_a_dialog
def test_that_the_form_says_what_cannot_begin_before_it_is_started(window: MainWindow, qtbot: QtBot) -> None:
    live = open_live(window, qtbot, 0)
    live.start_run()
    form = live.start_form
    assert form is not None
    field = form.settings.fields["env_id"]
    steps = form.settings.fields["total_steps"]
    type_over(steps, "7x")
    type_over(field, "NoSuch-v1")
    # What cannot be started is not judged, and is once it can.
    judging = form.findChild(QTimer)
    assert judging is not None
    qtbot.waitUntil(lambda: not judging.isActive(), timeout=WAIT_MS)
    QTest.keyClick(steps, Qt.Key.Key_Backspace)
    assert form.start_button.isEnabled()  # nobody waits for a judgement
    qtbot.waitUntil(lambda: "no environment 'NoSuch-v1'" in form.message.text(), timeout=6 * WAIT_MS)
    assert not form.start_button.isEnabled()
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    assert form.start_button.isEnabled()
    assert not form.message.text()
    form.reject()


@opens_a_dialog
def test_that_a_refused_run_leaves_the_form_with_its_reason(window: MainWindow, qtbot: QtBot) -> None:
    live = open_live(window, qtbot, 0)
    live.start_run()
    form = live.start_form
    assert form is not None
    live.show_refused(refusal("The trainer is full.").message, "")
    assert form.message.text() == "The trainer is full."
    assert form.start_button.isEnabled()
    form.reject()


def test_that_a_trainer_that_is_lost_is_told_where_its_runs_would_be(live: LiveScreen) -> None:
    link = TrainerLink(LinkState.LOST, "No trainer answers at elsewhere:7777.")
    live.show_runs(LiveRunsState(loaded=True, link=link))
    assert live.runs_page.empty.title == "The trainer cannot be reached"
    state = LiveRunsState(runs=[make_run(1)], shown=[make_run(1)], loaded=True, link=link)
    live.show_runs(state)
    assert live.runs_page.note.text() == "No trainer answers at elsewhere:7777."
    assert live.runs_page.note.isVisible()
    lost = AlertStatus(run_id="", kind="trainer-lost", sentence=link.sentence, since=None, active=True)
    live.show_alerts([lost])
    live.show_runs(state)
    assert not live.runs_page.note.isVisible()  # once is enough
    live.banner.hide()
    live.show_runs(state)
    assert live.runs_page.note.isVisible()


def test_that_a_thousand_runs_are_listed_and_the_chosen_one_stays_chosen(live: LiveScreen) -> None:
    runs = [make_run(place) for place in range(1_000)]
    live.show_runs(LiveRunsState(runs=runs, shown=runs, loaded=True))
    live.runs_page.table.choose("run-700")
    changed = [replace(run, state=TrainingState.PAUSED) for run in runs[1:]]
    live.show_runs(LiveRunsState(runs=changed, shown=changed, loaded=True))
    current = live.runs_page.table.current_run()
    assert current is not None
    assert (current.run_id, current.state) == ("run-700", TrainingState.PAUSED)
    assert live.count.text() == "999 runs"


@opens_a_dialog
def test_that_cancelling_asks_and_names_what_goes(live: LiveScreen) -> None:
    run = make_run(1)
    live.show_runs(LiveRunsState(runs=[run], shown=[run], loaded=True))
    live.runs_page.table.choose("run-1")
    live.actions_of_runs.show_runs([run])
    QTest.keyClick(live.runs_page.table, Qt.Key.Key_Delete)
    box = live.actions_of_runs.question
    assert box is not None
    assert "10 steps are done" in box.informativeText()
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert live.actions_of_runs.question is None


def test_that_a_run_that_fails_while_one_plays_puts_a_badge_on_the_rail(
    window: MainWindow, recordings: Recordings, qtbot: QtBot
) -> None:
    assert window.context is not None
    attention = window.context.live.attention
    qtbot.waitUntil(lambda: attention.state.health is not None, timeout=WAIT_MS)
    now = utc_now()
    run = RunRecord(run_id="broken", env_id="E-v0", created_at=now, player="ppo")
    recordings.store.insert_run(run)
    recordings.store.upsert_episode(
        EpisodeRollup(
            run_id="broken",
            episode_id="ep",
            episode_index=0,
            seed=None,
            started_at=now,
            ended_at=now + timedelta(seconds=1),
            status=EpisodeStatus.FAULTED,
        )
    )
    recordings.store.end_run("broken", RunState.FAULTED, now)
    attention.controller.poll()
    qtbot.waitUntil(lambda: bool(attention.state.unseen), timeout=WAIT_MS)
    entry = window.rail.entry("live")
    assert entry.has_badge()
    live = open_live(window, qtbot, 1)
    assert not entry.has_badge()
    live.page_buttons["Health"].click()
    qtbot.waitUntil(lambda: len(live.health_page.alerts.rows) == 1, timeout=WAIT_MS)
    assert live.health_page.alerts.rows[0].texts[0] == "Failed"
    assert live.health_page.cpu.text.startswith("CPU")


def test_that_the_hours_of_a_disk_are_told_for_play_and_not_while_something_trains(
    recordings: Recordings, request: pytest.FixtureRequest, qtbot: QtBot
) -> None:
    recordings.finish(recordings.record(MIN_STEPS + 1).run_id)
    window: MainWindow = request.getfixturevalue("window")

    def disk() -> str:
        return "" if window.status_bar.line is None else window.status_bar.line.disk

    qtbot.waitUntil(lambda: "≈" in disk(), timeout=WAIT_MS)
    recordings.record(20, player="ppo", status=EpisodeStatus.RUNNING)
    qtbot.waitUntil(lambda: bool(disk()) and "≈" not in disk(), timeout=WAIT_MS)


def test_that_pages_are_reached_by_their_keys(live: LiveScreen) -> None:
    for key, page in (
        (Qt.Key.Key_2, live.watch_page),
        (Qt.Key.Key_3, live.health_page),
        (Qt.Key.Key_1, live.runs_page),
    ):
        QTest.keyClick(live, key, Qt.KeyboardModifier.AltModifier)
        assert page.isVisible()
