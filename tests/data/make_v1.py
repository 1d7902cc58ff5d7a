"""Writes the golden files of format version 1; run once, by hand, when that version is released: ``python make_v1.py``.

Their contents follow from `synthetic`, so that a test of any later version knows what must be in them.
"""

from __future__ import annotations

import gzip
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
from synthetic import START, episode_of, final_of, frame_of, run_of, seen_at, shape_of, step_of

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import EpisodeStatus, FrameState, RunState, StepRecord
from gym_gui.services.bootstrap import open_services

RUN_ID = "20260102-030405-678901-synthetic-0001"
EPISODE_ROWS = 15


def steps() -> list[StepRecord]:
    """Two episodes: pictures that change size, observations that are the picture by turns, one picture shed."""
    made = []
    for number in range(2 * EPISODE_ROWS):
        episode, step_index = divmod(number, EPISODE_ROWS)
        frame = frame_of(number, shape_of(number, 12))
        step = step_of(
            RUN_ID,
            episode,
            step_index,
            number,
            action={"steer": np.float32(number / 8), "gears": np.arange(3) + number} if step_index else None,
            render_payload=frame,
            observation=seen_at(number, frame),
            info={"lives": number % 5, "labels": {"x": [number, number / 2]}} if number % 3 == 0 else {},
            timestamp=START + timedelta(milliseconds=17 * number),
            terminated=step_index == EPISODE_ROWS - 1 and episode == 0,
        )
        made.append(step.without_frame(FrameState.SHED) if number == 7 else step)
    return made


def write(var_dir: Path) -> None:
    """Record them the way the product does."""
    with open_services(Settings(var_dir=var_dir)) as services:
        telemetry = services.telemetry
        telemetry.start_run(
            run_of(
                RUN_ID,
                env_kwargs={"size": 3},
                versions={"numpy": "2"},
                space_signature="golden",
                metadata={"note": "v1"},
            )
        )
        for episode in range(2):
            telemetry.record_episode_start(episode_of(RUN_ID, episode))
            for step in steps()[episode * EPISODE_ROWS : (episode + 1) * EPISODE_ROWS]:
                telemetry.record_step(step)
            ended = {} if episode == 0 else {"terminated": False, "status": EpisodeStatus.ABANDONED}
            telemetry.complete_episode(final_of(RUN_ID, episode, steps=EPISODE_ROWS - 1, **ended))
        telemetry.end_run(RUN_ID, RunState.COMPLETED)
        telemetry.flush()


if __name__ == "__main__":
    made_dir = Path(sys.argv[1])
    write(made_dir)
    target = Path(__file__).with_name("v1")
    target.mkdir(exist_ok=True)
    for made in (made_dir / "telemetry" / "telemetry.sqlite", made_dir / "replay" / f"{RUN_ID}.h5"):
        (target / f"{made.name}.gz").write_bytes(gzip.compress(made.read_bytes(), mtime=0))
