"""The grid of game cards: as many columns as fit, and what a click, Enter or typing on it means.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QListView

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.play_cards import CARD_ROLE, GAP

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from gym_gui.controllers.game_card import GameCard
    from gym_gui.ui.screens.play_cards import GameDelegate, GameFilter
    from gym_gui.ui.theme import Theme

_CARD_WIDTH: Final = 196


class GameGrid(QListView):
    """Cards in as many columns as fit; emits `chosen` with an environment id, or `refused` with why not."""

    chosen = Signal(str)
    refused = Signal(str)
    typed = Signal(str)

    def __init__(self, theme: Theme, games: GameFilter, delegate: GameDelegate) -> None:
        super().__init__()
        self._delegate = delegate
        self.setModel(games)
        self.setItemDelegate(delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(tokens.SPACE_32)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setSpacing(0)
        self.clicked.connect(self.choose)
        theme.changed.connect(self.viewport().update)

    def choose(self, index: QModelIndex) -> None:
        """Play the game at *index*, or say why it cannot be played."""
        card: GameCard | None = index.data(CARD_ROLE) if index.isValid() else None
        if card is not None:
            self.chosen.emit(card.env_id) if card.available else self.refused.emit(card.why_not)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.choose(self.currentIndex())
        elif is_typing(event):
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit_columns()
        super().resizeEvent(event)

    def fit_columns(self) -> None:
        """Make the cards as wide as their columns."""
        # The scroll bar's place is kept free: were it counted in, it could come and go without end.
        wide = self.width() - self.verticalScrollBar().sizeHint().width()
        columns = max(2, wide // (_CARD_WIDTH + GAP))
        # One pixel less than its share: a rounding error would push the last card into the next row.
        self._delegate.set_width(max(120, (wide - 1) // columns - GAP))
        size = self._delegate.card_size
        self.setGridSize(QSize(size.width() + GAP, size.height() + GAP))


def is_typing(event: QKeyEvent) -> bool:
    """Whether the key writes a letter or a sign: what is typed on the catalogue searches."""
    held = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    return bool(event.text().strip()) and event.text().isprintable() and not held
