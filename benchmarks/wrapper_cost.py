"""What `RecordTelemetry` costs a training loop: each step on its thread, beside peers, and a learner's throughput.

``python benchmarks/wrapper_cost.py [--steps N] [--learn N] [--rounds N]``. Peers that are not installed are left out
with a sentence: ``pip install trackio wandb moviepy`` into a throwaway environment to have them measured.

A machine that does other things shows in ``bare``'s own tail; what the training's thread itself computes is in the
``cpu_us`` and ``thread_cpu_s`` figures, which waiting for a core does not blur.
"""

from __future__ import annotations

import argparse
import operator
import os
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

sys.path.insert(0, str(Path(__file__).parent))
from report import answer, others_aside, percentiles

import gym_gui

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = (210, 160, 3)
EPISODE = 500
# What an environment and a policy do in a step, at the least; with pictures, at 3,000 of them a second.
WORK_S = 50e-6
DRAWING_WORK_S = 1 / 3_000
US = 1e6
# Steps of a PPO's rollout and update, a second's work.
BLOCK = 1_024


class Steady(gym.Env):
    """An environment whose step takes `work_s` and whose picture is there already."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 60}  # noqa: RUF012 - Gymnasium's own way

    def __init__(self, *, draws: bool) -> None:
        self.observation_space = spaces.Box(-1, 1, (4,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.render_mode = "rgb_array" if draws else None
        rng = np.random.default_rng(1)
        background = np.repeat(np.repeat(rng.integers(0, 255, (21, 16, 3), np.uint8), 10, 0), 10, 1)
        self._pictures = [np.roll(background, number, 1) for number in range(8)]
        self._observation = np.zeros(4, np.float32)
        self._number = 0
        self.work_s = DRAWING_WORK_S if draws else WORK_S

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[Any, dict]:
        """Start anew."""
        del options
        super().reset(seed=seed)
        self._number = 0
        return self._observation, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict]:
        """Work, and answer what it always answers."""
        del action
        until_s = time.perf_counter() + self.work_s
        while time.perf_counter() < until_s:
            pass
        self._number += 1
        return self._observation, 1.0, self._number >= EPISODE, False, {}

    def render(self) -> Any:
        """A picture that is there."""
        return self._pictures[self._number & 7]


def step_times(env: Any, steps: int, after: Callable[[int, float], None] | None = None) -> np.ndarray:
    """Seconds of each step, the environment's work taken off; what *after* does with its reward belongs to it."""
    taken = np.empty(steps)
    clock = time.perf_counter
    env.reset(seed=1)
    for number in range(steps):
        began_s = clock()
        _, reward, terminated, _, _ = env.step(number & 1)
        if after is not None:
            after(number, reward)
        taken[number] = clock() - began_s
        if terminated:
            env.reset()
    return taken - env.unwrapped.work_s


def figures(taken: np.ndarray) -> dict[str, float]:
    """Percentiles in microseconds."""
    return {f"{name}_us": value for name, value in percentiles(list(taken), scale=US, digits=1).items()}


def cpu_us(env: Any, steps: int) -> float:
    """Microseconds of this thread's CPU that a step takes, the environment's own taken off."""
    env.reset(seed=1)
    began_s = time.thread_time()
    for number in range(steps):
        if env.step(number & 1)[2]:
            env.reset()
    return (time.thread_time() - began_s) / steps * US


def ours(folder: Path, steps: int, *, draws: bool) -> dict[str, Any]:
    """The wrapper, into a var folder."""
    env = gym_gui.RecordTelemetry(
        Steady(draws=draws), run="cost", var_dir=str(folder), frames="all" if draws else "none"
    )
    found = figures(step_times(env, steps))
    env.unwrapped.work_s = 0.0
    cost_us = cpu_us(env, steps) - cpu_us(env.env, steps)
    began_s = time.perf_counter()
    env.close()
    return {**found, "cpu_us": round(cost_us, 1), "close_s": round(time.perf_counter() - began_s, 2)}


def video(folder: Path, steps: int) -> dict[str, Any]:
    """Gymnasium's `RecordVideo`, of every episode."""
    if find_spec("moviepy") is None:
        return {"left out": "RecordVideo needs the package moviepy, which is not installed."}
    env = gym.wrappers.RecordVideo(Steady(draws=True), str(folder), episode_trigger=lambda _: True, disable_logger=True)
    found = figures(step_times(env, steps))
    env.close()
    return found


def tensorboard(folder: Path, steps: int) -> dict[str, Any]:
    """One scalar a step."""
    if find_spec("tensorboard") is None or find_spec("torch") is None:
        return {"left out": "TensorBoard's writer needs the packages torch and tensorboard."}
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder))
    found = figures(
        step_times(Steady(draws=False), steps, lambda number, reward: writer.add_scalar("r", reward, number))
    )
    writer.close()
    return found


def wandb(folder: Path, steps: int) -> dict[str, Any]:
    """One scalar a step."""
    if find_spec("wandb") is None:
        return {"left out": "The package wandb is not installed."}
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=str(folder))
    import wandb as package

    package.init(project="cost", dir=str(folder))
    found = figures(step_times(Steady(draws=False), steps, lambda _, reward: package.log({"r": reward})))
    package.finish()
    return found


