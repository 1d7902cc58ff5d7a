"""A game at full speed in the window, recorded: rate, paint intervals, dropped frames, CPU, memory.

`python benchmarks/play_session.py [SECONDS]`; 60 by default. The peer is `gymnasium.utils.play`'s own pacing, a pygame
clock, for as long a stretch of the same game.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import answer, percentiles
from window import open_window, pause, record_paints, wait_until

from gym_gui.controllers.bots import BreakoutPlayer
from gym_gui.controllers.start_request import StartRequest
from gym_gui.telemetry.events import StepRecorded
from gym_gui.telemetry.overflow import DropOldest
from gym_gui.ui.application import begin

if TYPE_CHECKING:
    from gym_gui.telemetry.events import TelemetryEvent

GAMES = {"ALE/Breakout-v5": 60.0, "CarRacing-v3": 50.0}
DRIVE = frozenset({"up"})
EPISODE_END_S = 0.5
PEER_S = 10.0


def play(env_id: str, rate_hz: float, seconds: float) -> dict[str, Any]:
    """One game in a fresh window."""
    paints = record_paints()
    with open_window() as window:
        assert window.context is not None  # noqa: S101 - open_window waited for it
        recorder = window.context.recorder
        assert recorder is not None  # noqa: S101 - its folder is a fresh one
        begin(window, StartRequest(kind="play", env_id=env_id, seed=1))
        session, telemetry = recorder.session, recorder.services.telemetry
        wait_until(lambda: session.state.in_game and session.state.step > 2 * rate_hz)
        stamps: list[tuple[str, float]] = []
        player = BreakoutPlayer()

        def act(events: list[TelemetryEvent]) -> None:
            # A bot at the keys, so that the game goes on; its work counts in the CPU figure.
            for event in events:
                if isinstance(event, StepRecorded):
                    stamps.append((event.step.episode_id, event.step.timestamp.timestamp()))
                    frame = event.step.frame
                    is_breakout = frame is not None and env_id == "ALE/Breakout-v5"
                    session.set_held_keys(player.keys_for(frame) if is_breakout else DRIVE)

        watcher = window.pump.subscribe(recorder.services.bus, "bot", DropOldest(), act)
        pause(1.0)
        stamps.clear()
        late_before, cpu_before = session.state.late_frames, time.process_time()
        memory_kib = [_memory_kib()]
        first = len(paints)
        started_s = time.perf_counter()
        while time.perf_counter() - started_s < seconds:
            pause(seconds / 10)
            memory_kib.append(_memory_kib())
        elapsed_s = time.perf_counter() - started_s
        cpu_s = time.process_time() - cpu_before
        watcher.close()
        late = session.state.late_frames - late_before
        state = session.state
        session.stop()
        telemetry.flush()
        status = recorder.services.sink.status()
    gaps = [after - before for before, after in itertools.pairwise(paints[first:])]
    # Between two episodes the game stands for a second and a half, by design.
    intervals = [gap for gap in gaps if gap < EPISODE_END_S]
    return {
        "rate_hz": round(_rate_hz(stamps), 3),
        "target_hz": rate_hz,
        "steps": len(stamps),
        "episode_ends": len(gaps) - len(intervals),
        "true_hz_shown": round(state.true_hz, 2),
        "paint_interval_ms": percentiles(intervals, scale=1e3, digits=2),
        "late_frames": late,
        "dropped_frames": status.shed_frames + status.lost_frames,
        "cpu_percent_of_one_core": round(100 * cpu_s / elapsed_s, 1),
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


def _rate_hz(stamps: list[tuple[str, float]]) -> float:
    """Steps a second while an episode ran, from the steps' own time stamps."""
    gaps = [after - before for (one, before), (other, after) in itertools.pairwise(stamps) if one == other]
    return len(gaps) / sum(gaps)


def _memory_kib() -> int:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    main()
