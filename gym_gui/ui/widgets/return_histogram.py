"""How the returns of a run are spread: a bar each stretch of returns; a click opens an episode of it.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import axis_text, number_text

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent

    from gym_gui.controllers.return_summary import ReturnSummary
    from gym_gui.ui.theme import Theme

_HEIGHT: Final = 96
_FOOT: Final = 18
_HEAD: Final = 18
_LEAST_BAR: Final = 2.0


class ReturnHistogram(QWidget):
    """Bars.

    Args:
        theme: The look.
    """

    picked = Signal(int)  # a place in `EpisodeFacts`

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._returns: ReturnSummary | None = None
        self._hovered: int | None = None
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Histogram of returns")
        theme.changed.connect(self.update)

    def show_returns(self, returns: ReturnSummary | None) -> None:
        """Show these."""
        if returns is not self._returns:
            self._returns = returns
            if returns is None or (self._hovered or 0) >= len(returns.counts):
                self._hovered = None
            self.update()

    def readout(self) -> str:
        """What the bar under the pointer says; empty where none is."""
        returns, place = self._returns, self._hovered
        if returns is None or place is None:
            return ""
        low, high = (number_text(round(float(returns.edges[at]), 2)) for at in (place, place + 1))
        count = int(returns.counts[place])
        return f"{count:,} episode{'' if count == 1 else 's'} from {low} to {high}"

    @override
    def sizeHint(self) -> QSize:
        return QSize(220, _HEIGHT)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setFont(self._theme.font(tokens.CAPTION_PX))
            returns = self._returns
            painter.setPen(self._theme.color("text_muted"))
            middle = Qt.AlignmentFlag.AlignVCenter
            head = QRectF(0, 0, self.width(), _HEAD)
            if returns is None:
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "No episode has ended yet")
                return
            total = int(returns.counts.sum())
            text = self.readout() or f"{total:,} episode{'' if total == 1 else 's'}"
            painter.drawText(head, Qt.AlignmentFlag.AlignLeft | middle, text)
            most = max(1, int(returns.counts.max()))
            for place, count in enumerate(returns.counts.tolist()):
                if count:
                    bar = self._bar(place)
                    height = max(_LEAST_BAR, bar.height() * count / most)
                    bar.setTop(bar.bottom() - height)
                    chosen = place == self._hovered
                    painter.fillRect(bar, self._theme.color("accent") if chosen else QColor(tokens.PLOT_HUES[2]))
            painter.setPen(self._theme.color("line"))
            area = self._area()
            painter.drawLine(area.bottomLeft(), area.bottomRight())
            painter.setPen(self._theme.color("text_muted"))
            foot = QRectF(0, self.height() - _FOOT, self.width(), _FOOT)
            painter.drawText(foot, Qt.AlignmentFlag.AlignLeft | middle, axis_text(float(returns.edges[0])))
            painter.drawText(foot, Qt.AlignmentFlag.AlignRight | middle, axis_text(float(returns.edges[-1])))
            if self.hasFocus():
                painter.setPen(self._theme.color("accent"))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _area(self) -> QRectF:
        return QRectF(0, _HEAD, self.width(), self.height() - _HEAD - _FOOT)

    def _bar(self, place: int) -> QRectF:
        area = self._area()
        count = 1 if self._returns is None else len(self._returns.counts)
        width = area.width() / count
        return QRectF(area.left() + place * width, area.top(), max(1.0, width - 1), area.height())

    def _place_at(self, x: float) -> int | None:
        if self._returns is None:
            return None
        count = len(self._returns.counts)
        place = int(x / max(1, self.width()) * count)
        return place if 0 <= place < count else None

    def _hover(self, place: int | None) -> None:
        if place != self._hovered:
            self._hovered = place
            self.update()

    def _pick(self) -> None:
        if self._returns is not None and self._hovered is not None:
            example = int(self._returns.examples[self._hovered])
            if example >= 0:
                self.picked.emit(example)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._place_at(event.position().x()))

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._hover(self._place_at(event.position().x()))
            self._pick()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._hover(None)
        self.update()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = 0 if self._returns is None else len(self._returns.counts)
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in moves and count:
            start = -1 if self._hovered is None else self._hovered
            self._hover(min(max(start + moves[Qt.Key(event.key())], 0), count - 1))
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._pick()
        else:
            super().keyPressEvent(event)
