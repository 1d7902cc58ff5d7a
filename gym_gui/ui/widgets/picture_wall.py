"""The newest pictures of several workers as tiles of one widget, painted as they come; latest wins.

Qt thread. One widget for all: sixteen would cost sixteen times the bookkeeping, sixty times a second.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_timer
from gym_gui.ui.widgets.picture import SMOOTH_FROM_WIDTH, fit_picture, image_from
from gym_gui.ui.widgets.wall_caption import CAPTION_HEIGHT, age_words, paint_caption, picture_facts
from gym_gui.ui.widgets.wall_grid import columns_of, grid_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from gym_gui.controllers.live_source import LivePicture
    from gym_gui.ui.theme import Theme

_MINIMUM: Final = QSize(160, 100)
_FOLDED: Final = QSize(160, 56)  # a sentence in place of pictures
_ANY_HEIGHT: Final = 16_777_215  # Qt's QWIDGETSIZE_MAX
_AGE_MS: Final = 1_000
_MOST: Final = 64
_ASPECT: Final = 1.2  # of a tile without a picture


@dataclass(slots=True)
class _Tile:
    worker_id: str
    picture: LivePicture
    image: QImage
    shown_s: float  # the clock when it was made, as far as this machine can tell
    dirty: bool = True


class PictureWall(QWidget):
    """Tiles; a click or Enter enlarges one, another click or Escape brings the others back.

    Args:
        theme: The look.
        clock: Monotonic seconds, to tell how old a picture is.
        wall_clock: Seconds since 1970, likewise.
    """

    chosen = Signal(str)  # the worker that is looked at
    enlarged = Signal(str)  # the worker, or nothing for all
    folded = Signal(bool)  # whether only a sentence stands there now

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(parent)
        self._clock, self._wall_clock = clock, wall_clock
        self._tells_age = self._takes_keys = True
        self._theme = theme
        self._tiles: list[_Tile] = []
        self._cells: list[QRect] = []
        self._large: str | None = None
        self._current = 0
        self._message = ""
        self._folds = False
        self._who: dict[str, str] = {}
        self._pace: Callable[[str], Sequence[str]] = lambda _worker: ()
        self.painted_pictures = 0
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(_MINIMUM)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Newest pictures")
        theme.changed.connect(self.update)
        make_timer(self, _AGE_MS, self._tell_again, single=False).start()

    @property
    def workers(self) -> list[str]:
        """Workers that have a tile, in order."""
        return [tile.worker_id for tile in self._tiles]

    @property
    def message(self) -> str:
        """The sentence that stands there when there is no picture."""
        return self._message

    @property
    def enlarged_worker(self) -> str | None:
        """The worker whose picture fills the wall; None for all."""
        return self._large

    def is_enlarged(self) -> bool:
        """Whether one picture fills the wall."""
        return self._large is not None

    @property
    def current_picture(self) -> LivePicture | None:
        """What is looked at: the enlarged picture, or the chosen tile's."""
        tile = self._find(self._large) if self._large else None
        if tile is None and self._current < len(self._tiles):
            tile = self._tiles[self._current]
        return None if tile is None else tile.picture

    def picture_of(self, worker_id: str) -> LivePicture | None:
        """What a worker's tile shows."""
        tile = self._find(worker_id)
        return None if tile is None else tile.picture

    def show_pictures(self, pictures: Sequence[LivePicture]) -> None:
        """Show these instead of what their workers showed."""
        for picture in pictures:
            tile = self._find(picture.worker_id)
            try:
                image = image_from(picture.frame)
            except ValueError:
                continue  # a picture that is none: the tile keeps what it showed
            if tile is None:
                if len(self._tiles) >= _MOST:
                    continue
                # The first one may be left from long ago; of later ones we saw the coming, whatever clock made them.
                age_s = max(0.0, self._wall_clock() - picture.time_us / 1e6) if picture.time_us else 0.0
                looked_at = self._tiles[self._current] if self._tiles else None
                self._tiles.append(_Tile(picture.worker_id, picture, image, self._clock() - age_s))
                self._tiles.sort(key=lambda one: one.worker_id)
                if looked_at is not None:
                    self._current = self._tiles.index(looked_at)  # another one may stand before it now
                self._arrange()
            else:
                tile.picture, tile.image, tile.dirty = picture, image, True
                tile.shown_s = self._clock()
                self._update_tile(tile)

    def age_of(self, worker_id: str) -> str:
        """For how long a worker has shown no picture, in words; empty where the last one is new, or stands by wish."""
        tile = self._find(worker_id)
        return "" if tile is None or not self._tells_age else age_words(self._clock() - tile.shown_s)

    def tell_ages(self, *, told: bool) -> None:
        """Whether old pictures are called so: not while they are meant to stand."""
        if told != self._tells_age:
            self._tells_age = told
            self.update()

    def tell_pace(self, pace: Callable[[str], Sequence[str]]) -> None:
        """What to say of a worker's old picture in place of its age, in ever fewer words; nothing where that counts."""
        self._pace = pace
        self._tell_again()

    def told_of(self, worker_id: str) -> str:
        """What is said of a worker's picture that is old, where there is room; empty where it is new."""
        age = self.age_of(worker_id)
        return next(iter(self._pace(worker_id)), age) if age else ""

    def _tell_again(self) -> None:
        for tile in self._tiles:
            if self.age_of(tile.worker_id):
                self._update_tile(tile)

    def show_message(self, text: str, *, folds: bool = False) -> None:
        """Say this where there is no picture; *folds*: none will come, so take no more room than the sentence needs."""
        if (text, folds) != (self._message, self._folds):
            self._message, self._folds = text, folds
            self._fold()
            if not self._tiles:
                self.update()

    @property
    def is_folded(self) -> bool:
        """Whether only the sentence stands there."""
        return self._folds and not self._tiles

    def _fold(self) -> None:
        folded = self.is_folded
        if folded != (self.maximumHeight() < _ANY_HEIGHT):
            self.setMinimumSize(_FOLDED if folded else _MINIMUM)
            self.setMaximumHeight(_FOLDED.height() if folded else _ANY_HEIGHT)
            self.folded.emit(folded)

    def show_actor(self, worker_id: str, who: str) -> None:
        """Say on a worker's picture who acts; empty for its policy, which is no news."""
        if self._who.get(worker_id, "") != who:
            self._who[worker_id] = who
            self.update()

    def choose(self, worker_id: str) -> None:
        """Look at this worker's picture; nothing happens where it has none."""
        place = next((place for place, tile in enumerate(self._tiles) if tile.worker_id == worker_id), None)
        if place is None:
            return
        if place != self._current:
            self._choose(place)
        if self._large is not None:
            self.enlarge(worker_id)

    def take_keys(self, *, taken: bool) -> None:
        """Whether keys choose and enlarge pictures; else they are left to whoever the wall stands in."""
        self._takes_keys = taken

    def clear(self) -> None:
        """Forget every picture."""
        self._tiles.clear()
        self._who.clear()
        self._large, self._current = None, 0
        self._arrange()

    def enlarge(self, worker_id: str | None) -> None:
        """Let one worker's picture fill the wall; None: show all."""
        if worker_id != self._large:
            self._large = worker_id
            self._arrange()
            self.enlarged.emit(worker_id or "")

    # Inside.

    def _find(self, worker_id: str | None) -> _Tile | None:
        return next((tile for tile in self._tiles if tile.worker_id == worker_id), None)

    def _arrange(self) -> None:
        self._fold()
        if self._large is not None and self._find(self._large) is not None:
            self._cells = [self.rect() if tile.worker_id == self._large else QRect() for tile in self._tiles]
        else:
            self._cells = grid_cells(self.size(), len(self._tiles), self._aspect())
        self.update()

    def _aspect(self) -> float:
        first = self._tiles[0].image if self._tiles else None
        return _ASPECT if first is None or not first.height() else first.width() / first.height()

    def _update_tile(self, tile: _Tile) -> None:
        cell = self._cells[self._tiles.index(tile)]
        if not cell.isNull():
            self.update(cell)

    @override
    def sizeHint(self) -> QSize:
        return QSize(640, 400)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            region = event.region()
            ground = "surface" if self.is_folded else "picture"
            painter.fillRect(event.rect(), self._theme.color(ground))  # clipped to the tiles that are new
            if not self._tiles:
                self._paint_message(painter)
                return
            painter.setFont(self._theme.font(tokens.CAPTION_PX))
            for place, (tile, cell) in enumerate(zip(self._tiles, self._cells, strict=True)):
                if not cell.isNull() and region.intersects(cell):
                    self._paint_tile(painter, tile, cell, chosen=place == self._current and self._large is None)

    def _paint_message(self, painter: QPainter) -> None:
        painter.setPen(self._theme.color("text_muted" if self.is_folded else "overlay_muted"))
        painter.setFont(self._theme.font(tokens.BODY_PX))
        room = self.rect().adjusted(tokens.SPACE_24, tokens.SPACE_8, -tokens.SPACE_24, -tokens.SPACE_8)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)

    def _paint_tile(self, painter: QPainter, tile: _Tile, cell: QRect, *, chosen: bool) -> None:
        image, room = tile.image, cell.adjusted(0, 0, 0, -CAPTION_HEIGHT)
        target = fit_picture(image.size(), room.size(), self.devicePixelRatioF(), integer=False)
        target.translate(room.topLeft())
        smooth = image.width() >= SMOOTH_FROM_WIDTH or target.width() < image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(target, image)
        if tile.dirty:
            tile.dirty = False
            self.painted_pictures += 1
        self._paint_caption(painter, tile, QRectF(cell.left(), target.bottom() + 1, cell.width(), CAPTION_HEIGHT))
        if chosen and self.hasFocus():
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawRect(cell.adjusted(1, 1, -1, -1))

    def _paint_caption(self, painter: QPainter, tile: _Tile, box: QRectF) -> None:
        who = self._who.get(tile.worker_id, "")
        name = f"{tile.worker_id} · {who}" if who else tile.worker_id
        facts, age = picture_facts(tile.picture), self.age_of(tile.worker_id)
        pace = self._pace(tile.worker_id) if age else ()
        paint_caption(painter, self._theme, box, name=name, facts=facts, age=age, warns=bool(who), pace=pace)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        spot = event.position().toPoint()
        for place, cell in enumerate(self._cells):
            if cell.contains(spot):
                self._choose(place)
                self._toggle_large()
                return

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._takes_keys:
            super().keyPressEvent(event)
            return
        key, columns = event.key(), columns_of(self._cells)
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns}
        if key in moves and self._tiles:
            self._choose(min(max(self._current + moves[Qt.Key(key)], 0), len(self._tiles) - 1))
            if self._large is not None:
                self.enlarge(self._tiles[self._current].worker_id)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._tiles:
            self._toggle_large()
        elif key == Qt.Key.Key_Escape and self._large is not None:
            self.enlarge(None)
        else:
            super().keyPressEvent(event)

    def _choose(self, place: int) -> None:
        if place < len(self._tiles):
            self._current = place
            self.update()
            self.chosen.emit(self._tiles[place].worker_id)

    def _toggle_large(self) -> None:
        worker = self._tiles[self._current].worker_id
        self.enlarge(None if self._large == worker or len(self._tiles) == 1 else worker)
