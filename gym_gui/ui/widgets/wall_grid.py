"""Where tiles stand on a wall: cells of equal size, their pictures as large as they can be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QSize

from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.wall_caption import CAPTION_HEIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP: Final = tokens.SPACE_4


def columns_of(cells: Sequence[QRect]) -> int:
    """How many cells stand beside each other."""
    return max(1, sum(1 for cell in cells if cell.top() == cells[0].top())) if cells else 1


def grid_cells(size: QSize, count: int, aspect: float) -> list[QRect]:
    """Cells of equal size, as many columns as make the pictures largest."""
    if not count:
        return []

    def picture_height(columns: int) -> float:
        rows = math.ceil(count / columns)
        wide = size.width() / columns - _GAP
        high = size.height() / rows - _GAP - CAPTION_HEIGHT
        return min(high, wide / aspect)

    columns = max(range(1, count + 1), key=picture_height)
    rows = math.ceil(count / columns)
    width, height = (size.width() + _GAP) // columns - _GAP, (size.height() + _GAP) // rows - _GAP
    return [
        QRect((place % columns) * (width + _GAP), (place // columns) * (height + _GAP), width, height)
        for place in range(count)
    ]
