"""What controllers ask of a face: Protocols that a widget satisfies by its shape alone, and where work may run.

Every method of a view is called on the thread that made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.controllers.game_card import GameCard
    from gym_gui.controllers.session_state import SessionState
    from gym_gui.core.data_model import StepRecord

T = TypeVar("T")


class TaskTicket(Protocol):
    """A task that was handed in; its answer can still be refused."""

    def cancel(self) -> None:
        """Drop the answer, and the work too where it has not begun. Safe at any time."""


class TaskRunner(Protocol):
    """Runs work off the caller's thread and brings the answer back to it."""

    def submit(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> TaskTicket:
        """Run *work* somewhere else, then call exactly one of the two answers on the runner's home thread.

        Without *on_error* an exception is logged with its trace; it is never lost.
        """


class SessionView(Protocol):
    """The game as a person sees it."""

    def show_session(self, state: SessionState) -> None:
        """Show where the game stands; called with equal states too, so compare before drawing."""

    def show_step(self, step: StepRecord) -> None:
        """Show the newest step's picture, if it carries one."""


class CatalogView(Protocol):
    """The list of games."""

    def show_games(self, games: Sequence[GameCard]) -> None:
        """Show these games, in this order; replaces what was shown."""

    def show_game_changed(self, game: GameCard) -> None:
        """One game has news: its picture was made, or it was played."""

    def show_played(self) -> None:
        """Games were played: what was played last comes first."""

    def show_catalog_error(self, message: str, hint: str) -> None:
        """The list could not be read: say so where it would have been."""
