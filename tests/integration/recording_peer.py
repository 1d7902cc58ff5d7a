"""Another process, at the end of a pipe: it records, or reads, what one line of JSON on its standard input asks for.

Run as ``python recording_peer.py VAR_DIR``; it answers each line with one line of JSON.

- ``{"do": "read", "run_id": …}`` answers with ``rows`` (step number -> hash of the picture) of run and episode 0.
- ``{"do": "start", "run_id": …}`` opens the pipeline and starts a run; answers with ``recovered``.
- ``{"do": "record", "count": …}`` records as many more steps and flushes; answers with ``recorded``, the sum.
- ``{"do": "write", "path": …, "count": …}`` writes pictures with a replay writer, each two of another size, flushed.
- ``{"do": "end"}`` ends the run in order.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthetic import episode_of, frame_of, run_of, step_of

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import RunState
from gym_gui.replay import ReplayWriter
from gym_gui.services.bootstrap import Services, open_archive, open_services

if TYPE_CHECKING:
    from numpy.typing import NDArray


def hash_of(frame: NDArray[Any]) -> str:
    """What stands for a picture on the pipe."""
    return hashlib.sha256(str((frame.shape, frame.dtype)).encode() + frame.tobytes()).hexdigest()[:16]


class Peer:
    """Does what is asked; keeps one recording open in between."""

    def __init__(self, var_dir: Path) -> None:
        self._settings = Settings(var_dir=var_dir)
        self._services: Services | None = None
        self._run_id = ""
        self._count = 0

    def read(self, run_id: str) -> dict[str, Any]:
        with open_archive(self._settings) as archive:
            steps = archive.store.load_steps(run_id, "e0000")
            frames = archive.resolver.resolve_batch([step.frame_ref or "" for step in steps])
            rows = {
                step.step_index: None if frame is None else hash_of(frame)
                for step, frame in zip(steps, frames, strict=True)
            }
        return {"rows": rows}

    def start(self, run_id: str) -> dict[str, Any]:
        self._run_id, self._count = run_id, 0
        self._services = open_services(self._settings)
        self._services.telemetry.start_run(run_of(run_id))
        self._services.telemetry.record_episode_start(episode_of(run_id, 0))
        self._services.telemetry.flush(20)
        return {"recovered": self._services.recovered_runs}

    def record(self, count: int) -> dict[str, Any]:
        assert self._services is not None
        for _ in range(count):
            self._services.telemetry.record_step(step_of(self._run_id, 0, self._count, self._count))
            self._count += 1
        self._services.telemetry.flush(20)
        return {"recorded": self._count}

    def write(self, run_id: str, count: int) -> dict[str, Any]:
        with ReplayWriter(run_id, self._settings.paths.replay_dir, flush_interval_s=None) as writer:
            for number in range(count):
                writer.record_step(frame_of(number, (20 + number // 2, 70, 3)), None, number, 0.0, False)
                writer.flush()
        return {"written": count}

    def end(self) -> dict[str, Any]:
        assert self._services is not None
        self._services.telemetry.end_run(self._run_id, RunState.COMPLETED)
        self._services.close()
        return {"ended": self._run_id}


if __name__ == "__main__":
    peer = Peer(Path(sys.argv[1]))
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(getattr(peer, asked.pop("do"))(**asked)), flush=True)  # noqa: T201 - its answer
