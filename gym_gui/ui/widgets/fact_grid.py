"""Facts as rows of key and value, with a copy button where a value is worth taking away; groups that fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_label, make_tool_button, set_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from gym_gui.ui.theme import Theme

_KEY_WIDTH: Final = 96
_ROW_HEIGHT: Final = 24


@dataclass(frozen=True, slots=True)
class Fact:
    """One row.

    Attributes:
        key: What it is.
        value: As a person reads it.
        copy: What the copy button takes; empty for no button.
        state: ``good``, ``warn``, ``bad`` or none.
        tip: What the tooltip says; empty: the value, where it is cut short.
    """

    key: str
    value: str
    copy: str = ""
    state: str = ""
    tip: str = ""


class ElidedLabel(QLabel):
    """One line that is cut short with an ellipsis where it does not fit; the tooltip has it whole."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self._tip = ""
        self._mode = Qt.TextElideMode.ElideRight
        self.setTextFormat(Qt.TextFormat.PlainText)
        # Its text must never move its neighbours: it changes many times a second.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_ROW_HEIGHT)

    @property
    def whole_text(self) -> str:
        """The text before it was cut."""
        return self._whole

    def set_text(self, text: str, tip: str = "", *, middle: bool = False) -> None:
        """Show *text*, as much as fits; *middle*: what is cut out is the middle, since both ends tell something."""
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        if text != self._whole or tip != self._tip:
            self._whole, self._tip = text, tip
            self._fit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        one_line = " ".join(self._whole.split())
        fitted = self.fontMetrics().elidedText(one_line, self._mode, self.width())
        self.setText(fitted)
        self.setToolTip(self._tip or (self._whole if fitted != self._whole else ""))


class FactGrid(QWidget):
    """A list of facts; rows are made once and filled again.

    Args:
        theme: The look.
        notify: Told what was copied.
    """

    def __init__(self, theme: Theme, notify: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._notify = notify
        self._rows: list[tuple[ElidedLabel, ElidedLabel, QToolButton]] = []
        self._facts: tuple[Fact, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(tokens.SPACE_8)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnMinimumWidth(0, _KEY_WIDTH)
        self._grid.setColumnStretch(1, 1)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What is shown."""
        return self._facts

    def set_facts(self, facts: Sequence[Fact]) -> None:
        """Show these, in this order."""
        shown = tuple(facts)
        if shown == self._facts:
            return
        while len(self._rows) < len(shown):
            self._add_row()
        for place, (key, value, copy) in enumerate(self._rows):
            wanted = place < len(shown)
            for widget in (key, value):
                widget.setVisible(wanted)
            copy.setVisible(wanted and bool(shown[place].copy))
            if wanted:
                fact = shown[place]
                key.set_text(fact.key)
                value.set_text(fact.value, fact.tip, middle=bool(fact.copy))
                set_state(value, fact.state)
        self._facts = shown

    def _add_row(self) -> None:
        row = len(self._rows)
        key = ElidedLabel()
        key.setProperty("type", "muted")
        key.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        key.setFixedWidth(_KEY_WIDTH)
        value = ElidedLabel()
        value.setFont(self._theme.font(tokens.BODY_PX))
        copy = make_tool_button(self._theme, "content-copy", "Copy", lambda: self._copy(row), role="text_muted")
        copy.setProperty("kind", "small")
        copy.setIconSize(QSize(tokens.ICON_SMALL, tokens.ICON_SMALL))
        copy.setMinimumSize(QSize(0, 0))
        copy.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for column, widget in enumerate((key, value, copy)):
            self._grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignVCenter)
        self._rows.append((key, value, copy))

    def _copy(self, place: int) -> None:
        fact = self._facts[place]
        QGuiApplication.clipboard().setText(fact.copy)
        self._notify(f"{fact.key} copied: {fact.copy}")


class _FoldHead(QAbstractButton):
    """A chevron and a title on one left edge with the rows below; Space and Enter press it."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self._theme = theme
        self.opened = True
        self.setText(title)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(tokens.HIT_AREA)
        theme.changed.connect(self.update)

    @override
    def sizeHint(self) -> QSize:
        width = QFontMetrics(self._theme.font(tokens.BODY_PX, bold=True)).horizontalAdvance(self.text())
        return QSize(tokens.ICON_SMALL + tokens.SPACE_4 + width, tokens.HIT_AREA)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        role = "accent" if self.hasFocus() else "text_muted"
        top = (self.height() - tokens.ICON_SMALL) // 2
        icon = self._theme.icon("chevron-down" if self.opened else "chevron-right", role)
        # The glyph has room of its own around it; the edge of what is seen counts.
        icon.paint(painter, QRect(-tokens.SPACE_4, top, tokens.ICON_SMALL, tokens.ICON_SMALL))
        painter.setFont(self._theme.font(tokens.BODY_PX, bold=True))
        painter.setPen(self._theme.color("text"))
        text = self.rect().adjusted(tokens.ICON_SMALL, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("accent"), 1))
            ring = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(ring, tokens.RADIUS, tokens.RADIUS)


class FoldingGroup(QWidget):
    """A titled part of an inspector that opens and closes with a click on its title.

    Args:
        theme: The look.
        title: Its name.
        content: What it folds.
    """

    def __init__(self, theme: Theme, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = content
        self._head = _FoldHead(theme, title)
        self._head.clicked.connect(lambda _checked=False: self.fold(opened=not self._head.opened))
        self._note = make_label("", "muted", wrap=True)
        self._note.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_4)
        column.addWidget(self._head)
        column.addWidget(self._note)
        column.addWidget(content)

    def set_note(self, text: str) -> None:
        """One muted sentence above the content; empty for none."""
        self._note.setText(text)
        self._note.setVisible(bool(text) and self._head.opened)

    def fold(self, *, opened: bool) -> None:
        """Open or close it."""
        self._head.opened = opened
        self._head.update()
        self._content.setVisible(opened)
        self._note.setVisible(opened and bool(self._note.text()))
