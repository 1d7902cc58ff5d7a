"""Step batches to disk: rows a second without arrays, frames a second with, through the sink of the pipeline.

Target: what four training processes hand a trainer, 150,000 rows/s and 3,000 Atari frames/s, with time to spare.
The peer is the same sink, given the same steps one by one.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from report import answer

from gym_gui.config.settings import Settings
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import ArrayBlock, ArrayKind, EpisodeRollup, FrameState, RunRecord, StepBatch, StepRecord
from gym_gui.core.data_model.batch import FRAME_STATE_SHIFT, NO_REWARD
from gym_gui.services.bootstrap import open_services

ROWS = 256
EPISODE_STEPS = 200
FRAME_SHAPE = (210, 160, 3)
SCALAR_BATCHES = 2_000
FRAME_BATCHES = 60
PEER_STEPS = 20_000


def batches(run_id: str, count: int, chunk: bytes | None) -> list[StepBatch]:
    """*count* batches of one worker, CartPole's kind of rows, with the same chunk of frames again and again or none."""
    now = utc_now()
    time_us = int(now.timestamp() * 1e6)
    made = []
    for seq in range(1, count + 1):
        number = np.arange((seq - 1) * ROWS, seq * ROWS)
        step, episode = number % (EPISODE_STEPS + 1), number // (EPISODE_STEPS + 1)
        ids = [f"w0-ep-{one:06d}" for one in range(int(episode[0]), int(episode[-1]) + 1)]
        flags = np.where(step == 0, NO_REWARD, 0).astype(np.uint8)
        blocks: list[ArrayBlock] = []
        if chunk is not None:
            flags |= np.uint8(FrameState.KEPT << FRAME_STATE_SHIFT)
            blocks = [
                ArrayBlock(
                    kind=ArrayKind.FRAME,
                    first=int(first),
                    count=8,
                    dtype=np.dtype(np.uint8),
                    item_shape=FRAME_SHAPE,
                    chunk_items=8,
                    compressed=True,
                    data=chunk,
                )
                for first in number[::8]
            ]
        began = [
            EpisodeRollup(run_id=run_id, episode_id=name, episode_index=int(name[-6:]), seed=None, started_at=now)
            for name in ids[(0 if step[0] == 0 else 1) :]
        ]
        made.append(
            StepBatch(
                run_id=run_id,
                worker_id="w0",
                stream="bench",
                seq=seq,
                began=began,
                episode_ids=ids,
                episode=(episode - episode[0]).astype(np.int32),
                step_index=step,
                actions=number % 2,
                rewards=np.ones(ROWS),
                flags=flags,
                time_us=time_us + number * 100,
                frames=None if chunk is None else number,
                blocks=blocks,
            )
        )
    return made


def record(made: list[StepBatch] | list[StepRecord], run_id: str) -> tuple[float, int]:
    """Seconds until all of it is on disk, and bytes on disk."""
    with tempfile.TemporaryDirectory() as folder:
        services = open_services(Settings(var_dir=Path(folder)))
        services.telemetry.start_run(RunRecord(run_id=run_id, env_id="Synthetic-v0", created_at=utc_now()))
        started_s = time.perf_counter()
        for one in made:
            if isinstance(one, StepBatch):
                services.telemetry.record_batch(one)
            else:
                services.telemetry.record_step(one)
        services.telemetry.flush()
        wall_s = time.perf_counter() - started_s
        services.close()
        size_bytes = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return wall_s, size_bytes


def main() -> None:
    """Measure both ways and print one document."""
    frames = np.zeros((8, *FRAME_SHAPE), np.uint8)
    frames[:, 50:60, 20:40] = np.random.default_rng(0).integers(0, 255, (8, 10, 20, 3))
    chunk = zstandard.compress(frames.tobytes())
    scalar_s, scalar_bytes = record(batches("scalars", SCALAR_BATCHES, None), "scalars")
    frame_s, _ = record(batches("frames", FRAME_BATCHES, chunk), "frames")
    blank = StepRecord(run_id="steps", episode_id="e0", step_index=0)
    steps = [replace(blank, step_index=n, action=n % 2, reward=1.0) for n in range(1, PEER_STEPS)]
    peer_s, _ = record(steps, "steps")
    rows_per_s, peer_rows_per_s = ROWS * SCALAR_BATCHES / scalar_s, PEER_STEPS / peer_s
    figures: dict[str, Any] = {
        "target": "150,000 rows/s and 3,000 frames/s",
        "rows_per_s": round(rows_per_s),
        "bytes_per_row": round(scalar_bytes / (ROWS * SCALAR_BATCHES), 1),
        "frames_per_s": round(ROWS * FRAME_BATCHES / frame_s),
        "one_by_one_rows_per_s": round(peer_rows_per_s),
        "ratio": round(rows_per_s / peer_rows_per_s, 2),
    }
    answer("batch_sink", figures)


if __name__ == "__main__":
    main()
