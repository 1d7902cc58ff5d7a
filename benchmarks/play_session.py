"""A game at full speed in the window, recorded: rate, paint intervals, dropped frames, CPU, memory.

`python benchmarks/play_session.py [SECONDS]`; 60 by default. The peer is `gymnasium.utils.play`'s own pacing, a pygame
clock, for as long a stretch of the same game.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

from report import answer, percentiles
from window import open_window, pause, record_paints, wait_until

from gym_gui.controllers.start_request import StartRequest
from gym_gui.ui.application import begin

GAMES = {"ALE/Breakout-v5": 60.0, "CarRacing-v3": 50.0}
KEYS = {"ALE/Breakout-v5": frozenset({"space", "right"}), "CarRacing-v3": frozenset({"up", "left"})}
PEER_S = 10.0


def play(env_id: str, rate_hz: float, seconds: float) -> dict[str, Any]:
    """One game in a fresh window."""
    paints = record_paints()
    with open_window() as window:
        assert window.context is not None  # noqa: S101 - open_window waited for it
        context = window.context
        begin(window, StartRequest(kind="play", env_id=env_id, seed=1))
        session, telemetry = context.session, context.services.telemetry
        wait_until(lambda: session.state.in_game and session.state.step > 2 * rate_hz)
        session.set_held_keys(KEYS[env_id])
        pause(1.0)
        steps_before = _total_steps(context.services)
        late_before, cpu_before = session.state.late_frames, _cpu_s()
        memory_kib = [_memory_kib()]
        first = len(paints)
        started_s = time.perf_counter()
        while time.perf_counter() - started_s < seconds:
            pause(seconds / 10)
            memory_kib.append(_memory_kib())
        elapsed_s = time.perf_counter() - started_s
        steps = _total_steps(context.services) - steps_before
        cpu = {name: value - cpu_before.get(name, 0.0) for name, value in _cpu_s().items()}
        late = session.state.late_frames - late_before
        state = session.state
        session.stop()
        telemetry.flush()
        status = context.services.sink.status()
    intervals = [after - before for before, after in zip(paints[first:], paints[first + 1 :], strict=False)]
    return {
        "rate_hz": round(steps / elapsed_s, 3),
        "target_hz": rate_hz,
        "true_hz_shown": round(state.true_hz, 2),
        "paints_per_s": round(len(intervals) / elapsed_s, 2),
        "paint_interval_ms": percentiles(intervals, scale=1e3, digits=2),
        "late_frames": late,
        "dropped_frames": status.shed_frames + status.lost_frames,
        "cpu_percent_of_one_core": round(100 * cpu["process"] / elapsed_s, 1),
        "memory_mib_every_tenth": [round(kib / 1024) for kib in memory_kib],
        "threads": threading.active_count(),
    }


def peer() -> dict[str, float]:
    """The pacing of `gymnasium.utils.play`: `pygame.time.Clock().tick(fps)` after each step."""
    import ale_py
    import gymnasium
    import pygame

    gymnasium.register_envs(ale_py)
    env = gymnasium.make("ALE/Breakout-v5", render_mode="rgb_array", frameskip=1)
    env.reset(seed=1)
    clock = pygame.time.Clock()
    started_s = time.perf_counter()
    steps = 0
    while time.perf_counter() - started_s < PEER_S:
        _, _, terminated, truncated, _ = env.step(0)
        if terminated or truncated:
            env.reset()
        clock.tick(60)
        steps += 1
    rate_hz = steps / (time.perf_counter() - started_s)
    env.close()
    return {"rate_hz": round(rate_hz, 3), "target_hz": 60.0}


def main() -> None:
    """Both games, then the peer."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    figures: dict[str, Any] = {env_id: play(env_id, rate_hz, seconds) for env_id, rate_hz in GAMES.items()}
    figures["peer gymnasium.utils.play"] = peer()
    target = "60.0 +-0.05 Hz, p99 <= 19 ms, 0 dropped, <= 35 % of one core, flat; CarRacing p99 <= 25 ms, 0 dropped"
    answer("play_session", {"target": target, "seconds": seconds, **figures})


def _total_steps(services: Any) -> int:
    # Steps over all episodes, as the producer counted them: every one goes through the sink's queue.
    status = services.sink.status()
    return int(status.saved_steps + status.queue_depth)


def _cpu_s() -> dict[str, float]:
    return {"process": time.process_time()}


def _memory_kib() -> int:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    main()
