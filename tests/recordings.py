"""Real recordings for tests: rows in SQLite, pictures in HDF5, every picture telling its own step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.config.paths import VarPaths
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, RunRecord, RunState, StepRecord
from gym_gui.replay.frame_resolver import FrameResolver
from gym_gui.replay.writer import ReplayWriter
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

START = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)
SHAPE = (30, 40, 3)


def picture_of(step_index: int, shape: tuple[int, ...] = SHAPE) -> NDArray[np.uint8]:
    """A picture that tells its step: red and green hold it in two bytes."""
    picture = np.full(shape, 77, np.uint8)
    picture[..., 0] = step_index & 255
    picture[..., 1] = step_index >> 8
    return picture


def step_of(picture: NDArray[Any]) -> int:
    """The step that a picture of `picture_of` tells."""
    return int(picture[0, 0, 0]) + 256 * int(picture[0, 0, 1])


class Recordings:
    """A var folder with a store, replay files and a resolver; `close` when done.

    Args:
        var_dir: The folder; made.
    """

    def __init__(self, var_dir: Path) -> None:
        self.paths = VarPaths(var_dir)
        self.paths.prepare()
        self.store = TelemetrySQLiteStore(self.paths.telemetry_db)
        self.resolver = FrameResolver(self.paths.replay_dir)
        self.more: Callable[[int], Mapping[str, Any]] | None = None  # further fields of a step's record
        self.metadata: Mapping[str, Any] = {}  # of runs
        self._count = 0
        self._writers: dict[str, ReplayWriter] = {}

    def record(
        self,
        steps: int,
        *,
        env_id: str = "ALE/Breakout-v5",
        player: str = "human",
        run_id: str = "",
        episode_index: int = 0,
        seed: int | None = 7,
        status: EpisodeStatus = EpisodeStatus.COMPLETED,
        pictures: bool = True,
        shed: Collection[int] = (),
        shape: tuple[int, ...] = SHAPE,
        rate_hz: float = 60.0,
        fault: str | None = None,
    ) -> EpisodeRollup:
        """An episode of *steps* actions, in a run of its own or in *run_id*: every fifth reward is 1, two lives go.

        The first life is lost at a third of the episode, the second at two thirds.
        """
        self._count += 1
        run = RunRecord(
            run_id=run_id or f"run-{self._count:05d}",
            env_id=env_id,
            created_at=START + timedelta(minutes=self._count),
            env_kwargs={"frameskip": 1},
            render_mode="rgb_array" if pictures else None,
            player=player,
            action_space="Discrete(18)",
            step_rate_hz=rate_hz,
            versions={"gymnasium": "1.4.0"},
            metadata=dict(self.metadata),
        )
        rollup = EpisodeRollup(
            run_id=run.run_id,
            episode_id=f"{run.run_id}-{episode_index}",
            episode_index=episode_index,
            seed=seed,
            started_at=run.created_at,
        )
        self.store.insert_run(run)
        self.store.upsert_episode(rollup)
        self.append(rollup, 0, steps, pictures=pictures, shed=shed, shape=shape, ends=status is EpisodeStatus.COMPLETED)
        rollup = replace(
            rollup,
            steps=steps,
            total_reward=float(sum(reward_of(step) for step in range(1, steps + 1))),
            terminated=status is EpisodeStatus.COMPLETED,
            status=status,
            ended_at=run.created_at + timedelta(seconds=steps / rate_hz),
            fault=fault,
        )
        if status is EpisodeStatus.RUNNING:
            rollup = replace(rollup, steps=0, total_reward=0.0, ended_at=None)
        else:
            self.store.end_run(run.run_id, RunState.COMPLETED, run.created_at + timedelta(seconds=steps / rate_hz))
        self.store.upsert_episode(rollup, stored_bytes=1000 * steps)
        return rollup

    def append(
        self,
        rollup: EpisodeRollup,
        start: int,
        last: int,
        *,
        pictures: bool = True,
        shed: Collection[int] = (),
        shape: tuple[int, ...] = SHAPE,
        ends: bool = False,
    ) -> None:
        """Rows *start* to *last*, both included, of an episode that *rollup* announced."""
        rows = []
        writer = self._writer(rollup.run_id)
        for index in range(start, last + 1):
            kept = pictures and index not in shed
            record = StepRecord(
                run_id=rollup.run_id,
                episode_id=rollup.episode_id,
                step_index=index,
                action=index % 18 if index else None,
                reward=reward_of(index) if index else None,
                terminated=ends and index == last,
                info={"lives": lives_of(index, last), "frame_number": 4 * index},
                render_payload=picture_of(index, shape) if kept else None,
                timestamp=rollup.started_at + timedelta(milliseconds=16 * index),
                frame_state=FrameState.KEPT if kept else (FrameState.SHED if pictures else FrameState.NONE),
            )
            if self.more is not None:
                record = replace(record, **self.more(index))
            rows.append(writer.append(record))
        writer.flush()
        self.store.insert_steps(rows)

    def finish(self, run_id: str) -> Path:
        """Close a run's replay file, as its recorder does at the end; the file."""
        writer = self._writers.pop(run_id)
        writer.close()
        return writer.path

    def _writer(self, run_id: str) -> ReplayWriter:
        writer = self._writers.get(run_id)
        if writer is None:
            writer = self._writers[run_id] = ReplayWriter(run_id, self.paths.replay_dir, flush_interval_s=None)
            writer.start()
        return writer

    def close(self) -> None:
        """Close every file."""
        for run_id in list(self._writers):
            self.finish(run_id)
        self.resolver.close()
        self.store.close()


def reward_of(step_index: int) -> float:
    """The reward of a step."""
    return 1.0 if step_index % 5 == 0 else 0.0


def lives_of(step_index: int, last: int) -> int:
    """Lives left at a step."""
    return 3 - (step_index >= max(1, last // 3)) - (step_index >= max(1, 2 * last // 3))
