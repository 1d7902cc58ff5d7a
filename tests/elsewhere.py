"""Recordings of any backend for tests: one episode whose pictures tell their own steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synthetic import START, episode_of, final_of, run_of, step_of

from gym_gui.core.data_model import RunState
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.factory import RecorderFactory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BACKENDS = ("parquet", "hdf5", "sqlite", "split")


def record_elsewhere(
    backend: str,
    folder: Path,
    run_id: str,
    rows: int = 4,
    *,
    picture: Callable[[int], Any] | None = None,
) -> None:
    """Record an episode of so many rows into *folder*; its pictures are those of `synthetic`, or *picture*'s."""
    with RecorderFactory.create_backend(RecorderConfig(backend=backend, output_dir=folder)) as writer:
        writer.begin_run(run_of(run_id))
        writer.begin_episode(episode_of(run_id, 0))
        for index in range(rows):
            fields = {} if picture is None else {"render_payload": picture(index)}
            writer.write_steps([step_of(run_id, 0, index, index, **fields)])
        writer.end_episode(final_of(run_id, 0, steps=rows - 1, frames=rows))
        writer.end_run(run_id, RunState.COMPLETED, START)
