"""Filter chips in lines that wrap: one press lets through only what the chip names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtWidgets import QLayout, QPushButton, QSizePolicy, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import shortened
from gym_gui.ui.widgets.basics import make_button, make_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QLayoutItem

    from gym_gui.controllers.library import Chip

_A_FACET: Final = 8  # chips beyond are found by searching
_LINE_HEIGHT: Final = 20
_LONGEST: Final = 24


class FlowLayout(QLayout):
    """Widgets from left to right, in as many lines as they need."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(tokens.SPACE_8)

    @override
    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    @override
    def count(self) -> int:
        return len(self._items)

    @override
    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    @override
    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    @override
    def hasHeightForWidth(self) -> bool:
        return True

    @override
    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    @override
    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    @override
    def sizeHint(self) -> QSize:
        return self.minimumSize()

    @override
    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        for item in self._items:
            hint = item.sizeHint()
            if x + hint.width() > rect.right() + 1 and line:
                x, y, line = rect.x(), y + line + self.spacing(), 0
            if move:
                item.setGeometry(QRect(x, y, hint.width(), hint.height()))
            x += hint.width() + self.spacing()
            line = max(line, hint.height())
        return y + line - rect.y()


class ChipBar(QWidget):
    """The library's filters; a facet with a single value is no choice and has no chips."""

    toggled = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips: tuple[Chip, ...] = ()
        self._buttons: dict[tuple[str, str], QPushButton] = {}
        self._flow = FlowLayout(self)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def button(self, value: str) -> QPushButton | None:
        """The chip of *value*."""
        return next((button for (_, of), button in self._buttons.items() if of == value), None)

    def show_chips(self, chips: Sequence[Chip]) -> None:
        """Show these filters."""
        shown = _worth_showing(chips)
        if [(c.facet, c.value, c.count) for c in shown] != [(c.facet, c.value, c.count) for c in self._chips]:
            self._rebuild(shown)
        for chip in shown:
            self._buttons[chip.facet, chip.value].setChecked(chip.on)
        self._chips = shown
        self.setVisible(bool(shown))

    def _rebuild(self, chips: Sequence[Chip]) -> None:
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._buttons.clear()
        facet = None
        for chip in chips:
            if facet is not None and chip.facet is not facet:
                line = make_line(vertical=True)
                line.setFixedHeight(_LINE_HEIGHT)
                self._flow.addWidget(line)
            facet = chip.facet
            button = make_button(f"{shortened(chip.value, _LONGEST) or 'unknown'}  {chip.count:,}", kind="chip")
            button.setCheckable(True)
            button.setFixedHeight(tokens.HIT_AREA)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(f"Show only {chip.facet.value}: {chip.value}")
            button.clicked.connect(lambda _on=False, of=chip: self.toggled.emit(of.facet, of.value))
            self._buttons[chip.facet, chip.value] = button
            self._flow.addWidget(button)


def _worth_showing(chips: Sequence[Chip]) -> tuple[Chip, ...]:
    shown: list[Chip] = []
    for facet in dict.fromkeys(chip.facet for chip in chips):
        of_facet = [chip for chip in chips if chip.facet is facet]
        if len(of_facet) > 1 or any(chip.on for chip in of_facet):
            shown += [chip for place, chip in enumerate(of_facet) if place < _A_FACET or chip.on]
    return tuple(shown)
