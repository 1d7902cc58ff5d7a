"""What the window benchmarks share: a real window without a display, paint times, and an event loop to wait in."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer

from gym_gui.config.settings import Settings
from gym_gui.ui.application import make_window
from gym_gui.ui.widgets.picture import PictureWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QPaintEvent

    from gym_gui.ui.main_window import MainWindow

TIMEOUT_S = 60.0


@contextmanager
def open_window(var_dir: Path | None = None) -> Iterator[MainWindow]:
    """A window of 1440x900 on a var folder of its own, with its services open."""
    with tempfile.TemporaryDirectory() as folder:
        window = make_window(Settings(var_dir=var_dir or Path(folder)))
        window.resize(1440, 900)
        window.show()
        window.open()
        wait_until(lambda: window.context is not None)
        try:
            yield window
        finally:
            window.close()
            pause(0.1)


def record_paints() -> list[float]:
    """From now on, the `perf_counter` time at which each new frame was painted for the first time."""
    times: list[float] = []
    paint = PictureWidget.paintEvent

    def timed(widget: PictureWidget, event: QPaintEvent) -> None:
        before = widget.painted_frames
        paint(widget, event)
        if widget.painted_frames > before:
            times.append(time.perf_counter())

    PictureWidget.paintEvent = timed  # type: ignore[method-assign] # the measure looks over the widget's shoulder
    return times


def wait_until(ready: Callable[[], bool]) -> None:
    """Run the event loop until *ready*."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not ready():
        if time.monotonic() > deadline_s:
            raise TimeoutError("the window did not get there")
        pause(0.005)


def pause(seconds: float) -> None:
    """Run the event loop for *seconds*."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()
