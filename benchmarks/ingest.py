"""Ingest: several worker processes publish to a trainer over loopback, until everything is on its disk.

``python benchmarks/ingest.py --workers 4 --steps 1200000``: without pictures, and a tenth of it with Atari's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from report import answer

TESTS = Path(__file__).resolve().parents[1] / "tests"
BATCH_ROWS = 2_048
FRAME_ROWS = 64
ATARI = (210, 160, 3)


def main() -> None:
    """Run the trainer and the workers, and print what came of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--steps", type=int, default=1_200_000, help="Of all workers together; with pictures a tenth.")
    parser.add_argument("--frames", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--var-dir", type=Path)
    parser.add_argument("--worker", nargs=3, metavar=("ADDRESS", "PLACE", "STEPS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    if options.worker:
        address, place, steps = options.worker
        work(address, int(place), int(steps), frames=options.frames)
        return
    figures = {}
    for what, steps in (("rows", options.steps), ("frames", options.steps // 10)):
        with tempfile.TemporaryDirectory(dir=options.var_dir) as folder:
            figures[what] = measure(Path(folder), options.workers, steps, frames=what == "frames")
    answer("ingest", figures)


def measure(folder: Path, workers: int, steps: int, *, frames: bool) -> dict[str, Any]:
    """Steps a second from the first batch sent to the last one on disk."""
    import psutil
    from trainer_rig import TrainerProcess

    with TrainerProcess(folder) as trainer:
        command = [sys.executable, __file__, *(["--frames"] if frames else [])]
        processes = [
            subprocess.Popen(
                [*command, "--worker", trainer.address, str(place), str(steps // workers)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for place in range(workers)
        ]
        for process in processes:
            _pipe(process.stdout).readline()  # it is ready
        daemon = psutil.Process(trainer.pid)
        before = daemon.cpu_times()
        started_s = time.perf_counter()
        for process in processes:
            _pipe(process.stdin).write("go\n")
            _pipe(process.stdin).flush()
        told = [json.loads(process.communicate()[0]) for process in processes]
        took_s = time.perf_counter() - started_s
        after = daemon.cpu_times()
        memory = daemon.memory_info().rss
        trainer.stop()
    done = sum(one["steps"] for one in told)
    return {
        "workers": workers,
        "frames": frames,
        "steps": done,
        "seconds": round(took_s, 2),
        "steps_per_s": round(done / took_s),
        "dropped_frames": sum(one["dropped_frames"] for one in told),
        "starved_looks": sum(one["starved"] for one in told),
        "trainer_cpu_s": round(after.user + after.system - before.user - before.system, 2),
        "workers_cpu_s": round(sum(one["cpu_s"] for one in told), 2),
        "trainer_memory_mb": round(memory / 1e6),
    }


def _pipe(pipe: Any) -> Any:
    return pipe


def work(address: str, place: int, steps: int, *, frames: bool) -> None:
    """Publish made-up batches as fast as they are taken."""
    from dataclasses import replace

    from trainer_rig import make_batch, publisher

    from gym_gui.core.data_model import RunState

    rows = FRAME_ROWS if frames else BATCH_ROWS
    spool = Path(tempfile.gettempdir()) / f"spool-{os.getpid()}"
    way = publisher(address, spool, run_id="flood", session="flood")
    stream = f"worker{place}"
    first = make_batch(1, rows=rows, run_id=way.run_id, worker_id=way.worker_id, stream=stream)
    chunks = atari_chunks() if frames else []
    print("ready", flush=True)
    sys.stdin.readline()
    cpu_s, starved = time.process_time(), 0
    count = steps // rows
    for seq in range(1, count + 1):
        batch = make_batch(seq, rows=rows, run_id=way.run_id, worker_id=way.worker_id, stream=stream)
        if frames:
            numbers = np.arange((seq - 1) * rows, seq * rows)
            blocks = [replace(chunks[k % len(chunks)], first=int(numbers[0]) + k * 8) for k in range(rows // 8)]
            batch = replace(batch, frames=numbers, blocks=blocks, flags=first.flags | np.uint8(16))
        way.put(batch)
        while way.status().waiting_bytes > 12 * 1024 * 1024:  # as a training loop, which does more than send
            starved += 1
            time.sleep(0.002)
    way.flush(300)
    status = way.status()
    if status.durable_seq != count:
        sys.exit(f"not everything arrived: {status}")
    cpu_s = time.process_time() - cpu_s
    way.close(RunState.COMPLETED)
    told = {"steps": count * rows, "dropped_frames": status.dropped_frames, "starved": starved, "cpu_s": cpu_s}
    print(json.dumps(told))


def atari_chunks() -> list[Any]:
    """Chunks of pictures that compress as a game's do: a few thousand bytes each."""
    import ale_py
    import gymnasium
    import zstandard

    from gym_gui.core.data_model import ArrayBlock, ArrayKind

    gymnasium.register_envs(ale_py)
    env = gymnasium.make("ALE/Breakout-v5")
    env.reset(seed=1)
    packer = zstandard.ZstdCompressor(level=1, write_content_size=True)
    found = []
    for _ in range(16):
        frames = np.stack([env.step(env.action_space.sample())[0] for _ in range(8)])
        found.append(
            ArrayBlock(
                kind=ArrayKind.FRAME,
                first=0,
                count=8,
                dtype=np.dtype(np.uint8),
                item_shape=ATARI,
                chunk_items=8,
                compressed=True,
                data=packer.compress(frames.tobytes()),
            )
        )
    env.close()
    return found


if __name__ == "__main__":
    main()
