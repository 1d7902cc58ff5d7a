"""The window on a trainer's recordings scrubs them as if they were here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer_rig import TrainerProcess, make_batch, publisher

from gym_gui.config.settings import Settings
from gym_gui.controllers.start_request import StartRequest
from gym_gui.core.data_model import RunState
from gym_gui.ui.application import begin, make_window
from gym_gui.ui.screens.replay_screen import ReplayScreen

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from pytestqt.qtbot import QtBot


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
