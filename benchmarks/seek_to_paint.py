"""From a seek to the painted frame, 400x600, in an episode of 60,000 steps, at random places."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from report import answer, percentiles, real_frames
from window import open_window, pause, record_paints, wait_until

from gym_gui.config.settings import Settings
from gym_gui.controllers.start_request import StartRequest
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, RunState, StepRecord
from gym_gui.services.bootstrap import open_services
from gym_gui.ui.application import begin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEPS = 60_000
SEEKS = 400


def record(var_dir: Path, frames: list[NDArray[np.uint8]]) -> None:
    """One long episode of real frames, over and over."""
    with open_services(Settings(var_dir=var_dir)) as services:
        services.telemetry.start_run(RunRecord(run_id="long", env_id="CarRacing-v3", created_at=utc_now()))
        rollup = EpisodeRollup(run_id="long", episode_id="ep-000000", episode_index=0, seed=1, started_at=utc_now())
        services.telemetry.record_episode_start(rollup)
        for index in range(STEPS + 1):
            services.telemetry.record_step(
                StepRecord(
                    run_id="long",
                    episode_id="ep-000000",
                    step_index=index,
                    action=index % 5 if index else None,
                    reward=-0.1 if index else None,
                    render_payload=frames[index % len(frames)],
                )
            )
        done = EpisodeRollup(
            run_id="long",
            episode_id="ep-000000",
            episode_index=0,
            seed=1,
            started_at=rollup.started_at,
            ended_at=utc_now(),
            steps=STEPS,
            status=EpisodeStatus.ABANDONED,
        )
        services.telemetry.complete_episode(done)
        services.telemetry.end_run("long", RunState.COMPLETED)


def main() -> None:
    """Record, open, seek."""
    frames = real_frames("CarRacing-v3", 120)
    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder), frames)
        paints = record_paints()
        with open_window(Path(folder)) as window:
            opened_s = time.perf_counter()
            begin(window, StartRequest(kind="replay", run_id="long"))
            screen = window.made_screen("replay")
            player = screen.player.controller  # type: ignore[union-attr] # the registry makes a ReplayScreen
            wait_until(lambda: player.state.length == STEPS + 1 and not player.state.loading)
            opened_s = time.perf_counter() - opened_s
            pause(1.0)
            order = random.Random(5)
            waits_s = []
            for _ in range(SEEKS):
                seen = len(paints)
                asked_s = time.perf_counter()
                player.seek(order.randrange(STEPS))
                while len(paints) == seen:
                    pause(0)
                waits_s.append(paints[seen] - asked_s)
    figures = {"seek_to_painted_ms": percentiles(waits_s, scale=1e3), "open_60000_steps_s": round(opened_s, 2)}
    answer("seek_to_paint", {"target": "p99 <= 16 ms", **figures})


if __name__ == "__main__":
    main()
