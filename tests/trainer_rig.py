"""A real trainer in a process of its own, and batches to publish: what the trainer's tests share."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
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
from gym_gui.services.trainer.client.client import TrainerClient
from gym_gui.services.trainer.client.publisher import TrainerPublisher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

PATIENCE_S = 30.0
LOOK_AGAIN = threading.Event()  # never set: another process tells nothing


def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """What *condition* gives once it is true; fails when that takes too long."""
    deadline_s = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, f"{what} did not come to be"
        LOOK_AGAIN.wait(0.02)
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
        self.metrics_port = 0

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
                port = re.search(r"at port (\d+)", line)
                self.metrics_port = int(port[1]) if port else 0
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


class Cable:
    """A way to the trainer that can be cut: a proxy on a port of its own."""

    def __init__(self, address: str) -> None:
        host, port = address.split(":")
        self._to = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._whole = threading.Event()
        self._whole.set()
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def cut(self) -> None:
        """Nothing goes through, and nobody is told."""
        self._whole.clear()

    def go_on(self) -> None:
        """What was held up goes through, late, and connections of before live where their ends still want them."""
        self._whole.set()

    def mend(self) -> None:
        """New connections go through; those of before are dead."""
        ends, self._ends = self._ends, []
        for end in ends:
            _hang_up(end)
        self._whole.set()

    def close(self) -> None:
        """Take it away."""
        _hang_up(self._listener)
        self.mend()
        for thread in self._threads:
            thread.join()

    def _begin(self, work: Callable[..., None], *ends: socket.socket) -> None:
        thread = threading.Thread(target=work, args=ends, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._to)
            except OSError:
                _hang_up(near)
                continue
            self._ends += [near, far]
            self._begin(self._carry, near, far)
            self._begin(self._carry, far, near)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                self._whole.wait()
                sink.sendall(data)
        except OSError:
            pass
        _hang_up(source)
        _hang_up(sink)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
