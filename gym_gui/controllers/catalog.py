"""The list of games: what can be played here, when each was played last, the best return, and its picture.

Made and called on the view's thread; everything slow goes through the task runner or the preview thread.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.adapters.registry import install_hint
from gym_gui.controllers.game_card import GameCard
from gym_gui.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from gym_gui.adapters.catalog import CatalogEntry
    from gym_gui.controllers.previews import PreviewMaker
    from gym_gui.controllers.views import CatalogView, TaskRunner
    from gym_gui.core.data_model import EpisodeSummary

_log = logging.getLogger(__name__)

# What a newcomer sees first; everything else follows by family and name.
FEATURED: Final = (
    "ALE/Breakout-v5", "CarRacing-v3", "ALE/MsPacman-v5", "ALE/SpaceInvaders-v5", "LunarLander-v3", "ALE/Pong-v5",
    "ALE/Enduro-v5", "ALE/Assault-v5", "ALE/MontezumaRevenge-v5", "FrozenLake-v1", "Taxi-v4", "ALE/Pitfall-v5",
)  # fmt: skip
FAMILY_ORDER: Final = ("Atari", "Box2D", "Classic control", "Toy text")


@dataclass(frozen=True, slots=True)
class PlayedBefore:
    """What the recordings say about one game.

    Attributes:
        last_played: When its newest human episode began.
        best: The highest return of one that has steps; None without.
    """

    last_played: datetime
    best: float | None


def cards_from(entries: Iterable[CatalogEntry]) -> list[GameCard]:
    """The cards of these entries, in the order a newcomer should see them; unavailable games last."""
    cards = [
        GameCard(
            env_id=entry.env_id,
            name=entry.name,
            family=entry.family,
            turn_based=entry.turn_based,
            available=entry.available,
            reason=entry.unavailable_reason,
            hint=install_hint(entry.unavailable_reason),
        )
        for entry in entries
    ]
    return sorted(cards, key=_order)


def played_before(episodes: Iterable[EpisodeSummary]) -> dict[str, PlayedBefore]:
    """What a person's episodes say about each game, by environment id."""
    found: dict[str, PlayedBefore] = {}
    for episode in episodes:
        if episode.player != "human":
            continue
        rollup = episode.rollup
        known = found.get(episode.env_id)
        best = rollup.total_reward if rollup.steps else None
        if known is not None:
            best = known.best if best is None else max(best, known.best if known.best is not None else best)
        last = rollup.started_at if known is None else max(known.last_played, rollup.started_at)
        found[episode.env_id] = PlayedBefore(last, best)
    return found


class CatalogController:
    """Fills a `CatalogView`: from the cached list at once, then from the installed packages, then with pictures.

    Args:
        view: Where the games are shown.
        runner: Runs what is slow.
        cache_file: Keeps the list from one start to the next.
        list_environments: What is installed; slow.
        list_episodes: What was recorded; slow.
        previews: Makes pictures; None to do without.
    """

    def __init__(
        self,
        view: CatalogView,
        runner: TaskRunner,
        *,
        cache_file: Path,
        list_environments: Callable[[], Sequence[CatalogEntry]],
        list_episodes: Callable[[], Sequence[EpisodeSummary]],
        previews: PreviewMaker | None,
    ) -> None:
        self._view = view
        self._runner = runner
        self._cache_file = cache_file
        self._list_environments = list_environments
        self._list_episodes = list_episodes
        self._previews = previews
        self._cards: dict[str, GameCard] = {}
        self._fresh = False

    def load(self) -> None:
        """Show the cached list, and ask for the true one."""
        self._runner.submit(lambda: self._with_pictures(_read_cache(self._cache_file)), self._take_cached)
        self._runner.submit(
            lambda: self._with_pictures(cards_from(self._list_environments())), self._take_installed, self._fail
        )

    def refresh_played(self) -> None:
        """Ask the recordings again: a game was played."""
        self._runner.submit(lambda: played_before(self._list_episodes()), self._take_played)

    def take_pictures(self) -> None:
        """Show the pictures that were made since this was last called; cheap where there are none."""
        for env_id, picture in () if self._previews is None else self._previews.take_made():
            card = self._cards.get(env_id)
            if card is not None:
                self._cards[env_id] = replace(card, picture=picture)
                self._view.show_game_changed(self._cards[env_id])

    def card(self, env_id: str) -> GameCard | None:
        """The card of a game, if it is listed."""
        return self._cards.get(env_id)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _with_pictures(self, cards: Sequence[GameCard]) -> list[GameCard]:
        previews = self._previews
        if previews is None:
            return list(cards)
        return [replace(card, picture=previews.existing(card.env_id)) for card in cards]

    def _take_cached(self, cards: list[GameCard]) -> None:
        # The true list may have been quicker.
        if cards and not self._fresh:
            self._show(cards)

    def _take_installed(self, cards: list[GameCard]) -> None:
        self._fresh = True
        self._show(cards)
        self.refresh_played()
        if self._previews is not None:
            self._previews.ask(card.env_id for card in cards if card.available and card.picture is None)
        file = self._cache_file
        self._runner.submit(lambda: _write_cache(file, cards))

    def _take_played(self, played: dict[str, PlayedBefore]) -> None:
        any_news = False
        for env_id, facts in played.items():
            card = self._cards.get(env_id)
            if card is None:
                continue
            changed = replace(card, last_played=facts.last_played, best=facts.best)
            if changed != card:
                any_news = True
                self._cards[env_id] = changed
                self._view.show_game_changed(changed)
        if any_news:
            self._view.show_played()

    def _show(self, cards: list[GameCard]) -> None:
        before = self._cards
        self._cards = {}
        for card in cards:
            known = before.get(card.env_id)
            self._cards[card.env_id] = (
                card
                if known is None
                else replace(
                    card, last_played=known.last_played, best=known.best, picture=card.picture or known.picture
                )
            )
        self._view.show_games(list(self._cards.values()))

    def _fail(self, error: Exception) -> None:
        if isinstance(error, EnvironmentFault):
            message, hint = error.message, error.hint
        else:
            _log.error("The list of environments could not be read.", exc_info=error)
            message = f"The list of environments could not be read ({type(error).__name__}: {error})."
            hint = "Check that Gymnasium is installed in this environment."
        if not self._cards:
            self._view.show_catalog_error(message, hint)


def _order(card: GameCard) -> tuple[bool, int, int, str, str]:
    featured = FEATURED.index(card.env_id) if card.env_id in FEATURED else len(FEATURED)
    family = FAMILY_ORDER.index(card.family) if card.family in FAMILY_ORDER else len(FAMILY_ORDER)
    return (not card.available, featured, family, card.family, card.name.lower())


def _read_cache(file: Path) -> list[GameCard]:
    try:
        stored: Any = json.loads(file.read_text(encoding="utf-8"))
        return [GameCard(**entry) for entry in stored]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        # It can be made again: the list that is read from the packages replaces it in a moment.
        _log.info("The cached list of games cannot be used (%s): %s", error, file)
        return []


def _write_cache(file: Path, cards: Sequence[GameCard]) -> None:
    kept = ("env_id", "name", "family", "turn_based", "available", "reason", "hint")
    text = json.dumps([{name: value for name, value in asdict(card).items() if name in kept} for card in cards])
    partial = file.with_suffix(".partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        _log.info("The list of games cannot be cached (%s): %s", error, file)
