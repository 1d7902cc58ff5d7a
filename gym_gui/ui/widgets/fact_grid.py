"""Facts as rows of key and value, with a copy button where a value is worth taking away; groups that fold."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QHoverEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import breakable, shortened
from gym_gui.ui.widgets.basics import make_label, make_tool_button, set_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from gym_gui.ui.theme import Theme

_KEY_WIDTH: Final = 112
_ROW_HEIGHT: Final = 24
_NARROWEST_TITLE: Final = 96
_LINE_PAD: Final = 3
_COPY_COLUMN: Final = 2
_NARROW_RUN: Final = 12  # characters that fit on a line of values
_TIP_CHARACTERS: Final = 72  # in a line
_LONGEST_TIP: Final = 2_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One row.

    Attributes:
        key: What it is.
        value: As a person reads it.
        copy: What the copy button takes, which is always there then; empty: the value, while the pointer is over it.
        state: ``good``, ``warn``, ``bad`` or none.
        tip: What the tooltip says beside the value that is cut short.
        whole: The value, where `value` is only its beginning.
    """

    key: str
    value: str
    copy: str = ""
    state: str = ""
    tip: str = ""
    whole: str = ""

    @property
    def taken(self) -> str:
        """What is copied."""
        return self.copy or self.whole or self.value


class WrappedLabel(QLabel):
    """As many lines as the text needs, the first of them on one line with a neighbour's."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setContentsMargins(0, _LINE_PAD, 0, _LINE_PAD)
        self.setMinimumHeight(_ROW_HEIGHT)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def whole_text(self) -> str:
        """The text."""
        return self._whole

    def set_text(self, text: str, tip: str = "", *, middle: bool = False) -> None:
        """Show *text* whole; *middle* is for those that cut it."""
        del middle
        if text != self._whole:
            self._whole = text
            self.setText(breakable(text, run=_NARROW_RUN))
        self.setToolTip(tip)


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
        cut = fill(self._whole[:_LONGEST_TIP], _TIP_CHARACTERS) if fitted != one_line else ""
        self.setToolTip("\n\n".join(part for part in (cut, self._tip) if part))


class ElidedTitle(ElidedLabel):
    """A title that takes the room of its text where there is so much, and is cut in the middle where there is not."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("type", "title")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    @override
    def sizeHint(self) -> QSize:
        text = self.fontMetrics().horizontalAdvance(" ".join(self.whole_text.split()))
        return QSize(text + 1, super().sizeHint().height())  # what fits to the pixel may be cut all the same

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), _NARROWEST_TITLE), super().minimumSizeHint().height())

    @override
    def set_text(self, text: str, tip: str = "", *, middle: bool = True) -> None:
        """Show *text*; both its ends tell something."""
        changed = text != self.whole_text
        super().set_text(text, tip, middle=middle)
        if changed:
            self.updateGeometry()


class FactGrid(QWidget):
    """A list of facts; rows are made once and filled again.

    Args:
        theme: The look.
        notify: Told what was copied.
        wrap: Long values take more lines, for facts that do not change while they are read; others are cut to one.
        key_width: Pixels of the keys' column.
    """

    def __init__(
        self,
        theme: Theme,
        notify: Callable[[str], None],
        parent: QWidget | None = None,
        *,
        wrap: bool = False,
        key_width: int = _KEY_WIDTH,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._notify = notify
        self._wrap = wrap
        self._key_width = key_width
        self._hovered: int | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._rows: list[tuple[WrappedLabel, WrappedLabel | ElidedLabel, QToolButton]] = []
        self._facts: tuple[Fact, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(tokens.SPACE_8)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnMinimumWidth(0, key_width)
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
            copy.setVisible(wanted and (bool(shown[place].copy) or place == self._hovered))
            if wanted:
                fact = shown[place]
                key.set_text(fact.key)
                value.set_text(fact.value, fact.tip, middle=bool(fact.copy))
                set_state(value, fact.state)
        self._facts = shown

    def _add_row(self) -> None:
        row = len(self._rows)
        key = WrappedLabel()
        key.setProperty("type", "muted")
        key.setFixedWidth(self._key_width)
        value = WrappedLabel() if self._wrap else ElidedLabel()
        if isinstance(value, ElidedLabel):
            value.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            value.setContentsMargins(0, _LINE_PAD, 0, _LINE_PAD)
        value.setFont(self._theme.font(tokens.BODY_PX))
        copy = make_tool_button(self._theme, "content-copy", "Copy", lambda: self._copy(row), role="text_muted")
        copy.setProperty("kind", "small")
        copy.setIconSize(QSize(tokens.ICON_SMALL, tokens.ICON_SMALL))
        copy.setMinimumSize(QSize(0, 0))
        copy.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        copy.hide()
        # It comes and goes with the pointer; the values stay where they are.
        self._grid.setColumnMinimumWidth(_COPY_COLUMN, copy.sizeHint().width())
        for column, widget in enumerate((key, value, copy)):
            self._grid.addWidget(widget, row, column)
        self._grid.setAlignment(copy, Qt.AlignmentFlag.AlignTop)
        if not self._wrap:
            self._grid.setAlignment(value, Qt.AlignmentFlag.AlignTop)
        self._rows.append((key, value, copy))

    def _copy(self, place: int) -> None:
        fact = self._facts[place]
        QGuiApplication.clipboard().setText(fact.taken)
        self._notify(f"{fact.key} copied: {shortened(' '.join(fact.taken.split()), _TIP_CHARACTERS)}")

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHoverEvent):
            left = event.type() is QEvent.Type.HoverLeave
            self._hover(None if left else self._row_at(event.position().y()))
        return super().event(event)

    def _row_at(self, y: float) -> int | None:
        for place, (key, value, _) in enumerate(self._rows[: len(self._facts)]):
            if min(key.y(), value.y()) <= y < max(key.geometry().bottom(), value.geometry().bottom()) + 1:
                return place
        return None

    def _hover(self, place: int | None) -> None:
        before, self._hovered = self._hovered, place
        if before == place:
            return
        for row in (before, place):
            if row is not None and row < len(self._facts):
                self._rows[row][2].setVisible(row == place or bool(self._facts[row].copy))


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
        with QPainter(self) as painter:
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

    folded = Signal(bool)  # whether it is open now

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
        self.folded.emit(opened)
        self._note.setVisible(opened and bool(self._note.text()))
