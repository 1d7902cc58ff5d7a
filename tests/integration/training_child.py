"""Training scripts for the tests: ``python training_child.py HOW RUN``; each records into ``GYM_GUI_VAR_DIR``.

``endless`` steps at some 200 Hz with pictures until it is killed, and writes each step's number (int64) and
`time.monotonic()` (float64) to standard output once it returned. ``restless`` steps as fast as it can without
pictures, draws random numbers in each step, and writes so of every 50th; ``laden`` does with observations and infos of
many parts. The others do what their names say.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from small_envs import Counting

import gym_gui

if TYPE_CHECKING:
    from collections.abc import Callable


def make(run: str, frames: str = "all", length: int = 5) -> Any:
    return gym_gui.RecordTelemetry(Counting(length=length), run=run, frames=frames)


def play(env: Any, steps: int) -> None:
    done = True
    for number in range(steps):
        if done:
            env.reset(seed=number)
        _, _, terminated, truncated, _ = env.step(number % 2)
        done = terminated or truncated


def endless(run: str) -> None:
    env = make(run, length=1 << 40)
    env.reset(seed=1)
    pace = threading.Event()
    number = 0
    while True:
        number += 1
        env.step(number % 2)
        gym_gui.log(number, loss=number)
        os.write(sys.stdout.fileno(), struct.pack("<qd", number, time.monotonic()))
        pace.wait(0.005)


class Laden(gym.Env[Any, Any]):
    """A dictionary to see, and eight numbers of NumPy's to know: as MiniGrid and MuJoCo together."""

    observation_space = gym.spaces.Dict(
        image=gym.spaces.Box(0, 255, (7, 7, 3), np.uint8), heading=gym.spaces.Discrete(4), task=gym.spaces.Text(40)
    )
    action_space = gym.spaces.Discrete(4)
    count = 0

    def observe(self) -> dict[str, Any]:
        image = np.full((7, 7, 3), self.count % 255, np.uint8)
        return {"image": image, "heading": np.int64(self.count % 4), "task": "go to the door"}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self.count = 0
        return self.observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.count += int(action is not None)
        info = {f"reward_{part}": np.float64(self.count / (part + 1)) for part in range(8)}
        return self.observe(), 0.5, self.count >= 200, False, info


def restless(run: str, env: Any = None) -> None:
    env = gym_gui.RecordTelemetry(env or gym.make("LunarLander-v3"), run=run, frames="none")
    number, done = 0, True
    while True:
        if done:
            env.reset(seed=number)
        _, _, terminated, truncated, _ = env.step(number % 4)
        done = terminated or truncated
        number += 1
        if number % 50 == 0:
            os.write(sys.stdout.fileno(), struct.pack("<qd", number, time.monotonic()))


def laden(run: str) -> None:
    restless(run, Laden())


def unclosed(run: str) -> None:
    play(make(run), 12)


def raising(run: str) -> None:
    env = make(run)
    play(env, 12)
    raise ValueError("the learner's own fault")


def raising_closed(run: str) -> None:
    env = make(run)
    try:
        play(env, 12)
        raise ValueError("the learner's own fault")
    finally:
        env.close()


def interrupted(run: str) -> None:
    env = make(run)
    play(env, 12)
    raise KeyboardInterrupt


def terminated(run: str) -> None:
    env = make(run)
    play(env, 12)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait()


def terminated_its_own_way(run: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    terminated(run)


def exiting(run: str) -> None:
    env = make(run)
    play(env, 12)
    sys.exit(0)


def forked(run: str) -> None:
    env = make(run)
    play(env, 12)
    child = os.fork()
    play(env, 12)
    if child == 0:
        sys.exit(0)  # through every handler of the interpreter and of HDF5
    _, status = os.waitpid(child, 0)
    play(env, 12)
    env.close()
    sys.exit(status)


def asynchronous(run: str, context: str) -> None:
    envs = gym.vector.AsyncVectorEnv([partial(make, run)] * 2, context=context, shared_memory=False)
    envs.reset(seed=1)
    for number in range(12):
        envs.step(np.full(2, number % 2))
    envs.close()


def subprocesses(run: str) -> None:
    from stable_baselines3.common.vec_env import SubprocVecEnv  # noqa: PLC0415 - two seconds, here only

    envs = SubprocVecEnv([partial(make, run)] * 2)
    envs.seed(1)
    envs.reset()
    for number in range(12):
        envs.step(np.full(2, number % 2))
    envs.close()


if __name__ == "__main__":
    how, name = sys.argv[1:3]
    scripts: dict[str, Callable[[str], None]] = {
        "endless": endless,
        "restless": restless,
        "laden": laden,
        "unclosed": unclosed,
        "raising": raising,
        "raising-closed": raising_closed,
        "interrupted": interrupted,
        "terminated": terminated,
        "terminated-its-own-way": terminated_its_own_way,
        "exiting": exiting,
        "forked": forked,
        "async-fork": partial(asynchronous, context="fork"),
        "async-spawn": partial(asynchronous, context="spawn"),
        "subprocesses": subprocesses,
    }
    scripts[how](name)
