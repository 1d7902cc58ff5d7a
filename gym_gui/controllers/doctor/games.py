"""Which games can be played here, and what the others lack."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from gym_gui.adapters.catalog import list_environments
from gym_gui.controllers.doctor.check import Check, Status

if TYPE_CHECKING:
    from gym_gui.config.settings import Settings

_ATARI_GAMES: Final = 104
_OURS: Final = ("Atari", "Box2D", "Classic control", "Toy text")


def check_atari(_settings: Settings) -> Check:
    """Whether every Atari game's ROM is here and one starts."""
    from gym_gui.adapters.catalog import make_adapter  # noqa: PLC0415 - beside its one use

    games = [entry for entry in list_environments() if entry.family == "Atari"]
    if not games:
        return Check("Atari", Status.PROBLEM, "No Atari game is known.", "pip install ale-py")
    adapter = make_adapter("ALE/Breakout-v5")
    try:
        adapter.reset(seed=0)
    finally:
        adapter.close()
    if len(games) < _ATARI_GAMES:
        return Check(
            "Atari", Status.WARNING, f"{len(games)} of {_ATARI_GAMES} games are here.", "pip install --upgrade ale-py"
        )
    return Check("Atari", Status.OK, f"{len(games)} games; Breakout starts.")


def check_families(_settings: Settings) -> Check:
    """How many games of each family can be played, and what is missing for the others."""
    entries = list_environments()
    here = Counter(entry.family for entry in entries if entry.available)
    lacking: dict[str, set[str]] = {}
    for entry in entries:
        if not entry.available:
            lacking.setdefault(entry.family, set()).add(entry.unavailable_reason)
    text = ", ".join(f"{family} {count}" for family, count in here.items())
    told = [f"{family} {' and '.join(sorted(reasons))}" for family, reasons in lacking.items()]
    if told:
        text += f". {', '.join(told)}"
    gone = [family for family in _OURS if not here[family]]
    if gone:
        return Check("Games", Status.WARNING, f"{text}.", f"Nothing of {' and '.join(gone)} can be played here.")
    return Check("Games", Status.OK, f"{text}.")
