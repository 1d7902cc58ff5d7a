"""The arrays of each run to its replay file: opens writers, detaches records, and says what the disk refused.

Runs on the sink's thread only.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, StepRecord
from gym_gui.core.data_model.batch import FRAME_STATE_MASK, FRAME_STATE_SHIFT
from gym_gui.core.errors import GymGuiError, SchemaMismatchError
from gym_gui.replay.batch_landing import LandedBatch
from gym_gui.telemetry.batch_rows import frame_flags

if TYPE_CHECKING:
    from gym_gui.core.data_model import StepBatch
    from gym_gui.replay.writer import ReplayWriter

_LOGGER = logging.getLogger(__name__)

WriterFactory: TypeAlias = Callable[[str], "ReplayWriter"]
# After a refusal the disk is asked again this often; in between, pictures are let go and counted.
_RETRY_S: Final = 1.0
_EVERY_ROW: Final = 2**62


@dataclass(slots=True)
class _RunArrays:
    writer: ReplayWriter | None = None  # none while the disk refuses to open the file
    dirty: bool = False
    refused_until_s: float = 0.0
    bytes_before_episode: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)


class ArrayKeeper:
    """One writer for each run that is being recorded.

    Args:
        replay_writer: Makes the writer of a run; or one writer for everything; or None to keep no arrays.
    """

    def __init__(self, replay_writer: WriterFactory | ReplayWriter | None) -> None:
        self._factory = replay_writer
        self._runs: dict[str, _RunArrays] = {}
        self.fault = ""
        self.lost_frames = 0
        self.saved_frames = 0

    def begin_run(self, run_id: str) -> None:
        """Open the run's file now: holding its lock tells other processes that the run lives."""
        if self._factory is not None:
            self._run(run_id)

    def detach(self, step: StepRecord, *, thorough: bool) -> tuple[StepRecord, int | None]:
        """Hand the step's arrays to its run's writer.

        Returns:
            The detached record, whose `frame_state` says what became of the picture, and its row in the replay file;
            None where it has none.
        """
        if self._factory is None:
            return replace(step, observation=None, render_payload=None, frame_state=FrameState.NONE), None
        run = self._run(step.run_id)
        if run.writer is None or run.refused_until_s > time.monotonic():
            return self._lose(step, run), None
        try:
            detached = run.writer.append(step, thorough=thorough)
        except SchemaMismatchError as error:  # this step's own fault; the next one may be fine
            self._say(error)
            return self._lose(step, run), None
        except (GymGuiError, RuntimeError) as error:
            self._refused(run, error)
            return self._lose(step, run), None
        run.dirty = True
        if detached.frame_state == FrameState.KEPT:
            run.kept[step.episode_id] += 1
            self.saved_frames += 1
        elif detached.frame_state != FrameState.NONE:
            run.dropped[step.episode_id] += 1
        return detached, run.writer.step_count - 1

    def land(self, batch: StepBatch) -> tuple[LandedBatch, int | None]:
        """Hand the arrays of a batch to its run's writer, as they came.

        Returns:
            The batch with where its arrays lie, and its last row in the replay file; None where it has none there.
        """
        if self._factory is None:
            return LandedBatch(batch), None
        run = self._run(batch.run_id)
        landed, row = LandedBatch(batch), None
        if run.writer is not None and run.refused_until_s <= time.monotonic():
            try:
                landed = run.writer.append_batch(batch)
                run.dirty = True
                row = run.writer.step_count - 1 if len(batch) else None
            except SchemaMismatchError as error:  # this batch's own fault; the next one may be fine
                self._say(error)
            except (GymGuiError, RuntimeError) as error:
                self._refused(run, error)
        self._count(landed, run)
        return landed, row

    def end_episodes(self, batch: StepBatch) -> list[tuple[EpisodeRollup, int]]:
        """The episodes that ended with a batch, with true counts of frames kept and dropped, and the bytes they took.

        The bytes of those that ended together are shared out by steps.
        """
        run = self._runs.get(batch.run_id) or _RunArrays()
        stored_bytes = run.bytes_before_episode if run.writer is None else run.writer.stored_bytes
        taken, run.bytes_before_episode = stored_bytes - run.bytes_before_episode, stored_bytes
        steps = sum(rollup.steps for rollup in batch.ended)
        return [
            (
                replace(
                    rollup,
                    frames=run.kept.pop(rollup.episode_id, 0),
                    dropped_frames=run.dropped.pop(rollup.episode_id, 0),
                ),
                taken * rollup.steps // max(steps, 1),
            )
            for rollup in batch.ended
        ]

    def _count(self, landed: LandedBatch, run: _RunArrays) -> None:
        batch = landed.batch
        if not len(batch):
            return
        states = (frame_flags(landed) & FRAME_STATE_MASK) >> FRAME_STATE_SHIFT
        lost = int(np.count_nonzero(states == FrameState.LOST))
        self.lost_frames += lost
        for place, episode_id in enumerate(batch.episode_ids):
            of_episode = states[batch.episode == place]
            kept = int(np.count_nonzero(of_episode == FrameState.KEPT))
            run.kept[episode_id] += kept
            run.dropped[episode_id] += int(np.count_nonzero(of_episode > FrameState.KEPT))
            self.saved_frames += kept

    def write(self, *, everything: bool, thorough: bool) -> None:
        """Write whole chunks, or everything, of the runs that have something new; a refusal is said in `fault`."""
        for run in self._runs.values():
            if run.writer is None or not run.dirty or run.refused_until_s > time.monotonic():
                continue
            try:
                if everything:
                    run.writer.flush(thorough=thorough)
                    run.dirty = False
                else:
                    run.writer.write_full_chunks(thorough=thorough)
                self.fault = ""
            except (GymGuiError, RuntimeError) as error:
                self._refused(run, error)

    def rows_on_disk(self, run_id: str) -> int:
        """Rows of the run's replay file, from the first, whose arrays every process can read."""
        run = self._runs.get(run_id)
        return _EVERY_ROW if run is None or run.writer is None else run.writer.rows_on_disk

    def give_up(self, step: StepRecord) -> StepRecord:
        """The row of a step whose arrays never reached the disk."""
        self.lost_frames += step.frame_ref is not None
        return replace(step, frame_ref=None, obs_ref=None, frame_state=FrameState.LOST)

    def give_up_batch(self, landed: LandedBatch) -> LandedBatch:
        """The rows of a batch whose arrays never reached the disk."""
        self.lost_frames += 0 if landed.frames is None else int(np.count_nonzero(landed.frames.index >= 0))
        return LandedBatch(landed.batch)

    def end_episode(self, rollup: EpisodeRollup) -> tuple[EpisodeRollup, int]:
        """Mark the end of an episode in the file.

        Returns:
            The rollup with true counts of frames kept and dropped, and the bytes that its arrays took.
        """
        if rollup.status is EpisodeStatus.RUNNING:
            return rollup, 0
        run = self._runs.get(rollup.run_id) or _RunArrays()
        if run.writer is not None:
            try:
                run.writer.mark_episode_end()
                run.writer.flush()
            except (GymGuiError, RuntimeError) as error:
                self._refused(run, error)
        counted = replace(
            rollup,
            frames=run.kept.pop(rollup.episode_id, 0),
            dropped_frames=run.dropped.pop(rollup.episode_id, 0),
        )
        stored_bytes = run.bytes_before_episode if run.writer is None else run.writer.stored_bytes
        taken, run.bytes_before_episode = stored_bytes - run.bytes_before_episode, stored_bytes
        return counted, taken

    def file_bytes(self, run_id: str) -> int:
        """Bytes that the run's file takes on disk now; 0 where there is none."""
        run = self._runs.get(run_id)
        return 0 if run is None or run.writer is None else run.writer.file_bytes

    def end_run(self, run_id: str) -> None:
        """Close the run's file."""
        run = self._runs.pop(run_id, None)
        if run is None or run.writer is None:
            return
        try:
            run.writer.close()
        except (GymGuiError, RuntimeError) as error:
            self._say(error)

    def open_runs(self) -> list[str]:
        """Runs whose files are open."""
        return list(self._runs)

    def _run(self, run_id: str) -> _RunArrays:
        run = self._runs.setdefault(run_id, _RunArrays())
        if run.writer is None and run.refused_until_s <= time.monotonic() and self._factory is not None:
            try:
                writer = self._factory(run_id) if callable(self._factory) else self._factory
                writer.start()
                run.writer = writer
            except GymGuiError as error:
                self._refused(run, error)
        return run

    def _lose(self, step: StepRecord, run: _RunArrays) -> StepRecord:
        if step.frame is not None:
            self.lost_frames += 1
            run.dropped[step.episode_id] += 1
            return replace(step, observation=None, render_payload=None, frame_state=FrameState.LOST)
        return replace(step, observation=None, render_payload=None)

    def _refused(self, run: _RunArrays, error: Exception) -> None:
        run.refused_until_s = time.monotonic() + _RETRY_S
        self._say(error)

    def _say(self, error: Exception) -> None:
        if str(error) != self.fault:
            self.fault = str(error)
            _LOGGER.error("Pictures are not being kept: %s", error)
