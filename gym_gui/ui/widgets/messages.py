"""How the window speaks: an empty state that invites, a banner that needs a decision, a toast for what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import breakable
from gym_gui.ui.widgets.basics import make_button, make_label, make_tool_button

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent
    from PySide6.QtWidgets import QPushButton

    from gym_gui.ui.theme import Theme

TOAST_MS: Final = 4000
_TEXT_WIDTH: Final = 440
_ICON_LARGE: Final = 40
_STATE_ICONS: Final = {"good": "check-circle", "warn": "alert", "bad": "alert-octagon", "": "information-outline"}


class EmptyState(QWidget):
    """An icon, a title, one sentence and at most one button, in the middle of where content would be."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon_name = "information-outline"
        self._icon_role = "text_muted"
        self._icon = QLabel()
        self._title = make_label("", "title", wrap=True)
        self._text = make_label("", "muted", wrap=True)
        self._button = make_button("", self._press, "primary")
        self._on_click: Callable[[], object] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_24, tokens.SPACE_24, tokens.SPACE_24, tokens.SPACE_24)
        column.setSpacing(tokens.SPACE_12)
        column.addStretch(1)
        for widget in (self._icon, self._title, self._text, self._button):
            if isinstance(widget, QLabel):
                widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            if widget in (self._title, self._text):
                widget.setFixedWidth(_TEXT_WIDTH)
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        theme.changed.connect(self._tint)

    def show_message(
        self,
        icon: str,
        title: str,
        text: str,
        button: str = "",
        on_click: Callable[[], object] | None = None,
        *,
        role: str = "text_muted",
    ) -> None:
        """Say this; without *button* there is none."""
        self._icon_name, self._icon_role, self._on_click = icon, role, on_click
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        for label in (self._title, self._text):
            # A centred label is laid out by its size hint, which knows nothing of lines that wrap.
            label.ensurePolished()
            label.setFixedHeight(max(0, label.heightForWidth(_TEXT_WIDTH)))
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._tint()

    @property
    def title(self) -> str:
        """The sentence in bold."""
        return self._title.text()

    @property
    def text(self) -> str:
        """The sentence below it."""
        return self._text.text()

    @property
    def button(self) -> QPushButton:
        """The one button."""
        return self._button

    def _press(self) -> None:
        if self._on_click is not None:
            self._on_click()

    def _tint(self) -> None:
        icon = self._theme.icon(self._icon_name, self._icon_role)
        self._icon.setPixmap(icon.pixmap(QSize(_ICON_LARGE, _ICON_LARGE), self.devicePixelRatioF()))


class TwoLines(QLabel):
    """A sentence on at most two lines, cut short where it does not fit; the tooltip has it whole."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        # What it says must not move its neighbours.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        # Not twice the line spacing, which is rounded: text that is drawn is not.
        self.setFixedHeight(self.fontMetrics().boundingRect(QRect(0, 0, 1_000, 1_000), 0, "Two\nlines").height())

    @property
    def whole_text(self) -> str:
        """The text before it was cut."""
        return self._whole

    def set_text(self, text: str) -> None:
        """Show *text*, as much as fits."""
        self._whole = text
        self.setToolTip(breakable(text))
        self._fit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = breakable(self._whole)
        words = shown.split()
        if not self._fits(shown):
            cut = (" ".join(words[:count]) + "…" for count in range(len(words) - 1, 0, -1))
            shown = next((one for one in cut if self._fits(one)), "…")
        self.setText(shown)

    def _fits(self, text: str) -> bool:
        room = QRect(0, 0, max(1, self.width()), 1_000)
        needed = self.fontMetrics().boundingRect(room, int(Qt.TextFlag.TextWordWrap), text)
        return needed.height() <= self.height() and needed.width() <= room.width()


class Banner(QWidget):
    """One sentence across the top of a screen, with what can be done about it; hidden until it has something to say.

    Args:
        theme: The look.
        inline: Whether it stands within a line, where its room is kept while it is hidden, so that nothing moves.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, inline: bool = False) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state = ""
        bar = QFrame()
        bar.setProperty("bar", "true")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(bar)
        self._icon = QLabel()
        self._text = TwoLines() if inline else make_label("", wrap=True)
        self._action = make_button("", self._press)
        self._close = make_tool_button(theme, "close", "Dismiss", self.hide)
        self._on_action: Callable[[], object] | None = None
        row = QHBoxLayout(bar)
        row.setContentsMargins(tokens.SPACE_16, tokens.SPACE_8, tokens.SPACE_8, tokens.SPACE_8)
        row.setSpacing(tokens.SPACE_12)
        if inline:
            row.setContentsMargins(tokens.SPACE_8, tokens.SPACE_4, tokens.SPACE_4, tokens.SPACE_4)
            row.setSpacing(tokens.SPACE_8)
            policy = self.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            self.setSizePolicy(policy)
            self.setMinimumWidth(1)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        row.addWidget(self._action)
        row.addWidget(self._close)
        theme.changed.connect(self._tint)
        self.hide()

    def show_message(
        self, state: str, text: str, action: str = "", on_action: Callable[[], object] | None = None
    ) -> None:
        """Say *text*, in state ``good``, ``warn``, ``bad`` or none."""
        self._state, self._on_action = state, on_action
        if isinstance(self._text, TwoLines):
            self._text.set_text(text)
        else:
            self._text.setText(text)
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._tint()
        self.show()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.whole_text if isinstance(self._text, TwoLines) else self._text.text()

    def _press(self) -> None:
        if self._on_action is not None:
            self._on_action()

    def _tint(self) -> None:
        icon = self._theme.icon(_STATE_ICONS[self._state], self._state or "text_muted")
        self._icon.setPixmap(icon.pixmap(QSize(tokens.ICON, tokens.ICON), self.devicePixelRatioF()))


class Toast(QFrame):
    """A short message over the lower edge of a window, gone after four seconds; it may offer to undo.

    Args:
        window: The widget that it floats over.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setProperty("card", "true")
        self._over = window
        self._text = make_label("")
        self._undo = make_button("Undo", self._press, "quiet")
        self._on_undo: Callable[[], object] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_16, tokens.SPACE_8, tokens.SPACE_16, tokens.SPACE_8)
        row.addWidget(self._text)
        row.addWidget(self._undo)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TOAST_MS)
        self._timer.timeout.connect(self.hide)
        window.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def show_message(self, text: str, on_undo: Callable[[], object] | None = None) -> None:
        """Say *text*; with *on_undo*, offer to take it back."""
        self._on_undo = on_undo
        self._text.setText(text)
        self._undo.setVisible(on_undo is not None)
        self._place()
        self.show()
        self.raise_()
        self._timer.start()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _press(self) -> None:
        self.hide()
        if self._on_undo is not None:
            self._on_undo()

    def _place(self) -> None:
        self.adjustSize()
        over = self._over
        self.move((over.width() - self.width()) // 2, over.height() - self.height() - tokens.SPACE_32 * 2)
