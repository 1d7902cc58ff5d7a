"""How far each run has come, counted from its batches as they pass."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.data_model.batch import NO_REWARD
from gym_gui.services.trainer.config import EVALUATION_SUFFIX
from gym_gui.services.trainer.run_store import RunProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gym_gui.core.data_model import EpisodeSummary
    from gym_gui.core.data_model.batch import StepBatch

_RETURNS: Final = 100
_SPEED_S: Final = 5.0


@dataclass(slots=True)
class RunFacts:
    """Counts one run.

    Attributes:
        steps: Steps taken, each counted once, however many agents acted; after those of a checkpoint, if any.
        episodes: Episodes that ended.
        frames: Pictures that came.
        last_step_us: When the newest step was taken, microseconds since 1970; 0 before.
        dropped_frames: Pictures let go, by worker, as each says.
        is_whole: Whether what was recorded before is counted, too.
        is_told_moving: Whether what was told of it last has a speed.
    """

    steps: int = 0
    episodes: int = 0
    frames: int = 0
    last_step_us: int = 0
    dropped_frames: dict[str, int] = field(default_factory=dict)
    is_whole: bool = True
    is_told_moving: bool = False
    _returns: deque[float] = field(default_factory=lambda: deque(maxlen=_RETURNS))
    _speed: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, batch: StepBatch, now_s: float) -> None:
        """Count a batch that came at *now_s*, monotonic; of evaluations only the pictures."""
        self.frames += batch.frame_count
        if len(batch):
            self.last_step_us = max(self.last_step_us, int(batch.time_us[-1]))
        if batch.worker_id.endswith(EVALUATION_SUFFIX):
            return
        acted = (batch.flags & NO_REWARD) == 0
        if batch.agent is not None:
            acted &= batch.agent == 0
        steps = int(np.count_nonzero(acted))
        self.steps += steps
        for rollup in batch.ended:
            self.episodes += 1
            self._returns.append(rollup.total_reward)
        self._speed.append((now_s, steps))

    def add_recorded(self, recorded: Iterable[EpisodeSummary], steps_before: int = 0) -> None:
        """Count what was *recorded* before, of evaluations only pictures, and the steps of a checkpoint before it."""
        self.steps += steps_before
        returns: list[float] = []
        for summary in recorded:
            rollup = summary.rollup
            self.frames += rollup.frames
            if rollup.ended_at is not None:
                self.last_step_us = max(self.last_step_us, int(rollup.ended_at.timestamp() * 1e6))
            if rollup.worker_id is not None and rollup.worker_id.endswith(EVALUATION_SUFFIX):
                continue
            self.steps += rollup.steps
            # One that our death interrupted goes on, and ends another time.
            if rollup.ended_at is not None and rollup.status is not EpisodeStatus.INTERRUPTED:
                self.episodes += 1
                returns.append(rollup.total_reward)
        room = _RETURNS - len(self._returns)
        self._returns.extendleft(reversed(returns[max(0, len(returns) - room) :]))

    def has_stopped(self, now_s: float) -> bool:
        """Whether the speed that was told last is over; nothing comes that would say so."""
        return self.is_told_moving and (not self._speed or self._speed[-1][0] < now_s - _SPEED_S)

    def progress(self, now_s: float) -> RunProgress:
        """What a list shows."""
        while self._speed and self._speed[0][0] < now_s - _SPEED_S:
            self._speed.popleft()
        speed = math.nan
        if self._speed:
            span_s = max(now_s - self._speed[0][0], 0.5)
            speed = sum(steps for _, steps in self._speed) / span_s
        elif self.steps:
            speed = 0.0
        return RunProgress(
            steps=self.steps,
            episodes=self.episodes,
            mean_return=math.fsum(self._returns) / len(self._returns) if self._returns else math.nan,
            steps_per_s=speed,
            last_step_at=datetime.fromtimestamp(self.last_step_us / 1e6, UTC) if self.last_step_us > 0 else None,
            frames=self.frames,
            dropped_frames=sum(self.dropped_frames.values()),
        )


def recorded_progress(recorded: Sequence[EpisodeSummary], steps_before: int = 0) -> RunProgress:
    """How far an ended run had come, by what is on disk of it; its speed nobody knows."""
    facts = RunFacts()
    facts.add_recorded(recorded, steps_before)
    facts.dropped_frames["all"] = sum(summary.rollup.dropped_frames for summary in recorded)
    return replace(facts.progress(0.0), steps_per_s=math.nan)


class ProgressBook:
    """Facts of every run that is recorded now; any thread.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._runs: dict[str, RunFacts] = {}
        self._changed: set[str] = set()

    def begin(self, run_id: str) -> bool:
        """A run is recorded; False where it was already. Its progress is told from `add_recorded` on."""
        with self._lock:
            if run_id in self._runs:
                return False
            self._runs[run_id] = RunFacts(is_whole=False)
            return True

    def add_recorded(self, run_id: str, recorded: Iterable[EpisodeSummary], steps_before: int = 0) -> None:
        """A run goes on after what was *recorded* of it before, and after the steps of a checkpoint before that."""
        with self._lock:
            facts = self._runs.get(run_id)
            if facts is not None:
                facts.add_recorded(recorded, steps_before)
                facts.is_whole = True
                self._changed.add(run_id)

    def add(self, batch: StepBatch, dropped_frames: int) -> None:
        """Count a batch."""
        with self._lock:
            facts = self._runs.setdefault(batch.run_id, RunFacts())
            facts.add(batch, self._clock())
            facts.dropped_frames[batch.worker_id] = dropped_frames
            self._changed.add(batch.run_id)

    def progress(self, run_id: str) -> RunProgress | None:
        """How far a run has come; None where it is not recorded now, or nobody knows yet how far it was before."""
        with self._lock:
            facts = self._runs.get(run_id)
            return facts.progress(self._clock()) if facts is not None and facts.is_whole else None

    def all(self) -> dict[str, RunProgress]:
        """How far every run that is recorded now has come."""
        now_s = self._clock()
        with self._lock:
            return {run_id: facts.progress(now_s) for run_id, facts in self._runs.items() if facts.is_whole}

    def take_changed(self) -> dict[str, RunProgress]:
        """Runs that moved since the last call, or whose speed is over."""
        now_s = self._clock()
        with self._lock:
            self._changed |= {run_id for run_id, facts in self._runs.items() if facts.has_stopped(now_s)}
            # Of those that are not whole `add_recorded` says so again.
            taken, self._changed = self._changed, set()
            known = {run_id: self._runs[run_id] for run_id in taken if run_id in self._runs}
            told = {run_id: facts.progress(now_s) for run_id, facts in known.items() if facts.is_whole}
            for run_id, progress in told.items():
                known[run_id].is_told_moving = progress.steps_per_s > 0
            return told

    def end(self, run_id: str) -> None:
        """A run is over."""
        with self._lock:
            self._runs.pop(run_id, None)
            self._changed.discard(run_id)
