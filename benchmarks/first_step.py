"""From the submission of a run to its first step on disk, in a trainer of its own, and where the time goes.

``python benchmarks/first_step.py [--rounds N] [WHAT ...]``: WHAT is a preset or an environment for a random policy.
Each run is cancelled once its first step is on disk, and the next one is submitted when it has ended and the trainer
has rested: once with a worker that waits for it, once with none. A negative birth is that of a process that waited.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from report import answer, percentiles

if TYPE_CHECKING:
    from gym_gui.config.paths import VarPaths
    from gym_gui.services.trainer.client.client import TrainerClient
    from gym_gui.services.trainer.config import TrainingConfig

TESTS = Path(__file__).resolve().parents[1] / "tests"
WHAT = ("cartpole-ppo", "breakout-random")
IMPORTS = "from gym_gui.workers.preloading import preload_learner; preload_learner()"
TARGET_S = 2.5
# Between two runs: a person does not submit the next one in the same second, and what the trainer prepares is ready.
REST_S = 10.0
KEPT_S = 600.0
LOOK_S = 0.002
FIRST_STEP = """
    SELECT (episodes.started_us + steps.time_us) / 1e6
    FROM runs JOIN episodes USING (run_key) JOIN steps USING (episode_key)
    WHERE runs.run_id = ? AND steps.step_index = 1 ORDER BY 1 LIMIT 1
"""


def first_step_on_disk(paths: VarPaths, run_id: str) -> tuple[float, float]:
    """When the run's first step was taken, and when another process could read it; seconds since 1970."""
    while True:
        try:
            with sqlite3.connect(f"file:{paths.telemetry_db}?mode=ro", uri=True) as database:
                found = database.execute(FIRST_STEP, (run_id,)).fetchone()
        except sqlite3.OperationalError:
            found = None
        if found is not None:
            return found[0], time.time()
        time.sleep(LOOK_S)


def one_run(client: TrainerClient, paths: VarPaths, config: TrainingConfig) -> dict[str, float]:
    """Seconds from the submission until each station of one run."""
    from trainer_rig import until

    from gym_gui.services.trainer.states import TrainingState

    submitted = time.time()
    run_id = client.submit(config).run_id
    accepted = time.time()
    taken, on_disk = first_step_on_disk(paths, run_id)
    entered = {change.after: change.at.timestamp() for change in client.transitions(run_id)}
    born = psutil.Process(client.get(run_id).workers[0].pid).create_time()
    client.cancel(run_id)
    until(lambda: not client.get(run_id).state.is_active, "the end of the run")
    return {
        "accepted": accepted - submitted,
        "dispatched": entered[TrainingState.DISPATCHING] - submitted,
        "process_born": born - submitted,
        "registered": entered[TrainingState.RUNNING] - submitted,
        "first_step_taken": taken - submitted,
        "first_step_on_disk": on_disk - submitted,
    }


def config_of(what: str) -> TrainingConfig:
    """The run that WHAT names."""
    from gym_gui.workers.composing import starting_config
    from gym_gui.workers.presets import PRESETS

    return starting_config(what) if what in PRESETS else starting_config(what, algorithm="random")


def imports_s() -> float:
    """Seconds that a process takes which does nothing but load a learner; the best of some."""
    found = []
    for _ in range(3):
        started_s = time.perf_counter()
        subprocess.run([sys.executable, "-c", IMPORTS], check=True)
        found.append(time.perf_counter() - started_s)
    return round(min(found), 3)


def measure(what: str, rounds: int, spare_s: float) -> dict[str, Any]:
    """Runs of one kind, one after the other, in one trainer."""
    from trainer_rig import TrainerProcess

    from gym_gui.config.paths import VarPaths

    os.environ.update({"GYM_GUI__trainer__spare_s": str(spare_s)})
    with tempfile.TemporaryDirectory() as folder, TrainerProcess(Path(folder)) as trainer, trainer.client() as client:
        found = []
        for number in range(rounds):
            time.sleep(REST_S)
            found.append(one_run(client, VarPaths(Path(folder)), replace(config_of(what), seed=number + 1)))
        trainer.stop()
    return {
        "median_s": {name: round(sorted(one[name] for one in found)[rounds // 2], 3) for name in found[0]},
        "submit_to_first_step_s": percentiles([one["first_step_on_disk"] for one in found]),
        "runs": [{name: round(seconds, 3) for name, seconds in one.items()} for one in found],
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", nargs="*", default=WHAT)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    os.environ.pop("GYM_GUI_TRAINER", None)
    figures = {
        what: {
            "with_a_spare_worker": measure(what, options.rounds, KEPT_S),
            "without": measure(what, options.rounds, 0.0),
        }
        for what in options.what
    }
    target = f"submit to first step on disk <= {TARGET_S} s"
    answer("first_step", {"target": target, "learner_imports_s": imports_s(), **figures})


if __name__ == "__main__":
    main()
