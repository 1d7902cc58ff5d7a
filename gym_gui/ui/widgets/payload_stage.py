"""The player's stage where a step may have more than a picture: a grid, a graph, a text, and the switch between them.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Signal

from gym_gui.controllers.row_presenter import NOTHING_DRAWN
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.view_choices import LEGACY, PAYLOAD, Offer, ViewChoices, offer_of
from gym_gui.ui.widgets.payload_view import PayloadView
from gym_gui.ui.widgets.picture_stage import PictureStage
from gym_gui.ui.widgets.view_switch import ViewSwitch

if TYPE_CHECKING:
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QWidget

    from gym_gui.controllers.replay_state import ReplayState, StepDetails
    from gym_gui.controllers.row_matter import RowMatter
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.ui.theme import Theme

_SENTENCE_ROOM: Final = tokens.HIT_AREA + tokens.SPACE_24


class PayloadStage(PictureStage):
    """Shows the picture or the payload of a step; `switch` belongs wherever the page has room for it.

    Args:
        theme: The look.
        runner: Where large graphs are laid out.
        choices: What a person wants to see, by environment.
    """

    offer_changed = Signal()

    def __init__(self, theme: Theme, runner: TaskRunner, choices: ViewChoices, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.payload = PayloadView(theme, runner)
        self.payload.clicked.connect(self.clicked)
        self.add_layer(self.payload)
        self.payload.hide()
        self.switch = ViewSwitch()
        self.switch.chosen.connect(self._choose)
        self._choices = choices
        self._matter: RowMatter | None = None
        self._reading = False
        self._state: ReplayState | None = None
        self._offer = Offer()

    @property
    def offer(self) -> Offer:
        """What there is to see of the step."""
        return self._offer

    @property
    def shown(self) -> str:
        """What is shown of it: picture, payload or legacy; empty for nothing."""
        return self._offer.shown(self._choices.wanted(self._env_id))

    def show_step(self, details: StepDetails | None) -> None:
        """Show a row's payload, once it is read; until then that of the row before stays, as its picture does."""
        if details is None:
            self._matter = None
            self._offer = Offer()
            self._reading = False
            self.payload.show_payload(None)
            self._refresh()
        elif details.matter is not None:
            self._matter = details.matter
            self._reading = False
            self._refresh()
        elif self._matter is None and not self._reading:
            self._reading = True
            self._refresh()

    @override
    def show_state(self, state: ReplayState) -> None:
        self._state = state
        self._refresh()

    def toggle(self) -> None:
        """Show the next of what there is to see."""
        self._choose(self._offer.after(self.shown))

    def refresh(self) -> None:
        """What is offered or wanted was changed elsewhere."""
        self._refresh()

    def copied(self) -> str | QImage | None:
        """What a copy takes of what is shown; None for nothing."""
        return self.payload.copied() if self.payload.isVisibleTo(self) else self.picture.image

    @property
    def _env_id(self) -> str:
        run = None if self._state is None else self._state.run
        return "" if run is None else run.env_id

    def _choose(self, view: str) -> None:
        self._choices.choose(self._env_id, view)
        self._refresh()

    def _refresh(self) -> None:
        matter, state = self._matter, self._state
        if matter is not None and state is not None:
            legacy = matter.legacy if self._choices.legacy else None
            self._offer = offer_of(matter.payload, legacy, picture=not state.missing)
        shown = self.shown
        changed = self.switch.show_offer(self._offer, shown)
        if matter is not None and shown in {PAYLOAD, LEGACY}:
            self.payload.show_payload(matter.legacy if shown == LEGACY else matter.payload)
            self.payload.show()
            fault = "" if state is None or not state.missing or state.message == NOTHING_DRAWN else state.message
            # What is drawn keeps clear of the sentence.
            self.payload.keep_clear(QSize(0, 0), _SENTENCE_ROOM if fault else 0)
            self.say(fault)
        else:
            self.payload.hide()
            if self._reading and state is not None and state.message == NOTHING_DRAWN:
                self.say("")  # there may be a payload: it is being read
            elif state is not None:
                super().show_state(state)
        if changed:
            self.offer_changed.emit()
