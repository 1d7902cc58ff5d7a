"""The catalogue's cards: a list model of games, a filter over it, and the delegate that paints a card.

Qt thread; pictures are read by the task runner and arrive as ready images.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.play_hud import score_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QImage

    from gym_gui.controllers.game_card import GameCard
    from gym_gui.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex

CARD_ROLE: Final = Qt.ItemDataRole.UserRole + 1
GAP: Final = tokens.SPACE_16
_TEXT_HEIGHT: Final = 58
_ASPECT: Final = 4 / 3
# Frames of an Atari were shown on a television: 160 x 210 pixels filled a screen of 4:3.
_ATARI: Final = QSize(160, 210)
_DIMMED: Final = 0.45


class GameModel(QAbstractListModel):
    """Games in the order given; `CARD_ROLE` gives the `GameCard`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cards: list[GameCard] = []
        self._rows: dict[str, int] = {}
        self._pictures: dict[str, QImage] = {}

    def set_cards(self, cards: Sequence[GameCard]) -> None:
        """Show these games."""
        self.beginResetModel()
        self._cards = list(cards)
        self._rows = {card.env_id: row for row, card in enumerate(self._cards)}
        self.endResetModel()

    def change_card(self, card: GameCard) -> None:
        """One game has news."""
        row = self._rows.get(card.env_id)
        if row is not None:
            self._cards[row] = card
            self.dataChanged.emit(self.index(row), self.index(row))

    def set_picture(self, env_id: str, picture: QImage) -> None:
        """The picture of a game was read."""
        self._pictures[env_id] = picture
        row = self._rows.get(env_id)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row))

    def picture(self, env_id: str) -> QImage | None:
        """The picture of a game, once it was read."""
        return self._pictures.get(env_id)

    @property
    def cards(self) -> list[GameCard]:
        """Every game."""
        return self._cards

    @override
    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._cards)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        card = self._cards[index.row()]
        if role == CARD_ROLE:
            return card
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return card.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return card.env_id if card.available else f"{card.env_id}\n{card.why_not}"
        return None


