"""What the commands share: keyword pairs, tables, sizes, and how a user types a command."""

from __future__ import annotations

import json
import math

import click
import numpy as np
import pytest

from gym_gui.cli.library import parse_episode
from gym_gui.cli.options import as_typed_here, print_json, print_table, without_empty_columns
from gym_gui.cli.record import parse_kwargs


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("x=1", 1),
        ("x=0.25", 0.25),
        ("x=true", True),
        ("x=null", None),
        ("x=[2, 5]", [2, 5]),
        ("x=human", "human"),
        ('x="1"', "1"),
        ("x=", ""),
        ("x=a=b", "a=b"),
    ],
)
def test_that_a_value_is_json_or_text(pair: str, value: object) -> None:
    assert parse_kwargs((pair,)) == {"x": value}


def test_that_the_last_of_two_pairs_wins() -> None:
    assert parse_kwargs(("x=1", "y=2", "x=3")) == {"x": 3, "y": 2}


@pytest.mark.parametrize("pair", ["x", "=1", "not a name=1", ""])
def test_that_what_is_no_pair_is_wrong_usage(pair: str) -> None:
    with pytest.raises(click.UsageError, match="is not NAME=VALUE"):
        parse_kwargs((pair,))


@pytest.mark.parametrize(
    ("text", "episode"), [("0", 0), ("17", 17), ("ep-000001", "ep-000001"), ("-1", "-1"), ("²", "²"), ("", "")]
)
def test_that_digits_are_an_index_and_the_rest_an_id(text: str, episode: str | int) -> None:
    assert parse_episode(text) == episode


def test_that_a_table_is_as_wide_as_it_needs_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "STEPS", "NOTE"), [("ゲーム", "1,200", ""), ("b", "7", "x" * 300)], numbers=("STEPS",))
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["NAME    STEPS  NOTE", "ゲーム  1,200", f"b           7  {'x' * 300}"]


def test_that_a_column_that_says_nothing_is_left_out() -> None:
    columns, rows = without_empty_columns(
        ("A", "B", "C"), [("1", "0", "0"), ("2", "0", "3")], where={"B": "0", "C": "0"}
    )
    assert (columns, rows) == (["A", "C"], [["1", "0"], ["2", "3"]])


def test_that_a_command_is_told_as_the_user_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "There is no run 'x' here. `gym-gui runs` lists the runs that are here."
    monkeypatch.delenv("GYM_GUI_COMMAND", raising=False)
    assert as_typed_here(told) == told
    monkeypatch.setenv("GYM_GUI_COMMAND", "python3 scripts/run.py")
    assert (
        as_typed_here(told) == "There is no run 'x' here. `python3 scripts/run.py runs` lists the runs that are here."
    )


def test_that_json_says_numbers_exactly(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    value = {"reward": 1 / 3, "small": np.float32(0.1), "array": np.array([1, 2]), "big": 2**62, "none": math.nan}
    print_json(value)
    read = json.loads(capfdbinary.readouterr().out)
    assert read == {"reward": 1 / 3, "small": float(np.float32(0.1)), "array": [1, 2], "big": 2**62, "none": None}
