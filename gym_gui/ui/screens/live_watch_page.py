"""Watch: the chosen runs' newest pictures and curves, with the runs at the left.

Qt thread; satisfies `PicturesView` and `CurvesView`. The timer of pictures only asks; reading happens on a task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from gym_gui.controllers.live_curves import LiveCurvesController
from gym_gui.controllers.live_pictures import LivePicturesController
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_curves_panel import CurvesPanel
from gym_gui.ui.widgets.basics import make_label, make_timer, make_tool_button
from gym_gui.ui.widgets.picture_wall import PictureWall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QHideEvent, QShowEvent

    from gym_gui.controllers.live_curves import CurvesState
    from gym_gui.controllers.live_desk import LiveDesk
    from gym_gui.controllers.live_source import LivePicture, LiveRun
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.ui.screens.context import ScreenContext

FRAME_MS: Final = 16
CURVES_MS: Final = 1_000


class LiveWatchPage(QWidget):
    """Pictures over curves.

    Args:
        context: What the screen may use.
        desk: Whom to ask about each run.
        pictures: Threads for pictures.
        curves: Threads for curves.
    """

    def __init__(
        self,
        context: ScreenContext,
        desk: LiveDesk,
        pictures: TaskRunner,
        curves: TaskRunner,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        theme = context.theme
        self._context = context
        self._run: LiveRun | None = None
        self.pictures = LivePicturesController(desk, pictures, self)
        self.curves = LiveCurvesController(desk, curves, self)
        self.wall = PictureWall(theme)
        self.panel = CurvesPanel(theme, self.curves)
        self.title = make_label("", "title")
        self.facts = make_label("", "muted")
        self.pause = make_tool_button(theme, "pause", "Let the pictures stand (Space)", self.toggle_frozen)
        self.scrub = make_tool_button(
            theme, "history", "Look back: open what is recorded of this episode (Backspace)", self.look_back
        )
        self._frame_timer = make_timer(self, FRAME_MS, self.pictures.tick, single=False)
        self._frame_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._curve_timer = make_timer(self, CURVES_MS, self.curves.poll, single=False)
        self._build()

    def show_runs(self, runs: Sequence[LiveRun]) -> None:
        """Watch these; the first one's pictures."""
        self._run = runs[0] if runs else None
        self.curves.show(runs)
        self.pictures.watch(None if self._run is None else self._run.run_id)
        self._tell()

    # What the controllers say.

    def show_pictures(self, pictures: Sequence[LivePicture]) -> None:
        """Part of `PicturesView`."""
        self.wall.show_pictures(pictures)

    def forget_pictures(self) -> None:
        """Part of `PicturesView`."""
        self.wall.clear()

    def show_curves(self, state: CurvesState) -> None:
        """Part of `CurvesView`."""
        self.panel.show_curves(state)

    def open_episode(self, run_id: str, episode_id: str, step_index: int) -> None:
        """Part of `CurvesView`."""
        self._context.open_episode(run_id, episode_id, step_index)

    def tell(self, sentence: str) -> None:
        """Part of `CurvesView`."""
        self._context.notify(sentence)

    # Inside.

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(tokens.SPACE_12, tokens.SPACE_4, tokens.SPACE_8, tokens.SPACE_4)
        head.setSpacing(tokens.SPACE_12)
        head.addWidget(self.title)
        head.addWidget(self.facts, 1)
        head.addWidget(self.pause)
        head.addWidget(self.scrub)
        upper = QFrame()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.wall, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(upper)
        self.splitter.addWidget(self.panel)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.splitter, 1)
        self.setFocusProxy(self.wall)

    def toggle_frozen(self) -> None:
        """Let the pictures stand, or go on."""
        self.pictures.freeze(frozen=not self.pictures.frozen)
        self._tell()

    def look_back(self) -> None:
        """Open what is recorded of the episode that is looked at, at the step that is shown."""
        picture = self.wall.current_picture
        if picture is None:
            self._context.notify("There is no picture to look back from.")
        else:
            self._context.open_episode(picture.run_id, picture.episode_id, picture.step_index)

    def _tell(self) -> None:
        run = self._run
        self.title.setText("" if run is None else run.name)
        self.facts.setText("" if run is None else f"{run.env_id} · {run.algorithm}")

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._frame_timer.start()
        self._curve_timer.start()
        self.curves.poll()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._frame_timer.stop()
        self._curve_timer.stop()