class GameFilter(QSortFilterProxyModel):
    """Keeps the games of one family whose name or id holds every typed word; played ones first."""

    def __init__(self, model: GameModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: list[str] = []
        self._family = ""
        self.setSourceModel(model)
        self._games = model
        self.setDynamicSortFilter(False)

    def set_text(self, text: str) -> None:
        """Keep games that hold every word of *text*."""
        self._words = text.lower().split()
        self.invalidate()
        self.sort(0)

    def set_family(self, family: str) -> None:
        """Keep games of *family*; empty keeps every family."""
        self._family = family
        self.invalidate()
        self.sort(0)

    @override
    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        card = self._games.cards[source_row]
        if self._family and card.family != self._family:
            return False
        text = f"{card.name} {card.env_id} {card.family}".lower()
        return all(word in text for word in self._words)

    @override
    def lessThan(self, source_left: Index, source_right: Index) -> bool:
        left, right = self._games.cards[source_left.row()], self._games.cards[source_right.row()]
        never = datetime.min.replace(tzinfo=UTC)
        newest = (left.last_played or never, right.last_played or never)
        if newest[0] != newest[1]:
            return newest[0] > newest[1]
        return source_left.row() < source_right.row()


def ago_text(instant: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: ``just now``, ``5 min ago``, ``yesterday``, ``12 d ago``."""
    seconds = (now - instant).total_seconds()
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if minutes < 1:
        return "just now"
    if hours < 1:
        return f"{minutes} min ago"
    if days < 1:
        return f"{hours} h ago"
    return "yesterday" if days == 1 else f"{days} d ago"


def caption_text(card: GameCard, now: datetime) -> str:
    """The line below a game's name."""
    if not card.available:
        return card.reason[:1].upper() + card.reason[1:]
    if card.last_played is None:
        return card.family
    best = "" if card.best is None else f" · best {score_text(card.best)}"
    return f"{ago_text(card.last_played, now)}{best}"


class GameDelegate(QStyledItemDelegate):
    """Paints a card: the game's picture, its name, and what is known about it."""

    def __init__(self, theme: Theme, model: GameModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model
        self._width = 200
        self._pixmaps: dict[tuple[str, int, float], QPixmap] = {}
        self._name_font = theme.font(tokens.BODY_PX, bold=True)
        self._caption_font = theme.font(tokens.CAPTION_PX)
        self._letter_font = theme.font(tokens.SPACE_32, bold=True)

    def set_width(self, width: int) -> None:
        """How wide a card is, in logical pixels."""
        if width != self._width:
            self._width = width
            self._pixmaps.clear()

    def forget_picture(self, env_id: str) -> None:
        """The picture of a game is new."""
        self._pixmaps = {key: pixmap for key, pixmap in self._pixmaps.items() if key[0] != env_id}

    @property
    def card_size(self) -> QSize:
        """A card's size, without the gap."""
        return QSize(self._width, round(self._width / _ASPECT) + _TEXT_HEIGHT)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        size = self.card_size
        return QSize(size.width() + GAP, size.height() + GAP)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        card: GameCard = index.data(CARD_ROLE)
        theme = self._theme
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        state = option.state
        box = QRectF(rect.topLeft(), self.card_size)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver) and card.available
        focused = bool(state & QStyle.StateFlag.State_Selected)
        outline = QPainterPath()
        outline.addRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), tokens.RADIUS + 2, tokens.RADIUS + 2)
        painter.fillPath(outline, theme.color("surface_hover" if hovered else "surface_raised"))
        art = QRectF(box.x(), box.y(), box.width(), round(box.width() / _ASPECT))
        painter.save()
        painter.setClipPath(outline)
        painter.setOpacity(1.0 if card.available else _DIMMED)
        self._paint_art(painter, art, card)
        painter.restore()
        self._paint_text(painter, box, art, card)
        pen = QPen(theme.color("accent" if focused or hovered else "line"), 2 if focused else 1)
        painter.setPen(pen)
        painter.drawPath(outline)
        painter.restore()

    def _paint_art(self, painter: QPainter, art: QRectF, card: GameCard) -> None:
        pixmap = self._pixmap(card.env_id, art.toRect().size(), painter.device().devicePixelRatioF())
        if pixmap is not None:
            painter.drawPixmap(art.toRect(), pixmap)
            return
        painter.fillRect(art, self._theme.color("surface_pressed"))
        painter.setPen(self._theme.color("text_muted"))
        painter.setFont(self._letter_font)
        painter.drawText(art, Qt.AlignmentFlag.AlignCenter, card.name[:1])

    def _paint_text(self, painter: QPainter, box: QRectF, art: QRectF, card: GameCard) -> None:
        theme = self._theme
        width = int(box.width()) - 2 * tokens.SPACE_12
        left, top = box.x() + tokens.SPACE_12, art.bottom() + tokens.SPACE_8
        painter.setFont(self._name_font)
        painter.setPen(theme.color("text" if card.available else "text_muted"))
        name = QFontMetrics(self._name_font).elidedText(card.name, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRectF(left, top, width, 20), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(self._caption_font)
        painter.setPen(theme.color("text_muted"))
        caption = caption_text(card, datetime.now(UTC))
        caption = QFontMetrics(self._caption_font).elidedText(caption, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRectF(left, top + 20, width, 18), Qt.AlignmentFlag.AlignVCenter, caption)

    def _pixmap(self, env_id: str, size: QSize, ratio: float) -> QPixmap | None:
        key = (env_id, size.width(), ratio)
        known = self._pixmaps.get(key)
        if known is not None:
            return known
        image = self._model.picture(env_id)
        if image is None:
            return None
        device = QSize(round(size.width() * ratio), round(size.height() * ratio))
        fill = Qt.AspectRatioMode.KeepAspectRatioByExpanding
        if image.size() == _ATARI:
            fill = Qt.AspectRatioMode.IgnoreAspectRatio
        scaled = image.scaled(device, fill, Qt.TransformationMode.SmoothTransformation)
        left, top = (scaled.width() - device.width()) // 2, (scaled.height() - device.height()) // 2
        pixmap = QPixmap.fromImage(scaled.copy(left, top, device.width(), device.height()))
        self._pixmaps[key] = pixmap
        return pixmap
