"""Which places of a drawing are taken already, so that labels lie on nothing.

Pure, on any thread. Boxes are left, top, width, height in logical pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Box: TypeAlias = tuple[float, float, float, float]

_CELL: Final = 6  # pixels: what is nearer touches


class Room:
    """The free places of one drawing.

    Args:
        width: Of the drawing.
        height: Of the drawing.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        shape = (int(height // _CELL) + 1, int(width // _CELL) + 1)
        self._taken = np.zeros(shape, np.bool_)
        self._lined = np.zeros(shape, np.bool_)

    def take(self, box: Box) -> None:
        """Nothing else may lie here."""
        self._part(self._taken, box)[...] = True

    def take_discs(self, middles: NDArray[np.float64], radius: float) -> None:
        """Nothing else may lie on these: ``float64 (count, 2)``."""
        reach = max(0.0, radius - 1)
        for x, y in middles.tolist():
            self.take((x - reach, y - reach, 2 * reach, 2 * reach))

    def draw_lines(self, lines: NDArray[np.float64]) -> None:
        """Lines run here, ``float64 (count, 4)``, from x, y to x, y: what has a choice avoids them."""
        if not len(lines):
            return
        start, way = lines[:, None, :2], (lines[:, 2:] - lines[:, :2])[:, None, :]
        longest = min(float(np.abs(way).max()), max(self.width, self.height))
        steps = np.linspace(0.0, 1.0, int(longest // _CELL) + 2)[None, :, None]
        spots = ((start + steps * way) // _CELL).astype(np.int64)
        columns, rows = spots[..., 0].ravel(), spots[..., 1].ravel()
        inside = (rows >= 0) & (rows < self._lined.shape[0]) & (columns >= 0) & (columns < self._lined.shape[1])
        self._lined[rows[inside], columns[inside]] = True

    def is_free(self, box: Box) -> bool:
        """Whether *box* lies inside and touches nothing."""
        left, top, width, height = box
        inside = left >= 0 and top >= 0 and left + width <= self.width and top + height <= self.height
        return inside and not self._part(self._taken, box).any()

    def best(self, boxes: Sequence[Box]) -> Box | None:
        """The first free box that no line crosses, else the first free one; None where none is free."""
        free = None
        for box in boxes:
            if self.is_free(box):
                if not self._part(self._lined, box).any():
                    return box
                free = free or box
        return free

    def _part(self, cells: NDArray[np.bool_], box: Box) -> NDArray[np.bool_]:
        left, top, width, height = box
        rows = slice(max(0, int(top // _CELL)), max(0, int((top + height) // _CELL) + 1))
        return cells[rows, max(0, int(left // _CELL)) : max(0, int((left + width) // _CELL) + 1)]


def around(x: float, y: float, radius: float, width: float, height: float) -> Sequence[Box]:
    """Where a label of this size may stand beside a node: below, right, above, left."""
    far, beside = radius + 4, radius + 6
    return (
        (x - width / 2, y + far, width, height),
        (x + beside, y - height / 2, width, height),
        (x - width / 2, y - far - height, width, height),
        (x - beside - width, y - height / 2, width, height),
    )
