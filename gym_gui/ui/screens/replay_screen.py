"""The Replay screen: the library, and the player over it.

Qt thread. It has two threads of its own, so that a picture never queues behind other work of the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedLayout, QWidget

from gym_gui.controllers.replay_state import FrameSource, RowSource
from gym_gui.core.typing_compat import override
from gym_gui.ui.bridge import QtTaskRunner
from gym_gui.ui.screens.library_page import LibraryPage
from gym_gui.ui.screens.player_page import PlayerPage

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QFocusEvent

    from gym_gui.ui.screens.context import ScreenContext


class PlayerLibrary(RowSource, FrameSource, Protocol):
    """Rows and pictures of recordings, wherever they are."""


class ReplayScreen(QWidget):
    """Library and player.

    Args:
        context: What the screen may use.
    """

    def __init__(self, context: ScreenContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        archive = context.archive
        self._context = context
        self._elsewhere: tuple[PlayerLibrary, PlayerPage] | None = None
        self._came_from = ""
        self._runner = QtTaskRunner(workers=2, parent=self)
        self.library = LibraryPage(context, archive.library, archive.library, self._runner)
        self.player = PlayerPage(context, archive.library, archive.library, self._runner)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.library)
        self._pages.addWidget(self.player)
        self.library.open_requested.connect(self.open_episode)
        self.player.left.connect(self._leave)

    def open_episode(
        self,
        run_id: str,
        episode: str | int | None = None,
        step_index: int = 0,
        *,
        library: PlayerLibrary | None = None,
        came_from: str = "",
    ) -> None:
        """Watch an episode.

        Args:
            run_id: Its run.
            episode: By id or 0-based index; None: the run's last.
            step_index: From this step on.
            library: Where it is, if not in the window's own folder.
            came_from: The screen that leaving the player leads back to; empty for the library.
        """
        self._came_from = came_from
        player = self._player_of(library)
        self._pages.setCurrentWidget(player)
        player.open(run_id, episode, step_index)

    def show_library(self) -> None:
        """Leave the player; what was watched stays chosen in the library."""
        for player in self._players():
            player.controller.close()
        self._pages.setCurrentWidget(self.library)
        self.library.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self) -> None:
        self.show_library()
        if self._came_from:
            self._context.open_screen(self._came_from)

    def _players(self) -> list[PlayerPage]:
        return [self.player] if self._elsewhere is None else [self.player, self._elsewhere[1]]

    def _player_of(self, library: PlayerLibrary | None) -> PlayerPage:
        """The player of a library; one for the window's own, and one for another at a time."""
        if library is None:
            return self.player
        if self._elsewhere is None or self._elsewhere[0] is not library:
            if self._elsewhere is not None:
                before = self._elsewhere[1]
                before.controller.close()
                self._pages.removeWidget(before)
                before.deleteLater()
            page = PlayerPage(self._context, library, library, self._runner)
            page.left.connect(self._leave)
            self._pages.addWidget(page)
            self._elsewhere = (library, page)
        return self._elsewhere[1]

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        page = self._pages.currentWidget()
        (self.library if page is None else page).setFocus(event.reason())

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        for player in self._players():
            player.controller.close()
        self._runner.close()
        super().closeEvent(event)
