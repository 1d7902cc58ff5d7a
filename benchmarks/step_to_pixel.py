"""From a step of a training script to the pixel in the window's Watch tile.

A process of its own plays an environment behind `RecordTelemetry`; its pictures carry the instant of their step as
8 x 8 black and white squares. The window paints them, and reads the instant back from what it painted.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from report import answer, percentiles
from window import TIMEOUT_S, open_window, pause, wait_until

from gym_gui.ui.widgets.picture_wall import PictureWall
from gym_gui.wrappers import RecordTelemetry

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QImage, QPaintEvent

    from gym_gui.ui.main_window import MainWindow

SECONDS = 15
RUN_ID = "stamped"
BITS = 8  # a side
SQUARE = 20  # pixels a side: as large as a picture of an Atari game, 160 x 160
RATES = {"60_hz": 60.0, "as_fast_as_it_goes": 0.0}
GREY = 128


class Stamped(gym.Env[Any, int]):
    """Draws the instant of its last step; `time.monotonic_ns` counts alike in all processes of a machine."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 60}  # noqa: RUF012 - Gymnasium's own form

    def __init__(self) -> None:
        self.render_mode = "rgb_array"
        self.observation_space = gym.spaces.Box(0, 1, (2,), np.float32)
        self.action_space = gym.spaces.Discrete(2)
        self._stepped_ns = 0
        self._steps = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin."""
        super().reset(seed=seed, options=options)
        self._stepped_ns, self._steps = time.monotonic_ns(), 0
        return np.zeros(2, np.float32), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:  # noqa: ARG002 - its contract
        """Note the instant."""
        self._stepped_ns = time.monotonic_ns()
        self._steps += 1
        return np.zeros(2, np.float32), 1.0, self._steps >= 500, False, {}

    def render(self) -> NDArray[np.uint8]:
        """The instant as squares."""
        bits = np.unpackbits(np.array([self._stepped_ns], ">u8").view(np.uint8)).reshape(BITS, BITS)
        squares = np.kron(bits, np.ones((SQUARE, SQUARE), np.uint8)) * np.uint8(255)
        return np.repeat(squares[..., None], 3, axis=2)


def stamp_of(image: QImage, left: float = 0, top: float = 0, side: float = BITS * SQUARE) -> int:
    """The instant that a picture shows, nanoseconds; the picture may be painted larger, at some place."""
    cell = side / BITS
    found = 0
    for row in range(BITS):
        for column in range(BITS):
            color = image.pixelColor(int(left + (column + 0.5) * cell), int(top + (row + 0.5) * cell))
            found = found << 1 | (color.red() > GREY)
    return found


def play(var_dir: str, hz: float) -> None:
    """Step and record, until the parent ends us."""
    env = RecordTelemetry(Stamped(), run=RUN_ID, frames="all", var_dir=var_dir)
    env.reset(seed=1)
    due_s = time.perf_counter()
    while True:
        _, _, terminated, truncated, _ = env.step(0)
        if terminated or truncated:
            env.reset()
        if hz:
            due_s += 1 / hz
            time.sleep(max(0.0, due_s - time.perf_counter()))


def watch(var_dir: Path) -> dict[str, Any]:
    """Show the Watch page for some seconds; of each picture, how long after its step it was painted."""
    latencies_s: list[float] = []
    paint = PictureWall.paintEvent

    def timed(wall: PictureWall, event: QPaintEvent) -> None:
        before = wall.painted_pictures
        paint(wall, event)
        if wall.painted_pictures > before:
            now_ns = time.monotonic_ns()
            tile = wall._tiles[0]  # noqa: SLF001 - the measure looks over the widget's shoulder
            latencies_s.append((now_ns - stamp_of(tile.image)) / 1e9)

    PictureWall.paintEvent = timed  # as above
    try:
        with open_window(var_dir) as window:
            wall = begin(window)
            pause(2.0)
            latencies_s.clear()
            began_s = time.perf_counter()
            pause(SECONDS)
            took_s = time.perf_counter() - began_s
            figures = {
                "step_to_paint_ms": percentiles(latencies_s, scale=1e3),
                "pictures_per_s": round(len(latencies_s) / took_s, 1),
            }
            check_painted(wall)
    finally:
        PictureWall.paintEvent = paint
    return figures


def begin(window: MainWindow) -> PictureWall:
    """Watch the run, and wait for its first picture."""
    window.show_screen("live")
    screen = window.made_screen("live")
    wait_until(lambda: bool(screen.controller.state.runs))
    screen.runs_page.table.choose(RUN_ID)
    screen.show_page(screen.watch_page)
    wall: PictureWall = screen.watch_page.wall
    wait_until(lambda: wall.painted_pictures > 0)
    screen.watch_page.splitter.setSizes([600, 200])
    return wall


def check_painted(wall: PictureWall) -> None:
    """The widget's own pixels show the instant that was measured with.

    Raises:
        AssertionError: they do not.
    """
    grabbed = wall.grab().toImage()
    tile = wall._tiles[0]  # noqa: SLF001 - as above
    cell = wall._cells[0]  # noqa: SLF001 - as above
    side = min(cell.width(), cell.height() - 20)
    left = cell.left() + (cell.width() - side) / 2
    shown = stamp_of(grabbed, left, cell.top(), side)
    if shown != stamp_of(tile.image):
        raise AssertionError("the painted pixels are not those of the picture that was measured with")


def await_picture(folder: Path) -> None:
    """Wait until the player shows something."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not (folder.is_dir() and any(folder.iterdir())):
        if time.monotonic() > deadline_s:
            raise TimeoutError("the player did not get there")
        time.sleep(0.05)


def main() -> None:
    """Play and watch at each rate."""
    figures: dict[str, Any] = {}
    for name, hz in RATES.items():
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "play", folder, str(hz)]
            with subprocess.Popen(command) as player:
                try:
                    await_picture(Path(folder) / "live")
                    figures[name] = watch(Path(folder))
                finally:
                    player.terminate()
    answer("step_to_pixel", {"target": "step to painted pixel p95 <= 100 ms on one machine", **figures})


if __name__ == "__main__":
    if sys.argv[1:2] == ["play"]:
        play(sys.argv[2], float(sys.argv[3]))
    else:
        main()
