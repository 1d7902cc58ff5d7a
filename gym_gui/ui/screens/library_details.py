"""The details pane of the library: the end of the chosen episode as a picture, its facts and its run's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from gym_gui.controllers.library_entry import player_of
from gym_gui.core.sizes import size_text
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.library_pictures import paint_picture
from gym_gui.ui.texts import breakable
from gym_gui.ui.widgets.basics import make_button, make_label
from gym_gui.ui.widgets.fact_grid import Fact, FactGrid, FoldingGroup
from gym_gui.ui.widgets.picture import image_from
from gym_gui.ui.widgets.step_inspector import episode_facts, run_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QImage, QPaintEvent

    from gym_gui.controllers.library_entry import EpisodeEntry
    from gym_gui.controllers.thumbnails import ThumbnailCache
    from gym_gui.core.data_model import RunRecord
    from gym_gui.ui.theme import Theme

WIDTH: Final = 304
_PICTURE_HEIGHT: Final = 200


class _Cover(QWidget):
    """A picture with round corners; a sentence where there is none."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._image: QImage | None = None
        self.setFixedHeight(_PICTURE_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_image(self, image: QImage | None) -> None:
        self._image = image
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)  # the edge's line is whole
            if self._image is not None:
                paint_picture(painter, self._image, area, self._theme)
                return
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("surface_raised"))
            painter.drawRoundedRect(area, tokens.RADIUS, tokens.RADIUS)
            painter.setPen(self._theme.color("text_muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "No picture")


class LibraryDetails(QScrollArea):
    """What is known about the chosen episode without opening it.

    Args:
        theme: The look.
        thumbnails: Pictures of episodes.
        notify: Told what was copied.
    """

    open_requested = Signal()

    def __init__(
        self,
        theme: Theme,
        thumbnails: ThumbnailCache,
        notify: Callable[[str], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._entry: EpisodeEntry | None = None
        self._cover = _Cover(theme)
        self._title = make_label("", "title", wrap=True)
        self._subtitle = make_label("", "muted", wrap=True)
        self._open = make_button("Watch", self.open_requested.emit, "primary", tooltip="Watch this episode (Enter)")
        self._open.setMinimumHeight(tokens.SPACE_32)
        self._episode = FactGrid(theme, notify, wrap=True)
        self._run = FactGrid(theme, notify, wrap=True)
        self._body = QWidget()
        column = QVBoxLayout(self._body)
        column.setContentsMargins(tokens.SPACE_16, tokens.SPACE_4, tokens.SPACE_16, tokens.SPACE_16)
        column.setSpacing(tokens.SPACE_12)
        column.addWidget(self._cover)
        column.addWidget(self._title)
        column.addWidget(self._subtitle)
        column.addWidget(self._open)
        column.addWidget(FoldingGroup(theme, "Episode", self._episode))
        column.addWidget(FoldingGroup(theme, "Run", self._run))
        column.addStretch(1)
        self.setWidget(self._body)
        self.setWidgetResizable(True)
        self.setFixedWidth(WIDTH)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    @override
    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 480)

    def show_entry(self, entry: EpisodeEntry | None) -> None:
        """Show an episode; None shows nothing."""
        before, self._entry = self._entry, entry
        self._body.setVisible(entry is not None)
        if entry is None:
            return
        rollup = entry.rollup
        self._title.setText(breakable(entry.game))
        player = breakable(player_of(entry.summary.player, rollup)) or "an unknown player"
        self._subtitle.setText(f"Episode {rollup.episode_index:,} by {player}")
        facts = episode_facts(rollup)[1:]
        facts.append(Fact("Size", size_text(entry.summary.size_bytes)))
        self._episode.set_facts(facts)
        if before is None or before.rollup.run_id != rollup.run_id:
            self._run.set_facts(
                [
                    Fact("Run", rollup.run_id, copy=rollup.run_id),
                    Fact("Environment", entry.summary.env_id, copy=entry.summary.env_id),
                ]
            )
        self.refresh_picture()

    def show_run(self, run: RunRecord) -> None:
        """The facts of the shown episode's run arrived."""
        if self._entry is not None and self._entry.rollup.run_id == run.run_id:
            self._run.set_facts(run_facts(run))

    def refresh_picture(self) -> None:
        """Show the picture, where it is made by now."""
        if self._entry is not None:
            picture = self._thumbnails.get(self._entry.rollup)
            self._cover.show_image(None if picture is None else image_from(picture))

    @property
    def title(self) -> str:
        """Which episode it is about."""
        return self._subtitle.text()

    def facts(self) -> dict[str, str]:
        """What is told."""
        return {fact.key: fact.value for fact in (*self._episode.facts, *self._run.facts)}