def trackio(folder: Path, steps: int) -> dict[str, Any]:
    """One scalar a step."""
    if find_spec("trackio") is None:
        return {"left out": "The package trackio is not installed."}
    os.environ["TRACKIO_DIR"] = str(folder)
    import trackio as package

    package.init(project="cost")
    found = figures(step_times(Steady(draws=False), steps, lambda _, reward: package.log({"r": reward})))
    package.finish()
    return found


class Drawing(gym.Wrapper[Any, Any, Any, Any]):
    """Draws the pictures of every 100th episode, and keeps none: what drawing alone costs."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self._episode = -1

    def reset(self, **options: Any) -> Any:
        """Begin the next episode."""
        self._episode += 1
        return self._drawn(self.env.reset(**options))

    def step(self, action: Any) -> Any:
        """Take a step, and draw it where the episode is drawn."""
        return self._drawn(self.env.step(action))

    def _drawn(self, result: Any) -> Any:
        if self._episode % 100 == 0:
            self.env.render()
        return result


def learning(folder: Path, steps: int, rounds: int) -> dict[str, Any]:
    """A PPO on CartPole, bare and with everything on, block after block of *steps* in turns.

    One machine's speed changes by a third within a minute; blocks of a second, compared with their neighbours, tell a
    hundredth.
    """
    if find_spec("stable_baselines3") is None:
        return {"left out": "The package stable-baselines3 is not installed."}
    learners = {how: Learner(how, folder) for how in ("bare", "bare again", "rows", "drawing", "everything")}
    names = list(learners)
    for learner in learners.values():
        learner.block()  # what is imported and opened once belongs to nobody
        learner.clear()
    for number in range(rounds * steps // BLOCK):
        turn = number % len(names)
        for how in (*names[turn:], *names[:turn]):
            learners[how].block()
    for learner in learners.values():
        learner.env.close()
    bare = learners["bare"]
    return {
        "blocks": len(bare.took_s),
        "steps_a_block": BLOCK,
        "steps_per_s": {how: round(BLOCK / statistics.median(one.took_s)) for how, one in learners.items()},
        "of_bare": {
            how: {
                "median of neighbours": round(statistics.median(map(operator.truediv, bare.took_s, one.took_s)), 3),
                "of all": round(sum(bare.took_s) / sum(one.took_s), 3),
            }
            for how, one in learners.items()
        },
        "thread_cpu_us_a_step": {
            how: round(sum(one.cpu_s) / len(one.cpu_s) / BLOCK * US) for how, one in learners.items()
        },
        "bare again": "what the method cannot tell apart",
        "rows": "steps, observations, infos, what the learner logs",
        "drawing": "bare, but the pictures of every 100th episode are drawn, and let go",
        "everything": "rows, and the pictures of every 100th episode",
    }


class Learner:
    """A PPO that learns a block at a time.

    Attributes:
        took_s: Seconds of each block.
        cpu_s: Seconds of its thread's CPU of each block.
    """

    def __init__(self, how: str, folder: Path) -> None:
        import torch
        from stable_baselines3 import PPO
        from stable_baselines3.common.monitor import Monitor

        from gym_gui.wrappers.sb3 import TelemetryCallback

        torch.set_num_threads(1)
        run = f"learn-{how.replace(' ', '-')}"
        env: Any = gym.make("CartPole-v1", render_mode="rgb_array")
        self._callback = None
        if how == "drawing":
            env = Drawing(env)
        elif how in {"rows", "everything"}:
            frames = "none" if how == "rows" else "every:100"
            env = gym_gui.RecordTelemetry(env, run=run, var_dir=str(folder), frames=frames)
            self._callback = TelemetryCallback(run, var_dir=str(folder))
        self.env = env
        self._model = PPO("MlpPolicy", Monitor(env), device="cpu", seed=1, n_steps=BLOCK)
        self.clear()

    def clear(self) -> None:
        """Forget what was measured."""
        self.took_s: list[float] = []
        self.cpu_s: list[float] = []

    def block(self) -> None:
        """Learn a block more."""
        began_s, cpu_s = time.perf_counter(), time.thread_time()
        self._model.learn(BLOCK, callback=self._callback, reset_num_timesteps=False)
        self.cpu_s.append(time.thread_time() - cpu_s)
        self.took_s.append(time.perf_counter() - began_s)


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--learn", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with others_aside(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured: dict[str, Any] = {
            "step_of_us": {"no frames": WORK_S * US, "frames": round(DRAWING_WORK_S * US)},
            "frame": list(FRAME),
            "per_step": {
                "bare": figures(step_times(Steady(draws=False), asked.steps)),
                "bare, frames": figures(step_times(Steady(draws=True), asked.steps)),
                "RecordTelemetry, no frames": ours(folder / "var", asked.steps, draws=False),
                "RecordTelemetry, frames": ours(folder / "var", asked.steps, draws=True),
                "RecordVideo, frames": video(folder / "video", asked.steps),
                "TensorBoard SummaryWriter, one scalar": tensorboard(folder / "board", asked.steps),
                "wandb offline, one scalar": wandb(folder / "wandb", min(asked.steps, 5_000)),
                "trackio, one scalar": trackio(folder / "trackio", min(asked.steps, 5_000)),
            },
            "learning": learning(folder / "var", asked.learn, asked.rounds),
        }
    answer("wrapper_cost", measured)


if __name__ == "__main__":
    main()
