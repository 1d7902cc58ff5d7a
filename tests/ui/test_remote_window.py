"""The window on a trainer's recordings scrubs them as if they were here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from trainer_rig import TrainerProcess, make_batch, publisher

from gym_gui.config.settings import Settings
from gym_gui.controllers.start_request import StartRequest
from gym_gui.core.data_model import RunState
from gym_gui.recording.export import FORMATS
from gym_gui.services.trainer.states import TrainingState
from gym_gui.ui.application import begin, make_window
from gym_gui.ui.screens.export_dialog import ExportDialog
from gym_gui.ui.screens.live_screen import LiveScreen
from gym_gui.ui.screens.replay_screen import ReplayScreen

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gym_gui.ui.main_window import MainWindow


WAIT_MS = 20_000


def painted_value(screen: ReplayScreen) -> int | None:
    """What the pixel in the middle of the painted picture is; None where there is no picture."""
    picture = screen.player.stage.picture
    if picture.image is None:
        return None
    return picture.grab().toImage().pixelColor(picture.target.center() * picture.devicePixelRatioF()).red()


def test_that_an_episode_of_a_trainer_opens_with_its_pictures(
    qtbot: QtBot, var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TrainerProcess(var_dir) as trainer:
        worker = publisher(trainer.address, tmp_path / "spool")
        worker.put(make_batch(1, frames=True))
        assert worker.flush(20)
        worker.close(RunState.COMPLETED)
        monkeypatch.setenv("GYM_GUI_TRAINER", trainer.address)
        window = make_window(Settings(var_dir=tmp_path / "own"))
        qtbot.addWidget(window)
        window.when_open(lambda: begin(window, StartRequest(kind="replay", run_id="a-run")))
        window.show()
        window.open()

        qtbot.waitUntil(lambda: window.made_screen("replay") is not None, timeout=WAIT_MS)
        screen = window.made_screen("replay")
        assert isinstance(screen, ReplayScreen)
        controller = screen.player.controller
        qtbot.waitUntil(lambda: controller.state.length == 50 and not controller.state.loading, timeout=WAIT_MS)
        controller.seek(7)
        qtbot.waitUntil(lambda: painted_value(screen) == 7, timeout=WAIT_MS)
        assert window.context is not None
        assert trainer.address in window.context.archive.why_read_only
        assert window.context.recorder is None
        window.close()


def open_remote_window(qtbot: QtBot, own: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """The window on a trainer's recordings, its own folder empty."""
    monkeypatch.setenv("GYM_GUI_TRAINER", address)
    window = make_window(Settings(var_dir=own))
    qtbot.addWidget(window)
    window.show()
    window.open()
    qtbot.waitUntil(lambda: window.context is not None, timeout=WAIT_MS)
    return window


def test_that_pictures_and_curves_of_a_trainer_are_watched_as_they_come(
    qtbot: QtBot, var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TrainerProcess(var_dir) as trainer:
        worker = publisher(trainer.address, tmp_path / "spool")
        worker.put(make_batch(1, frames=True))
        window = open_remote_window(qtbot, tmp_path / "own", trainer.address, monkeypatch)
        line = window.status_bar.line
        assert line is not None
        assert line.record == f"Trainer {trainer.address}"
        window.show_screen("live")
        live = window.made_screen("live")
        assert isinstance(live, LiveScreen)
        qtbot.waitUntil(lambda: len(live.controller.state.runs) == 1, timeout=WAIT_MS)
        live.show_page(live.watch_page)
        page = live.watch_page

        def shown() -> tuple[str, float] | None:
            picture = page.wall.picture_of("w0")
            return None if picture is None else (picture.episode_id, picture.episode_return)

        qtbot.waitUntil(lambda: shown() == ("s-e1", 49.0), timeout=WAIT_MS)
        qtbot.waitUntil(lambda: len(page.curves.state.episodes or ()) == 1, timeout=WAIT_MS)
        worker.put(make_batch(2, frames=True))
        qtbot.waitUntil(lambda: shown() == ("s-e2", 49.0), timeout=WAIT_MS)
        qtbot.waitUntil(lambda: len(page.curves.state.episodes or ()) == 2, timeout=WAIT_MS)
        assert page.wall.painted_pictures >= 2
        worker.close(RunState.COMPLETED)
        qtbot.waitUntil(lambda: live.controller.state.runs[0].state is TrainingState.COMPLETED, timeout=WAIT_MS)
        window.close()


@pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform's own words about every dialog
def test_that_an_episode_of_a_trainer_is_exported_to_this_machine(
    qtbot: QtBot, var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TrainerProcess(var_dir) as trainer:
        worker = publisher(trainer.address, tmp_path / "spool")
        worker.put(make_batch(1, frames=True))
        assert worker.flush(20)
        worker.close(RunState.COMPLETED)
        window = open_remote_window(qtbot, tmp_path / "own", trainer.address, monkeypatch)
        begin(window, StartRequest(kind="replay", run_id="a-run"))
        qtbot.waitUntil(lambda: window.made_screen("replay") is not None, timeout=WAIT_MS)
        screen = window.made_screen("replay")
        assert isinstance(screen, ReplayScreen)
        qtbot.waitUntil(lambda: painted_value(screen) == 0, timeout=WAIT_MS)
        QTest.keyClick(screen.player, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: screen.player.findChild(ExportDialog) is not None, timeout=WAIT_MS)
        dialog = screen.player.findChild(ExportDialog)
        assert isinstance(dialog, ExportDialog)
        dialog.formats.setCurrentRow([one.name for one in FORMATS].index("gif"))
        dialog.path.selectAll()
        QTest.keyClicks(dialog.path, str(tmp_path / "episode.gif"))
        QTest.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not dialog.job.running and bool(dialog.message.text()), timeout=WAIT_MS)
        assert (tmp_path / "episode.gif").read_bytes().startswith(b"GIF8"), dialog.message.text()
        dialog.close()
        window.close()
