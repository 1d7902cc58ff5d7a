"""The grid: the agent where the payload says, a changed step painted as if anew, everything inside the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payloads import ICE, LAKE, grid
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QImage

from gym_gui.core.schema.render_payload import GridPayload, render_from_document
from gym_gui.ui.theme import Theme
from gym_gui.ui.widgets.grid_place import GridNeeds, place_grid
from gym_gui.ui.widgets.grid_view import MOST_CELLS, GridView, marker_boxes
from gym_gui.ui.widgets.payload_colors import cell_color, ink_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

ROLES = ("start", "goal", "hole", "wall", "floor", "passenger", "destination", "agent", "a role nobody knows", "")


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, "dark")
    yield made
    made.deleteLater()


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> GridView:
    made = GridView(theme)
    qtbot.addWidget(made)
    made.resize(600, 480)
    made.show()
    return made


def payload(document: dict[str, Any]) -> GridPayload:
    read = render_from_document(document)
    assert isinstance(read, GridPayload)
    return read


def pixels(view: GridView) -> QImage:
    return view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def has_marker(view: GridView, row: int, column: int, color: QColor) -> bool:
    """Whether the marker's colour lies around the middle of a cell."""
    image, ratio = pixels(view), view.devicePixelRatioF()
    box = view.cell_rect(row, column)
    spots = [(box.center().x() + dx, box.top() + box.height() * 0.4 + dy) for dx in (-9, 9) for dy in (-9, 9)]
    return any(image.pixelColor(int(x * ratio), int(y * ratio)) == color for x, y in spots)


@pytest.mark.parametrize("mode", ["dark", "light"])
@pytest.mark.parametrize("place", [(0, 0), (1, 1), (2, 3), (3, 3)])
def test_that_the_agent_is_painted_where_the_payload_says(
    view: GridView, theme: Theme, mode: str, place: tuple[int, int]
) -> None:
    theme.set_mode(mode)
    view.show_grid(payload(grid(*place)))
    accent = theme.color("accent")
    marked = [(row, column) for row in range(4) for column in range(4) if has_marker(view, row, column, accent)]
    assert marked == [place]


def test_that_a_cell_has_the_colour_of_its_role(view: GridView, theme: Theme) -> None:
    view.show_grid(payload(grid(0, 1)))
    image, ratio = pixels(view), view.devicePixelRatioF()
    for row, line in enumerate(LAKE):
        for column, code in enumerate(line):
            if (row, column) != (0, 1):
                corner = view.cell_rect(row, column).topLeft()
                color = image.pixelColor(int((corner.x() + 3) * ratio), int((corner.y() + 3) * ratio))
                assert color == cell_color(theme, ICE[code]["role"])


def test_that_a_step_is_painted_as_if_it_were_the_first(view: GridView, theme: Theme, qtbot: QtBot) -> None:
    view.show_grid(payload(grid(0, 0)))
    pixels(view)
    melted = ("SFHF", "FFFH", "FFFH", "HFFG")
    view.show_grid(payload(grid(2, 1, melted)))
    fresh = GridView(theme)
    qtbot.addWidget(fresh)
    fresh.resize(view.size())
    fresh.show_grid(payload(grid(2, 1, melted)))
    assert pixels(view) == pixels(fresh)


def test_that_a_code_that_comes_later_is_explained(view: GridView) -> None:
    document = grid(0, 0)
    view.show_grid(payload(document))
    before = pixels(view)
    document["cells"][3][1] = "?"
    view.show_grid(payload(document))
    assert pixels(view) != before
    assert "?" in view.told_at(view.cell_rect(3, 1).center().toPoint())


def test_that_a_cell_tells_what_it_is_and_who_is_there(view: GridView) -> None:
    view.show_grid(payload(grid(1, 1)))
    assert view.told_at(view.cell_rect(1, 1).center().toPoint()) == "Row 1, column 1: hole, elf"
    assert view.told_at(view.rect().topLeft()) == ""
    assert view.accessibleName() == "Grid of 4 rows and 4 columns: elf at row 1, column 1"


def test_that_agents_outside_and_many_in_one_cell_do_no_harm(view: GridView, theme: Theme) -> None:
    document = grid(0, 0)
    document["agents"] = [{"row": 9, "column": -1, "label": "lost"}] + [
        {"row": 2, "column": 2, "label": f"one {number}"} for number in range(5)
    ]
    view.show_grid(payload(document))
    assert not has_marker(view, 0, 0, theme.color("accent"))
    boxes = marker_boxes(view.cell_rect(2, 2).toAlignedRect(), 5)
    assert all(not one.intersects(other) for one in boxes for other in boxes if one is not other)


@pytest.mark.parametrize("size", [(1, 1), (2, 400), (60, 100), (400, 400)])
def test_that_grids_of_any_size_are_painted(view: GridView, size: tuple[int, int]) -> None:
    rows, columns = size
    cells = [[(row + column) % 3 for column in range(columns)] for row in range(rows)]
    view.show_grid(payload({"kind": "grid", "rows": rows, "columns": columns, "cells": cells}))
    image = pixels(view)
    assert len({image.pixelColor(x, image.height() // 2).name() for x in range(image.width())}) > 1
    assert bool(view.note) == (max(size) > MOST_CELLS)


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_that_letters_keep_their_contrast_on_every_role(theme: Theme, mode: str) -> None:
    theme.set_mode(mode)
    for role in ROLES:
        ground = cell_color(theme, role)
        assert contrast(ink_on(ground), ground) >= 4.5, role


def contrast(one: QColor, other: QColor) -> float:
    """The ratio that WCAG asks for."""

    def light(color: QColor) -> float:
        parts = (color.redF(), color.greenF(), color.blueF())
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(30, 200), st.just(22)), max_size=10),
    st.tuples(st.integers(120, 3000), st.integers(90, 2000)),
    st.sampled_from([1.0, 1.5, 2.0]),
)
def test_that_everything_lies_inside_and_nothing_on_a_cell(
    rows: int, columns: int, entries: list[tuple[int, int]], area: tuple[int, int], ratio: float
) -> None:
    sizes = [QSize(*entry) for entry in entries]
    needs = GridNeeds(rows=rows, columns=columns, number=QSize(16, 14), entries=sizes, space=16, ratio=ratio)
    place = place_grid(needs, QSize(*area))
    whole = QRect(0, 0, *area)
    cells = QRect(place.left, place.top, place.cell * columns, place.cell * rows)
    assert whole.contains(cells) or place.cell == 0
    for spot, size in zip(place.legend, sizes, strict=False):
        entry = QRect(spot, size)
        assert whole.contains(entry)
        assert not entry.intersects(cells)
