"""How long presets take to learn their task, recorded into a var folder as everything is; prints JSON.

``python benchmarks/learning.py [PRESET ...] [--seed N] [--budget SECONDS]``: a preset that has a mark is stopped once
the mean return of an evaluation reaches it; one that has none runs for the budget, and its speed is told. Evaluations
are on the clock, as a user waits for them too.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def measure(name: str, *, seed: int, budget_s: float) -> dict[str, Any]:
    """One preset, from its first step until it is solved or its budget is spent."""
    from gym_gui.workers.place import WorkerPlace
    from gym_gui.workers.presets import preset_of
    from gym_gui.workers.recorded_streams import RecordedStreams
    from gym_gui.workers.session import work
    from gym_gui.workers.stopping import StopRequest

    preset = preset_of(name)
    stop = StopRequest()
    evaluations: list[dict[str, float]] = []

    class Watched(RecordedStreams):
        """Stops the run when it is solved, or has taken long enough."""

        def log(self, step: int, values: Mapping[str, float]) -> None:
            super().log(step, values)
            elapsed_s = time.perf_counter() - began
            if "eval/mean_return" in values:
                reached = values["eval/mean_return"]
                evaluations.append({"steps": step, "mean_return": reached, "seconds": round(elapsed_s, 1)})
                if preset.solved_at is not None and reached >= preset.solved_at:
                    stop.make("solved")
            if elapsed_s > budget_s:
                stop.make("out of time")

    with tempfile.TemporaryDirectory() as folder:
        os.environ["GYM_GUI_VAR_DIR"] = str(Path(folder) / "var")
        run_dir = Path(folder) / "run"
        run_dir.mkdir()
        config = replace(preset.config, seed=seed)
        place = WorkerPlace(run_id=name, worker_id="w0", run_dir=run_dir, config=config)
        began, cpu_before = time.perf_counter(), time.process_time()
        outcome = work(place, Watched(place, seed=seed), stop)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_before
    return {
        "preset": name,
        "solved": outcome.reason == "solved",
        "solved_at": preset.solved_at,
        "steps": outcome.steps,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_s, 1),
        "steps_per_second": round(outcome.steps / seconds, 1),
        "steps_per_cpu_second": round(outcome.steps / cpu_s, 1),
        "state": outcome.state,
        "why": outcome.reason,
        "evaluations": evaluations,
    }


def main() -> None:
    """Measure the presets that were named, one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "presets", nargs="*", default=["cartpole-ppo", "cartpole-dqn", "pendulum-sac", "lunarlander-ppo"]
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=900.0, help="Seconds for each.")
    options = parser.parse_args()
    for name in options.presets:
        print(json.dumps(measure(name, seed=options.seed, budget_s=options.budget)), flush=True)


if __name__ == "__main__":
    main()
