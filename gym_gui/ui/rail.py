"""The rail at the left: one entry a screen, the open one plain to see, a badge where attention is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QVBoxLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QEnterEvent, QPaintEvent

    from gym_gui.ui.screens.registry import ScreenSpec
    from gym_gui.ui.theme import Theme

WIDTH: Final = 76
_ENTRY: Final = QSize(68, 58)


class RailEntry(QAbstractButton):
    """Icon over word; painted, so that both keep their place at every scale."""

    def __init__(self, theme: Theme, spec: ScreenSpec, shortcut: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = spec.icon
        self._badge = False
        self.setText(spec.title)
        self.setCheckable(True)
        self.setToolTip(f"{spec.title} ({shortcut})")
        self.setAccessibleName(spec.title)
        self.setFixedSize(_ENTRY)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)

    def has_badge(self) -> bool:
        """Whether the dot that asks for attention is shown."""
        return self._badge

    def set_badge(self, *, shown: bool) -> None:
        """Show or hide the dot that asks for attention."""
        self._badge = shown
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return _ENTRY

    @override
    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            area = QRectF(self.rect()).adjusted(2, 2, -2, -2)
            painter.setPen(Qt.PenStyle.NoPen)
            if self.isChecked():
                painter.setBrush(theme.color("accent_soft"))
                painter.drawRoundedRect(area, tokens.RADIUS, tokens.RADIUS)
            elif self.underMouse():
                painter.setBrush(theme.color("surface_hover"))
                painter.drawRoundedRect(area, tokens.RADIUS, tokens.RADIUS)
            if self.hasFocus():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(theme.color("accent"))
                painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), tokens.RADIUS, tokens.RADIUS)
            role = "text" if self.isChecked() else "text_muted"
            side = 22
            spot = QRect((self.width() - side) // 2, 9, side, side)
            theme.icon(self._icon_name, "accent" if self.isChecked() else role).paint(painter, spot)
            painter.setPen(theme.color(role))
            painter.setFont(theme.font(tokens.CAPTION_PX, bold=self.isChecked()))
            painter.drawText(QRect(0, 33, self.width(), 18), Qt.AlignmentFlag.AlignCenter, self.text())
            if self._badge:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("bad"))
                painter.drawEllipse(QRectF(spot.right() + 2, spot.top() - 2, 8, 8))


class Rail(QFrame):
    """Emits `screen_chosen` with the name of the screen that was picked."""

    screen_chosen = Signal(str)

    def __init__(self, theme: Theme, specs: Sequence[ScreenSpec], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "true")
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_4, tokens.SPACE_8, tokens.SPACE_4, tokens.SPACE_8)
        column.setSpacing(tokens.SPACE_4)
        self._entries: dict[str, RailEntry] = {}
        self._group = QButtonGroup(self)
        for place, spec in enumerate(specs, start=1):
            entry = RailEntry(theme, spec, f"Ctrl+{place}")
            entry.clicked.connect(lambda _checked=False, name=spec.name: self.screen_chosen.emit(name))
            self._group.addButton(entry)
            self._entries[spec.name] = entry
            if spec.name == "settings":
                column.addStretch(1)
            column.addWidget(entry)
        if "settings" not in self._entries:
            column.addStretch(1)

    def show_open(self, name: str) -> None:
        """Mark the screen that is open."""
        self._entries[name].setChecked(True)

    def entry(self, name: str) -> RailEntry:
        """The entry of a screen."""
        return self._entries[name]
