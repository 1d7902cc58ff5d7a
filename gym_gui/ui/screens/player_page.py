"""The player: picture, inspector, transport and timeline of one episode.

Qt thread. The playback timer only asks the controller where it is due; it never decides.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from gym_gui.controllers.replay import ReplayController
from gym_gui.core.typing_compat import override
from gym_gui.ui.screens.player_header import PlayerHeader
from gym_gui.ui.widgets.basics import make_line
from gym_gui.ui.widgets.messages import Banner, EmptyState
from gym_gui.ui.widgets.payload_stage import PayloadStage
from gym_gui.ui.widgets.player_actions import PageActs, PlayerActions
from gym_gui.ui.widgets.step_inspector import StepInspector
from gym_gui.ui.widgets.timeline import Timeline
from gym_gui.ui.widgets.transport_bar import TransportBar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent

    from gym_gui.controllers.replay_columns import EpisodeColumns
    from gym_gui.controllers.replay_state import FrameSource, ReplayState, RowSource, StepDetails
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import EpisodeSummary
    from gym_gui.ui.screens.context import ScreenContext

LIVE_MS: Final = 500
_NARROW: Final = 900  # below it the picture needs the inspector's place
_LOW: Final = 560  # below it the picture needs the plots' place


class PlayerPage(QWidget):
    """Plays one episode; satisfies `ReplayView`.

    Args:
        context: What the screen may use.
        rows: Where rows come from.
        frames: Where pictures come from.
        runner: Threads of the player's own: a picture never queues behind other work.
    """

    left = Signal()

    def __init__(
        self,
        context: ScreenContext,
        rows: RowSource,
        frames: FrameSource,
        runner: TaskRunner,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._theme = context.theme
        self._plots_wanted: bool | None = None
        self._asked: tuple[str, str | int | None] = ("", None)
        self._inspector_wanted: bool | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.controller = ReplayController(rows, frames, runner, self, play_sound=context.sound.play)
        acts = PageActs(
            go_to_step=self._type_step,
            toggle_plots=self._toggle_plots,
            toggle_inspector=self._toggle_inspector,
            copy_picture=self._copy_picture,
            copy_ref=self._copy_ref,
            export=self._export,
            switch_view=lambda: self.stage.toggle(),  # noqa: PLW0108 - the stage comes later
            toggle_legacy=self._toggle_legacy,
            toggle_sound=self._toggle_sound,
            leave=self.left.emit,
        )
        self.player_actions = PlayerActions(self._theme, self.controller, self, acts)
        self.stage = PayloadStage(self._theme, context.runner, context.view_choices)
        self.header = PlayerHeader(self._theme, self.player_actions, self.stage.switch)
        self.inspector = StepInspector(self._theme, context.notify)
        self.transport = TransportBar(self._theme, self.player_actions, self.controller.set_speed)
        self.timeline = Timeline(self._theme)
        self._banner = Banner(self._theme)
        self._fault = EmptyState(self._theme)
        self._build()
        self._connect()
        self._tick_timer = QTimer(self)
        self._tick_timer.setSingleShot(True)
        self._tick_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._tick_timer.timeout.connect(self._tick)
        self._live_timer = QTimer(self)
        self._live_timer.setInterval(LIVE_MS)
        self._live_timer.timeout.connect(self.controller.refresh)

    def open(self, run_id: str, episode: str | int | None, step_index: int = 0) -> None:
        """Show an episode from a step on."""
        self._asked = (run_id, episode)
        self._banner.hide()
        self.stage.picture.set_integer_scale(integer=self._context.settings().ui.integer_scale)
        self.controller.open(run_id, episode, position=step_index)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    # What the controller says.

    def show_state(self, state: ReplayState) -> None:
        """Part of `ReplayView`."""
        self.header.show_state(state)
        self.transport.show_state(state)
        self.inspector.show_state(state)
        self.timeline.set_position(state.position, state.length)
        self.player_actions.loop.setChecked(state.loop)
        self.player_actions.let_move(on=not state.why_empty)
        self.player_actions.show_sound(there=state.has_sound, on=self._context.settings().ui.sound)
        self.stage.show_state(state)
        self._show_fault(state)
        if state.playing and not self._tick_timer.isActive():
            self._tick_timer.start(0)
        if state.live != self._live_timer.isActive():
            (self._live_timer.start if state.live and self.isVisible() else self._live_timer.stop)()

    def show_columns(self, columns: EpisodeColumns) -> None:
        """Part of `ReplayView`."""
        self.timeline.set_columns(columns)

    def show_frame(self, frame: NDArray[np.uint8] | None) -> None:
        """Part of `ReplayView`."""
        self.stage.show_frame(frame)

    def show_step(self, details: StepDetails | None) -> None:
        """Part of `ReplayView`."""
        self.stage.show_step(details)
        self.inspector.show_step(details, playing=self.controller.state.playing)

    # Inside.

    def _build(self) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.stage, 1)
        self._inspector_line = make_line(vertical=True)
        middle.addWidget(self._inspector_line)
        middle.addWidget(self.inspector)
        self._body = QWidget()
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(middle, 1)
        column.addWidget(make_line())
        column.addWidget(self.transport)
        column.addWidget(self.timeline)
        content = QFrame()
        self._pages = QStackedLayout(content)
        self._pages.addWidget(self._body)
        self._pages.addWidget(self._fault)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.header)
        outer.addWidget(make_line())
        outer.addWidget(self._banner)
        outer.addWidget(content, 1)

    def _connect(self) -> None:
        controller, timeline = self.controller, self.timeline
        timeline.seek_requested.connect(controller.seek)
        timeline.step_requested.connect(controller.step)
        timeline.scrub_started.connect(controller.begin_scrub)
        timeline.scrub_ended.connect(self._end_scrub)
        self.stage.clicked.connect(controller.toggle)
        self.stage.offer_changed.connect(self._follow_offer)
        self.inspector.panels.legacy_toggled.connect(self._toggle_legacy)
        self._follow_offer()
        self._follow_choices()
        self.transport.steps.step_typed.connect(controller.seek_step)
        self.transport.steps.finished.connect(lambda: self.setFocus(Qt.FocusReason.OtherFocusReason))

    def _end_scrub(self) -> None:
        self.controller.end_scrub()
        if self.controller.state.playing:
            self._tick_timer.start(0)

    def _tick(self) -> None:
        due_s = self.controller.tick(time.perf_counter())
        if due_s is not None:
            self._tick_timer.start(max(1, round(due_s * 1000)))

    def _type_step(self) -> None:
        self.transport.steps.begin()

    def _show_fault(self, state: ReplayState) -> None:
        if not state.fault:
            self._pages.setCurrentWidget(self._body)
        elif state.length:
            self._banner.show_message("bad", state.fault, "Try again", self._open_again)
        else:
            self._fault.show_message(
                "alert-octagon-outline",
                "This episode cannot be opened",
                state.fault,
                "Back to the library",
                self.left.emit,
                role="bad",
            )
            self._pages.setCurrentWidget(self._fault)

    def _open_again(self) -> None:
        self.open(*self._asked)

    def _toggle_inspector(self) -> None:
        self._inspector_wanted = not self.inspector.isVisible()
        self._fold()

    def _toggle_plots(self) -> None:
        self._plots_wanted = self.timeline.compact
        self._fold()

    def _toggle_sound(self) -> None:
        settings = self._context.settings()
        self._context.change_settings(settings.with_value("ui.sound", not settings.ui.sound))
        self.player_actions.show_sound(there=self.controller.state.has_sound, on=not settings.ui.sound)

    def _copy_picture(self) -> None:
        taken = self.stage.copied()
        what = "Text" if isinstance(taken, str) else "Picture"
        if isinstance(taken, str):
            QGuiApplication.clipboard().setText(taken)
        elif taken is not None:
            QGuiApplication.clipboard().setImage(taken)
        if taken is not None:
            self._context.notify(f"{what} of step {self.controller.state.step_index:,} copied.")

    def _toggle_legacy(self) -> None:
        choices = self._context.view_choices
        choices.legacy = not choices.legacy
        self._follow_choices()

    def _follow_choices(self) -> None:
        wanted = self._context.view_choices.legacy
        self.player_actions.legacy.setChecked(wanted)
        self.inspector.panels.show_legacy(wanted=wanted)
        self.stage.refresh()

    def _follow_offer(self) -> None:
        self.player_actions.view.setEnabled(self.stage.switch.has_choice)

    def _copy_ref(self) -> None:
        columns, position = self.controller.columns, self.controller.state.position
        ref = columns.frame_ref(position) if position < len(columns) else None
        if ref is not None:
            QGuiApplication.clipboard().setText(ref)
            self._context.notify(f"Copied: {ref}")

    def _export(self) -> None:
        state = self.controller.state
        run, episode = state.run, state.episode
        if run is None or episode is None:
            return
        self.controller.pause()
        archive, step = self._context.archive, state.step_index
        pictured = None if state.loading else self.controller.columns.pictured_steps()

        def opened(episodes: list[EpisodeSummary]) -> None:
            # Loaded when it is first asked for: what nobody exports costs no start-up time.
            from gym_gui.ui.screens.export_dialog import ExportDialog, open_export_dialog  # noqa: PLC0415 - see above

            open_export_dialog(
                ExportDialog(
                    self._theme, archive, run, tuple(episodes), episode, step=step, pictured=pictured, parent=self
                )
            )

        def failed(error: Exception) -> None:
            self._context.notify(str(error))

        self._context.runner.submit(lambda: archive.library.list_episodes(run.run_id), opened, failed)

    def _fold(self) -> None:
        plots = self.height() >= _LOW if self._plots_wanted is None else self._plots_wanted
        self.timeline.set_compact(compact=not plots)
        wanted = self.width() >= _NARROW if self._inspector_wanted is None else self._inspector_wanted
        self.inspector.setVisible(wanted)
        self._inspector_line.setVisible(wanted)
        self.header.show_inspector_open(opened=wanted)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self.player_actions.by_sign(event.text())
        if action is None:
            super().keyPressEvent(event)
        else:
            action.trigger()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.controller.state.live:
            self._live_timer.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.controller.pause()
        self._context.sound.rest()
        self._live_timer.stop()
