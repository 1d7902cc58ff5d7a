"""The Replay screen: the library, and the player over it.

Qt thread. It has two threads of its own, so that a picture never queues behind other work of the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui.bridge import QtTaskRunner
from gym_gui.ui.screens.library_page import LibraryPage
from gym_gui.ui.screens.player_page import PlayerPage

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QFocusEvent

    from gym_gui.ui.screens.context import ScreenContext


class ReplayScreen(QWidget):
    """Library and player.

    Args:
        context: What the screen may use.
    """

    def __init__(self, context: ScreenContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        archive = context.archive
        self._context = context
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
        came_from: str = "",
    ) -> None:
        """Watch an episode.

        Args:
            run_id: Its run.
            episode: By id or 0-based index; None: the run's last.
            step_index: From this step on.
            came_from: The screen that leaving the player leads back to; empty for the library.
        """
        self._came_from = came_from
        self._pages.setCurrentWidget(self.player)
        self.player.open(run_id, episode, step_index)

    def show_library(self) -> None:
        """Leave the player; what was watched stays chosen in the library."""
        self.player.controller.close()
        self._pages.setCurrentWidget(self.library)
        self.library.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self) -> None:
        self.show_library()
        if self._came_from:
            self._context.open_screen(self._came_from)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        page = self._pages.currentWidget()
        (self.library if page is None else page).setFocus(event.reason())

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self.player.controller.close()
        self._runner.close()
        super().closeEvent(event)
