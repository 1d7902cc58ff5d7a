"""The library: search, chips, table and details of everything that was recorded.

Qt thread; the controller reads in tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QStackedLayout, QVBoxLayout, QWidget

from gym_gui.controllers.library import LibraryController
from gym_gui.controllers.thumbnails import ThumbnailCache
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.library_details import LibraryDetails
from gym_gui.ui.screens.library_table import LibraryTable
from gym_gui.ui.widgets.basics import make_label, make_line, make_tool_button
from gym_gui.ui.widgets.chip_bar import ChipBar
from gym_gui.ui.widgets.messages import Banner, EmptyState

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent

    from gym_gui.controllers.library import LibrarySource, LibraryState
    from gym_gui.controllers.library_entry import EpisodeEntry
    from gym_gui.controllers.replay_state import FrameSource
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import RunRecord
    from gym_gui.ui.screens.context import ScreenContext

_NARROW: Final = 960  # below it the table needs the details' place
_LOOK_UP_MS: Final = 120  # after the last move through the table
_POLL_MS: Final = 2_000  # other processes record, too
_SEARCH_WIDTH: Final = 280


class LibraryPage(QWidget):
    """Lists what was recorded; satisfies `LibraryView`.

    Args:
        context: What the screen may use.
        store: Where episodes come from.
        frames: Where pictures come from.
        runner: Threads for pictures and rows.
    """

    open_requested = Signal(str, str)

    def __init__(
        self,
        context: ScreenContext,
        store: LibrarySource,
        frames: FrameSource,
        runner: TaskRunner,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        theme = context.theme
        self.controller = LibraryController(store, context.runner, self, context.archive.why_empty)
        self.thumbnails = ThumbnailCache(store, frames, runner, self._picture_made)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search game, player, seed, run…")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(_SEARCH_WIDTH)
        self.search.setToolTip("Search (Ctrl+F)")
        self.search.setAccessibleName("Search the library")
        self.search.textChanged.connect(self.controller.search)
        self.search.installEventFilter(self)
        self.count = make_label("", "muted")
        self.chips = ChipBar()
        self.chips.toggled.connect(self.controller.toggle)
        self.table = LibraryTable(theme, self.thumbnails, context.settings().ui.library_columns)
        self.details = LibraryDetails(theme, self.thumbnails, context.notify)
        self._banner = Banner(theme)
        self._empty = EmptyState(theme)
        self._refresh = make_tool_button(theme, "refresh", "Look for new episodes (F5)", self.refresh)
        self._details_wanted: bool | None = None
        self._details_button = make_tool_button(
            theme, "information-outline", "Show or hide the facts", self._toggle_details
        )
        self._details_button.setCheckable(True)
        self.poll_timer = QTimer(self)
        self.poll_timer.setInterval(_POLL_MS)
        self.poll_timer.timeout.connect(self.controller.poll)
        self._look_up_timer = QTimer(self)
        self._look_up_timer.setSingleShot(True)
        self._look_up_timer.setInterval(_LOOK_UP_MS)
        self._look_up_timer.timeout.connect(self._look_up)
        self._build()
        self._connect()

    def refresh(self) -> None:
        """Read the library again."""
        self.thumbnails.forget_missing()
        self.controller.refresh()

    # What the controller says.

    def show_library(self, state: LibraryState) -> None:
        """Part of `LibraryView`."""
        if state.entries is not self.table.library_model.entries:
            self.thumbnails.forget_missing()
        self.table.show_state(state)
        self.chips.show_chips(state.chips)
        shown, total = len(state.rows), len(state.entries)
        whole = f"{total:,} episode{'' if total == 1 else 's'}"
        self.count.setText(f"{shown:,} of {whole}" if state.filtered else whole)
        self.count.setVisible(state.loaded)
        if not self._show_instead(state, shown, total):
            self._pages.setCurrentWidget(self._body)
        if self.search.text() != state.search:
            self.search.setText(state.search)

    def show_run(self, run: RunRecord) -> None:
        """Part of `LibraryView`."""
        self.details.show_run(run)

    # Inside.

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(tokens.SPACE_12)
        head.addWidget(make_label("Replay", "headline"))
        head.addWidget(self.count)
        head.addStretch(1)
        head.addWidget(self.search)
        head.addWidget(self._refresh)
        head.addWidget(self._details_button)
        top = QFrame()
        column = QVBoxLayout(top)
        column.setContentsMargins(tokens.SPACE_24, tokens.SPACE_16, tokens.SPACE_16, tokens.SPACE_12)
        column.setSpacing(tokens.SPACE_12)
        column.addLayout(head)
        column.addWidget(self.chips)
        self._body = QWidget()
        row = QHBoxLayout(self._body)
        row.setContentsMargins(tokens.SPACE_12, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.table, 1)
        self._details_line = make_line(vertical=True)
        row.addWidget(self._details_line)
        row.addWidget(self.details)
        content = QFrame()
        self._pages = QStackedLayout(content)
        self._pages.addWidget(self._body)
        self._pages.addWidget(self._empty)
        self._empty.show_message("progress-clock", "Reading your recordings…", "")
        self._pages.setCurrentWidget(self._empty)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(top)
        outer.addWidget(self._banner)
        outer.addWidget(content, 1)
        self.setFocusProxy(self.table)

    def _connect(self) -> None:
        self.table.opened.connect(self._open)
        self.table.chosen.connect(self._choose)
        self.table.sort_requested.connect(lambda column, down: self.controller.sort(column, descending=down))
        self.table.layout_remembered.connect(self._remember)
        self.table.search_requested.connect(self._type_search)
        self.details.open_requested.connect(lambda: self._open(self.table.chosen_entry()))
        for keys, act in (("Ctrl+F", self._begin_search), ("F5", self.refresh)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    def _show_instead(self, state: LibraryState, shown: int, total: int) -> bool:
        """Say why there is no table, where there is none; whether that was so."""
        if state.fault and not total:
            title = "The library cannot be read"
            self._empty.show_message("alert-octagon-outline", title, state.fault, "Try again", self.refresh, role="bad")
        elif not state.loaded or shown:
            if state.fault:
                self._banner.show_message("bad", state.fault, "Try again", self.refresh)
            else:
                self._banner.hide()
            if state.loaded:
                return False
        elif total:
            text = "Other words or fewer filters may find it."
            self._empty.show_message(
                "filter-remove-outline", "No episode matches", text, "Clear filters", self.controller.clear_filters
            )
        elif state.why_empty:
            title = "The recordings are not listed"
            self._empty.show_message("alert-octagon-outline", title, state.why_empty, "Try again", self.refresh)
        else:
            why_not = self._context.archive.why_read_only
            text, button = why_not or "Every game that is played is recorded and appears here.", "Play a game"
            self._empty.show_message(
                "filmstrip",
                "Nothing recorded yet",
                text,
                "" if why_not else button,
                lambda: self._context.open_screen("play"),
            )
        self._pages.setCurrentWidget(self._empty)
        return True

    def _open(self, entry: EpisodeEntry | None) -> None:
        if entry is not None:
            self.open_requested.emit(*entry.key)

    def _choose(self, entry: EpisodeEntry | None) -> None:
        self.details.show_entry(entry)
        if entry is not None:
            self._look_up_timer.start()

    def _look_up(self) -> None:
        entry = self.table.chosen_entry()
        if entry is not None:
            self.controller.look_up(entry.rollup.run_id)

    def _picture_made(self, key: tuple[str, str]) -> None:
        self.table.refresh_picture(key)
        self.details.refresh_picture()

    def _begin_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _end_search(self) -> None:
        self.search.clear()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _type_search(self, text: str) -> None:
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search.setText(self.search.text() + text)

    def _remember(self, layout: str) -> None:
        self._context.change_settings(self._context.settings().with_value("ui.library_columns", layout))

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in {Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self.table.setFocus(Qt.FocusReason.OtherFocusReason)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._end_search()
                return True
        return super().eventFilter(watched, event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._end_search()
        else:
            super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def _toggle_details(self) -> None:
        self._details_wanted = not self.details.isVisible()
        self._fold()

    def _fold(self) -> None:
        wanted = self.width() >= _NARROW if self._details_wanted is None else self._details_wanted
        self.details.setVisible(wanted)
        self._details_line.setVisible(wanted)
        self._details_button.setChecked(wanted)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self.poll_timer.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.poll_timer.stop()
        self._look_up_timer.stop()  # a window that closes has nobody left to ask
