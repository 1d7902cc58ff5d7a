"""Flood: whether a trainer's memory stays flat while workers publish as fast as it takes, for minutes or hours.

``python benchmarks/flood_memory.py --minutes 60``. Two workers publish made-up batches, one of steps alone, one with
Atari's pictures; at the end of each minute a third one comes, publishes a little and goes. Prints JSON: the trainer's
memory in each minute, how much was saved, and whether all of it was.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))
LOOK_S = 1.0
MINUTE_S = 60.0


def main() -> None:
    """Run the trainer and the flood, and print what came of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--var-dir", type=Path)
    parser.add_argument("--worker", nargs=3, metavar=("ADDRESS", "RUN", "SECONDS"), help=argparse.SUPPRESS)
    parser.add_argument("--frames", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        address, run_id, seconds = options.worker
        print(json.dumps(flood(address, run_id, float(seconds), frames=options.frames)))
        return
    with tempfile.TemporaryDirectory(dir=options.var_dir) as folder:
        print(json.dumps(measure(Path(folder), options.minutes), indent=2))


def measure(folder: Path, minutes: float) -> dict[str, Any]:
    """The trainer's memory, minute by minute."""
    import psutil
    from trainer_rig import TrainerProcess, make_batch, publisher

    from gym_gui.core.data_model import RunState

    seconds = minutes * MINUTE_S
    with TrainerProcess(folder / "var") as trainer, trainer.client() as client:
        daemon = psutil.Process(trainer.pid)
        idle_mb = daemon.memory_info().rss / 1e6
        workers = [
            subprocess.Popen(
                [sys.executable, __file__, "--worker", trainer.address, run_id, str(seconds), *more],
                stdout=subprocess.PIPE,
                text=True,
            )
            for run_id, more in (("steps", []), ("pictures", ["--frames"]))
        ]
        by_minute: list[list[float]] = [[]]
        began_s = time.monotonic()
        while any(worker.poll() is None for worker in workers):
            time.sleep(LOOK_S)
            by_minute[-1].append(daemon.memory_info().rss / 1e6)
            if time.monotonic() - began_s > MINUTE_S * len(by_minute):
                name = f"guest-{len(by_minute)}"
                guest = publisher(trainer.address, folder / "spool", run_id=name, session=name)
                guest.put(make_batch(1, run_id=name))
                guest.flush(30)
                guest.close(RunState.COMPLETED)
                by_minute.append([])
        told = [json.loads(worker.communicate()[0]) for worker in workers]
        took_s = time.monotonic() - began_s
        status = client.status()
        after_mb = daemon.memory_info().rss / 1e6
        files_mb = sum(path.stat().st_size for path in (folder / "var").rglob("*") if path.is_file()) / 1e6
        trainer.stop()
    return {
        "seconds": round(took_s),
        "steps": sum(one["steps"] for one in told),
        "frames": sum(one["frames"] for one in told),
        "dropped_frames": sum(one["dropped_frames"] for one in told),
        "all_saved": all(one["saved"] for one in told),
        "files_mb": round(files_mb),
        "idle_mb": round(idle_mb),
        "mean_mb_by_minute": [round(statistics.mean(one)) for one in by_minute if one],
        "most_mb_by_minute": [round(max(one)) for one in by_minute if one],
        "after_mb": round(after_mb),
        "drops": status.drops,
        "cores": os.cpu_count(),
    }


def flood(address: str, run_id: str, seconds: float, *, frames: bool) -> dict[str, Any]:
    """Publish as fast as the trainer takes it, for so long."""
    from dataclasses import replace

    import numpy as np
    from ingest import BATCH_ROWS, FRAME_ROWS, atari_chunks
    from trainer_rig import make_batch, publisher

    from gym_gui.core.data_model import RunState

    rows = FRAME_ROWS if frames else BATCH_ROWS
    way = publisher(address, Path(tempfile.gettempdir()) / f"spool-{os.getpid()}", run_id=run_id, session=run_id)
    chunks = atari_chunks() if frames else []
    until_s = time.monotonic() + seconds
    seq = 0
    while time.monotonic() < until_s:
        seq += 1
        batch = make_batch(seq, rows=rows, run_id=way.run_id, worker_id=way.worker_id)
        if frames:
            numbers = np.arange((seq - 1) * rows, seq * rows)
            blocks = [replace(chunks[k % len(chunks)], first=int(numbers[0]) + k * 8) for k in range(rows // 8)]
            batch = replace(batch, frames=numbers, blocks=blocks, flags=batch.flags | np.uint8(16))
        way.put(batch)
        while way.status().waiting_bytes > 12 * 1024 * 1024:
            time.sleep(0.002)
    saved = way.flush(120) and way.status().durable_seq == seq
    told = {
        "steps": seq * rows,
        "frames": seq * rows if frames else 0,
        "dropped_frames": way.status().dropped_frames,
        "saved": saved,
    }
    way.close(RunState.COMPLETED)
    return told


if __name__ == "__main__":
    main()
