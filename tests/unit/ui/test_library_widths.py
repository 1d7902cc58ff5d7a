"""How the library's columns share a width."""

from __future__ import annotations

import pytest

from gym_gui.controllers.library_index import Column
from gym_gui.ui.screens.library_widths import LEAST, share

NUMBERS = 500


def wanted(game: int, player: int) -> dict[Column, int]:
    """What columns ask for whose numbers take `NUMBERS` pixels."""
    rest = [column for column in Column if column not in LEAST]
    numbers = dict.fromkeys(rest, NUMBERS // len(rest))
    numbers[Column.SIZE] += NUMBERS - sum(numbers.values())
    return {Column.GAME: game, Column.PLAYER: player, **numbers}


@pytest.mark.parametrize(
    ("room", "names"),
    [
        (NUMBERS + 500, (250, 250)),
        (NUMBERS + 301, (150, 151)),
        (NUMBERS + 200, (120, 80)),
        (NUMBERS + 170, (106, 64)),
        (NUMBERS + 144, (80, 64)),
        (NUMBERS + 20, (80, 64)),
    ],
)
def test_that_names_take_what_numbers_leave_and_the_player_gives_way_first(room: int, names: tuple[int, int]) -> None:
    asked = wanted(120, 120)
    shared = share(room, asked)
    assert (shared[Column.GAME], shared[Column.PLAYER]) == names
    assert all(shared[column] == asked[column] for column in asked if column not in LEAST)
