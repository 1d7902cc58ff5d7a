"""The way that a loop gives: at once where the other thread is ready, never for long, and not again and again."""

from __future__ import annotations

import threading
import time

from gym_gui.telemetry.right_of_way import RightOfWay


def test_that_a_loop_goes_on_once_the_round_is_over() -> None:
    way = RightOfWay(3_600)
    asked = threading.Event()

    def take() -> None:
        asked.wait(10)
        way.taken()

    taker = threading.Thread(target=take)
    taker.start()
    before_ns = way.due_ns
    asked.set()
    while way.due_ns == before_ns:
        way.give()
    taker.join()
    assert way.due_ns > time.monotonic_ns() + 3_000 * 10**9


def test_that_nobody_is_waited_for_again_at_once() -> None:
    way = RightOfWay(0.0)
    assert way.due_ns <= time.monotonic_ns()
    way.give()  # nobody takes anything
    assert way.due_ns > time.monotonic_ns()


def test_that_who_takes_is_due_anew_after_each_round() -> None:
    way = RightOfWay(1.0)
    first_ns = way.due_ns
    way.taken()
    assert way.due_ns > first_ns
    way.give()  # that round was told; this waits for the next, and in vain
    assert way.due_ns >= first_ns
