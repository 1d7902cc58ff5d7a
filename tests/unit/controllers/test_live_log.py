"""A log that is followed, searched and filtered."""

from __future__ import annotations

import pytest
from live_runs import MemoryDesk

from gym_gui.controllers.live_log import LiveLogController, LogState
from gym_gui.controllers.log_lines import LogLevel, level_of
from gym_gui.controllers.tasks import ImmediateTaskRunner

LOG = "hello\n2026 WARNING low\n\x1b[31mERROR\x1b[0m broke\n  in line 7\n1%\r99%\nDEBUG x\n"


class Face:
    def __init__(self) -> None:
        self.state = LogState()

    def show_log(self, state: LogState) -> None:
        self.state = state

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.state.lines]


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk(log=LOG.encode())


@pytest.fixture
def face() -> Face:
    return Face()


@pytest.fixture
def log(desk: MemoryDesk, face: Face) -> LiveLogController:
    controller = LiveLogController(desk, ImmediateTaskRunner(), face)
    controller.follow("run-1")
    return controller


def test_that_lines_have_levels_and_no_codes_of_terminals(log: LiveLogController, face: Face) -> None:
    assert log.state.total == 6
    assert face.texts == ["hello", "2026 WARNING low", "ERROR broke", "  in line 7", "99%", "DEBUG x"]
    levels = [line.level for line in face.state.lines]
    assert levels == [LogLevel.INFO, LogLevel.WARNING, LogLevel.ERROR, LogLevel.ERROR, LogLevel.INFO, LogLevel.DEBUG]


def test_that_search_and_level_filter_together(log: LiveLogController, face: Face) -> None:
    log.set_level(LogLevel.WARNING)
    assert face.texts == ["2026 WARNING low", "ERROR broke", "  in line 7"]
    log.search("LINE")
    assert face.texts == ["  in line 7"]


def test_that_what_is_written_later_comes_and_halves_are_put_together(
    log: LiveLogController, face: Face, desk: MemoryDesk
) -> None:
    euro = "5 €".encode()
    desk.log += euro[:-1]
    log.poll()
    assert log.state.total == 6  # a line without its end waits
    desk.log += euro[-1:] + b"\n"
    log.poll()
    assert face.texts[-1] == "5 €"


def test_that_another_run_begins_anew_and_a_missing_log_is_told(desk: MemoryDesk, face: Face) -> None:
    log = LiveLogController(desk, ImmediateTaskRunner(), face)
    log.follow("run-1")
    desk.log, desk.no_log = b"", "There is no log."
    log.follow("run-2")
    assert face.state.total == 0
    assert face.state.missing == "There is no log."


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Traceback (most recent call last):", LogLevel.ERROR),
        ("ValueError: x", LogLevel.ERROR),
        ("UserWarning: x", LogLevel.WARNING),
        ("no terror here", LogLevel.INFO),
    ],
)
def test_that_levels_are_told_by_words(text: str, level: LogLevel) -> None:
    assert level_of(text) is level
