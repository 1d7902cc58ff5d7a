"""What recording a step costs the thread that plays: every backend of ours, and what else people use, in one run.

One real game (Ms. Pac-Man, 210x160x3), the same random actions; a step's cost is that of the recording call, or, for
wrappers, of the wrapped step less the bare step's median. Peers that are not installed are left out, and named.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import answer, percentiles

from gym_gui.recording import RecorderFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    import gymnasium

STEPS = 3_000
EPISODE = 500
HZ = 300.0


def make_env() -> gymnasium.Env[Any, Any]:
    """The game."""
    import ale_py
    import gymnasium

    gymnasium.register_envs(ale_py)
    return gymnasium.make("ALE/MsPacman-v5", render_mode="rgb_array", frameskip=1, max_episode_steps=EPISODE)


def play(env: gymnasium.Env[Any, Any], record: Callable[..., None] | None = None) -> tuple[list[float], list[float]]:
    """Play at a steady rate; seconds of each step and of each call of *record*."""
    env.action_space.seed(1)
    observation, _ = env.reset(seed=1)
    steps_s, calls_s = [], []
    next_s = time.perf_counter()
    for number in range(STEPS):
        next_s += 1 / HZ
        time.sleep(max(0.0, next_s - time.perf_counter()))
        action = env.action_space.sample()
        started_s = time.perf_counter()
        observation, reward, terminated, truncated, info = env.step(action)
        stepped_s = time.perf_counter()
        if record is not None:
            record(number, observation, action, reward, terminated, truncated, info)
            calls_s.append(time.perf_counter() - stepped_s)
        steps_s.append(stepped_s - started_s)
        if terminated or truncated:
            observation, _ = env.reset(seed=number)
    return steps_s, calls_s


def ours(folder: Path, backend: str) -> dict[str, Any]:
    """One backend, by the recorders' own interface."""
    recorder = RecorderFactory.create_recorder({"backend": backend, "output_dir": str(folder / backend)})
    env = make_env()

    def record(
        number: int, observation: Any, action: Any, reward: float, terminated: bool, truncated: bool, info: Any
    ) -> None:
        step = {
            "frame": observation,
            "action": int(action),
            "reward": float(reward),
            "terminated": terminated,
            "truncated": truncated,
            "info": info,
        }
        started_s = time.perf_counter()
        recorder.record_step(step, number % EPISODE, number // EPISODE)
        costs_s.append(time.perf_counter() - started_s)

    costs_s: list[float] = []
    play(env, record)
    started_s = time.perf_counter()
    recorder.close()
    env.close()
    return {
        "us_a_step": percentiles(costs_s, scale=1e6, digits=1),
        "close_ms": round((time.perf_counter() - started_s) * 1e3, 1),
        "bytes_a_step": round(size_bytes(folder / backend) / STEPS),
    }


def wrapped(folder: Path, name: str, bare_s: float) -> dict[str, Any]:
    """A peer that wraps the environment."""
    if name == "RecordVideo":
        from gymnasium.wrappers import RecordVideo

        env = RecordVideo(make_env(), str(folder / name), episode_trigger=lambda _: True, disable_logger=True)
    else:
        from minari import DataCollector

        # Its infos have dtypes that Minari refuses for ALE; without them is the best that it can do.
        env = DataCollector(make_env(), record_infos=False)
    steps_s, _ = play(env)
    started_s = time.perf_counter()
    if name == "Minari":
        import os

        os.environ["MINARI_DATASETS_PATH"] = str(folder / name)
        env.create_dataset("benchmark/pacman-v0", eval_env=None)
    env.close()
    return {
        "us_a_step": percentiles([max(0.0, one - bare_s) for one in steps_s], scale=1e6, digits=1),
        "mean_us_a_step": round((sum(steps_s) / len(steps_s) - bare_s) * 1e6, 1),
        "close_ms": round((time.perf_counter() - started_s) * 1e3, 1),
        "bytes_a_step": round(size_bytes(folder / name) / STEPS),
    }


def mcap(folder: Path) -> dict[str, Any]:
    """MCAP with Zstandard chunks, a message a step."""
    from mcap.writer import CompressionType, Writer

    path = folder / "run.mcap"
    with path.open("wb") as stream:
        writer = Writer(stream, compression=CompressionType.ZSTD)
        writer.start()
        schema = writer.register_schema(name="step", encoding="", data=b"")
        channel = writer.register_channel(topic="step", message_encoding="raw", schema_id=schema)

        def record(number: int, observation: Any, action: Any, reward: float, *_rest: Any) -> None:
            data = json.dumps([number, int(action), float(reward)]).encode() + observation.tobytes()
            writer.add_message(channel_id=channel, log_time=number, publish_time=number, data=data)

        env = make_env()
        _, calls_s = play(env, record)
        started_s = time.perf_counter()
        writer.finish()
    env.close()
    return {
        "us_a_step": percentiles(calls_s, scale=1e6, digits=1),
        "close_ms": round((time.perf_counter() - started_s) * 1e3, 1),
        "bytes_a_step": round(path.stat().st_size / STEPS),
    }


def rerun(folder: Path) -> dict[str, Any]:
    """Rerun, an image and two scalars a step."""
    import rerun as rr

    path = folder / "run.rrd"
    rr.init("benchmark", spawn=False)
    rr.save(str(path))

    def record(number: int, observation: Any, action: Any, reward: float, *_rest: Any) -> None:
        rr.set_time("step", sequence=number)
        rr.log("frame", rr.Image(observation))
        rr.log("action", rr.Scalars(int(action)))
        rr.log("reward", rr.Scalars(float(reward)))

    env = make_env()
    _, calls_s = play(env, record)
    started_s = time.perf_counter()
    rr.disconnect()
    env.close()
    return {
        "us_a_step": percentiles(calls_s, scale=1e6, digits=1),
        "close_ms": round((time.perf_counter() - started_s) * 1e3, 1),
        "bytes_a_step": round(path.stat().st_size / STEPS),
    }


def size_bytes(folder: Path) -> int:
    """Bytes of everything below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Ours, then theirs."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    sys.setswitchinterval(0.0005)  # as the window sets it
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = make_env()
        bare, _ = play(env)
        env.close()
        bare_s = sorted(bare)[len(bare) // 2]
        figures: dict[str, Any] = {"bare_step_us": percentiles(bare, scale=1e6, digits=1), "ours": {}, "peers": {}}
        for backend, why_not in RecorderFactory.available().items():
            figures["ours"][backend] = {"left_out": why_not} if why_not else ours(folder, backend)
        peers: dict[str, Callable[[], dict[str, Any]]] = {
            "RecordVideo": lambda: wrapped(folder, "RecordVideo", bare_s),
            "Minari": lambda: wrapped(folder, "Minari", bare_s),
            "MCAP": lambda: mcap(folder),
            "Rerun": lambda: rerun(folder),
        }
        for peer, measure in peers.items():
            try:
                figures["peers"][peer] = measure()
            except ImportError as error:
                figures["peers"][peer] = {"left_out": str(error)}
    answer("recorders", {"target": "none 1 us; every backend p50 25 us, p99.9 1 ms", "rate_hz": HZ, **figures})


if __name__ == "__main__":
    main()
