"""The library as a table model: text, alignment and icons of each line, straight from the controller's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QIcon

from gym_gui.controllers.library_entry import ENDING_TOLD, Ending, EpisodeEntry, player_of
from gym_gui.controllers.library_index import Column
from gym_gui.core.sizes import size_text
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import number_text, when_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.controllers.library import LibraryState
    from gym_gui.ui.theme import Theme

_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()

PICTURE: Final = 0
COLUMNS: Final = (
    Column.GAME,
    Column.PLAYER,
    Column.EPISODE,
    Column.SEED,
    Column.STEPS,
    Column.RETURN,
    Column.ENDED,
    Column.WHEN,
    Column.SIZE,
)
TITLES: Final = {column: column.value.capitalize() for column in COLUMNS}
RIGHT_ALIGNED: Final = frozenset({Column.EPISODE, Column.SEED, Column.STEPS, Column.RETURN, Column.SIZE})
ENTRY_ROLE: Final = Qt.ItemDataRole.UserRole

TEXT: Final[dict[Column, Callable[[EpisodeEntry], str]]] = {
    Column.GAME: lambda entry: entry.game,
    Column.PLAYER: lambda entry: player_of(entry.summary.player, entry.rollup),
    Column.EPISODE: lambda entry: f"{entry.rollup.episode_index:,}",
    Column.SEED: lambda entry: "" if entry.rollup.seed is None else str(entry.rollup.seed),
    Column.STEPS: lambda entry: f"{entry.rollup.steps:,}",
    Column.RETURN: lambda entry: number_text(entry.rollup.total_reward),
    Column.ENDED: lambda entry: entry.ending.value,
    Column.WHEN: lambda entry: when_text(entry.rollup.started_at),
    Column.SIZE: lambda entry: size_text(entry.summary.size_bytes),
}
_TIP: Final[dict[Column, Callable[[EpisodeEntry], str]]] = {
    Column.GAME: lambda entry: entry.summary.env_id,
    Column.SEED: lambda entry: f"Seed {entry.rollup.seed}",
    Column.ENDED: lambda entry: entry.rollup.fault or ENDING_TOLD[entry.ending],
    Column.WHEN: lambda entry: when_text(entry.rollup.started_at, exact=True),
}
ENDING_ICONS: Final = {
    Ending.TERMINATED: ("flag-checkered", "text_muted"),
    Ending.TRUNCATED: ("content-cut", "text_muted"),
    Ending.STOPPED: ("stop-circle-outline", "text_muted"),
    Ending.FAULTED: ("alert-octagon", "bad"),
    Ending.INTERRUPTED: ("power-plug-off-outline", "warn"),
    Ending.RECORDING: ("record-circle", "bad"),
}


class LibraryModel(QAbstractTableModel):
    """Lines and columns of the library.

    Args:
        theme: The look.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._entries: Sequence[EpisodeEntry] = ()
        self._rows: NDArray[np.int64] | None = None
        self._icons: dict[Ending, QIcon] = {}
        self._sort = (Column.WHEN, True)
        theme.changed.connect(self._icons.clear)

    def show_state(self, state: LibraryState) -> None:
        """Show these lines."""
        if self._sort != (state.sort, state.descending):
            self._sort = (state.sort, state.descending)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS))
        if state.rows is not self._rows or state.entries is not self._entries:
            self.beginResetModel()
            self._entries, self._rows = state.entries, state.rows
            self.endResetModel()

    @property
    def entries(self) -> Sequence[EpisodeEntry]:
        """Every episode, those that a filter hides too."""
        return self._entries

    def entry(self, row: int) -> EpisodeEntry:
        """The episode of a line."""
        if self._rows is None:
            raise IndexError(row)
        return self._entries[int(self._rows[row])]

    def row_of(self, key: tuple[str, str]) -> int | None:
        """The line of an episode; None where it is not shown."""
        if self._rows is None:
            return None
        # Ten thousand are gone through in a millisecond: the id alone first, no call for each.
        for place, entry in enumerate(self._entries):
            if entry.summary.rollup.episode_id == key[1] and entry.key == key:
                rows = (self._rows == place).nonzero()[0]
                return int(rows[0]) if len(rows) else None
        return None

    def line_text(self, row: int) -> str:
        """A line as text, tabs between the columns, as it is copied: seed and run id whole."""
        entry = self.entry(row)
        return "\t".join([*(TEXT[column](entry) for column in COLUMNS), entry.rollup.run_id])

    @staticmethod
    def header_text() -> str:
        """The titles of `line_text`'s columns."""
        return "\t".join([*(TITLES[column] for column in COLUMNS), "Run"])

    @override
    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() or self._rows is None else len(self._rows)

    @override
    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS) + 1

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entry(index.row())
        if role == ENTRY_ROLE:
            return entry
        if index.column() == PICTURE:
            return entry.game if role == Qt.ItemDataRole.AccessibleTextRole else None
        return self._cell(COLUMNS[index.column() - 1], entry, role)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section == PICTURE:
            return None
        column = COLUMNS[section - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            # The style's own arrow sits far from the word, and points the other way on some desktops.
            return f"{TITLES[column]} {'↓' if self._sort[1] else '↑'}" if column is self._sort[0] else TITLES[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        return None

    def _cell(self, column: Column, entry: EpisodeEntry, role: int) -> Any:
        value: Any = None
        if role == Qt.ItemDataRole.DisplayRole:
            value = TEXT[column](entry)
        elif role == Qt.ItemDataRole.TextAlignmentRole:
            value = _alignment(column)
        elif role == Qt.ItemDataRole.ToolTipRole and column in _TIP:
            value = _TIP[column](entry)
        elif role == Qt.ItemDataRole.DecorationRole and column is Column.ENDED:
            value = self._icon(entry.ending)
        return value

    def _icon(self, ending: Ending) -> QIcon:
        icon = self._icons.get(ending)
        if icon is None:
            # Drawn once: a font icon paints itself anew each time, a pixmap does not.
            drawn = self._theme.icon(*ENDING_ICONS[ending]).pixmap(QSize(tokens.ICON_SMALL, tokens.ICON_SMALL), 2.0)
            icon = self._icons[ending] = QIcon(drawn)
        return icon


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in RIGHT_ALIGNED else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
