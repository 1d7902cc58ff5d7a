"""Numbers, sizes, durations and names as a person reads them."""

from __future__ import annotations

import math

import pytest

from gym_gui.ui.texts import (
    axis_text,
    breakable,
    clock_text,
    duration_text,
    number_text,
    shortened,
    speed_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-893.0, "-893"),
        (1234567.8912, "1,234,567.891"),
        (1e-5, "1.00e-05"),
        (1e308, "1e+308"),
        (-1.7e308, "-1.7e+308"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_that_a_number_has_three_decimals_at_most(value: float, text: str) -> None:
    assert number_text(value) == text


def test_that_a_sign_is_shown_where_it_is_asked_for() -> None:
    assert [number_text(value, signed=True) for value in (1.0, -1.0, 0.0)] == ["+1", "-1", "0"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-7.718, "-7.72"),
        (999.0, "999"),
        (1500.0, "1,500"),
        (12345.0, "12.3K"),
        (4e6, "4M"),
        (2.5e9, "2.5G"),
        (-1e308, "-1e+308"),
    ],
)
def test_that_an_axis_has_three_digits(value: float, text: str) -> None:
    assert axis_text(value) == text


def test_that_times_read_as_a_person_says_them() -> None:
    assert [duration_text(seconds) for seconds in (0.84, 12.4, 185.0, 7800.0)] == [
        "0.8 s",
        "12 s",
        "3 min 05 s",
        "2 h 10 min",
    ]
    assert [clock_text(seconds) for seconds in (0.0, 7.3, 725.0, 3725.04)] == [
        "0:00.0",
        "0:07.3",
        "12:05.0",
        "1:02:05.0",
    ]
    assert [speed_text(speed) for speed in (0.25, 1.0, 16.0)] == ["0.25\u00d7", "1\u00d7", "16\u00d7"]


def test_that_long_names_can_break_and_be_cut_without_losing_their_ends() -> None:
    assert breakable("a" * 50).replace("\u200b", "") == "a" * 50
    assert breakable("run-2026/a.b -0.25") == "run-\u200b2026/\u200ba.\u200bb -0.25"
    # Of two letters that fonts draw as one, a break between them would be none.
    assert breakable("30de5acac5f5ca86cae4111ff4a50bb6", run=12).split("\u200b") == [
        "30de5acac5f5",
        "ca86cae4111",
        "ff4a50bb6",
    ]
    assert max(len(part) for part in breakable("x_" * 30 + "y" * 70).split("\u200b")) <= 24
    assert shortened("abcdefghijklmnop", 8) == "abcd…nop"
    assert shortened("short", 8) == "short"
