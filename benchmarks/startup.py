"""Start-up: `gym-gui --help`, and the window until it takes input; the best of some warm starts, in fresh processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from report import answer

ROUNDS = 7
WINDOW = """
import sys, time
started = float(sys.argv[1])
from window import open_window, wait_until
from gym_gui.ui.screens.play import PlayScreen
with open_window() as window:
    wait_until(lambda: isinstance(window.made_screen("play"), PlayScreen) and window.isVisible())
    print(time.time() - started)
"""


def seconds_of(command: list[str]) -> float:
    """Wall time of one process."""
    started_s = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started_s


def window_seconds() -> float:
    """From the start of a process to a visible Play screen whose services are open."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    command = [sys.executable, "-c", WINDOW, str(time.time())]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Both, warm."""
    help_s = [seconds_of([sys.executable, "-m", "gym_gui", "--help"]) for _ in range(ROUNDS)]
    window_s = [window_seconds() for _ in range(ROUNDS)]
    figures = {
        "help_s": {"best": round(min(help_s), 3), "median": round(sorted(help_s)[ROUNDS // 2], 3)},
        "window_usable_s": {"best": round(min(window_s), 3), "median": round(sorted(window_s)[ROUNDS // 2], 3)},
    }
    answer("startup", {"target": "help <= 0.3 s, window <= 1.5 s", **figures})


if __name__ == "__main__":
    main()
