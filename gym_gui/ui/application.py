"""The window's process: QApplication, theme, crash dialog; `run_window` is what the command line calls.

Everything here runs on the Qt thread.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from gym_gui.core.clock import SWITCH_INTERVAL_S
from gym_gui.core.variables import TRAINER
from gym_gui.ui.main_window import MainWindow
from gym_gui.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from gym_gui.config.settings import Settings
    from gym_gui.controllers.start_request import StartRequest
    from gym_gui.services.bootstrap import Archive

_log = logging.getLogger(__name__)


def run_window(settings: Settings, *, start: StartRequest | None = None) -> int:
    """Show the window until it is closed; the process's exit code."""
    app = make_application()
    crashes = CrashReporter()
    crashes.install()
    window = make_window(settings)
    if start is not None:
        window.when_open(lambda: begin(window, start))
    window.show()
    window.open()
    _close_on_signals(window)
    try:
        return app.exec()
    finally:
        window.close()
        crashes.uninstall()


def _close_on_signals(window: MainWindow) -> None:
    # A window that is told to end closes as if by hand, so that the game in it is completed and not found interrupted.
    # Python runs the handler when the pump's timer next wakes it, which is soon enough; but it may do so in the middle
    # of anything, with locks held: so the handler only asks the event loop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: QTimer.singleShot(0, window, window.close))


def make_window(settings: Settings) -> MainWindow:
    """A window on the settings' var folder, not yet shown; its `open` opens the services."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    theme = Theme(make_application(), settings.ui.theme)
    return MainWindow(settings, theme, lambda: _open_recordings(settings))


def make_application() -> QApplication:
    """The process's QApplication, made where there is none yet."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("gym_gui")
    app.setApplicationDisplayName("gym_gui")
    app.setDesktopFileName("gym_gui")
    return app


def begin(window: MainWindow, start: StartRequest) -> None:
    """Carry out a start request in a window whose services are open."""
    if start.kind == "play":
        window.show_screen("play")
        # Where nothing can be recorded, the screen says so.
        if window.context is not None and window.context.recorder is not None:
            window.context.recorder.session.start(start.env_id, seed=start.seed, env_kwargs=start.env_kwargs)
        return
    from gym_gui.ui.screens.replay_screen import ReplayScreen  # noqa: PLC0415 - only where it is asked for

    if start.recording is not None and window.context is not None:
        window.context.archive.library.add(start.recording)
    window.show_screen("replay")
    screen = window.made_screen("replay")
    if isinstance(screen, ReplayScreen):
        screen.open_episode(start.run_id, start.episode)


class CrashReporter(QObject):
    """Shows what no one caught, once a fault, and logs it; the window goes on.

    `sys.excepthook` and `threading.excepthook` may be called on any thread: the text crosses by a queued signal.
    """

    _reported = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._shown: set[str] = set()
        self.boxes: list[QMessageBox] = []
        self._before: tuple[Callable[..., Any], Callable[..., Any]] | None = None
        self._reported.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over both hooks."""
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._take
        threading.excepthook = lambda args: self._take(args.exc_type, args.exc_value, args.exc_traceback)

    def uninstall(self) -> None:
        """Give both hooks back."""
        if self._before is not None:
            sys.excepthook, threading.excepthook = self._before

    def _take(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        _log.critical("An exception that no one caught:\n%s", text)
        self._reported.emit(f"{kind.__name__}: {error}", text)

    def _show(self, message: str, details: str) -> None:
        if message in self._shown:
            return
        self._shown.add(message)
        box = QMessageBox(
            QMessageBox.Icon.Critical,
            "A fault in gym_gui",
            "Something went wrong inside the application. What was recorded is safe.",
        )
        box.setInformativeText(message)
        box.setDetailedText(details)
        for button in box.buttons():
            button.setIcon(QIcon())  # Fusion's own icons are of another set than ours
        # Kept here: a box that Python collects would vanish from the screen.
        self.boxes.append(box)
        box.open()


def _open_recordings(settings: Settings) -> Archive:
    address = os.environ.get(TRAINER)
    if address:
        from gym_gui.services.trainer.client.remote_archive import open_remote  # noqa: PLC0415 - gRPC: on the worker

        token_file, ca = (os.environ.get(f"GYM_GUI_TRAINER_{name}") for name in ("TOKEN_FILE", "CA"))
        return open_remote(
            settings, address, token_file=Path(token_file) if token_file else None, ca=Path(ca) if ca else None
        )
    from gym_gui.services.bootstrap import open_recordings  # noqa: PLC0415 - h5py, 0.4 s: on the worker
    from gym_gui.services.recording_options import shedding  # noqa: PLC0415 - same

    return open_recordings(settings, overflow=shedding(settings))
