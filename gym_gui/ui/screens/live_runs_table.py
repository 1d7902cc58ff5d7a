"""The table of runs: progress bars, fast lines, remembered columns; Enter watches, Ctrl+C copies, typing searches."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeySequence, QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from gym_gui.controllers.live_runs import RunColumn
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.states import TrainingState
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_runs_model import (
    COLUMNS,
    RIGHT_ALIGNED,
    RUN_ROLE,
    TEXT,
    TITLES,
    LiveRunsModel,
    progress_text,
)
from gym_gui.ui.widgets.basics import make_timer

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent
    from PySide6.QtWidgets import QWidget

    from gym_gui.controllers.live_runs import LiveRunsState
    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.ui.theme import Theme

ROW_HEIGHT: Final = 32
_REMEMBER_MS: Final = 600
_SAMPLE: Final = 100
_CELL_PADDING: Final = tokens.SPACE_8 + tokens.SPACE_12
_ICON: Final = tokens.ICON_SMALL + tokens.SPACE_8
_LEAST_NAME: Final = 150
_PROGRESS_WIDTH: Final = 116
_BAR_HEIGHT: Final = 4
_PERCENT_ROOM: Final = 48
# Of these the first go first where there is no room for all: the details tell them of the chosen run.
_DISPENSABLE: Final = (RunColumn.GPU, RunColumn.HOST, RunColumn.SPEED, RunColumn.AGE)
_COMMANDS: Final = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)


class ProgressDelegate(QStyledItemDelegate):
    """A thin bar with its percentage beside it.

    Args:
        theme: The look.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        run = index.data(RUN_ROLE)
        share = None if run is None else run.share
        chosen = QStyleOptionViewItem(option)
        self.initStyleOption(chosen, index)
        chosen.text = ""
        widget = chosen.widget
        widget.style().drawControl(widget.style().ControlElement.CE_ItemViewItem, chosen, painter, widget)
        if share is None:
            return
        area = QRectF(chosen.rect).adjusted(tokens.SPACE_8, 0, -tokens.SPACE_8, 0)
        bar = QRectF(area.left(), area.center().y() - _BAR_HEIGHT / 2, area.width() - _PERCENT_ROOM, _BAR_HEIGHT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("surface_pressed"))
        painter.drawRoundedRect(bar, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        filled = QRectF(bar)
        filled.setWidth(bar.width() * share)
        active = run.state is TrainingState.RUNNING
        painter.setBrush(self._theme.color("accent" if active else "text_muted"))
        painter.drawRoundedRect(filled, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        painter.setPen(self._theme.color("text"))
        painter.setFont(self._theme.font(tokens.BODY_PX))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, progress_text(run))
        painter.restore()


class LiveRunsTable(QTableView):
    """Lines of runs.

    Args:
        theme: The look.
        remembered: Header layout as `layout_remembered` gave it; empty for the first time.
    """

    watch_requested = Signal(object)
    chosen = Signal(object)  # the runs of the chosen lines, the current one first
    sort_requested = Signal(object, bool)
    layout_remembered = Signal(str)
    search_requested = Signal(str)

    def __init__(self, theme: Theme, remembered: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._filling = self._putting_back = False
        self._model = LiveRunsModel(theme)
        self.setModel(self._model)
        self.setItemDelegateForColumn(COLUMNS.index(RunColumn.PROGRESS), ProgressDelegate(theme, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFont(theme.font(tokens.BODY_PX))
        self.setAccessibleName("Runs")
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self._remember_timer = make_timer(self, _REMEMBER_MS, self._remember)
        self._sorted_by, self._descending = RunColumn.STARTED, True
        self._untouched = True
        self._shape_header(remembered)
        self.activated.connect(lambda index: self.watch_requested.emit(self._model.run(index.row())))
        self.selectionModel().selectionChanged.connect(lambda *_: self._tell())

    @property
    def runs_model(self) -> LiveRunsModel:
        """The lines."""
        return self._model

    def show_state(self, state: LiveRunsState) -> None:
        """Show these lines; what was chosen stays chosen, and what was seen stays in place."""
        chosen, current = {run.run_id for run in self.chosen_runs()}, self.current_run()
        scrolled = self.verticalScrollBar().value()
        self._sorted_by, self._descending = state.sort, state.descending
        self._putting_back = True
        reset = self._model.show_state(state)
        if reset:
            self._put_back(chosen, None if current is None else current.run_id)
            self.updateGeometries()
            self.verticalScrollBar().setValue(scrolled)
        self._putting_back = False
        if self._untouched:
            self._fill()
        self._tell()

    def current_run(self) -> LiveRun | None:
        """The run of the current line."""
        index = self.currentIndex()
        return self._model.run(index.row()) if index.isValid() and index.row() < self._model.rowCount() else None

    def chosen_runs(self) -> list[LiveRun]:
        """The runs of the chosen lines, the current one first."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        runs = [self._model.run(row) for row in rows if row < self._model.rowCount()]
        current = self.current_run()
        return sorted(runs, key=lambda run: current is None or run.run_id != current.run_id)

    def choose(self, run_id: str) -> None:
        """Make a run the chosen one."""
        row = self._model.row_of(run_id)
        if row is not None:
            self._choose_row(row)
            self.scrollTo(self._model.index(row, 0))

    def copy_selection(self) -> None:
        """Put the chosen lines on the clipboard, with their titles, tabs between the columns."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        if rows:
            lines = [self._model.header_text(), *map(self._model.line_text, rows)]
            QGuiApplication.clipboard().setText("\n".join(lines) + "\n")

    def _put_back(self, chosen: set[str], current: str | None) -> None:
        row = None if current is None else self._model.row_of(current)
        if row is None:
            if self._model.rowCount():
                self._choose_row(0)
            return
        self._choose_row(row)
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for run_id in chosen - {current}:
            other = self._model.row_of(run_id)
            if other is not None:
                self.selectionModel().select(self._model.index(other, 0), flags)

    def _choose_row(self, row: int) -> None:
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(self._model.index(row, 0), flags)

    def _tell(self) -> None:
        if not self._putting_back:
            self.chosen.emit(self.chosen_runs())

    @override
    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        self._tell()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        run = self.current_run()
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and run is not None:
            self.watch_requested.emit(run)
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()  # the page's: it clears the search
        elif event.text().strip() and event.text().isprintable() and not event.modifiers() & _COMMANDS:
            self.search_requested.emit(event.text())
        else:
            super().keyPressEvent(event)

    def _shape_header(self, remembered: str) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        if remembered:
            try:
                header.restoreState(QByteArray(binascii.a2b_base64(remembered)))
            except binascii.Error:
                remembered = ""  # a settings file that was edited by hand: widths of their own stand
        for place in range(len(COLUMNS)):
            self.setColumnHidden(place, False)  # what had no room in that window may have some in this one
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
        else:
            self._show_what_fits_again()

    def _show_what_fits_again(self) -> None:
        """Columns that were hidden before the user sized one; the widths stay."""
        for column in reversed(_DISPENSABLE):
            place = COLUMNS.index(column)
            if self.isColumnHidden(place):
                self.setColumnHidden(place, False)
                if self.horizontalHeader().length() > self.viewport().width():
                    self.setColumnHidden(place, True)

    def _fill(self) -> None:
        """Until the user has sized a column: what there is no room for goes, the name takes what the others leave."""
        room, widths = self.viewport().width(), self._wanted_widths()
        hidden: set[RunColumn] = set()
        for column in _DISPENSABLE:
            if _LEAST_NAME + sum(widths.values()) > room:
                hidden.add(column)
                del widths[column]
        widths[RunColumn.NAME] = max(_LEAST_NAME, room - sum(widths.values()))
        self._filling = True
        for place, column in enumerate(COLUMNS):
            self.setColumnHidden(place, column in hidden)
            if column in widths:
                self.setColumnWidth(place, widths[column])
        self._filling = False

    def _wanted_widths(self) -> dict[RunColumn, int]:
        """The widths in which all columns but the name stand whole."""
        body, caption = (QFontMetrics(self._theme.font(px)) for px in (tokens.BODY_PX, tokens.CAPTION_PX))
        runs = self._model.runs[:_SAMPLE]
        widths: dict[RunColumn, int] = {}
        for column in COLUMNS:
            if column is RunColumn.NAME:
                continue
            widest = max((body.horizontalAdvance(TEXT[column](run)) for run in runs), default=0)
            extra = _ICON if column in {RunColumn.STATE, RunColumn.AGE} else 0
            title = caption.horizontalAdvance(f"{TITLES[column]} ↓") + 2 * tokens.SPACE_8
            width = max(title, widest + _CELL_PADDING + extra)
            widths[column] = (
                max(width, _PROGRESS_WIDTH) if column is RunColumn.PROGRESS else min(width, 2 * _LEAST_NAME)
            )
        return widths

    def _sort_by(self, section: int) -> None:
        column = COLUMNS[section]
        # The first click on a number or a time asks for the greatest.
        greatest_first = column in RIGHT_ALIGNED or column in {RunColumn.STARTED, RunColumn.PROGRESS}
        descending = (not self._descending) if column is self._sorted_by else greatest_first
        self.sort_requested.emit(column, descending)

    def _remember(self) -> None:
        state = self.horizontalHeader().saveState()
        self.layout_remembered.emit(binascii.b2a_base64(state.data(), newline=False).decode())
