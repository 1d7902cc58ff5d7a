"""Feeds what a file holds to whoever records: the run, its episodes, every step with its arrays, in order."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gym_gui.core.data_model import EpisodeStatus, FrameState
from gym_gui.core.data_model.run import KEPT_ELSEWHERE
from gym_gui.core.schema.mismatch import METADATA_KEY as COUNTS_KEY
from gym_gui.core.spaces.graphs import RunGraphs
from gym_gui.recording.export.job import Progressing

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunState, StepRecord
    from gym_gui.recording.export.job import Progress
    from gym_gui.recording.importing.sources import ImportSource


class Recipient(Protocol):
    """Who records; `TelemetryService` is one."""

    def start_run(self, run: RunRecord) -> None:
        """A run begins."""

    def record_episode_start(self, rollup: EpisodeRollup) -> None:
        """An episode begins."""

    def record_step(self, step: StepRecord) -> None:
        """An attached step."""

    def complete_episode(self, rollup: EpisodeRollup) -> None:
        """An episode ended."""

    def end_run(self, run_id: str, state: RunState) -> None:
        """The run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What was taken in.

    Attributes:
        run_id: The run, as it is called here.
        env_id: Its environment.
        format: The file's format.
        episodes: Episodes.
        rows: Rows: one a step and agent.
        frames: Pictures.
        seconds: How long it took.
        notes: What the file did not hold, one sentence each.
    """

    run_id: str
    env_id: str
    format: str
    episodes: int
    rows: int
    frames: int
    seconds: float
    notes: tuple[str, ...] = ()


def feed(
    source: ImportSource,
    recipient: Recipient,
    *,
    run_id: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ImportResult:
    """Record everything that *source* holds.

    Args:
        source: The opened file.
        recipient: Who records.
        run_id: What the run is called here; None: as it was.
        progress: Told done and total rows.
        cancelled: Asked often; True stops. What was recorded up to then is the caller's to remove.

    Raises:
        ExportStoppedError: *cancelled* said so.
        ExportError: the file is damaged.
    """
    started_s = time.perf_counter()
    counted = Progressing(progress, cancelled, what="import")
    counted.begin(source.rows)
    run = replace(source.run, run_id=run_id or source.run.run_id, metadata=_with_origin(source))
    graphs = RunGraphs(run.metadata)
    rows = frames = 0
    recipient.start_run(run)
    for episode in source.episodes:
        own = replace(episode, run_id=run.run_id)
        recipient.record_episode_start(_as_it_began(own))
        seen = _Seen()
        for step in source.steps(episode):
            state = _state(step)
            as_it_is = step.run_id == run.run_id and step.frame_state is state  # copying costs more than all else here
            taken = graphs.restored(step if as_it_is else replace(step, run_id=run.run_id, frame_state=state))
            recipient.record_step(taken)
            seen.take(taken, own.agent_id)
            rows += 1
            frames += taken.frame is not None
            counted.advance(1)
        recipient.complete_episode(seen.ended(own))
    recipient.end_run(run.run_id, source.state)
    return ImportResult(
        run_id=run.run_id,
        env_id=run.env_id,
        format=source.format,
        episodes=len(source.episodes),
        rows=rows,
        frames=frames,
        seconds=time.perf_counter() - started_s,
        notes=tuple(source.notes),
    )


def _with_origin(source: ImportSource) -> dict[str, Any]:
    # What its steps were like is counted anew as they are recorded here, and here is where they are kept.
    told = {key: value for key, value in source.run.metadata.items() if key not in {COUNTS_KEY, KEPT_ELSEWHERE}}
    return {**told, "imported_from": {"format": source.format, "run_id": source.run.run_id}}


def _as_it_began(rollup: EpisodeRollup) -> EpisodeRollup:
    return replace(
        rollup,
        steps=0,
        total_reward=0.0,
        terminated=False,
        truncated=False,
        status=EpisodeStatus.RUNNING,
        ended_at=None,
        frames=0,
        dropped_frames=0,
        fault=None,
    )


def _state(step: StepRecord) -> FrameState:
    if step.frame is not None:
        return FrameState.KEPT
    return FrameState.NONE if step.frame_state is FrameState.KEPT else step.frame_state


class _Seen:
    """What the steps of an episode say about it, where only some of them came."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last: StepRecord | None = None
        self._rewards: list[float] = []

    def take(self, step: StepRecord, agent_id: str) -> None:
        self._first = step.step_index if self._first is None else self._first
        self._last = step
        if step.agent_id == agent_id and step.reward is not None:
            self._rewards.append(step.reward)

    def ended(self, rollup: EpisodeRollup) -> EpisodeRollup:
        """*rollup* itself, or what is true of the steps that came."""
        last = self._last
        if last is not None and self._first == 0 and last.step_index == rollup.steps:
            status = EpisodeStatus.INTERRUPTED if rollup.status is EpisodeStatus.RUNNING else rollup.status
            return replace(rollup, status=status, ended_at=rollup.ended_at or last.timestamp)
        done = last is not None and last.done
        return replace(
            rollup,
            steps=0 if last is None else last.step_index,
            total_reward=float(np.sum(self._rewards)) if self._rewards else 0.0,
            terminated=last is not None and last.terminated,
            truncated=last is not None and last.truncated,
            status=EpisodeStatus.COMPLETED if done else EpisodeStatus.INTERRUPTED,
            ended_at=rollup.started_at if last is None else last.timestamp,
        )
