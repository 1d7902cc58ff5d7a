"""The Watch page at 60 Hz with 16 tiles and 8 curves: pictures a second, and how much of a core the window takes.

A process of its own writes the pictures into shared memory, as sixteen workers would.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from report import answer, percentiles, real_frames
from window import open_window, pause, wait_until

from gym_gui.config.settings import Settings
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, ScalarColumns, StepBatch
from gym_gui.services.bootstrap import open_services
from gym_gui.services.live_frames import LiveFrameWriter
from gym_gui.ui.widgets.picture_wall import PictureWall

WORKERS = 16
HZ = 60
SECONDS = 15
EPISODES = 2_000
METRICS = ("train/loss", "train/entropy", "train/kl", "train/clip", "train/value", "train/std")
RUN_ID = "watched"


def write_pictures(folder: str) -> None:
    """Sixteen workers' pictures at 60 Hz, until the parent ends us."""
    frames = real_frames("ALE/Breakout-v5", 60)
    writers = [LiveFrameWriter(Path(folder), RUN_ID, f"w{place:02d}") for place in range(WORKERS)]
    print("ready", flush=True)
    due_s = time.perf_counter()
    step = 0
    while True:
        for place, writer in enumerate(writers):
            writer.show(frames[(step + place) % 60], episode_id="ep", step_index=step, episode_return=float(step))
        step += 1
        due_s += 1 / HZ
        time.sleep(max(0.0, due_s - time.perf_counter()))


def record(var_dir: Path) -> None:
    """A run with episodes and six metrics of 20,000 points each, to draw eight curves of."""
    began = utc_now() - timedelta(seconds=EPISODES)
    rng = np.random.default_rng(1)
    with open_services(Settings(var_dir=var_dir)) as services:
        telemetry = services.telemetry
        telemetry.start_run(RunRecord(run_id=RUN_ID, env_id="ALE/Breakout-v5", created_at=began, player="PPO"))
        for index in range(EPISODES):
            start = began + timedelta(seconds=index)
            rollup = EpisodeRollup(
                run_id=RUN_ID, episode_id=f"ep-{index}", episode_index=index, seed=index, started_at=start
            )
            telemetry.record_episode_start(rollup)
            ended = replace(
                rollup,
                steps=200,
                total_reward=float(rng.normal()),
                status=EpisodeStatus.COMPLETED,
                ended_at=start + timedelta(seconds=1),
            )
            telemetry.complete_episode(ended)
        rows = 20_000
        telemetry.record_batch(
            StepBatch(
                run_id=RUN_ID,
                worker_id="w00",
                stream="one",
                seq=1,
                scalars=ScalarColumns(
                    names=METRICS,
                    name=np.tile(np.arange(len(METRICS), dtype=np.int32), rows),
                    step=np.repeat(np.arange(rows, dtype=np.int64) * 20, len(METRICS)),
                    time_us=np.repeat(int(began.timestamp() * 1e6) + np.arange(rows) * 100_000, len(METRICS)),
                    value=rng.standard_normal(rows * len(METRICS)),
                ),
            )
        )
        telemetry.flush()


def main() -> None:
    """Record, watch, measure."""
    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder))
        command = [sys.executable, __file__, "write", str(Path(folder) / "live")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            if writer.stdout is not None:
                writer.stdout.readline()  # it plays: its pictures come
            try:
                figures = watch(Path(folder))
            finally:
                writer.terminate()
    answer("live_window", {"target": "60 Hz with 16 tiles and 8 curves <= 60 % of one core", **figures})


def watch(var_dir: Path) -> dict[str, object]:
    """Show the Watch page for some seconds."""
    paints: list[float] = []
    paint = PictureWall.paintEvent

    def timed(wall: PictureWall, event: object) -> None:
        before_s = time.perf_counter()
        paint(wall, event)
        paints.append(time.perf_counter() - before_s)

    PictureWall.paintEvent = timed  # the measure looks over the widget's shoulder
    with open_window(var_dir) as window:
        window.show_screen("live")
        screen = window.made_screen("live")
        wait_until(lambda: bool(screen.controller.state.runs))
        screen.runs_page.table.choose(RUN_ID)
        screen.show_page(screen.watch_page)
        page = screen.watch_page
        wait_until(lambda: len(page.wall.workers) == WORKERS)
        page.curves.choose(["return", "length", *METRICS])
        wait_until(lambda: len(page.panel.plots) == 8)
        pause(2.0)
        paints.clear()
        pictures, began_s, cpu_s = page.wall.painted_pictures, time.perf_counter(), time.process_time()
        pause(SECONDS)
        took_s, used_s = time.perf_counter() - began_s, time.process_time() - cpu_s
        shown = (page.wall.painted_pictures - pictures) / took_s / WORKERS
    return {
        "tiles": WORKERS,
        "curves": 8,
        "pictures_per_s_of_each_tile": round(shown, 1),
        "window_percent_of_one_core": round(100 * used_s / took_s, 1),
        "wall_paint_ms": percentiles(paints, scale=1e3),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write_pictures(sys.argv[2])
    else:
        main()
