"""The trainer's registry with 1,000 runs: listing them, submitting, claiming, moving."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from report import answer, percentiles

from gym_gui.core.clock import utc_now
from gym_gui.services.trainer.config import ResourceConfig, TrainingConfig
from gym_gui.services.trainer.registry.registry import RunRegistry
from gym_gui.services.trainer.run_store import RunProgress, WorkerProcess
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 1_000
ROUNDS = 50
HYPERPARAMETERS = {"learning_rate": 3e-4, "n_steps": 2048, "batch_size": 64, "policy_kwargs": {"net_arch": [64, 64]}}


def fill(store: RunRegistry) -> None:
    """A thousand runs: most have ended, some run, some wait."""
    for seed in range(RUNS):
        config = TrainingConfig(
            worker="sb3",
            env_id="LunarLander-v3",
            algorithm="PPO",
            policy="MlpPolicy",
            seed=seed,
            hyperparameters=HYPERPARAMETERS,
            resources=ResourceConfig(cpus=1, gpus=1),
            name=f"lunar {seed}",
        )
        run_id = store.add(f"run-{seed:04d}", config).run_id
        if seed >= RUNS - 20:
            continue
        store.claim(cpus=RUNS, gpus=range(RUNS), at_most=RUNS)
        store.set_workers(
            run_id, [WorkerProcess(worker_id="w0", pid=seed, born_s=1.0, host="bench", token_digest="0" * 64)]
        )
        store.move(run_id, TrainingState.RUNNING, "Its worker w0 registered.")
        store.set_progress(
            run_id, RunProgress(steps=seed * 1000, episodes=seed, mean_return=1.5, last_step_at=utc_now())
        )
        if seed < RUNS - 60:
            store.move(run_id, TrainingState.COMPLETED, "All steps are taken.")


def timed(call: Callable[[int], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Milliseconds of each of so many calls."""
    seconds = []
    for number in range(rounds):
        started_s = time.perf_counter()
        call(number)
        seconds.append(time.perf_counter() - started_s)
    return percentiles(seconds, scale=1_000)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder, RunRegistry(Path(folder) / "trainer.sqlite") as store:
        started_s = time.perf_counter()
        fill(store)
        filled_s = time.perf_counter() - started_s
        active = [TrainingState.RUNNING, TrainingState.PENDING]
        progress = RunProgress(steps=1, last_step_at=utc_now())
        answer(
            "registry",
            {
                "runs": len(store.list()),
                "filled_s": round(filled_s, 2),
                "list_all_ms": timed(lambda _: store.list()),
                "list_active_ms": timed(lambda _: store.list(active)),
                "get_ms": timed(lambda number: store.get(f"run-{number:04d}")),
                "progress_ms": timed(lambda _: store.set_progress(f"run-{RUNS - 30:04d}", progress)),
                "submit_ms": timed(lambda number: store.add(f"new-{number}", TrainingConfig(seed=-1 - number))),
                "claim_ms": timed(lambda _: store.claim(cpus=RUNS, gpus=range(RUNS), at_most=RUNS), 60),
            },
        )


if __name__ == "__main__":
    main()
