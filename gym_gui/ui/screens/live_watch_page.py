"""Watch: the chosen run's newest pictures, the curves of all chosen ones; runs at the left, how it stands at the right.

Qt thread; satisfies `PicturesView`, `CurvesView` and `ControlView`. The timer of pictures only asks; reading happens on
a task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from gym_gui.controllers.live_control import SPEAK_MS, ControlState, Hand, LiveControlController
from gym_gui.controllers.live_curves import LiveCurvesController
from gym_gui.controllers.live_pictures import LivePicturesController
from gym_gui.controllers.picture_pace import pace_of
from gym_gui.core.data_model.episode_table import is_evaluation_worker
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.states import TrainingState
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_curves_panel import CurvesPanel
from gym_gui.ui.screens.live_run_list import LiveRunList
from gym_gui.ui.screens.live_runs_model import quiet_text
from gym_gui.ui.screens.live_side import LiveSide
from gym_gui.ui.screens.play_keys import KeyTracker
from gym_gui.ui.widgets.basics import key_glyph, make_button, make_label, make_line, make_timer, make_tool_button
from gym_gui.ui.widgets.fact_grid import ElidedLabel, ElidedTitle
from gym_gui.ui.widgets.messages import Banner
from gym_gui.ui.widgets.picture_wall import PictureWall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QResizeEvent, QShowEvent

    from gym_gui.controllers.live_curves import CurvesState
    from gym_gui.controllers.live_desk import LiveDesk
    from gym_gui.controllers.live_source import LivePicture, LiveRun
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.ui.screens.context import ScreenContext
    from gym_gui.ui.screens.live_runs_table import LiveRunsTable

FRAME_MS: Final = 16
CURVES_MS: Final = 1_000
_WIDE: Final = 1_080  # from here on the run's facts stand beside
_NARROW: Final = 760  # below, the list makes room
_MOST_KEYS: Final = 6
_HALF: Final = 10_000  # sizes are taken in relation to one another


class LiveWatchPage(QWidget):
    """Pictures over curves.

    Args:
        context: What the screen may use.
        desk: Whom to ask about each run.
        table: The runs, whose lines and choice the list shares.
        pictures: Threads for pictures.
        curves: Threads for curves.
        orders: One thread for a person's actions.
    """

    def __init__(
        self,
        context: ScreenContext,
        desk: LiveDesk,
        table: LiveRunsTable,
        *,
        pictures: TaskRunner,
        curves: TaskRunner,
        orders: TaskRunner,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        theme = self._theme = context.theme
        self._context = context
        self._table = table
        self._run: LiveRun | None = None
        self._side_wanted: bool | None = None
        self.pictures = LivePicturesController(desk, pictures, self)
        self.curves = LiveCurvesController(desk, curves, self)
        self.control = LiveControlController(desk, orders, self)
        self.wall = PictureWall(theme)
        self.panel = CurvesPanel(theme, self.curves)
        self.run_list = LiveRunList(theme, table)
        self.side = LiveSide(theme, context.notify)
        self.side.episode_requested.connect(self.curves.open_episode)
        self.banner = Banner(theme)
        self.title = ElidedTitle()
        self.facts = ElidedLabel()
        self.facts.setProperty("type", "muted")
        self.frozen_label = make_label("")
        self.hand = make_button("Take control", self.control.toggle)
        self.live = make_button(
            "Back to live", self._go_live, "primary", tooltip="Show the newest pictures again (Space)"
        )
        self.pause = make_tool_button(theme, "pause", "Let the pictures stand (Space)", self.toggle_frozen)
        self.scrub = make_tool_button(
            theme, "history", "Look back: open what is recorded of this episode (Backspace)", self.look_back
        )
        self.keys = KeyTracker(self)
        self.keys.changed.connect(self.control.hold)
        self._frame_timer = make_timer(self, FRAME_MS, self.pictures.tick, single=False)
        self._frame_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._curve_timer = make_timer(self, CURVES_MS, self.curves.poll, single=False)
        self._speak_timer = make_timer(self, SPEAK_MS, self.control.speak, single=False)
        self._build()
        self._tell()

    def show_runs(self, runs: Sequence[LiveRun]) -> None:
        """Watch these; the first one's pictures."""
        self._run = runs[0] if runs else None
        self.curves.show(runs)
        self.pictures.watch(None if self._run is None else self._run.run_id)
        self.wall.tell_pace(self._pace_of)
        self.control.watch(self._run)
        self.side.show_run(self._run)
        self._tell()

    # What the controllers say.

    def show_pictures(self, pictures: Sequence[LivePicture]) -> None:
        """Part of `PicturesView`."""
        before = len(self.wall.workers)
        self.wall.show_pictures(pictures)
        if self._acting and len(self.wall.workers) != before:
            self._tell_actor()  # the evaluation's first picture may come after control of it

    def forget_pictures(self) -> None:
        """Part of `PicturesView`."""
        self.wall.clear()

    def show_curves(self, state: CurvesState) -> None:
        """Part of `CurvesView`."""
        self.panel.show_curves(state)
        self.side.show_curves(state)

    def open_episode(self, run_id: str, episode_id: str, step_index: int) -> None:
        """Part of `CurvesView`."""
        self._context.open_episode(run_id, episode_id, step_index)

    def tell(self, sentence: str) -> None:
        """Part of `CurvesView`."""
        self._context.notify(sentence)

    def show_control(self, state: ControlState) -> None:
        """Part of `ControlView`: say plainly who acts."""
        titles = {
            Hand.POLICY: "Take control",
            Hand.TAKING: "Taking control…",
            Hand.PERSON: "Hand back",
            Hand.RETURNING: "Handing back…",
        }
        self.hand.setText(titles[state.hand])
        self.hand.setEnabled(state.possible and state.hand in {Hand.POLICY, Hand.PERSON})
        why = "" if state.possible else f"\n{state.why}"
        self.hand.setToolTip(f"Act in the evaluation by the keys of the game (Ctrl+T){why}")
        if state.hand is Hand.PERSON:
            self._speak_timer.start()
            self.wall.setFocus(Qt.FocusReason.OtherFocusReason)
            self.banner.show_message(
                "warn", f"You act in the evaluation. {_told(state)}", "Hand back", self.control.hand_back
            )
        else:
            self._speak_timer.stop()
            self.keys.clear()
            if state.why and state.possible:
                self.banner.show_message("bad", state.why)
            else:
                self.banner.hide()
        self.wall.take_keys(taken=not self._acting)  # they are the game's
        self._tell_actor()

    # Inside.

    def _tell_actor(self) -> None:
        """Say on the pictures who acts; the one that a person acts on is the one that is looked at."""
        controlled = [worker for worker in self.wall.workers if self._acting and self._is_evaluation(worker)]
        for worker in self.wall.workers:
            self.wall.show_actor(worker, "you act" if worker in controlled else "")
        if controlled:
            self.wall.choose(controlled[0])

    def _is_evaluation(self, worker: str) -> bool:
        picture = self.wall.picture_of(worker)
        other = picture is not None and self._run is not None and picture.run_id != self._run.run_id
        return other or is_evaluation_worker(worker)

    def _pace_of(self, worker: str) -> Sequence[str]:
        """Why a worker shows an old picture, where that is as it should be."""
        run = self._run
        # Of a run that stands still the age is told, and no promise.
        return () if run is None or quiet_text(run) else pace_of(run, evaluation=self._is_evaluation(worker))

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(tokens.SPACE_12, tokens.SPACE_4, tokens.SPACE_8, tokens.SPACE_4)
        head.setSpacing(tokens.SPACE_8)
        head.addWidget(self.title)
        head.addWidget(self.facts, 1)
        for widget in (self.frozen_label, self.live, self.hand, self.pause, self.scrub):
            head.addWidget(widget)
        upper = self._upper = QFrame()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addWidget(self.wall, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(upper)
        self.splitter.addWidget(self.panel)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([_HALF, _HALF])  # what is folded at first gets its share later
        self.wall.folded.connect(self._fold_pictures)
        self._list_line, self._side_line = make_line(vertical=True), make_line(vertical=True)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(tokens.SPACE_8, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.run_list)
        outer.addWidget(self._list_line)
        outer.addWidget(self.splitter, 1)
        outer.addWidget(self._side_line)
        outer.addWidget(self.side)
        self.panel.tall_requested.connect(lambda tall: upper.setVisible(not tall))
        self.setFocusProxy(self.wall)

    def toggle_frozen(self) -> None:
        """Let the pictures stand, or go on."""
        self.pictures.freeze(frozen=not self.pictures.frozen)
        self._tell()

    def _go_live(self) -> None:
        self.pictures.freeze(frozen=False)
        self._tell()

    def look_back(self) -> None:
        """Open what is recorded of the episode that is looked at, at the step that is shown."""
        picture = self.wall.current_picture
        if picture is None:
            self._context.notify("There is no picture to look back from.")
        else:
            self.open_episode(picture.run_id, picture.episode_id, picture.step_index)

    def _tell(self) -> None:
        run, frozen = self._run, self.pictures.frozen
        self.title.set_text("" if run is None else self._table.runs_model.label(run))
        self.facts.set_text("" if run is None else " · ".join(filter(None, (run.env_id, run.algorithm))))
        self.frozen_label.setText("Standing still" if frozen else "")
        self.live.setVisible(frozen)
        self._theme.set_icon(self.pause, "play" if frozen else "pause")
        self.wall.show_message(_why_no_picture(run), folds=run is not None and not run.state.is_active)
        # Of an ended run, a paused one or a picture that stands nobody waits for a newer one.
        self.wall.tell_ages(told=not frozen and run is not None and run.state is TrainingState.RUNNING)

    def _fold_pictures(self, folded: bool) -> None:
        """Where no picture will come the curves have the room."""
        policy = self._upper.sizePolicy()
        policy.setVerticalPolicy(QSizePolicy.Policy.Maximum if folded else QSizePolicy.Policy.Preferred)
        self._upper.setSizePolicy(policy)

    def toggle_side(self) -> None:
        """Show or hide how the run stands."""
        self._side_wanted = not self.side.isVisible()
        self._arrange()

    def _arrange(self) -> None:
        wanted = self.width() >= _WIDE if self._side_wanted is None else self._side_wanted
        self.side.setVisible(wanted)
        self._side_line.setVisible(wanted)
        listed = self.width() >= _NARROW
        self.run_list.setVisible(listed)
        self._list_line.setVisible(listed)

    @property
    def _acting(self) -> bool:
        return self.control.state.hand is Hand.PERSON

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._acting:
            if event.key() == Qt.Key.Key_Escape:
                self.control.hand_back()
            elif not self.keys.press(event):
                super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Space:
            self.toggle_frozen()
        elif event.key() == Qt.Key.Key_Backspace:
            self.look_back()
        elif event.key() == Qt.Key.Key_I:
            self.toggle_side()
        else:
            self.panel.keyPressEvent(event)  # the curves' keys work from the pictures, too; it lets the others pass

    @override
    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._acting or not self.keys.release(event):
            super().keyReleaseEvent(event)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.keys.clear()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

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
        # Nobody can act who does not see: the policy goes on.
        self.control.hand_back()


def _told(state: ControlState) -> str:
    keys = [f"{key_glyph(binding.keys[0])} {binding.label}" for binding in state.bindings if binding.keys]
    return "Esc hands back." if not keys else f"{', '.join(keys[:_MOST_KEYS])}. Esc hands back."


def _why_no_picture(run: LiveRun | None) -> str:
    if run is None:
        return "Choose a run to watch it."
    if run.state.is_active:
        return "No picture has come yet. A worker shows one as soon as it renders its environment."
    return "This run has ended: its episodes are below and in the library. A click on a curve opens the episode there."
