"""What a step of the preset breakout-ppo costs, in milliseconds of one core: playing, learning, and being recorded.

``python benchmarks/picture_learning.py [--steps N]``: the preset on one thread without evaluations, once as
Stable-Baselines3 alone does it in the same environments and once recorded as a worker does, and the network alone in
both orders of its weights. CPU time of the process, so that other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gym_gui.services.trainer.config import TrainingConfig

BATCH = 256
ROUNDS = 5


class Unrecorded:
    """Streams that leave an environment as it is."""

    def training(self, env: Any) -> Any:
        """The environment itself."""
        return env


@contextmanager
def clocked() -> Iterator[dict[str, float]]:
    """CPU seconds that PPO spends in its two halves."""
    from stable_baselines3 import PPO

    spent = {"playing": 0.0, "learning": 0.0}
    halves = {"playing": PPO.collect_rollouts, "learning": PPO.train}

    def clock(name: str) -> Any:
        def half(*args: Any, **kwargs: Any) -> Any:
            before_s = time.process_time()
            try:
                return halves[name](*args, **kwargs)
            finally:
                spent[name] += time.process_time() - before_s

        return half

    PPO.collect_rollouts, PPO.train = clock("playing"), clock("learning")
    try:
        yield spent
    finally:
        PPO.collect_rollouts, PPO.train = halves["playing"], halves["learning"]


def alone(config: TrainingConfig) -> None:
    """Learn with nothing around it."""
    from stable_baselines3.common.vec_env import DummyVecEnv

    from gym_gui.workers.learner import make_learner
    from gym_gui.workers.making import TrainingEnvironment

    streams: Any = Unrecorded()
    envs = DummyVecEnv([TrainingEnvironment(config, streams)] * config.num_envs)
    make_learner(config, envs, seed=1).learn(config.total_steps)
    envs.close()


def recorded(config: TrainingConfig) -> None:
    """Learn as a worker does."""
    from gym_gui.workers.place import WorkerPlace
    from gym_gui.workers.session import work
    from gym_gui.workers.stopping import StopRequest

    with tempfile.TemporaryDirectory() as folder:
        os.environ["GYM_GUI_VAR_DIR"] = str(Path(folder) / "var")
        run_dir = Path(folder) / "run"
        run_dir.mkdir()
        work(WorkerPlace(run_id="breakout", worker_id="w0", run_dir=run_dir, config=config), None, StopRequest())


def network_ms() -> dict[str, float]:
    """Forward and backward through the network, a picture of a batch; the best of some rounds."""
    import numpy as np
    import torch
    from gymnasium.spaces import Box
    from stable_baselines3.common.torch_layers import NatureCNN

    network = NatureCNN(Box(0, 255, (4, 84, 84), np.uint8))
    pictures = torch.rand(BATCH, 4, 84, 84)
    found = {}
    for name, order in (("as_made", torch.contiguous_format), ("laid_out", torch.channels_last)):
        network.to(memory_format=order)
        rounds = []
        for _ in range(ROUNDS):
            before_s = time.process_time()
            network(pictures).sum().backward()
            rounds.append(time.process_time() - before_s)
        found[name] = round(min(rounds) / BATCH * 1_000, 3)
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=4_096)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    from gym_gui.services.trainer.config import EvaluationConfig, ResourceConfig
    from gym_gui.workers.presets import preset_of

    torch.set_num_threads(1)
    quiet = EvaluationConfig(every_steps=0)
    config = replace(preset_of("breakout-ppo").config, seed=1, total_steps=options.steps, evaluation=quiet)
    config = replace(config, resources=ResourceConfig(cpus=1.0))
    figures: dict[str, Any] = {}
    for name, learn in (("alone", alone), ("recorded", recorded)):
        with clocked() as spent:
            learn(config)
        each_ms = {half: round(seconds / options.steps * 1_000, 3) for half, seconds in spent.items()}
        figures[name] = {"ms_a_step": each_ms, "steps_per_cpu_second": round(options.steps / sum(spent.values()), 1)}
    answer("picture_learning", {"steps": options.steps, **figures, "network_ms_a_picture": network_ms()})


if __name__ == "__main__":
    main()
