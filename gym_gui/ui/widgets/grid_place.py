"""Where a grid's cells, its row and column numbers and its legend go: whole device pixels, as large as the area allows.

Pure geometry in device pixels; the widget's corner is 0, 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, QSize

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_CELL: Final = 144  # logical; larger ones tell nothing more
NUMBERS_FROM: Final = 18  # logical size of a cell that a number beside it can be read with
GAP_FROM: Final = 6  # device pixels of a cell that a line around it leaves something of
_NUMBERS_WORTH: Final = 0.2  # cells may be so much smaller for their sake
_LEGEND_LINES: Final = 4  # below a grid; the rest is left out rather than taking the grid's place


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPlace:
    """Where everything goes.

    Attributes:
        cell: Side of a cell, with the line around it; 0 where there is no room.
        left: Of the first column.
        top: Of the first row.
        gap: Width of the line between cells: 0 or more.
        numbers: Whether rows and columns are numbered.
        legend: The corner of each legend entry that has room.
        bounds: All of it.
    """

    cell: int
    left: int
    top: int
    gap: int
    numbers: bool
    legend: tuple[QPoint, ...]
    bounds: QRect

    def cell_at(self, row: int, column: int) -> QRect:
        """The inside of a cell, without the line around it."""
        side = self.cell - self.gap
        return QRect(self.left + column * self.cell, self.top + row * self.cell, side, side)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridNeeds:
    """What has to be placed.

    Attributes:
        rows: Of cells.
        columns: Of cells.
        number: Size of the largest row or column number.
        entries: Size of each entry of the legend.
        space: Between parts.
        ratio: Device pixels for each logical pixel.
    """

    rows: int
    columns: int
    number: QSize
    entries: Sequence[QSize]
    space: int
    ratio: float


def place_grid(needs: GridNeeds, area: QSize) -> GridPlace:
    """The place with the largest cells: legend below or beside, with numbers where they can be read."""

    def worth(place: GridPlace) -> float:
        told = len(place.legend) / len(needs.entries) if needs.entries else 1.0
        return place.cell * (1 + _NUMBERS_WORTH * place.numbers) * (1 + told)

    return max(_tries(needs, area), key=worth)


def _tries(needs: GridNeeds, area: QSize) -> list[GridPlace]:
    places = []
    for beside in (False, True):
        for numbers in (True, False):
            place = _place(needs, area, beside=beside, numbers=numbers)
            readable = not numbers or place.cell >= NUMBERS_FROM * needs.ratio
            if readable and place.cell and QRect(QPoint(), area).contains(place.bounds):
                places.append(place)
    if all(place.cell < GAP_FROM for place in places):  # there is no room for anything but cells
        places.append(
            _place(
                GridNeeds(
                    rows=needs.rows, columns=needs.columns, number=needs.number, entries=(), space=0, ratio=needs.ratio
                ),
                area,
                beside=False,
                numbers=False,
            )
        )
    return places


def _place(needs: GridNeeds, area: QSize, *, beside: bool, numbers: bool) -> GridPlace:
    space, entries = needs.space, needs.entries
    left = needs.number.width() + space // 2 if numbers else 0
    top = needs.number.height() + space // 2 if numbers else 0
    wide, high = area.width() - 2 * space, area.height() - 2 * space
    spots, legend = _column(entries, high - top, space) if beside else _lines(entries, wide, space)
    if legend.isEmpty():
        spots, legend = [], QSize(0, 0)
    taken = QSize(legend.width() + space, 0) if beside else QSize(0, legend.height() + space)
    if not spots:
        taken = QSize(0, 0)
    cell = min((wide - left - taken.width()) // needs.columns, (high - top - taken.height()) // needs.rows)
    cell = max(0, min(cell, round(LARGEST_CELL * needs.ratio)))
    gap = 0 if cell < GAP_FROM else max(1, round(needs.ratio))
    inner = QSize(left + cell * needs.columns, top + cell * needs.rows)
    whole = QSize(inner.width() + taken.width(), inner.height() + taken.height())
    if beside:
        whole.setHeight(max(whole.height(), top + legend.height()))
    else:
        whole.setWidth(max(whole.width(), legend.width()))
    corner = QPoint((area.width() - whole.width()) // 2, (area.height() - whole.height()) // 2)
    if beside:
        start = corner + QPoint(inner.width() + space, top)
        grid = corner
    else:
        grid = corner + QPoint((whole.width() - inner.width()) // 2, 0)
        # On one left edge with the cells where it fits there, else centred under them.
        shift = left if left + legend.width() <= inner.width() else (inner.width() - legend.width()) // 2
        start = grid + QPoint(shift, inner.height() + space)
    return GridPlace(
        cell=cell,
        left=grid.x() + left,
        top=grid.y() + top,
        gap=gap,
        numbers=numbers,
        legend=tuple(start + spot for spot in spots),
        bounds=QRect(corner, whole),
    )


def _lines(entries: Sequence[QSize], width: int, space: int) -> tuple[list[QPoint], QSize]:
    spots: list[QPoint] = []
    x = y = right = line = 0
    for number, entry in enumerate(entries):
        if x and x + entry.width() > width:
            x, y = 0, y + entry.height() + space // 2
            line += 1
        if line >= _LEGEND_LINES or entry.width() > width:
            entries = entries[:number]
            break
        spots.append(QPoint(x, y))
        right = max(right, x + entry.width())
        x += entry.width() + space
    return spots, QSize(right, spots[-1].y() + entries[0].height()) if spots else QSize()


def _column(entries: Sequence[QSize], height: int, space: int) -> tuple[list[QPoint], QSize]:
    step = (entries[0].height() + space // 2) if entries else 1
    fitting = entries[: max(0, (height + space // 2) // step)]
    spots = [QPoint(0, number * step) for number in range(len(fitting))]
    width = max((entry.width() for entry in fitting), default=0)
    return spots, QSize(width, len(fitting) * step) if spots else QSize()
