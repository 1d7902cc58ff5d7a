"""The live screens beside a trainer that is lost and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ui.test_live import WAIT_MS, open_live

from gym_gui.controllers.live_runs import LinkState, TrainerLink
from gym_gui.controllers.live_source import LiveHealth
from gym_gui.services.trainer.status import AlertStatus

if TYPE_CHECKING:
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
