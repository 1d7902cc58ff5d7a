"""In a game: what the newest step carries beside its picture, drawn in the picture's place where that is wanted.

Qt thread. While the picture is looked at, a step's payload is not even read.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize

from gym_gui.controllers.row_matter import RowMatter, matter_of
from gym_gui.core.data_model import PAYLOAD_VERSION
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.play_places import STRIP_ROOM
from gym_gui.ui.view_choices import KIND_WORDS, LEGACY, PAYLOAD, PICTURE, Offer, ViewChoices, offer_of
from gym_gui.ui.widgets.payload_view import PayloadView
from gym_gui.ui.widgets.view_switch import ViewSwitch

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QRect
    from PySide6.QtWidgets import QWidget

    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import StepRecord
    from gym_gui.ui.theme import Theme

_log = logging.getLogger(__name__)

_LARGE: Final = 400  # nodes and edges that take longer to read than a frame has room for


class GameView:
    """The payload of the game that is played.

    Args:
        theme: The look.
        runner: Where large graphs are read and laid out.
        choices: What a person wants to see, by environment.
        page: What it is drawn on, above the picture.
        on_change: Told that something else is shown now, or something else is offered.
    """

    def __init__(
        self, theme: Theme, runner: TaskRunner, choices: ViewChoices, page: QWidget, on_change: Callable[[], None]
    ) -> None:
        self.payload = PayloadView(theme, runner, page)
        self.payload.setMouseTracking(True)
        self.payload.hide()
        self.switch = ViewSwitch()
        self.switch.chosen.connect(self._choose)
        self._runner = runner
        self._choices = choices
        self._on_change = on_change
        self._env_id = ""
        self._generation = 0
        self._being_read = False
        self._step: StepRecord | None = None
        self._has_picture = False
        self._matter: RowMatter | None = None
        self._offer = Offer()

    @property
    def is_shown(self) -> bool:
        """Whether the payload covers the picture."""
        return not self.payload.isHidden()

    @property
    def shown(self) -> str:
        """What is shown: picture, payload or legacy; empty for nothing."""
        return self._offer.shown(self._choices.wanted(self._env_id))

    def begin(self, env_id: str) -> None:
        """Another game: nothing of the one before is left."""
        self._env_id = env_id
        self._generation += 1
        self._step = self._matter = None
        self._offer = Offer()
        self._has_picture = False
        self.payload.show_payload(None)
        self._show()

    def show_step(self, step: StepRecord, *, has_picture: bool) -> None:
        """Show what *step* carries, where that is wanted or there is no picture."""
        if step.view is None and step.payload_version == PAYLOAD_VERSION and not self._offer.views:
            return  # most games: nothing to do
        self._step, self._has_picture = step, has_picture
        self._read()

    def toggle(self) -> None:
        """Show the next of what there is to see."""
        self._choose(self._offer.after(self.shown))

    def place(self, page: QRect, huds: tuple[QSize, QSize], picture: QRect) -> QRect:
        """Take the page's place, but for its HUDs in the upper corners; the rectangle that must not be covered."""
        widest = max(hud.width() for hud in huds)
        highest = max(hud.height() for hud in huds)
        corner = QSize(widest + 2 * tokens.SPACE_16, highest + 2 * tokens.SPACE_16) if widest else QSize(0, 0)
        self.payload.keep_clear(corner, STRIP_ROOM)
        self.payload.setGeometry(page)
        return self.payload.target.translated(page.topLeft()) if self.is_shown else picture

    # --- inside -----------------------------------------------------------------------------------------------------

    def _choose(self, view: str) -> None:
        self._choices.choose(self._env_id, view)
        self._read()

    def _read(self) -> None:
        step = self._step
        if step is None:
            return
        if self._has_picture and self._choices.wanted(self._env_id) == PICTURE:
            self._offer = _offer_unread(step)
            self._show()
        elif _size_of(step) > _LARGE:
            self._read_aside(step)
        else:
            self._take(matter_of(step, self._matter))

    def _read_aside(self, step: StepRecord) -> None:
        # One at a time, the newest next: a game that is faster than its graph can be read shows what it can.
        if self._being_read:
            return
        generation, before = self._generation, self._matter
        self._being_read = True

        def done(matter: RowMatter) -> None:
            self._being_read = False
            if generation == self._generation:
                self._take(matter)
            if self._step is not step:
                self._read()

        def failed(error: Exception) -> None:
            self._being_read = False
            _log.error("The payload of step %d could not be read.", step.step_index, exc_info=error)

        self._runner.submit(lambda: matter_of(step, before), done, failed)

    def _take(self, matter: RowMatter) -> None:
        self._matter = matter
        legacy = matter.legacy if self._choices.legacy else None
        self._offer = offer_of(matter.payload, legacy, picture=self._has_picture)
        self._show()

    def _show(self) -> None:
        was = self.is_shown
        matter, shown = self._matter, self.shown
        changed = self.switch.show_offer(self._offer, shown)
        if matter is not None and shown in {PAYLOAD, LEGACY}:
            self.payload.show_payload(matter.legacy if shown == LEGACY else matter.payload)
            self.payload.show()
        else:
            self.payload.hide()
        if changed or was != self.is_shown:
            self._on_change()


def _offer_unread(step: StepRecord) -> Offer:
    """What there is to see beside the picture, by the kind that the payload says it has."""
    if step.view is None:
        return Offer(((PICTURE, "Picture"),))
    word = KIND_WORDS.get(str(step.view.get("kind")))
    return Offer(((PICTURE, "Picture"), (LEGACY, "Legacy") if word is None else (PAYLOAD, word)))


def _size_of(step: StepRecord) -> int:
    view = step.view or {}
    return sum(len(part) for part in (view.get("nodes"), view.get("edges")) if isinstance(part, list | tuple))
