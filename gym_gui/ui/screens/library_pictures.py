"""Pictures of episodes in the library: round corners, a thin edge, nothing beside them; Qt thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyledItemDelegate

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.library_model import ENTRY_ROLE
from gym_gui.ui.widgets.picture import image_from

if TYPE_CHECKING:
    from PySide6.QtCore import QPersistentModelIndex
    from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

    from gym_gui.controllers.library_entry import EpisodeEntry
    from gym_gui.controllers.thumbnails import ThumbnailCache
    from gym_gui.ui.theme import Theme

PICTURE_SIZE: Final = QSize(56, 40)
_LEAST_KEPT: Final = 0.85  # of a picture's area, when it is cut to the shape of its place


class PictureDelegate(QStyledItemDelegate):
    """Paints the picture of an episode's end, or a quiet ground until it is made."""

    def __init__(self, theme: Theme, thumbnails: ThumbnailCache, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._thumbnails = thumbnails
        self._mark = theme.icon("image-outline", "text_muted")
        theme.changed.connect(self._retint)

    def _retint(self) -> None:
        self._mark = self._theme.icon("image-outline", "text_muted")

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        entry: EpisodeEntry = index.data(ENTRY_ROLE)
        box = QRect(0, 0, PICTURE_SIZE.width(), PICTURE_SIZE.height())
        box.moveCenter(option.rect.center())
        picture = self._thumbnails.get(entry.rollup)
        painter.save()
        if picture is not None:
            paint_picture(painter, image_from(picture), QRectF(box), self._theme)
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("surface_hover"))
            painter.drawRoundedRect(box, tokens.SPACE_4, tokens.SPACE_4)
            mark = QRect(0, 0, tokens.ICON_SMALL, tokens.ICON_SMALL)
            mark.moveCenter(box.center())
            self._mark.paint(painter, mark)
        painter.restore()


def paint_picture(painter: QPainter, image: QImage, area: QRectF, theme: Theme) -> None:
    """Paint *image* with round corners and a thin edge in the middle of *area*, with nothing beside it.

    What has nearly the shape of *area* fills it and loses a little at two edges; the rest is whole.
    """
    whole = QRectF(image.rect())
    filling = area.size().scaled(whole.size(), Qt.AspectRatioMode.KeepAspectRatio)
    source = QRectF(QPointF(0, 0), filling)
    source.moveCenter(whole.center())
    target = area
    if source.width() * source.height() < _LEAST_KEPT * whole.width() * whole.height():
        source = whole
        target = QRectF(QPointF(0, 0), whole.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio))
        target.moveCenter(area.center())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    path = QPainterPath()
    path.addRoundedRect(target, tokens.SPACE_4, tokens.SPACE_4)
    painter.setClipPath(path)
    painter.drawImage(target, image, source)
    painter.setClipping(False)
    painter.setPen(QPen(theme.color("line"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
