"""Work away from the Qt thread: a window that goes takes nothing on any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.controllers.tasks import Ticket
from gym_gui.ui.bridge import QtTaskRunner

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_that_a_closed_runner_takes_nothing_on_and_raises_nothing(qtbot: QtBot) -> None:
    del qtbot
    runner = QtTaskRunner()
    done: list[str] = []
    runner.close()
    ticket = runner.submit(lambda: done.append("work"), lambda _: done.append("answer"))
    assert isinstance(ticket, Ticket)
    assert ticket.cancelled
    assert not done
