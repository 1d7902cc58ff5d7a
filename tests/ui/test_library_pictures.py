"""Pictures in the library, by the pixels that are painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from gym_gui.ui.screens.library_pictures import paint_picture
from gym_gui.ui.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

GROUND = "#ff00ff"
SIZE = (140, 100)


@pytest.mark.parametrize(
    ("width", "height", "covered"),
    [(600, 400, SIZE), (320, 230, SIZE), (160, 210, (76, 100)), (500, 100, (140, 28)), (1, 1, (100, 100))],
)
def test_that_nothing_is_painted_beside_a_picture(
    qapp: QApplication, width: int, height: int, covered: tuple[int, int]
) -> None:
    theme = Theme(qapp, "light")
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#00ff00"))
    canvas = QImage(*SIZE, QImage.Format.Format_RGB32)
    canvas.fill(QColor(GROUND))
    painter = QPainter(canvas)
    paint_picture(painter, image, QRectF(canvas.rect()), theme)
    painter.end()
    across = [x for x in range(SIZE[0]) if canvas.pixelColor(x, SIZE[1] // 2).name() != GROUND]
    down = [y for y in range(SIZE[1]) if canvas.pixelColor(SIZE[0] // 2, y).name() != GROUND]
    assert abs(len(across) - covered[0]) <= 2
    assert abs(len(down) - covered[1]) <= 2
    assert canvas.pixelColor(SIZE[0] // 2, SIZE[1] // 2).name() == "#00ff00"
    theme.deleteLater()
