"""The list of games: order, what recordings say, the cache, and faults."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gym_gui.adapters.catalog import CatalogEntry
from gym_gui.controllers.catalog import CatalogController, cards_from, played_before
from gym_gui.controllers.tasks import ImmediateTaskRunner
from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary
from gym_gui.core.errors import EnvironmentUnusableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gym_gui.controllers.game_card import GameCard

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class View:
    """Remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[list[GameCard]] = []
        self.changed: list[GameCard] = []
        self.errors: list[tuple[str, str]] = []
        self.reordered = 0

    def show_games(self, games: Sequence[GameCard]) -> None:
        self.shown.append(list(games))

    def show_game_changed(self, game: GameCard) -> None:
        self.changed.append(game)

    def show_played(self) -> None:
        self.reordered += 1

    def show_catalog_error(self, message: str, hint: str) -> None:
        self.errors.append((message, hint))


def entry(env_id: str, family: str = "Atari", *, reason: str = "") -> CatalogEntry:
    name = env_id.removeprefix("ALE/").split("-")[0]
    return CatalogEntry(env_id=env_id, name=name, family=family, available=not reason, unavailable_reason=reason)


def episode(env_id: str, total: float, *, hours: float = 0, steps: int = 5, player: str = "human") -> EpisodeSummary:
    rollup = EpisodeRollup(
        run_id="run",
        episode_id="ep",
        episode_index=0,
        seed=1,
        started_at=NOW + timedelta(hours=hours),
        steps=steps,
        total_reward=total,
    )
    return EpisodeSummary(rollup=rollup, env_id=env_id, player=player, size_bytes=0)


ENTRIES = [
    entry("ALE/Zaxxon-v5"),
    entry("ALE/Breakout-v5"),
    entry("Ant-v5", "MuJoCo", reason="needs mujoco"),
    entry("ALE/Amidar-v5"),
]


class Desk:
    def __init__(self, folder: Path, entries: list[CatalogEntry] | Exception, episodes: list[EpisodeSummary]) -> None:
        self.view = View()
        self.cache = folder / "cache" / "catalogue.json"
        self.entries = entries
        self.episodes = episodes

    def load(self) -> CatalogController:
        controller = CatalogController(
            self.view,
            ImmediateTaskRunner(),
            cache_file=self.cache,
            list_environments=self._list,
            list_episodes=lambda: self.episodes,
            previews=None,
        )
        controller.load()
        return controller

    def _list(self) -> list[CatalogEntry]:
        if isinstance(self.entries, Exception):
            raise self.entries
        return self.entries


def test_that_known_games_come_first_and_missing_ones_last() -> None:
    assert [card.env_id for card in cards_from(ENTRIES)] == [
        "ALE/Breakout-v5",
        "ALE/Amidar-v5",
        "ALE/Zaxxon-v5",
        "Ant-v5",
    ]


def test_that_what_was_played_is_read_from_human_episodes_only() -> None:
    played = played_before(
        [
            episode("A", 3.0, hours=1),
            episode("A", 7.0),
            episode("A", 900.0, player="random"),
            episode("A", 50.0, hours=2, steps=0),
            episode("B", 0.0, steps=0),
        ]
    )
    assert played["A"].last_played == NOW + timedelta(hours=2)
    assert played["A"].best == 7.0
    assert played["B"].best is None


def test_that_a_negative_best_is_not_taken_for_none() -> None:
    assert played_before([episode("A", -9.0), episode("A", -3.0), episode("A", 0.0, steps=0)])["A"].best == -3.0


def test_that_the_second_start_shows_the_cached_list_first(tmp_path: Path) -> None:
    first = Desk(tmp_path, ENTRIES, [])
    first.load()
    assert len(first.view.shown) == 1
    second = Desk(tmp_path, [*ENTRIES, entry("ALE/Pong-v5")], [])
    second.load()
    assert [len(cards) for cards in second.view.shown] == [4, 5]


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"a": 1}', '[{"nonsense": 1}]', "\x00"])
def test_that_a_damaged_cache_is_ignored(tmp_path: Path, text: str) -> None:
    desk = Desk(tmp_path, ENTRIES, [])
    desk.cache.parent.mkdir()
    desk.cache.write_text(text, encoding="utf-8")
    desk.load()
    assert len(desk.view.shown[-1]) == 4
    assert json.loads(desk.cache.read_text(encoding="utf-8"))[0]["env_id"] == "ALE/Breakout-v5"


def test_that_a_list_that_cannot_be_read_says_why_unless_there_is_one(tmp_path: Path) -> None:
    broken = EnvironmentUnusableError("Gymnasium is broken.", hint="Reinstall it.")
    desk = Desk(tmp_path, broken, [])
    desk.load()
    assert desk.view.errors == [("Gymnasium is broken.", "Reinstall it.")]
    Desk(tmp_path, ENTRIES, []).load()
    desk = Desk(tmp_path, broken, [])
    desk.load()
    assert desk.view.errors == []
    assert len(desk.view.shown[0]) == 4


def test_that_played_games_are_told_once_and_kept_when_the_list_comes_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ENTRIES, [episode("ALE/Zaxxon-v5", 4.0)])
    controller = desk.load()
    assert [(card.env_id, card.best) for card in desk.view.changed] == [("ALE/Zaxxon-v5", 4.0)]
    assert desk.view.reordered == 1
    controller.refresh_played()
    assert desk.view.reordered == 1
    desk.episodes.append(episode("ALE/Zaxxon-v5", 9.0, hours=1))
    controller.refresh_played()
    card = controller.card("ALE/Zaxxon-v5")
    assert card is not None
    assert card.best == 9.0
    assert desk.view.reordered == 2
