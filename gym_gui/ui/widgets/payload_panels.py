"""The inspector's panels for what a step carries: its payload, its place in a vector environment, its statistics.

Qt thread. Nothing large is laid out until somebody opens it, and then only the lines that are seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QListView, QVBoxLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.fact_grid import FactGrid, FoldingGroup
from gym_gui.ui.widgets.payload_facts import LargeValue, Panel, payload_facts, stats_panel, vector_panel
from gym_gui.ui.widgets.switch import Switch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gym_gui.controllers.row_matter import RowMatter
    from gym_gui.ui.theme import Theme

_CHARACTERS: Final = 34  # that a line has room for
_FLOAT, _LONGEST_INTEGER = 12, 11  # characters of -1.23457e-05, and of a whole number but a huge one
_LINES_SHOWN: Final = 8
_LINE_HEIGHT: Final = 18


class ArrayLines(QAbstractListModel):
    """An array as lines of as many values as there is room for, in columns, each with the place of its first.

    A line is written when it is looked at.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        super().__init__()
        self._array = array
        self._flat = array.reshape(-1)
        self._a_line = self._values_a_line()

    def show(self, array: NDArray[Any]) -> None:
        """Show another array; of the same size the place in it is kept."""
        if array is self._array:
            return
        same = (array.shape, array.dtype) == (self._array.shape, self._array.dtype)
        if not same:
            self.beginResetModel()
        self._array, self._flat = array, array.reshape(-1)
        self._a_line = self._values_a_line()
        if same:
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
        else:
            self.endResetModel()

    @override
    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        return 0 if parent.isValid() else -(-self._flat.size // self._a_line)

    @override
    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or not index.isValid():
            return None
        first = index.row() * self._a_line
        width = 0 if self._a_line == 1 else _width_of(self._array.dtype)
        values = (_value_text(one).rjust(width) for one in self._flat[first : first + self._a_line].tolist())
        place = self._place(first).ljust(len(self._place(self._flat.size - 1)))
        return f"{place} {' '.join(values)}"

    def _place(self, number: int) -> str:
        return f"[{', '.join(str(int(one)) for one in np.unravel_index(number, self._array.shape))}]"

    def _values_a_line(self) -> int:
        room = _CHARACTERS - len(self._place(self._flat.size - 1)) if self._flat.size else 0
        return max(1, room // (_width_of(self._array.dtype) + 1))


class LazyArray(FoldingGroup):
    """A large value, closed at first; what shows it is made when it is opened.

    Args:
        theme: The look.
        value: Name and array.
    """

    def __init__(self, theme: Theme, value: LargeValue) -> None:
        self._room = QWidget()
        super().__init__(theme, f"{value.name}, whole", self._room)
        self._theme = theme
        self.name = value.name
        self._array = value.array
        self._lines: ArrayLines | None = None
        self.fold(opened=False)
        self.folded.connect(self._open)

    @property
    def lines(self) -> ArrayLines | None:
        """The lines; None while it was never opened."""
        return self._lines

    def show_array(self, array: NDArray[Any]) -> None:
        """Show another step's array, now or when it is opened."""
        self._array = array
        if self._lines is not None and not self._room.isHidden():
            self._lines.show(array)

    def _open(self, opened: bool) -> None:
        if not opened:
            return
        if self._lines is not None:
            self._lines.show(self._array)
            return
        self._lines = ArrayLines(self._array)
        view = QListView()
        view.setModel(self._lines)
        view.setUniformItemSizes(True)
        view.setFont(self._theme.fixed_font(tokens.CAPTION_PX))
        view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setAccessibleName(self.name)
        view.setFixedHeight(_LINE_HEIGHT * min(_LINES_SHOWN, self._lines.rowCount()) + tokens.SPACE_12)
        column = QVBoxLayout(self._room)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)


class _PanelGroup(FoldingGroup):
    """Rows with what can be opened below them; hidden while there is nothing."""

    def __init__(self, theme: Theme, title: str, notify: Callable[[str], None]) -> None:
        content = QWidget()
        super().__init__(theme, title, content)
        self._theme = theme
        self._grid = FactGrid(theme, notify, wrap=True)
        self._large: dict[str, LazyArray] = {}
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(tokens.SPACE_4)
        self._column.addWidget(self._grid)
        self.hide()

    @property
    def facts(self) -> dict[str, str]:
        """What it says."""
        return {fact.key: fact.value for fact in self._grid.facts}

    def show_panel(self, panel: Panel) -> None:
        """Show these rows."""
        self._grid.set_facts(panel.facts)
        self.setVisible(bool(panel.facts))
        wanted = {value.name: value for value in panel.large}
        for name in [name for name in self._large if name not in wanted]:
            gone = self._large.pop(name)
            self._column.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for name, value in wanted.items():
            shown = self._large.get(name)
            if shown is None:
                self._large[name] = LazyArray(self._theme, value)
                self._column.addWidget(self._large[name])
            else:
                shown.show_array(value.array)


class PayloadPanels(QWidget):
    """The three panels; emits `legacy_toggled` when a person wants legacy payloads shown, or not.

    Args:
        theme: The look.
        notify: Told what was copied.
    """

    legacy_toggled = Signal()

    def __init__(self, theme: Theme, notify: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._matter: RowMatter | None = None
        self.vector = _PanelGroup(theme, "Vector environment", notify)
        self.stats = _PanelGroup(theme, "Normalisation", notify)
        self._facts = FactGrid(theme, notify, wrap=True)
        self.legacy = Switch(theme, "Legacy payloads as text")
        self.legacy.setToolTip("Offer payloads that no screen draws as text (Shift+V)")
        self.legacy.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.legacy.clicked.connect(self.legacy_toggled)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(tokens.SPACE_4)
        inner.addWidget(self._facts)
        inner.addWidget(self.legacy)
        self._group = FoldingGroup(theme, "Payload", content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_16)
        column.addWidget(self.vector)
        column.addWidget(self.stats)
        column.addWidget(self._group)

    def facts(self) -> dict[str, str]:
        """What all panels say."""
        return {
            **{fact.key: fact.value for fact in self._facts.facts},
            **self.vector.facts,
            **self.stats.facts,
        }

    def show_matter(self, matter: RowMatter | None, picture: str = "") -> None:
        """Show what a row carries, and what `picture_words` said of it; None clears it."""
        self._facts.set_facts(() if matter is None else payload_facts(matter, picture))
        if matter is self._matter:
            return
        self._matter = matter
        self.vector.show_panel(vector_panel(None if matter is None else matter.vector_metadata))
        self.stats.show_panel(stats_panel(None if matter is None else matter.normalization_stats))

    def show_legacy(self, *, wanted: bool) -> None:
        """Whether legacy payloads are offered as text."""
        self.legacy.setChecked(wanted)


def _width_of(dtype: np.dtype[Any]) -> int:
    if dtype.kind == "O":
        return _CHARACTERS
    if dtype.kind == "b":
        return len(str(False))
    if dtype.kind not in "iu":
        return _FLOAT
    limits = np.iinfo(dtype)
    return min(_LONGEST_INTEGER, max(len(str(limits.min)), len(str(limits.max))))


def _value_text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
