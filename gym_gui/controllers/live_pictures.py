"""The newest pictures of the watched run, as fast as they can be read and shown, never faster; latest wins.

`LivePicturesController` lives on the thread that its task runner answers on. One reading is under way at a time: what
came meanwhile is skipped by the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.controllers.live_curves import SourceOf
    from gym_gui.controllers.live_source import LivePicture
    from gym_gui.controllers.views import TaskRunner


class PicturesView(Protocol):
    """The face of a `LivePicturesController`."""

    def show_pictures(self, pictures: Sequence[LivePicture]) -> None:
        """Show these instead of what their workers showed."""

    def forget_pictures(self) -> None:
        """Another run is watched."""


class LivePicturesController:
    """Reads newest pictures.

    Args:
        desk: Whom to ask about the run.
        runner: Where it is asked; one of its own, so that a picture never queues behind other work.
        view: What shows them.
    """

    def __init__(self, desk: SourceOf, runner: TaskRunner, view: PicturesView) -> None:
        self._desk = desk
        self._runner = runner
        self._view = view
        self._run_id: str | None = None
        self._seen: dict[str, int] = {}
        self._generation = 0
        self._busy = False
        self._frozen = False

    @property
    def frozen(self) -> bool:
        """Whether the pictures stand still."""
        return self._frozen

    def watch(self, run_id: str | None) -> None:
        """Show this run's pictures; None for no run's."""
        if run_id != self._run_id:
            self._run_id = run_id
            self._seen = {}
            self._generation += 1
            self._frozen = False
            self._view.forget_pictures()

    def freeze(self, *, frozen: bool) -> None:
        """Let the pictures stand, or go on with the newest ones."""
        self._frozen = frozen

    def tick(self) -> None:
        """Read, unless pictures stand or an answer is on its way."""
        run_id = self._run_id
        if run_id is None or self._busy or self._frozen:
            return
        self._busy = True
        seen, generation = dict(self._seen), self._generation

        def read() -> Sequence[LivePicture]:
            return self._desk.source_of(run_id).pictures(run_id, seen)

        self._runner.submit(read, lambda pictures: self._arrived(pictures, generation), self._failed)

    def _arrived(self, pictures: Sequence[LivePicture], generation: int) -> None:
        self._busy = False
        if generation != self._generation or self._frozen or not pictures:
            return
        self._seen |= {picture.worker_id: picture.seq for picture in pictures}
        self._view.show_pictures(pictures)

    def _failed(self, _error: Exception) -> None:
        # The list of runs tells that nobody answers; the last pictures stay.
        self._busy = False
