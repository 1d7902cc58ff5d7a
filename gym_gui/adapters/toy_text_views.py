"""Toy text as grids and cards: what FrozenLake, CliffWalking, Taxi and Blackjack look like without a picture."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from gym_gui.adapters.views import text_view

if TYPE_CHECKING:
    from gymnasium import Env

    from gym_gui.adapters.views import View, ViewMaker

_ICE: Final = {
    "S": {"label": "Start", "role": "start"},
    "F": {"label": "Ice", "role": "floor"},
    "H": {"label": "Hole", "role": "hole"},
    "G": {"label": "Goal", "role": "goal"},
}
_CLIFF: Final = {
    "S": {"label": "Start", "role": "start"},
    ".": {"label": "Ground", "role": "floor"},
    "C": {"label": "Cliff", "role": "hole"},
    "G": {"label": "Goal", "role": "goal"},
}
_STREETS: Final = {
    ".": {"label": "Street", "role": "floor"},
    ":": {"label": "Way", "role": "floor"},
    "|": {"label": "Wall", "role": "wall"},
}
_STATIONS: Final = {"R": "Red", "G": "Green", "Y": "Yellow", "B": "Blue"}
_IN_TAXI: Final = 4
_ACE, _FACE_VALUE, _BEST = 1, 10, 21


def toy_text_view_maker(env: Env[Any, Any]) -> ViewMaker | None:
    """The maker for one of Gymnasium's toy texts, by its class's name; None for another."""
    world: Any = env.unwrapped
    make = {
        "FrozenLakeEnv": _frozen_lake,
        "CliffWalkingEnv": _cliff_walking,
        "TaxiEnv": _taxi,
        "BlackjackEnv": _blackjack,
    }.get(type(world).__name__)
    return None if make is None else make(world)


def _grid(cells: list[list[str]], legend: View, agents: list[View]) -> View:
    size = {"rows": len(cells), "columns": len(cells[0])}
    return {"kind": "grid", **size, "cells": cells, "legend": legend, "agents": agents}


def _frozen_lake(world: Any) -> ViewMaker:
    cells = [[letter.decode() for letter in line] for line in world.desc.tolist()]
    columns = len(cells[0])

    def view(*_: Any) -> View:
        row, column = divmod(int(world.s), columns)
        return _grid(cells, _ICE, [{"row": row, "column": column, "label": "Elf"}])

    return view


def _cliff_walking(world: Any) -> ViewMaker:
    rows, columns = (int(size) for size in world.shape)
    cells = [["."] * columns for _ in range(rows)]
    cells[-1] = ["S", *["C"] * (columns - 2), "G"]

    def view(*_: Any) -> View:
        row, column = divmod(int(world.s), columns)
        return _grid(cells, _CLIFF, [{"row": row, "column": column, "label": "Walker"}])

    return view


def _taxi(world: Any) -> ViewMaker:
    # The map's border is left out; between two streets is a way or a wall, so that walls can be seen.
    inside = [[letter.decode() for letter in line[1:-1]] for line in world.desc.tolist()[1:-1]]
    cells = [["." if letter == " " else letter for letter in line] for line in inside]
    stations = [(int(row), 2 * int(column)) for row, column in world.locs]
    letters = [cells[row][column] for row, column in stations]

    @cache  # few, and the same ones for many steps: they travel, and are stored, once
    def legend_of(passenger: int, destination: int) -> View:
        legend: View = dict(_STREETS)
        for place, letter in enumerate(letters):
            role, name = "floor", _STATIONS.get(letter, letter)
            if place == passenger:
                role, name = "passenger", f"{name}, passenger"
            if place == destination:
                role, name = "destination", f"{name}, destination"
            legend[letter] = {"label": name, "role": role}
        return legend

    def view(*_: Any) -> View:
        row, column, passenger, destination = (int(part) for part in world.decode(int(world.s)))
        label = "Taxi with passenger" if passenger == _IN_TAXI else "Taxi"
        agents = [{"row": row, "column": 2 * column, "label": label}]
        return _grid(cells, legend_of(passenger, destination), agents)

    return view


def _blackjack(world: Any) -> ViewMaker:
    def view(_: Any, is_over: bool) -> View:
        player, dealer = [int(card) for card in world.player], [int(card) for card in world.dealer]
        # As at a table: the dealer's second card lies face down until the end.
        cards = _hand(dealer) if is_over else f"{_card(dealer[0])}, hidden card"
        return text_view(f"You: {_hand(player)}\nDealer: {cards}")

    return view


def _hand(cards: list[int]) -> str:
    total = sum(cards)
    soft = _ACE in cards and total + _FACE_VALUE <= _BEST
    worth = f"{total + _FACE_VALUE}, an ace as 11" if soft else str(total)
    return f"{', '.join(map(_card, cards))} ({worth}{', bust' if total > _BEST else ''})"


def _card(value: int) -> str:
    return "A" if value == _ACE else str(value)
