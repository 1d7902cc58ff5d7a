"""The small switch between picture and payload: one button for each, the one that is shown pressed.

Qt thread.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QToolButton, QWidget

from gym_gui.ui import theme as tokens
from gym_gui.ui.view_choices import Offer

VIEW_KEY: Final = "V"


class ViewSwitch(QFrame):
    """Emits `chosen` with what was pressed; hidden where there is no choice."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offer = Offer()
        self._buttons: dict[str, QToolButton] = {}
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(tokens.SIZES["space_2"])
        self.hide()

    @property
    def has_choice(self) -> bool:
        """Whether there is more than one view."""
        return len(self._offer.views) > 1

    def button(self, view: str) -> QToolButton:
        """The button of a view.

        Raises:
            KeyError: it is not offered.
        """
        return self._buttons[view]

    def show_offer(self, offer: Offer, shown: str) -> bool:
        """Offer these, with *shown* pressed; whether the offer is another than before."""
        changed = offer != self._offer
        if changed:
            self._offer = offer
            self._rebuild()
        for view, button in self._buttons.items():
            button.setChecked(view == shown)
        self.setVisible(self.has_choice)
        return changed

    def set_upright(self, *, upright: bool) -> None:
        """One button below the other, or side by side."""
        directions = QBoxLayout.Direction
        self._row.setDirection(directions.TopToBottom if upright else directions.LeftToRight)

    def _rebuild(self) -> None:
        for button in self._buttons.values():
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = {}
        words = " or ".join(word.lower() for _, word in self._offer.views)
        for view, word in self._offer.views:
            button = QToolButton()
            button.setText(word)
            button.setCheckable(True)
            button.setProperty("wide", "true")
            button.setToolTip(f"Show {words} ({VIEW_KEY})")
            button.setAccessibleName(f"Show the {word.lower()}")
            button.setMinimumHeight(tokens.HIT_AREA)
            # A click must not take the keys away from the game or the player; Tab still reaches it.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _checked=False, view=view: self._choose(view))
            self._buttons[view] = button
            self._row.addWidget(button)

    def _choose(self, view: str) -> None:
        for name, button in self._buttons.items():
            button.setChecked(name == view)
        self.chosen.emit(view)
