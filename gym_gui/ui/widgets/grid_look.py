"""How a grid's codes look: ground, letter and word of each, and tiles painted once for all cells of a code.

Qt thread.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.payload_colors import PLAIN_ROLES, cell_color, ink_on, mixed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.core.schema.render_payload import GridPayload
    from gym_gui.ui.theme import Theme

_LETTER_SHARE: Final = 0.46  # of a cell's side
_LETTER_FROM: Final = 11  # logical side of a cell that a letter can be read in
_LARGEST_LETTER: Final = 40
_WORD_ROOM: Final = 8
_LINES_FOR_WORD: Final = 3
_HATCH: Final = 0.35
_SHORT: Final = 2


@dataclass(frozen=True, slots=True)
class CodeLook:
    """How the cells of one code look.

    Attributes:
        letter: One or two signs; empty for plain ground.
        word: What it means; empty where nobody says.
        role: What it is for.
        ground: Its colour.
    """

    letter: str
    word: str
    role: str
    ground: QColor


def looks_of(payload: GridPayload, theme: Theme) -> dict[str, CodeLook]:
    """The look of every code that the payload uses or explains, in the legend's order."""
    plain = _plain_codes(payload)
    codes = dict.fromkeys(payload.legend)
    codes.update(dict.fromkeys(str(code) for row in payload.cells for code in set(row)))
    letters: dict[str, str] = {}
    looks = {}
    for code in codes:
        entry = payload.legend.get(code)
        word = str(entry.label) if entry is not None else ""
        role = str(entry.role) if entry is not None else ""
        letter = "" if code in plain else _letter(code, word, letters)
        letters[letter] = code
        looks[code] = CodeLook(letter, word, role, cell_color(theme, role))
    return looks


def _plain_codes(payload: GridPayload) -> set[str]:
    """Codes of bare ground, which needs no letter: signs that are no letters, else the most frequent one."""
    floors = {code for code, entry in payload.legend.items() if str(entry.role).lower() in PLAIN_ROLES}
    bare = {code for code in floors if not any(sign.isalnum() for sign in code)}
    if bare or not floors:
        return bare
    counted = Counter(str(code) for row in payload.cells for code in row if str(code) in floors)
    return {counted.most_common(1)[0][0]} if counted else floors


def _letter(code: str, word: str, taken: Mapping[str, str]) -> str:
    plain = code.strip()
    if plain and len(plain) <= _SHORT and not plain.isdigit():
        return plain
    source = word or plain
    first = source[:1].upper()
    return first if first not in taken else source[:_SHORT].title()


class Tiles:
    """One ready cell for each code, at one size.

    Args:
        theme: The look.
        side: Device pixels.
        ratio: Device pixels for each logical pixel.
    """

    def __init__(self, theme: Theme, side: int, ratio: float) -> None:
        self._theme = theme
        self._side = side
        self._ratio = ratio
        self._tiles: dict[tuple[str, str, str], QImage] = {}

    def tile(self, look: CodeLook) -> QImage:
        """The cell of this look; painted at the first call."""
        key = (look.letter, look.word, look.role)
        found = self._tiles.get(key)
        if found is None:
            found = self._tiles[key] = self._paint(look)
        return found

    def has_word(self, look: CodeLook) -> bool:
        """Whether the word stands at the cell's foot."""
        if not (look.letter and look.word):
            return False
        wide = QFontMetricsF(self.font(tokens.CAPTION_PX)).horizontalAdvance(look.word)
        line = word_height(self._theme, self._ratio)
        return wide + _WORD_ROOM * self._ratio <= self._side and self._side >= _LINES_FOR_WORD * line

    def _paint(self, look: CodeLook) -> QImage:
        side, ratio = self._side, self._ratio
        image = QImage(side, side, QImage.Format.Format_RGB32)
        image.fill(look.ground)
        with QPainter(image) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if look.role.lower() == "wall":
                self._hatch(painter, look.ground)
            if side >= _LETTER_FROM * ratio and look.letter:
                self._write(painter, look)
        return image

    def _write(self, painter: QPainter, look: CodeLook) -> None:
        side, ratio = self._side, self._ratio
        ink = ink_on(look.ground)
        caption = self.font(tokens.CAPTION_PX)
        line = word_height(self._theme, ratio)
        has_word = self.has_word(look)
        letter = self.font(min(_LARGEST_LETTER, round(side / ratio * _LETTER_SHARE)), bold=True)
        painter.setPen(ink)
        painter.setFont(letter)
        upper = QRectF(0, 0, side, side - line if has_word else side)
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, look.letter)
        if has_word:
            painter.setFont(caption)
            foot = QRectF(0, side - line, side, line - _WORD_ROOM * ratio / 2)
            painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, look.word)

    def _hatch(self, painter: QPainter, ground: QColor) -> None:
        step = max(3, round(6 * self._ratio))
        painter.setPen(QPen(mixed(self._theme.color("surface"), ground, _HATCH), max(1.0, self._ratio)))
        for x in range(-self._side, self._side, step):
            painter.drawLine(QPointF(x, self._side), QPointF(x + self._side, 0))

    def font(self, px: int, *, bold: bool = False) -> QFont:
        """A font of *px* logical pixels for painting in device pixels."""
        font = self._theme.font(px, bold=bold)
        font.setPixelSize(max(1, round(px * self._ratio)))
        return font


def word_height(theme: Theme, ratio: float) -> int:
    """What a word takes at the foot of a cell, device pixels."""
    return round((QFontMetricsF(theme.font(tokens.CAPTION_PX)).height() + _WORD_ROOM / 2) * ratio)


def draw_agent(painter: QPainter, box: QRect, color: QColor, letter: str, font: QFont, *, ratio: float) -> None:
    """A round marker in *box*, device pixels, with a ring that stands out of any ground."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ring = max(1.0, 2 * ratio)
    ink = ink_on(color)
    painter.setPen(QPen(ink, ring))
    painter.setBrush(color)
    painter.drawEllipse(QRectF(box).adjusted(ring / 2, ring / 2, -ring / 2, -ring / 2))
    if letter and box.width() >= _LETTER_FROM * ratio:
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(QRectF(box), Qt.AlignmentFlag.AlignCenter, letter)
