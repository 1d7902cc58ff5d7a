"""Where overlays go: beside the picture where there is room for them, over it only where there is none.

Pure geometry in logical pixels; the page's corner is 0, 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize

from gym_gui.ui import theme as tokens

# A column narrower than this breaks every line of text.
MIN_SIDE: Final = 168
# What the control strip takes below the picture: its buttons, its padding, and air.
STRIP_ROOM: Final = tokens.HIT_AREA + 4 * tokens.SPACE_8


@dataclass(frozen=True, slots=True)
class Ground:
    """What overlays are placed on.

    Attributes:
        page: Size of the whole.
        picture: What should not be covered; empty where there is none.
        hud_bottom: Lower edge of the HUD's blocks, which stand in the upper corners.
        hud_width: Width of the wider block, with its margin.
        bottom: Lower edge of the room that is free below the picture.
    """

    page: QSize
    picture: QRect
    hud_bottom: int
    hud_width: int
    bottom: int

    @property
    def side(self) -> int:
        """How wide a column beside the centred picture may be, without its margins; 0 where it would be too narrow."""
        width = self.picture.left() - 2 * tokens.SPACE_16 if self.picture.isValid() else 0
        return width if width >= MIN_SIDE else 0

    def beside(self, box: QSize) -> QPoint | None:
        """The corner of a *box* in the free band above the picture, or below it; None where it fits in neither."""
        needed, left = box.height() + 2 * tokens.SPACE_4, (self.page.width() - box.width()) // 2
        picture = self.picture
        clear_of_hud = left >= self.hud_width or not self.hud_width
        if picture.isValid() and picture.top() >= needed and clear_of_hud:
            return QPoint(left, (picture.top() - box.height()) // 2)
        below = picture.bottom() + 1
        if picture.isValid() and self.bottom - below >= needed:
            return QPoint(left, below + (self.bottom - below - box.height()) // 2)
        return None

    def over(self, box: QSize) -> QPoint:
        """The corner of a *box* at the top of the picture, between the HUD's blocks or under them."""
        left = (self.page.width() - box.width()) // 2
        return QPoint(left, tokens.SPACE_16 if left >= self.hud_width else self.hud_bottom + tokens.SPACE_8)

    def column(self, box: QSize, *, right: bool) -> QPoint:
        """The corner of a *box* at the page's left or right edge, under the HUD."""
        left = self.page.width() - box.width() - tokens.SPACE_16 if right else tokens.SPACE_16
        return QPoint(left, self.hud_bottom + tokens.SPACE_8)
