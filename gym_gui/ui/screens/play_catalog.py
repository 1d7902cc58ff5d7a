"""The catalogue: every game of this machine, found by typing and by family.

Qt thread.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from gym_gui.controllers.catalog import FAMILY_ORDER
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.play_cards import CARD_ROLE, GameDelegate, GameFilter, GameModel
from gym_gui.ui.screens.play_grid import GameGrid, is_typing
from gym_gui.ui.widgets.basics import make_button, make_label
from gym_gui.ui.widgets.messages import EmptyState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QKeyEvent

    from gym_gui.controllers.game_card import GameCard
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.ui.theme import Theme

_SIDE: Final = tokens.SPACE_24
# What is typed to play an environment that is not in the list: an id with its version, or module:Id.
_ENV_ID: Final = re.compile(r"[\w.]+:[\w./:-]+|[\w./-]+-v\d+")


class CatalogPage(QWidget):
    """Search, families, cards; satisfies `controllers.views.CatalogView`."""

    game_chosen = Signal(str)
    game_refused = Signal(str)

    def __init__(self, theme: Theme, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._runner = runner
        self.model = GameModel(self)
        self.games = GameFilter(self.model, self)
        self._delegate = GameDelegate(theme, self.model, self)
        self.grid = GameGrid(theme, self.games, self._delegate)
        self.grid.chosen.connect(self.game_chosen)
        self.grid.refused.connect(self.game_refused)
        self.grid.typed.connect(self._type_on)
        self.grid.customContextMenuRequested.connect(self._show_menu)
        self.search = QLineEdit()
        self.chips = QButtonGroup(self)
        self.empty = EmptyState(theme)
        self._build()
        self.setFocusProxy(self.grid)

    @property
    def count_text(self) -> str:
        """How many games are shown, in words."""
        return self._count.text()

    # --- CatalogView ------------------------------------------------------------------------------------------------

    def show_games(self, games: Sequence[GameCard]) -> None:
        """Show these games."""
        current = self._current_id()
        self.model.set_cards(games)
        self.games.sort(0)
        self._show_families(games)
        self._show_count()
        self._select(current)
        self._read_pictures([card for card in games if card.picture is not None])

    def show_game_changed(self, game: GameCard) -> None:
        """One game has news."""
        self.model.change_card(game)
        if game.picture is not None and self.model.picture(game.env_id) is None:
            self._read_pictures([game])

    def show_catalog_error(self, message: str, hint: str) -> None:
        """Say why there is no list."""
        self.empty.show_message("alert-octagon-outline", message, hint, role="bad")
        self._stack.setCurrentWidget(self.empty)

    def show_played(self) -> None:
        """Put the games that were played last first again."""
        current = self._current_id()
        self.games.sort(0)
        self._select(current)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Typing searches, wherever on the page the focus is.
        if is_typing(event):
            self._type_on(event.text())
        else:
            super().keyPressEvent(event)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(_SIDE, tokens.SPACE_16, 0, 0)
        column.setSpacing(tokens.SPACE_12)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, _SIDE, 0)
        head.addWidget(make_label("Play", "headline"))
        head.addStretch(1)
        self.search.setPlaceholderText("Search games")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(280)
        self.search.setToolTip("Search (Ctrl+F, or just type)")
        self._search_icon = QAction(self)
        self.search.addAction(self._search_icon, QLineEdit.ActionPosition.LeadingPosition)
        self._tint()
        self._theme.changed.connect(self._tint)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._play_first)
        head.addWidget(self.search)
        column.addLayout(head)
        self._chip_row = QHBoxLayout()
        self._chip_row.setContentsMargins(0, 0, _SIDE, 0)
        self._chip_row.setSpacing(tokens.SPACE_8)
        self._count = make_label("", "caption")
        self._chip_row.addStretch(1)
        self._chip_row.addWidget(self._count)
        column.addLayout(self._chip_row)
        holder = QWidget()
        self._stack = QStackedLayout(holder)
        self._stack.addWidget(self.grid)
        self._stack.addWidget(self.empty)
        column.addWidget(holder, 1)
        self._make_shortcut(QKeySequence.StandardKey.Find, self._search_anew)
        self._make_shortcut(QKeySequence.StandardKey.SelectAll, self._search_anew)
        self._clear = self._make_shortcut(Qt.Key.Key_Escape, self._clear_search)
        # With nothing to clear, Escape is left to the window.
        self._clear.setEnabled(False)
        self.search.textChanged.connect(lambda text: self._clear.setEnabled(bool(text)))
        self.empty.show_message("progress-clock", "Looking for games…", "")
        self._stack.setCurrentWidget(self.empty)

    def _make_shortcut(self, keys: QKeySequence.StandardKey | Qt.Key, act: Callable[[], None]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)
        return shortcut

    def _tint(self) -> None:
        self._search_icon.setIcon(self._theme.icon("magnify", "text_muted"))

    def _type_on(self, text: str) -> None:
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search.insert(text)

    def _search_anew(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _clear_search(self) -> None:
        self.search.clear()
        self.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def _filter(self, text: str) -> None:
        self.games.set_text(text)
        self.grid.scrollToTop()
        self._select("")
        self._show_count()

    def _choose_family(self, button: QPushButton) -> None:
        self.games.set_family(button.property("family"))
        self.grid.scrollToTop()
        self._select("")
        self._show_count()

    def _play_first(self) -> None:
        if self.games.rowCount():
            self.grid.choose(self.games.index(0, 0))
        elif _ENV_ID.fullmatch(self.search.text().strip()):
            self.game_chosen.emit(self.search.text().strip())

    def _show_families(self, games: Sequence[GameCard]) -> None:
        counts: dict[str, int] = {}
        for card in games:
            if card.available:
                counts[card.family] = counts.get(card.family, 0) + 1
        shown = [button.property("family") for button in self.chips.buttons()]
        known = [family for family in FAMILY_ORDER if family in counts]
        wanted = ["", *known, *sorted(set(counts) - set(known))]
        if shown == wanted:
            return
        for button in self.chips.buttons():
            self.chips.removeButton(button)
            button.deleteLater()
        for place, family in enumerate(wanted):
            chip = make_button(family or "All", kind="chip")
            chip.setCheckable(True)
            # A click leaves the focus with the cards, so that arrows and typing go on; Tab still reaches it.
            chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            chip.setProperty("family", family)
            chip.setChecked(place == 0)
            chip.clicked.connect(lambda _checked=False, chip=chip: self._choose_family(chip))
            self.chips.addButton(chip)
            self._chip_row.insertWidget(place, chip)
        self.games.set_family("")

    def _show_count(self) -> None:
        count = self.games.rowCount()
        missing = sum(not self.games.index(row, 0).data(CARD_ROLE).available for row in range(count))
        here = count - missing
        games = "1 game" if here == 1 else f"{here or 'no'} games"
        self._count.setText(games.capitalize() + (f", {missing} not installed" if missing else ""))
        if count:
            self._stack.setCurrentWidget(self.grid)
            return
        text = self.search.text().strip()
        if _ENV_ID.fullmatch(text):
            words = ("Not in the list", "It may still be an environment of a module on this machine.")
            self.empty.show_message("magnify", *words, f"Play {text}", lambda: self.game_chosen.emit(text))
        else:
            words = ("No game matches", "Search looks at names and ids. Type module:EnvId-v0 to play one of your own.")
            self.empty.show_message("magnify-close", *words, "Show all games", self._show_all)
        self._stack.setCurrentWidget(self.empty)

    def _show_all(self) -> None:
        self.chips.buttons()[0].click()
        self._clear_search()

    def _current_id(self) -> str:
        card: GameCard | None = self.grid.currentIndex().data(CARD_ROLE)
        return "" if card is None else card.env_id

    def _select(self, env_id: str) -> None:
        rows = range(self.games.rowCount())
        row = next((row for row in rows if self.games.index(row, 0).data(CARD_ROLE).env_id == env_id), 0)
        self.grid.setCurrentIndex(self.games.index(row, 0))

    def _show_menu(self, place: QPoint) -> None:
        index = self.grid.indexAt(place)
        card: GameCard | None = index.data(CARD_ROLE) if index.isValid() else None
        if card is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        play = menu.addAction("Play")
        play.setEnabled(card.available)
        play.triggered.connect(lambda: self.game_chosen.emit(card.env_id))
        copy = menu.addAction("Copy environment id")
        copy.triggered.connect(lambda: _copy(card.env_id))
        if card.hint:
            install = menu.addAction("Copy install command")
            install.triggered.connect(lambda: _copy(card.hint.partition(": ")[2]))
        menu.popup(self.grid.viewport().mapToGlobal(place))

    def _read_pictures(self, cards: Sequence[GameCard]) -> None:
        wanted = [card for card in cards if self.model.picture(card.env_id) is None]
        # In small batches: the first row is there while the last is still being read.
        for start in range(0, len(wanted), 12):
            batch = wanted[start : start + 12]
            self._runner.submit(partial(_read_images, batch), self._take_images)

    def _take_images(self, images: list[tuple[str, QImage]]) -> None:
        for env_id, image in images:
            self._delegate.forget_picture(env_id)
            self.model.set_picture(env_id, image)


def _read_images(cards: Sequence[GameCard]) -> list[tuple[str, QImage]]:
    images = ((card.env_id, QImage(str(card.picture))) for card in cards)
    return [(env_id, image) for env_id, image in images if not image.isNull()]


def _copy(text: str) -> None:
    from PySide6.QtGui import QGuiApplication  # noqa: PLC0415 - used here only

    QGuiApplication.clipboard().setText(text)
