"""Work off the caller's thread: answers come home once, cancelled ones not at all, faults are never lost."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING

import pytest

from gym_gui.controllers.tasks import ImmediateTaskRunner, ThreadTaskRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import LogExpectations

TIMEOUT_S = 10.0


class Home:
    """A thread that answers are brought to: this one."""

    def __init__(self) -> None:
        self.answers: queue.Queue[Callable[[], None]] = queue.Queue()
        self.runner = ThreadTaskRunner(self.answers.put, workers=1, name="worker")

    def take_answer(self) -> None:
        self.answers.get(timeout=TIMEOUT_S)()


@pytest.fixture
def home() -> Iterator[Home]:
    home = Home()
    yield home
    home.runner.close()


def test_that_work_runs_elsewhere_and_the_answer_at_home(home: Home) -> None:
    where: list[str] = []
    home.runner.submit(
        lambda: where.append(threading.current_thread().name), lambda _: where.append(threading.current_thread().name)
    )
    home.take_answer()
    assert where[0].startswith("worker")
    assert where[1] == threading.current_thread().name


def test_that_a_fault_goes_to_whoever_asked(home: Home) -> None:
    faults: list[Exception] = []
    home.runner.submit(lambda: 1 // 0, None, faults.append)
    home.take_answer()
    assert isinstance(faults[0], ZeroDivisionError)


def test_that_a_fault_that_nobody_asked_for_is_logged(home: Home, expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "A background task failed")
    home.runner.submit(lambda: 1 // 0)
    home.runner.submit(lambda: None, lambda _: None)
    home.take_answer()


def test_that_a_cancelled_answer_is_dropped_even_after_the_work_is_done(home: Home) -> None:
    answers: list[int] = []
    ticket = home.runner.submit(lambda: 1, answers.append)
    answer = home.answers.get(timeout=TIMEOUT_S)
    ticket.cancel()
    answer()
    assert answers == []


def test_that_cancelled_work_that_has_not_begun_never_begins(home: Home) -> None:
    may_end = threading.Event()
    begun: list[int] = []
    home.runner.submit(lambda: may_end.wait(TIMEOUT_S))
    home.runner.submit(lambda: begun.append(1)).cancel()
    home.runner.submit(lambda: None, lambda _: None)
    may_end.set()
    home.take_answer()
    assert begun == []


def test_that_a_closed_runner_takes_no_work(home: Home) -> None:
    home.runner.close()
    with pytest.raises(RuntimeError):
        home.runner.submit(lambda: None)


def test_that_the_immediate_runner_answers_before_it_returns() -> None:
    answers: list[object] = []
    runner = ImmediateTaskRunner()
    runner.submit(lambda: 1, answers.append)
    runner.submit(lambda: 1 // 0, None, answers.append)
    assert answers[0] == 1
    assert isinstance(answers[1], ZeroDivisionError)
