"""A curve of ten million points: how long its pyramid takes to make, and what a pan or a zoom costs the Qt thread."""

from __future__ import annotations

import os
import sys
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from report import answer, percentiles

from gym_gui.controllers.curve_pyramid import CurvePyramid, smooth
from gym_gui.controllers.live_curves import CurveLine, CurvePlotState
from gym_gui.controllers.run_curves import Axis
from gym_gui.ui.application import make_application
from gym_gui.ui.theme import Theme
from gym_gui.ui.widgets.curve_plot import CurvePlot

POINTS = 10_000_000
LOOKS = 300
SIZE = (1_200, 500)


def main() -> None:
    """Make, zoom, pan."""
    points = int(sys.argv[1]) if len(sys.argv) > 1 else POINTS
    x = np.arange(points, dtype=np.float64)
    y = np.random.default_rng(1).standard_normal(points).cumsum()
    began_s, cpu_s = time.perf_counter(), time.process_time()
    raw = CurvePyramid(x, y)
    build_s, build_cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    began_s = time.perf_counter()
    smoothed = CurvePyramid(x, smooth(y, 1_024))
    smooth_s = time.perf_counter() - began_s
    theme = Theme(make_application(), "dark")
    plot = CurvePlot(theme)
    plot.resize(*SIZE)
    line = CurveLine("run", "run", 0, raw, smoothed)
    plot.show_plot(CurvePlotState("loss", Axis.STEP, (line,), band=False))
    plot.show()
    make_application().processEvents()  # before it is exposed nothing is painted
    plot.repaint()
    rng = np.random.default_rng(2)
    waits_s, cpus_s = [], []
    for _ in range(LOOKS):
        width = points * 10 ** -rng.uniform(0, 5)  # from all of it to a hundred points
        left = rng.uniform(0, points - width)
        began_s, cpu_s = time.perf_counter(), time.thread_time()
        plot.show_range(left, left + width)
        plot.repaint()
        waits_s.append(time.perf_counter() - began_s)
        cpus_s.append(time.thread_time() - cpu_s)
    figures = {
        "points": points,
        "pyramid_build_s": round(build_s, 3),
        "pyramid_build_cpu_s": round(build_cpu_s, 3),
        "smoothed_build_s": round(smooth_s, 3),
        "look_ms": percentiles(waits_s, scale=1e3),
        "look_cpu_ms": percentiles(cpus_s, scale=1e3),
    }
    plot.close()
    answer("curves", {"target": "a look <= 8 ms of the Qt thread", **figures})


if __name__ == "__main__":
    main()
