"""A real trainer in a process of its own, and batches to publish: what the trainer's tests share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
import zstandard

from gym_gui.config.paths import VarPaths
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import (
    ArrayBlock,
    ArrayKind,
    EpisodeRollup,
    EpisodeStatus,
    FrameState,
    RunRecord,
    StepBatch,
)
from gym_gui.core.data_model.batch import FRAME_STATE_SHIFT, NO_REWARD, TERMINATED, ScalarColumns
from gym_gui.replay.layout import ArraySpec
from gym_gui.services.trainer.client import TrainerClient
from gym_gui.services.trainer.publisher import TrainerPublisher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

PATIENCE_S = 30.0


def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """What *condition* gives once it is true; fails when that takes too long."""
    deadline_s = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, f"{what} did not come to be"
        time.sleep(0.02)
    return found


class TrainerProcess:
    """`gym-gui trainer serve` on a var folder; killed at the end of the ``with`` block where it still runs."""

    def __init__(self, var_dir: Path, *options: str, listen: str = "127.0.0.1:0") -> None:
        self.paths = VarPaths(var_dir)
        self.command = [
            *(sys.executable, "-m", "gym_gui", "--var-dir", str(var_dir), "trainer", "serve", "--listen", listen),
            *options,
        ]
        self.process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> Self:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            if "listens at" in line:
                self.address = msgspec.json.decode(self.paths.daemon_file.read_bytes())["address"]
                return self
        raise AssertionError(f"the trainer did not start: {''.join(lines)}")

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self.process is not None
        return self.process.pid

    def again(self) -> Self:
        """Start once more, at the same address."""
        self.command[self.command.index("--listen") + 1] = self.address
        return self.start()

    def kill(self) -> None:
        """Kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode

    def client(self, **options: Any) -> TrainerClient:
        """A client of it."""
        return TrainerClient(self.address, **options)

    def __enter__(self) -> Self:
        return self if self.process is not None else self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()


def run_record(run_id: str = "a-run", **changes: Any) -> RunRecord:
    """A run as a script announces it."""
    return RunRecord(run_id=run_id, env_id="CartPole-v1", created_at=utc_now(), player="ppo", **changes)


def publisher(
    address: str, spool_dir: Path, *, run_id: str = "a-run", session: str = "s", **more: Any
) -> TrainerPublisher:
    """A worker's way to the trainer."""
    return TrainerPublisher(address, run_record(run_id), spaces=None, session=session, spool_dir=spool_dir, **more)


def make_batch(
    seq: int,
    *,
    rows: int = 50,
    run_id: str = "a-run",
    worker_id: str = "w0",
    stream: str = "s",
    frames: bool = False,
    shape: tuple[int, ...] = (84, 84, 3),
) -> StepBatch:
    """Batch *seq* of a stream: one whole episode; frame *k* of the stream is filled with ``k % 251``."""
    now = utc_now()
    name = f"{stream}-e{seq}"
    began = EpisodeRollup(
        run_id=run_id, episode_id=name, episode_index=seq - 1, seed=seq, started_at=now, worker_id=worker_id
    )
    ended = replace(
        began,
        status=EpisodeStatus.COMPLETED,
        steps=rows - 1,
        total_reward=float(rows - 1),
        terminated=True,
        ended_at=now,
    )
    flags = np.zeros(rows, np.uint8)
    flags[0], flags[-1] = NO_REWARD, TERMINATED
    numbers: np.ndarray[Any, Any] | None = None
    blocks: list[ArrayBlock] = []
    if frames:
        items = ArraySpec.for_items("frames", np.dtype(np.uint8), shape).chunk_items
        first = (seq - 1) * -(-rows // items) * items
        numbers = np.arange(first, first + rows)
        flags |= np.uint8(FrameState.KEPT << FRAME_STATE_SHIFT)
        blocks = [frame_block(at, min(items, first + rows - at), shape) for at in range(first, first + rows, items)]
    at_us = int(now.timestamp() * 1e6)
    return StepBatch(
        run_id=run_id,
        worker_id=worker_id,
        stream=stream,
        seq=seq,
        began=(began,),
        ended=(ended,),
        episode_ids=(name,),
        episode=np.zeros(rows, np.int32),
        step_index=np.arange(rows),
        actions=np.arange(rows) % 2,
        rewards=np.ones(rows),
        flags=flags,
        time_us=np.arange(rows) + at_us,
        frames=numbers,
        blocks=blocks,
        scalars=ScalarColumns(
            names=("loss",),
            name=np.zeros(1, np.int32),
            step=np.array([seq]),
            time_us=np.array([at_us]),
            value=np.array([1 / seq]),
        ),
    )


def frame_block(first: int, count: int, shape: tuple[int, ...] = (84, 84, 3)) -> ArrayBlock:
    """A chunk of frames, frame *k* filled with ``k % 251``."""
    spec = ArraySpec.for_items("frames", np.dtype(np.uint8), shape)
    chunk = np.zeros((spec.chunk_items, *shape), np.uint8)
    for place in range(count):
        chunk[place] = (first + place) % 251
    return ArrayBlock(
        kind=ArrayKind.FRAME,
        first=first,
        count=count,
        dtype=np.dtype(np.uint8),
        item_shape=shape,
        chunk_items=spec.chunk_items,
        compressed=True,
        data=zstandard.ZstdCompressor(level=1, write_content_size=True).compress(chunk.tobytes()),
    )
