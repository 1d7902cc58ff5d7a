"""How the library's columns share a width."""

from __future__ import annotations

import pytest

from gym_gui.controllers.library_index import Column
from gym_gui.ui.screens.library_widths import LEAST, share

NUMBERS = 600
NAMES = (Column.GAME, Column.PLAYER)


def wanted(game: int, player: int) -> dict[Column, int]:
    """What columns ask for whose numbers take `NUMBERS` pixels."""
    rest = [column for column in Column if column not in NAMES]
    numbers = dict.fromkeys(rest, NUMBERS // len(rest))
    numbers[Column.SIZE] += NUMBERS - sum(numbers.values())
    return {Column.GAME: game, Column.PLAYER: player, **numbers}


@pytest.mark.parametrize(
    ("room", "names"),
    [
        (NUMBERS + 500, (250, 250)),
        (NUMBERS + 301, (150, 151)),
        (NUMBERS + 200, (120, 80)),
        (NUMBERS + 170, (170 - LEAST[Column.PLAYER], LEAST[Column.PLAYER])),
        (NUMBERS + sum(LEAST[column] for column in NAMES), (LEAST[Column.GAME], LEAST[Column.PLAYER])),
    ],
)
def test_that_names_take_what_numbers_leave_and_the_player_gives_way_first(room: int, names: tuple[int, int]) -> None:
    asked = wanted(120, 120)
    shared = share(room, asked)
    assert (shared[Column.GAME], shared[Column.PLAYER]) == names
    assert all(shared[column] == asked[column] for column in asked if column not in NAMES)


@pytest.mark.parametrize(("lack", "seed", "ended"), [(20, 65, 85), (29, 56, 85), (35, 56, 79), (42, 56, 72)])
def test_that_seeds_and_endings_give_way_before_the_size_is_pushed_out(lack: int, seed: int, ended: int) -> None:
    """Their tips tell them whole; a window of 900 pixels has no room for nine digits of each."""
    asked = wanted(LEAST[Column.GAME], LEAST[Column.PLAYER])
    room = sum(asked.values()) - lack
    shared = share(room, asked)
    assert (shared[Column.SEED], shared[Column.ENDED]) == (seed, ended)
    assert sum(shared.values()) == room
    assert shared[Column.SIZE] == asked[Column.SIZE]
