"""Text of a step: equally wide letters, to select and copy, in a box as large as it needs; it scrolls beyond.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QTextCharFormat
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.ansi_text import ESCAPE, decoded, write_decoded
from gym_gui.ui.widgets.basics import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent
    from rich.text import Text

    from gym_gui.ui.theme import Theme

LONGEST: Final = 200_000
_SIZES: Final = (tokens.HEADLINE_PX, tokens.TITLE_PX, tokens.BODY_PX)
_FRAME: Final = 2 * (tokens.SPACE_12 + 2)  # what the box needs beside its text, both sides together
_MINIMUM: Final = QSize(120, 90)
_WIDEST_NOTE: Final = 560


class TextView(QWidget):
    """Shows a text, with a title and a sentence above it where there is something to say.

    Args:
        theme: The look.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(_MINIMUM)
        self._theme = theme
        self._text = ""
        # Of a text with ANSI sequences, its lines; they are written anew in another theme's colours.
        self._coloured: list[Text] = []
        self._lines = QSize(1, 1)
        self._cut = ""
        self.title = make_label("", "title")
        self.sentence = make_label("", "muted", wrap=True)
        self.editor = QPlainTextEdit(self)
        for label in (self.title, self.sentence):
            label.setParent(self)
        self.editor.setReadOnly(True)
        self.editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        # The keys belong to the player and to the game; the mouse selects all the same.
        self.editor.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.editor.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.editor.document().setDocumentMargin(tokens.SPACE_8)
        theme.changed.connect(self._dress)

    @property
    def text(self) -> str:
        """What is shown, whole, its ANSI sequences included."""
        return self._text

    @property
    def selected(self) -> str:
        """What is selected of it."""
        return self.editor.textCursor().selectedText().replace("\u2029", "\n")

    @property
    def note(self) -> str:
        """What is not shown of it; empty where all is."""
        return self._cut

    @property
    def target(self) -> QRect:
        """What title, sentence and box cover."""
        shown = self.editor.geometry()
        for label in (self.title, self.sentence):
            if label.isVisibleTo(self):
                shown = shown.united(label.geometry())
        return shown

    def show_text(self, text: str, title: str = "", sentence: str = "") -> None:
        """Show *text*, below a *title* and a *sentence*; where it scrolls, the place is kept."""
        if (text, title, sentence) == (self._text, self.title.text(), self.sentence.text()):
            return
        self.title.setText(title)
        self.sentence.setText(sentence)
        for label in (self.title, self.sentence):
            label.setVisible(bool(label.text()))
        if text != self._text:
            self._text = text
            self._cut = f"{len(text):,} characters; the first {LONGEST:,} are shown." if len(text) > LONGEST else ""
            self._write(text[:LONGEST])
        self._arrange()

    def _write(self, text: str) -> None:
        self._coloured = decoded(text) if ESCAPE in text else []
        lines = [line.plain for line in self._coloured] or text.split("\n")
        self._lines = QSize(max(map(len, lines)), len(lines))
        bars = (self.editor.horizontalScrollBar(), self.editor.verticalScrollBar())
        places = [bar.value() for bar in bars]
        if self._coloured:
            write_decoded(self.editor.document(), self._coloured, self._theme)
        else:
            self.editor.setCurrentCharFormat(QTextCharFormat())
            self.editor.setPlainText(text)
        for bar, place in zip(bars, places, strict=True):
            bar.setValue(place)

    def _dress(self) -> None:
        if self._coloured:
            self._write(self._text[:LONGEST])
        self._arrange()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def _arrange(self) -> None:
        pad = tokens.SPACE_16
        room = self.rect().adjusted(pad, pad, -pad, -pad)
        heads = [label for label in (self.title, self.sentence) if label.text()]
        width = min(room.width(), _WIDEST_NOTE)
        heights = [label.heightForWidth(width) if label.wordWrap() else label.sizeHint().height() for label in heads]
        above = sum(heights) + tokens.SPACE_8 * len(heads)
        needed = self._fit(QSize(room.width(), room.height() - above))
        box = needed.boundedTo(QSize(room.width(), max(0, room.height() - above)))
        if heads:
            box.setWidth(max(box.width(), width))
        left = room.left() + (room.width() - box.width()) // 2
        top = room.top() + max(0, (room.height() - above - box.height()) // 2)
        for label, height in zip(heads, heights, strict=True):
            label.setGeometry(left, top, box.width(), height)
            top += height + tokens.SPACE_8
        self.editor.setGeometry(left, top, box.width(), box.height())

    def _fit(self, room: QSize) -> QSize:
        """The size that the whole text needs, in the largest letters that fit; the smallest where none do."""
        font, needed = QFont(), QSize()
        for px in _SIZES:
            font = self._theme.fixed_font(px)
            metrics = QFontMetrics(font)
            needed = QSize(
                metrics.horizontalAdvance("M") * self._lines.width() + _FRAME + tokens.SPACE_16,
                metrics.lineSpacing() * self._lines.height() + _FRAME + tokens.SPACE_16,
            )
            if needed.width() <= room.width() and needed.height() <= room.height():
                break
        # On the document: the application's stylesheet has the last word on a widget's own font.
        if self.editor.document().defaultFont() != font:
            self.editor.document().setDefaultFont(font)
        return needed
