"""The library's table: pictures, fast lines, remembered columns; Enter opens, Ctrl+C copies."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QByteArray,
    QItemSelectionModel,
    QModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from gym_gui.controllers.library_index import Column
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.library_model import COLUMNS, PICTURE, RIGHT_ALIGNED, LibraryModel
from gym_gui.ui.screens.library_pictures import PICTURE_SIZE, PictureDelegate
from gym_gui.ui.screens.library_widths import SAMPLE, measure, share

if TYPE_CHECKING:
    from PySide6.QtCore import QPersistentModelIndex
    from PySide6.QtGui import QKeyEvent, QResizeEvent
    from PySide6.QtWidgets import QWidget

    from gym_gui.controllers.library import LibraryState
    from gym_gui.controllers.library_entry import EpisodeEntry
    from gym_gui.controllers.thumbnails import ThumbnailCache
    from gym_gui.ui.theme import Theme

ROW_HEIGHT: Final = 48
_REMEMBER_MS: Final = 600
_COMMANDS: Final = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)


@dataclass(frozen=True, slots=True)
class _Place:
    """What is chosen and seen, by episodes rather than rows; *offset*: where the line *top* begins, in pixels."""

    empty: bool
    chosen: tuple[str, str] | None
    selected: frozenset[tuple[str, str]]
    top: tuple[str, str] | None
    offset: int
    at_top: bool


class LibraryTable(QTableView):
    """Lines of the library.

    Args:
        theme: The look.
        thumbnails: Pictures of episodes.
        remembered: Header layout as `layout_remembered` gave it; empty for the first time.
    """

    opened = Signal(object)
    chosen = Signal(object)
    sort_requested = Signal(object, bool)
    layout_remembered = Signal(str)
    search_requested = Signal(str)

    def __init__(
        self, theme: Theme, thumbnails: ThumbnailCache, remembered: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = LibraryModel(theme)
        self._theme = theme
        self.setModel(self._model)
        self.setItemDelegateForColumn(PICTURE, PictureDelegate(theme, thumbnails, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setFont(theme.font(tokens.BODY_PX))
        self.setAccessibleName("Episodes")
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self._remember_timer = QTimer(self)
        self._remember_timer.setSingleShot(True)
        self._remember_timer.setInterval(_REMEMBER_MS)
        self._remember_timer.timeout.connect(self._remember)
        self._sorted_by = Column.WHEN
        self._descending = True
        self._filling = False
        self._untouched = True
        self._wanted: dict[Column, int] = {}
        self._measured = 0
        self._measure()
        self._shape_header(remembered)
        self.activated.connect(lambda index: self.opened.emit(self._model.entry(index.row())))

    @property
    def library_model(self) -> LibraryModel:
        """The lines."""
        return self._model

    def show_state(self, state: LibraryState) -> None:
        """Show these lines; the episode that was chosen stays chosen where it is still among them."""
        reread = state.entries is not self._model.entries
        place = self._place()
        self._model.show_state(state)
        self._sorted_by, self._descending = state.sort, state.descending
        if reread:
            self._measure()
        if self.chosen_entry() is None and self._model.rowCount():
            self._put_back(place, scroll=reread)

    def _place(self) -> _Place:
        chosen = self.chosen_entry()
        top = self.rowAt(0)
        return _Place(
            empty=self._model.rowCount() == 0,
            chosen=None if chosen is None else chosen.key,
            selected=frozenset(self._model.entry(row).key for row in self._selected_rows()),
            top=self._model.entry(top).key if top >= 0 else None,
            offset=self.rowViewportPosition(top) if top >= 0 else 0,
            at_top=self.verticalScrollBar().value() == 0,
        )

    def _put_back(self, place: _Place, *, scroll: bool) -> None:
        """Choose again what was chosen; *scroll*: what was seen stays where it was seen, too."""
        if not place.empty and place.chosen is None:
            return
        row = None if place.chosen is None else self._model.row_of(place.chosen)
        keep = scroll and row is not None
        self._choose(row or 0, show=not keep)
        if not keep:
            return
        if len(place.selected) > 1:
            self._select(place.selected)
        top = None if place.top is None else self._model.row_of(place.top)
        bar = self.verticalScrollBar()
        self.updateGeometries()  # after a reset, the bar's range is the old one until the next event
        bar.setValue(0 if place.at_top or top is None else top * ROW_HEIGHT - place.offset)

    def _select(self, keys: frozenset[tuple[str, str]]) -> None:
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for row in range(self._model.rowCount()):
            if self._model.entry(row).key in keys:
                self.selectionModel().select(self._model.index(row, 1), flags)

    def _selected_rows(self) -> list[int]:
        return sorted({index.row() for index in self.selectionModel().selectedRows()})

    def chosen_entry(self) -> EpisodeEntry | None:
        """The episode of the current line."""
        index = self.currentIndex()
        return self._model.entry(index.row()) if index.isValid() else None

    def refresh_picture(self, key: tuple[str, str]) -> None:
        """Paint the pictures that can be seen again: *key*'s was made."""
        del key  # finding its line costs more than painting the few that can be seen
        self.viewport().update()

    def copy_selection(self) -> None:
        """Put the chosen lines on the clipboard, with their titles, tabs between the columns."""
        rows = self._selected_rows()
        if rows:
            lines = [self._model.header_text(), *(self._model.line_text(row) for row in rows)]
            QGuiApplication.clipboard().setText("\n".join(lines) + "\n")

    @override
    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        self.chosen.emit(self._model.entry(current.row()) if current.isValid() else None)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.opened.emit(self._model.entry(self.currentIndex().row()))
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()  # the page's: it clears the search
        elif event.text().strip() and event.text().isprintable() and not event.modifiers() & _COMMANDS:
            self.search_requested.emit(event.text())  # typing searches everything, not the first column
        else:
            super().keyPressEvent(event)

    @override
    def moveCursor(self, cursorAction: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        # Lines are what is chosen here: the first and the last, not the first and last column.
        rows = self._model.rowCount()
        ends = {QAbstractItemView.CursorAction.MoveHome: 0, QAbstractItemView.CursorAction.MoveEnd: rows - 1}
        if rows and cursorAction in ends:
            return self._model.index(ends[cursorAction], max(1, self.currentIndex().column()))
        return super().moveCursor(cursorAction, modifiers)

    def _choose(self, row: int, *, show: bool = True) -> None:
        index = self._model.index(row, 1)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        if show:
            self.scrollTo(index)

    def _shape_header(self, remembered: str) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(48)
        header.setFirstSectionMovable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.resizeSection(PICTURE, PICTURE_SIZE.width() + 2 * tokens.SPACE_12)
        if remembered:
            try:
                header.restoreState(QByteArray(binascii.a2b_base64(remembered)))
            except binascii.Error:
                remembered = ""  # a settings file that was edited by hand: widths of their own stand
        self._untouched = not remembered
        header.sectionClicked.connect(self._sort_by)
        header.sectionResized.connect(self._section_changed)
        header.sectionMoved.connect(self._section_changed)

    def _section_changed(self) -> None:
        if not self._filling:
            self._untouched = False
            self._remember_timer.start()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._untouched:
            self._fill()

    def _fill(self) -> None:
        """Until the user has sized a column: names take the room that numbers leave."""
        widths = share(self.viewport().width() - self.columnWidth(PICTURE), self._wanted)
        self._filling = True
        for place, column in enumerate(COLUMNS, start=1):
            self.setColumnWidth(place, widths[column])
        self._filling = False

    def _measure(self) -> None:
        body, caption = (QFontMetrics(self._theme.font(px)) for px in (tokens.BODY_PX, tokens.CAPTION_PX))
        entries = self._model.entries
        # New episodes come first, and those that were measured have grown no wider.
        fresh = max(SAMPLE, len(entries) - self._measured)
        widths = measure(entries[:fresh], body, caption)
        self._wanted = {column: max(width, self._wanted.get(column, 0)) for column, width in widths.items()}
        self._measured = len(entries)
        if self._untouched:
            self._fill()

    def _sort_by(self, section: int) -> None:
        if section == PICTURE:
            return
        column = COLUMNS[section - 1]
        # The first click on a number or a time asks for the greatest.
        same = self._sorted_by is column
        descending = (not self._descending) if same else column in RIGHT_ALIGNED or column is Column.WHEN
        self.sort_requested.emit(column, descending)

    def _remember(self) -> None:
        state = self.horizontalHeader().saveState()
        self.layout_remembered.emit(binascii.b2a_base64(state.data(), newline=False).decode())
