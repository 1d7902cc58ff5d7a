"""Atari frames to disk through the whole sink path, sustained; and what `record_step` costs its caller."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import answer, percentiles, real_frames

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.stepper import EpisodeStepper, make_run_record
from gym_gui.config.settings import Settings
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, RunState, StepRecord
from gym_gui.services.bootstrap import Services, open_services

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FLOOD_FRAMES = 40_000
PACED_S = 30.0
GAME_HZ = 60.0


def begin(services: Services, run_id: str) -> None:
    """Announce a run and its episode."""
    services.telemetry.start_run(RunRecord(run_id=run_id, env_id="ALE/MsPacman-v5", created_at=utc_now()))
    services.telemetry.record_episode_start(_rollup(run_id, EpisodeStatus.RUNNING))


def end(services: Services, run_id: str) -> None:
    """End both."""
    services.telemetry.complete_episode(_rollup(run_id, EpisodeStatus.ABANDONED))
    services.telemetry.end_run(run_id, RunState.COMPLETED)
    services.telemetry.flush()


def flood(services: Services, frames: list[NDArray[np.uint8]]) -> dict[str, Any]:
    """As fast as the sink takes them; nothing is dropped."""
    begin(services, "flood")
    started_s = time.perf_counter()
    for index in range(FLOOD_FRAMES):
        services.telemetry.record_step(_step("flood", index, frames[index % len(frames)]))
    services.telemetry.flush()
    elapsed_s = time.perf_counter() - started_s
    end(services, "flood")
    status = services.sink.status()
    return {
        "frames_per_s": round(FLOOD_FRAMES / elapsed_s),
        "lost_or_shed": status.lost_frames + status.shed_frames,
        "producer_waited_s": round(status.blocked_s, 2),
    }


def paced(services: Services, rate_hz: float, seconds: float) -> dict[str, Any]:
    """The caller's cost of one `record_step` in microseconds, at a steady rate, right after a real step, as in a game.

    Beside it, in the same place, the cost of a small `json.dumps`: what this machine charges a core that just woke up.
    """
    adapter = make_adapter("ALE/MsPacman-v5", human=True)
    run = make_run_record(adapter, player="random")
    stepper = EpisodeStepper(adapter, run)
    services.telemetry.start_run(run)
    costs_s, json_s = [], []
    step = stepper.reset(seed=1)
    next_s = time.perf_counter()
    for index in range(int(seconds * rate_hz)):
        next_s += 1.0 / rate_hz
        time.sleep(max(0.0, next_s - time.perf_counter()))
        if step.done:
            services.telemetry.complete_episode(stepper.finish())
            step = stepper.reset(seed=index)
        else:
            step = stepper.step(adapter.sample_action())
        started_s = time.perf_counter()
        services.telemetry.record_step(step)
        recorded_s = time.perf_counter()
        json.dumps({"a": [1, 2, 3], "b": "x"})
        json_s.append(time.perf_counter() - recorded_s)
        costs_s.append(recorded_s - started_s)
    services.telemetry.complete_episode(stepper.finish())
    services.telemetry.end_run(run.run_id, RunState.COMPLETED)
    services.telemetry.flush()
    adapter.close()
    return {
        "record_step": percentiles(costs_s, scale=1e6, digits=1),
        "json_dumps_beside": percentiles(json_s, scale=1e6, digits=1),
    }


def main() -> None:
    """Flood, then two paces."""
    sys.setswitchinterval(0.0005)  # as the window sets it
    frames = real_frames("ALE/MsPacman-v5", 2_000, frameskip=1)
    with tempfile.TemporaryDirectory() as folder, open_services(Settings(var_dir=Path(folder))) as services:
        figures = {
            "flood": flood(services, frames),
            "caller_us_at_60_hz": paced(services, GAME_HZ, PACED_S),
            "caller_us_at_500_hz": paced(services, 500.0, PACED_S),
        }
    answer("sink_throughput", {"target": "8,000 frames/s; p50 20 us, p99.9 200 us, max 1 ms at 60 Hz", **figures})


def _rollup(run_id: str, status: EpisodeStatus) -> EpisodeRollup:
    return EpisodeRollup(
        run_id=run_id, episode_id="ep-000000", episode_index=0, seed=1, started_at=utc_now(), status=status
    )


def _step(run_id: str, index: int, frame: NDArray[np.uint8]) -> StepRecord:
    return StepRecord(
        run_id=run_id,
        episode_id="ep-000000",
        step_index=index,
        action=index % 9 if index else None,
        observation=frame,
        reward=0.0 if index else None,
        info={"lives": 3, "episode_frame_number": index, "frame_number": index},
        render_payload=frame,
    )


if __name__ == "__main__":
    main()
