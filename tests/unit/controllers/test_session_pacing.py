"""Deadlines that keep the mean rate exact, late frames that are counted, and a stopwatch that pauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.controllers.session_pacing import Pacer, Stopwatch


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0.0, 0.008), min_size=120, max_size=240))
def test_that_small_delays_do_not_change_the_mean_rate(delays: list[float]) -> None:
    clock = Clock()
    pacer = Pacer(clock, 60.0)
    first = pacer.deadline
    for delay in delays:
        clock.now = pacer.deadline + delay
        pacer.begin_step()
    assert pacer.deadline == pytest.approx(first + len(delays) / 60.0)
    assert pacer.late == 0


def test_that_the_measured_rate_is_that_of_the_last_second() -> None:
    clock = Clock()
    pacer = Pacer(clock, 60.0)
    for _ in range(120):
        clock.now = pacer.deadline
        pacer.begin_step()
    assert pacer.true_hz == pytest.approx(60.0)
    pacer.set_rate(30.0)
    for _ in range(60):
        clock.now = pacer.deadline
        pacer.begin_step()
    assert pacer.true_hz == pytest.approx(30.0)


@pytest.mark.parametrize(("periods_late", "counted"), [(0.4, 0), (0.6, 1), (0.99, 1), (1.5, 1), (2.5, 2), (30.2, 30)])
def test_that_every_frame_that_did_not_come_in_time_is_counted(periods_late: float, counted: int) -> None:
    clock = Clock()
    pacer = Pacer(clock, 50.0)
    clock.now = pacer.deadline + periods_late / 50.0
    pacer.begin_step()
    assert pacer.late == counted


def test_that_a_delay_of_more_than_a_period_is_not_caught_up() -> None:
    clock = Clock()
    pacer = Pacer(clock, 50.0)
    clock.now = pacer.deadline + 1.0
    pacer.begin_step()
    assert pacer.deadline == pytest.approx(clock.now + 0.02)


def test_that_time_standing_still_is_not_late() -> None:
    clock = Clock()
    pacer = Pacer(clock, 50.0)
    clock.now += 10.0
    pacer.restart()
    clock.now = pacer.deadline
    pacer.begin_step()
    assert pacer.late == 0


def test_that_a_slow_game_has_a_measured_rate_too() -> None:
    clock = Clock()
    pacer = Pacer(clock, 0.5)
    for _ in range(3):
        clock.now = pacer.deadline
        pacer.begin_step()
    assert pacer.true_hz == pytest.approx(0.5)


def test_that_the_stopwatch_counts_only_while_it_runs() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    clock.now += 5
    watch.run()
    clock.now += 2
    watch.run()
    assert watch.elapsed_s == pytest.approx(2)
    watch.stop()
    clock.now += 100
    watch.stop()
    watch.run()
    clock.now += 1
    assert watch.elapsed_s == pytest.approx(3)
    watch.clear()
    assert watch.elapsed_s == 0
