"""F1: the keys of this game and of the window, drawn as keycaps over the picture.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import Keycap, make_label, make_line, make_tool_button
from gym_gui.ui.widgets.keyboard import KeyboardDrawing, control_hues

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gym_gui.adapters.controls import Binding
    from gym_gui.controllers.session_state import SessionState
    from gym_gui.ui.theme import Theme

SOUND_LABEL: Final = "Sound on, off"
VIEW_LABEL: Final = "Picture, grid, graph or text"
# Keys as they are written; each entry of a row's first part is one keycap.
WINDOW_KEYS: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (("P", "Esc"), "Pause, go on"),
    ((".",), "Single step"),
    (("+", "-"), "Speed"),
    (("F5",), "New episode"),
    (("Ctrl+R",), "New episode with a seed"),
    (("H",), "Score and rate"),
    (("M",), SOUND_LABEL),
    (("V",), VIEW_LABEL),
    (("F11",), "Full screen"),
    (("Ctrl+W",), "All games"),
)
# What title, lists and margins need below and above the drawn keyboard.
_LISTS_HEIGHT: Final = 420
_LINE_HEIGHT: Final = 34
TURN_KEYS_LEFT_OUT: Final = frozenset({"Single step", "Speed"})


class HelpOverlay(QFrame):
    """A card with two columns of keycaps; emits `closed`."""

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("overlay", "true")
        self._theme = theme
        self._hues: dict[str, str] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_24, tokens.SPACE_16, tokens.SPACE_16, tokens.SPACE_24)
        column.setSpacing(tokens.SPACE_12)
        head = QHBoxLayout()
        self._title = make_label("Keys", "title")
        close = make_tool_button(theme, "close", "Close (F1 or Esc)", self.closed.emit, role="overlay_text")
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head.addWidget(self._title, 1)
        head.addWidget(close)
        column.addLayout(head)
        self._drawing = QVBoxLayout()
        column.addLayout(self._drawing)
        self._body = QHBoxLayout()
        self._body.setSpacing(tokens.SPACE_24)
        column.addLayout(self._body)
        self.hide()

    def show_keys(self, game: str, state: SessionState, *, views: bool, height: int) -> None:
        """Draw the keys of *game* and those of the window; the keyboard only where *height* leaves room for it.

        *views*: the game has more to show than its picture.
        """
        bindings = state.bindings
        self._title.setText(f"Keys of {game}")
        _empty(self._drawing)
        _empty(self._body)
        self._hues = control_hues(bindings)
        drawing = KeyboardDrawing(self._theme, self._hues)
        if bindings and height >= drawing.height() + _LISTS_HEIGHT + _LINE_HEIGHT * (views + state.has_sound):
            self._drawing.addWidget(drawing, 0, Qt.AlignmentFlag.AlignHCenter)
        else:
            drawing.deleteLater()
        if bindings:
            rows = [(binding.keys, binding.label) for binding in bindings]
            self._body.addWidget(self._column("Game", rows, "This game has no keys."), 0, Qt.AlignmentFlag.AlignTop)
        else:
            text = make_label("No keys have been drawn for this environment. It stands idle.", "muted", wrap=True)
            text.setFixedWidth(220)
            self._body.addWidget(text, 0, Qt.AlignmentFlag.AlignTop)
        self._body.addWidget(make_line(vertical=True))
        window = window_keys(bindings, turn_based=state.turn_based, views=views, sound=state.has_sound)
        self._body.addWidget(self._column("Window", window, ""), 0, Qt.AlignmentFlag.AlignTop)
        self.adjustSize()

    def _column(self, title: str, rows: Iterable[tuple[tuple[str, ...], str]], empty: str) -> QWidget:
        widget = QWidget()
        grid = QGridLayout(widget)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(tokens.SPACE_16)
        grid.setVerticalSpacing(tokens.SPACE_8)
        grid.setColumnStretch(1, 1)
        grid.addWidget(make_label(title, "caption"), 0, 0, 1, 2)
        line = 0
        for line, (keys, label) in enumerate(rows, start=1):
            grid.addWidget(key_row(self._theme, keys, self._hues), line, 0)
            grid.addWidget(make_label(label), line, 1)
        if not line:
            grid.addWidget(make_label(empty, "muted"), 1, 0, 1, 2)
        return widget


def window_keys(
    bindings: Sequence[Binding], *, turn_based: bool, views: bool, sound: bool
) -> list[tuple[tuple[str, ...], str]]:
    """The window's keys during a game; those that the game itself uses are left out, because they belong to it."""
    offered = ((VIEW_LABEL, views), (SOUND_LABEL, sound))
    taken = {key.upper() for binding in bindings for key in binding.keys}
    left_out = (TURN_KEYS_LEFT_OUT if turn_based else set()) | {label for label, there in offered if not there}
    rows = (
        (tuple(key for key in keys if key not in taken), label) for keys, label in WINDOW_KEYS if label not in left_out
    )
    return [(keys, label) for keys, label in rows if keys]


def key_row(theme: Theme, keys: Iterable[str], hues: Mapping[str, str] | None = None) -> QWidget:
    """Keycaps side by side, those with a hue in it."""
    widget = QWidget()
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(tokens.SPACE_4)
    font = theme.font(tokens.CAPTION_PX)
    for key in keys:
        hue = None if hues is None else hues.get(key)
        face = theme.color("overlay_hover") if hue is None else QColor(hue)
        row.addWidget(Keycap(key, theme.color("overlay_text" if hue is None else "picture"), face, font))
    row.addStretch(1)
    return widget


def _empty(layout: QBoxLayout) -> None:
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()


class KeyHint(QFrame):
    """The game's keys in one line or column, shown for a few seconds when it starts."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("overlay", "true")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._theme = theme
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(tokens.SPACE_16, tokens.SPACE_8, tokens.SPACE_16, tokens.SPACE_8)
        self._row.setSpacing(tokens.SPACE_16)
        self.hide()

    def set_upright(self, *, upright: bool) -> None:
        """One control below the other, or all in one line."""
        directions = QBoxLayout.Direction
        self._row.setDirection(directions.TopToBottom if upright else directions.LeftToRight)
        self._row.setSpacing(tokens.SPACE_4 if upright else tokens.SPACE_16)
        self._row.activate()
        self.adjustSize()

    def show_keys(self, bindings: Sequence[Binding]) -> None:
        """Draw the first key of each control, and how to see the rest."""
        _empty(self._row)
        shown = [((binding.keys[0],), binding.label) for binding in bindings[:5]]
        for keys, label in [*shown, (("F1",), "All keys")]:
            pair = QWidget()
            layout = QHBoxLayout(pair)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(tokens.SPACE_8)
            layout.addWidget(key_row(self._theme, keys))
            text: QLabel = make_label(label)
            layout.addWidget(text, 1)
            self._row.addWidget(pair)
        self.adjustSize()
