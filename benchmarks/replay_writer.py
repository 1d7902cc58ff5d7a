"""The replay writer alone beside the first design's layout, and random cold reads of both."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Any

import seed_layout
from report import answer, percentiles, real_frames

from gym_gui.replay import FrameResolver, ReplayWriter

GAMES = (
    ("ALE/Breakout-v5", 2_000, {"frameskip": 1}),
    ("ALE/MsPacman-v5", 2_000, {"frameskip": 1}),
    ("CarRacing-v3", 200, {}),
)
READS = 150
ROUNDS = 3
# Long enough that opening and closing the file does not count.
REPEATS = 4


def measure(folder: Path, env_id: str, count: int, env_kwargs: dict[str, Any]) -> dict[str, Any]:
    """Write the same frames both ways, alternating, the best round of each; then read single frames cold."""
    frames = real_frames(env_id, count, **env_kwargs) * REPEATS
    count = len(frames)
    ours_s, seed_s = [], []
    for turn in range(ROUNDS):
        run = f"run-{turn}"
        started_s = time.perf_counter()
        writer = ReplayWriter(run, folder)
        writer.start()
        for frame in frames:
            writer.record_step(frame, None, 0, 0.0, False)
        writer.close()
        ours_s.append(time.perf_counter() - started_s)
        started_s = time.perf_counter()
        seed_layout.write(folder / "seed.h5", frames)
        seed_s.append(time.perf_counter() - started_s)
    ours_bytes = (folder / "run-0.h5").stat().st_size / count
    seed_bytes = (folder / "seed.h5").stat().st_size / count
    return {
        "ours_us_per_frame": round(min(ours_s) / count * 1e6, 1),
        "seed_us_per_frame": round(min(seed_s) / count * 1e6, 1),
        "write_ratio": round(min(seed_s) / min(ours_s), 2),
        "ours_bytes_per_frame": round(ours_bytes),
        "seed_bytes_per_frame": round(seed_bytes),
        "size_ratio": round(seed_bytes / ours_bytes, 2),
        **read_cold(folder, count),
    }


def read_cold(folder: Path, count: int) -> dict[str, Any]:
    """Single frames at random places, nothing decoded at hand."""
    order = random.Random(3)
    ours_s, seed_s = [], []
    with FrameResolver(folder, cache_bytes=1) as resolver:
        resolver.resolve("h5://run-0/frames/0")
        for _ in range(READS):
            index = order.randrange(count)
            started_s = time.perf_counter()
            found = resolver.resolve(f"h5://run-0/frames/{index}")
            ours_s.append(time.perf_counter() - started_s)
            assert found is not None  # noqa: S101 - a read of nothing would be fast
    for _ in range(min(READS, 40)):
        index = order.randrange(count)
        started_s = time.perf_counter()
        seed_layout.read_one(folder / "seed.h5", index)
        seed_s.append(time.perf_counter() - started_s)
    ours, seed = percentiles(ours_s, scale=1e3), percentiles(seed_s, scale=1e3)
    return {"ours_read_ms": ours, "seed_read_ms": seed, "read_ratio_p50": round(seed["p50"] / ours["p50"], 1)}


def main() -> None:
    """Three games."""
    figures = {}
    for env_id, count, env_kwargs in GAMES:
        with tempfile.TemporaryDirectory() as folder:
            figures[env_id] = measure(Path(folder), env_id, count, env_kwargs)
    target = "write 4x, size 1/5, read 40x; p95 0.6 ms at 210x160, 2 ms at 400x600"
    answer("replay_writer", {"target": target, **figures})


if __name__ == "__main__":
    main()
