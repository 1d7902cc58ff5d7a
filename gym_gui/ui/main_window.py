"""The window: rail, screens, status bar; it opens the recordings on a task while it paints, and closes them in order.

Qt thread.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from gym_gui.config.settings import save_settings
from gym_gui.controllers.disk_estimate import DiskEstimate
from gym_gui.controllers.game_options import human_adapter_maker
from gym_gui.controllers.live_opening import open_desk
from gym_gui.controllers.session import SessionController
from gym_gui.controllers.session_sound import Sounds
from gym_gui.controllers.session_state import SessionState
from gym_gui.controllers.sound_output import SoundOutput
from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.typing_compat import override
from gym_gui.ui.bridge import BusPump, QtTaskRunner
from gym_gui.ui.live_attention import LiveAttention
from gym_gui.ui.rail import Rail
from gym_gui.ui.screens.context import LiveParts, Recorder, ScreenContext
from gym_gui.ui.screens.registry import default_screens
from gym_gui.ui.status_bar import NOT_OPEN, OPENING, StatusBar, describe_status
from gym_gui.ui.status_details import StatusDetails
from gym_gui.ui.widgets.basics import make_line
from gym_gui.ui.widgets.messages import EmptyState, Toast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent, QKeyEvent

    from gym_gui.config.settings import Settings
    from gym_gui.services.bootstrap import Archive
    from gym_gui.telemetry.sink_status import SinkStatus
    from gym_gui.ui.screens.registry import ScreenSpec
    from gym_gui.ui.theme import Theme

_log = logging.getLogger(__name__)

STATUS_MS: Final = 250
_MINIMUM: Final = (760, 520)
_FIRST_SIZE: Final = (1280, 820)


class MainWindow(QMainWindow):
    """The one window.

    Args:
        settings: What the user chose.
        theme: The look.
        open_recordings: Opens what records and reads; called on a worker thread. `Services` record, a plain `Archive`
            is a folder that can only be read.
        screens: The rail's entries.
        make_pictures: Whether the catalogue has pictures of games made.
    """

    def __init__(
        self,
        settings: Settings,
        theme: Theme,
        open_recordings: Callable[[], Archive],
        *,
        screens: Sequence[ScreenSpec] | None = None,
        make_pictures: bool = True,
    ) -> None:
        super().__init__()
        self.setWindowTitle("gym_gui")
        self.setWindowIcon(theme.icon("gamepad-variant", "accent"))
        self.setMinimumSize(*_MINIMUM)
        self.resize(*_FIRST_SIZE)
        self._settings = settings
        self._being_saved: Settings | None = None
        self._saved = settings
        self._theme = theme
        self._open_recordings = open_recordings
        self._make_pictures = make_pictures
        self._sound = SoundOutput()
        self._sound.muted = not settings.ui.sound
        self._specs = {spec.name: spec for spec in (screens or default_screens())}
        self._made: dict[str, QWidget] = {}
        self._open_name = next(iter(self._specs))
        self._when_open: list[Callable[[], None]] = []
        self._disk: DiskEstimate | None = None
        self.context: ScreenContext | None = None
        self.runner = QtTaskRunner(parent=self)
        self.pump = BusPump(self)
        self._build()
        self._status_timer = QTimer(self)
        self._status_timer.setInterval(STATUS_MS)
        self._status_timer.timeout.connect(self._refresh_status)

    def open(self) -> None:
        """Begin to open the recordings; the window can be shown before."""
        self._waiting.show_message("progress-clock", "Opening your recordings…", "")
        self.status_bar.show_line(OPENING)
        self.runner.submit(self._open_recordings, self._take_archive, self._show_fault)

    def show_screen(self, name: str) -> None:
        """Go to a screen, making it at the first visit."""
        self._open_name = name
        self.rail.show_open(name)
        if self.context is None:
            return
        screen = self._made.get(name)
        if screen is None:
            screen = self._made[name] = self._specs[name].factory(self.context)
            self._stack.addWidget(screen)
            screen.windowTitleChanged.connect(self._show_title)
        self._stack.setCurrentWidget(screen)
        self._show_title()
        self._give_room()
        screen.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_episode(self, run_id: str, episode: str, step_index: int) -> None:
        """Open an episode in the player, by id, at the row of a step; leaving it leads back to where one was."""
        from gym_gui.ui.screens.replay_screen import ReplayScreen  # noqa: PLC0415 - only where it is asked for

        came_from = self._open_name
        self.show_screen("replay")
        screen = self._made.get("replay")
        if isinstance(screen, ReplayScreen):
            screen.open_episode(run_id, episode, step_index, came_from=came_from)

    def made_screen(self, name: str) -> QWidget | None:
        """A screen that was visited, or None."""
        return self._made.get(name)

    def when_open(self, act: Callable[[], None]) -> None:
        """Run *act* once the recordings are open; at once where they are."""
        if self.context is None:
            self._when_open.append(act)
        else:
            act()

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.WindowStateChange:
            self._give_room()
        super().changeEvent(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # What no screen had a use for.
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.toggle_full_screen()
        else:
            super().keyPressEvent(event)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self.hide()
        self._status_timer.stop()
        if self._recorder is not None:
            # The game first: its last episode has to be recorded before the pipeline is flushed and closed.
            self._recorder.session.close()
        for screen in self._made.values():
            screen.close()
        self._sound.close()
        self.pump.close()
        if self.context is not None:
            self.context.live.attention.close()
        self.runner.close()
        if self.context is not None:
            self.context.live.desk.close()
            self.context.archive.close()
            self.context = None
        super().closeEvent(event)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        central = QWidget()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.rail = Rail(self._theme, list(self._specs.values()))
        self.rail.screen_chosen.connect(self.show_screen)
        self._stack = QStackedWidget()
        self._waiting = EmptyState(self._theme)
        self._stack.addWidget(self._waiting)
        row.addWidget(self.rail)
        rail_line, status_line = make_line(vertical=True), make_line()
        row.addWidget(rail_line)
        row.addWidget(self._stack, 1)
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row, 1)
        column.addWidget(status_line)
        self.status_bar = StatusBar(self._theme)
        column.addWidget(self.status_bar)
        self._frame = (self.rail, rail_line, status_line, self.status_bar)
        self.setCentralWidget(central)
        self.toast = Toast(self)
        self.status_details = StatusDetails(self._theme, self)
        self.status_bar.clicked.connect(self._toggle_details)
        self.rail.show_open(self._open_name)
        for place, name in enumerate(self._specs, start=1):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{place}"), self)
            shortcut.activated.connect(lambda name=name: self.show_screen(name))
        full_screen = QShortcut(QKeySequence("F11"), self)
        full_screen.activated.connect(self.toggle_full_screen)

    def toggle_full_screen(self) -> None:
        """Fill the monitor with the window, or stop doing so."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _give_room(self) -> None:
        # A game that fills the monitor has it for itself; anything else needs the rail to get away from.
        playing = self._open_name == "play" and bool(self._session_state().env_id)
        alone = self.isFullScreen() and playing
        for part in self._frame:
            part.setVisible(not alone)
        if alone:
            self.status_details.hide()

    def _show_title(self) -> None:
        screen = self._stack.currentWidget()
        name = screen.windowTitle() if screen is not None else ""
        self.setWindowTitle(f"{name or self._specs[self._open_name].title} - gym_gui")

    def _take_archive(self, archive: Archive) -> None:
        self.context = ScreenContext(
            archive=archive,
            recorder=self._make_recorder(archive),
            runner=self.runner,
            pump=self.pump,
            theme=self._theme,
            settings=lambda: self._settings,
            change_settings=self._change_settings,
            notify=self.toast.show_message,
            open_screen=self.show_screen,
            open_episode=self.open_episode,
            live=self._make_live(archive),
            sound=self._sound,
            make_pictures=self._make_pictures,
        )
        self._disk = DiskEstimate(
            self.runner,
            list_runs=archive.store.list_runs,
            file_bytes=lambda run_id: _size_of(archive.paths.replay_dir / f"{run_id}.h5"),
            clock=time.monotonic,
        )
        self._status_timer.start()
        self._refresh_status()
        self.pump.add_poller(self._give_room)
        self.show_screen(self._open_name)
        for act in self._when_open:
            act()
        self._when_open.clear()

    def _make_live(self, archive: Archive) -> LiveParts:
        desk = open_desk(archive)
        attention = LiveAttention(
            self,
            self._theme,
            desk,
            self.runner,
            set_badge=self._badge_live,
            open_live=self._come_forth,
        )
        return LiveParts(desk, attention)

    def _badge_live(self, shown: bool) -> None:
        if "live" in self._specs:
            self.rail.entry("live").set_badge(shown=shown)

    def _come_forth(self) -> None:
        self.show_screen("live")
        self.raise_()
        self.activateWindow()

    def _make_recorder(self, archive: Archive) -> Recorder | None:
        from gym_gui.services.bootstrap import Services  # noqa: PLC0415 - h5py, 0.4 s: the worker has imported it

        if not isinstance(archive, Services):
            return None
        telemetry = archive.telemetry
        recording = telemetry.status() is not None and archive.settings.options["record"] != "none"
        maker = human_adapter_maker(lambda: self._settings.game)
        sounds = Sounds(play=self._sound.play, keeps=lambda: self._settings.keeps_sound)
        session = SessionController(telemetry, maker, on_change=self.pump.wake, recording=recording, sounds=sounds)
        return Recorder(archive, session)

    def _show_fault(self, error: Exception) -> None:
        if isinstance(error, EnvironmentFault):
            message, hint = error.message, error.hint
        else:
            _log.error("The recordings could not be opened.", exc_info=error)
            message, hint = f"{type(error).__name__}: {error}", "This is a fault in the application; the log has more."
        self.status_bar.show_line(NOT_OPEN)
        self._waiting.show_message("alert-octagon-outline", message, hint, "Try again", self.open, role="bad")

    def _change_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._theme.set_mode(settings.ui.theme)
        self._sound.muted = not settings.ui.sound
        if self._recorder is not None:
            self._save_settings()

    def _save_settings(self) -> None:
        # One at a time: of two that run together, the older could be the last to write.
        if self._being_saved is not None:
            return
        settings, before = self._settings, self._saved
        self._being_saved = settings

        def saved(error: Exception | None) -> None:
            self._being_saved = None
            if error is not None:
                self.toast.show_message(str(error))
                return
            self._saved = settings
            if settings != self._settings:
                self._save_settings()

        self.runner.submit(lambda: save_settings(settings, before), lambda _: saved(None), saved)

    def _toggle_details(self) -> None:
        if self.status_details.isVisible() or self.context is None:
            self.status_details.hide()
            return
        self.status_details.show_pipeline(self._pipeline_status())
        self.status_details.open_above(self.status_bar.mapTo(self, QPoint()).y())

    def _refresh_status(self) -> None:
        if self.context is not None:
            pipeline = self._pipeline_status()
            if self.status_details.isVisible():
                self.status_details.show_pipeline(pipeline)
            state, saved = self._session_state(), 0 if pipeline is None else pipeline.saved_steps
            bytes_per_s = None if self._disk is None else self._disk.follow(state, saved)
            if not state.in_game and self.context.live.attention.training:
                bytes_per_s = None  # what play took says nothing of what training takes
            address = self.context.archive.address
            self.status_bar.show_line(describe_status(state, pipeline, bytes_per_s, address=address))

    @property
    def _recorder(self) -> Recorder | None:
        return None if self.context is None else self.context.recorder

    def _session_state(self) -> SessionState:
        return SessionState() if self._recorder is None else self._recorder.session.state

    def _pipeline_status(self) -> SinkStatus | None:
        return None if self._recorder is None else self._recorder.services.telemetry.status()


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # not begun, or already removed: nothing to measure
