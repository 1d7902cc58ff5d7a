"""Text as terminals show it: what environments colour with ANSI sequences is coloured, in the colours of the theme.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor

from gym_gui.ui import theme as tokens

if TYPE_CHECKING:
    from PySide6.QtGui import QTextDocument
    from rich.color import Color
    from rich.style import Style
    from rich.terminal_theme import TerminalTheme
    from rich.text import Text

    from gym_gui.ui.theme import Theme

ESCAPE: Final = "\x1b"


def decoded(text: str) -> list[Text]:
    """The lines of *text*, with what its sequences say of each beside it; sequences that move or erase are left out."""
    from rich.ansi import AnsiDecoder  # noqa: PLC0415 - 30 ms, where a text has sequences

    return list(AnsiDecoder().decode(text))


def write_decoded(document: QTextDocument, lines: list[Text], theme: Theme) -> None:
    """Let *document* hold these lines, in the theme's colours."""
    document.clear()
    cursor = QTextCursor(document)
    colours = _colours(theme)
    for number, line in enumerate(lines):
        if number:
            cursor.insertText("\n", QTextCharFormat())
        at = 0
        for span in line.spans:
            cursor.insertText(line.plain[at : span.start], QTextCharFormat())
            cursor.insertText(line.plain[span.start : span.end], _format(span.style, colours, theme))
            at = span.end
        cursor.insertText(line.plain[at:], QTextCharFormat())


def _colours(theme: Theme) -> TerminalTheme:
    from rich.terminal_theme import TerminalTheme  # noqa: PLC0415 - same

    named = tokens.ANSI_DARK if theme.is_dark else tokens.ANSI_LIGHT
    shades = [_triplet(QColor(name)) for name in named]
    return TerminalTheme(_triplet(theme.color("surface")), _triplet(theme.color("text")), shades, shades)


def _triplet(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def _format(style: str | Style, colours: TerminalTheme, theme: Theme) -> QTextCharFormat:
    made = QTextCharFormat()
    if isinstance(style, str):
        return made
    ink, ground = style.color, style.bgcolor
    if style.reverse:
        ink, ground = ground, ink
    if ground is not None and not ground.is_default:
        made.setBackground(_qcolor(ground, colours))
        # Any of the colours is read on the surface's, so the surface's is read on any of them.
        made.setForeground(theme.color("surface"))
    elif ink is not None and not ink.is_default:
        made.setForeground(_qcolor(ink, colours))
    if style.reverse and ground is None:
        made.setBackground(theme.color("text"))
        made.setForeground(theme.color("surface"))
    if style.bold:
        made.setFontWeight(QFont.Weight.Bold)
    made.setFontItalic(bool(style.italic))
    made.setFontUnderline(bool(style.underline))
    made.setFontStrikeOut(bool(style.strike))
    return made


def _qcolor(colour: Color, colours: TerminalTheme) -> QColor:
    return QColor(*colour.get_truecolor(colours))
