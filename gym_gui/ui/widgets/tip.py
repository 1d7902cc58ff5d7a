"""A tooltip inside the window: beside its button and never over the ones next to it.

Qt thread. The system's tooltip is a window of its own below the pointer, which at the lower edge lands on neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_label

if TYPE_CHECKING:
    from collections.abc import Iterable

_GOING: frozenset[QEvent.Type] = frozenset(
    {QEvent.Type.Leave, QEvent.Type.MouseButtonPress, QEvent.Type.Hide, QEvent.Type.KeyPress}
)


class BarTip(QFrame):
    """Shows the tooltips of a bar's buttons on the side where the bar ends.

    Args:
        bar: What the buttons stand in; the tip lies outside of it.
        page: What the bar lies on; the tip stays inside.
    """

    def __init__(self, bar: QWidget, page: QWidget) -> None:
        super().__init__(page)
        self.setProperty("overlay", "true")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._bar = bar
        self._page = page
        self._text = make_label("")
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_8, tokens.SPACE_4, tokens.SPACE_8, tokens.SPACE_4)
        row.addWidget(self._text)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def watch(self, buttons: Iterable[QWidget]) -> None:
        """Show the tooltips of these."""
        for button in buttons:
            button.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(watched, QWidget):
            self._say(watched)
            return True
        if event.type() in _GOING:
            self.hide()
        return super().eventFilter(watched, event)

    def _say(self, button: QWidget) -> None:
        self._text.setText(button.toolTip())
        self.adjustSize()
        bar = self._bar.geometry()
        middle = button.mapTo(self._page, button.rect().center())
        if bar.width() >= bar.height():
            spot = QPoint(middle.x() - self.width() // 2, bar.top() - tokens.SPACE_4 - self.height())
        else:
            spot = QPoint(bar.left() - tokens.SPACE_4 - self.width(), middle.y() - self.height() // 2)
        self.move(max(0, min(spot.x(), self._page.width() - self.width())), max(0, spot.y()))
        self.show()
        self.raise_()
