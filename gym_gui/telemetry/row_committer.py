"""RowCommitter: rows whose arrays are on disk to the database, in one transaction; one bad row costs only itself.

Runs on the sink's thread only.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import EpisodeStatus, StepRecord
from gym_gui.core.errors import EnvironmentFault, StoreError
from gym_gui.replay.batch_landing import LandedBatch
from gym_gui.telemetry.events import (
    BatchRecorded,
    EpisodeChanged,
    EpisodesInterrupted,
    RunEnded,
    RunStarted,
    StepRecorded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.telemetry.array_keeper import ArrayKeeper
    from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

_LOGGER = logging.getLogger(__name__)
# What must not pass anything of its run that still waits for its arrays.
_IN_ORDER: Final = (LandedBatch, EpisodesInterrupted, RunEnded)


@dataclass(frozen=True, slots=True)
class Held:
    """Something to commit.

    Attributes:
        number: Of its event on the queue.
        since_s: When it came, ``time.monotonic``.
        item: A detached step, a batch whose arrays were taken over, or one of the rare events.
        ended: Of a batch: the episodes that ended with it, and the bytes that their arrays took.
        stored_bytes: Of an ended episode: bytes that its arrays took.
        row: Of a step with arrays: its row in the run's replay file.
    """

    number: int
    since_s: float
    item: StepRecord | LandedBatch | RunStarted | EpisodeChanged | EpisodesInterrupted | RunEnded
    stored_bytes: int = 0
    row: int | None = None
    ended: Sequence[tuple[EpisodeRollup, int]] = ()

    @property
    def run_id(self) -> str:
        """The run that it belongs to."""
        return self.item.run_id


class RowCommitter:
    """Writes rows, and counts them.

    Args:
        store: Where they go.
        arrays: Knows which rows' arrays are on disk, and closes the files of ended runs.
    """

    def __init__(self, store: TelemetrySQLiteStore, arrays: ArrayKeeper) -> None:
        self._store = store
        self._arrays = arrays
        self._last_fault = ""
        self.saved_steps = 0
        self.lost_steps = 0
        self.fault = ""

    def commit(self, held: list[Held]) -> list[Held]:
        """L1: only rows whose arrays are on disk are committed.

        Returns:
            What has to wait for the next call: for its arrays, or because the database refused everything.
        """
        ready, waiting = self._split(held)
        if not ready:
            return waiting
        lost_before = self.lost_steps
        try:
            try:
                self._write(ready)
            except Exception as error:  # the thread's edge: one bad step must not cost the others
                if isinstance(error, StoreError):
                    raise
                self._write_one_by_one(ready)
        except EnvironmentFault as error:
            self.lost_steps = lost_before  # all of them are tried again
            if str(error) != self.fault:
                _LOGGER.error("Steps are not being saved: %s", error)  # noqa: TRY400 - the world's fault, no trace
            self.fault = str(error)
            return held
        self.fault = ""
        self.saved_steps += _count_steps(ready) - (self.lost_steps - lost_before)
        for one in ready:
            if isinstance(one.item, RunEnded):
                self._arrays.end_run(one.run_id)
        return waiting

    def commit_without_arrays(self, held: list[Held]) -> None:
        """The end: what waits for arrays that the disk refused is kept without them; the rest is lost, and said."""
        _, waiting = self._split(held)
        given_up = {one.number: one.item for one in waiting if isinstance(one.item, StepRecord)}
        numbers = {one.number for one in waiting if one.row is not None}
        bare = [self._without_arrays(one) if one.number in numbers else one for one in held]
        unsaved = _count_steps(self.commit(bare))
        self._correct_summaries(given_up.values())
        if unsaved:
            self.lost_steps += unsaved
            _LOGGER.error("%d steps were not saved: %s", unsaved, self.fault or self._arrays.fault)

    def _without_arrays(self, held: Held) -> Held:
        if isinstance(held.item, StepRecord):
            return replace(held, item=self._arrays.give_up(held.item), row=None)
        if isinstance(held.item, LandedBatch):
            return replace(held, item=self._arrays.give_up_batch(held.item), row=None)
        return held

    def count_lost(self, what: object, error: Exception) -> None:
        """Count something that cannot be kept, and say why once."""
        self.lost_steps += steps_in(what)
        if isinstance(error, EnvironmentFault):
            _LOGGER.error("A step was not saved: %s", error)
        elif repr(error) != self._last_fault:  # the first of its kind tells all
            self._last_fault = repr(error)
            _LOGGER.error("A fault of ours: a %s was not saved", type(what).__name__, exc_info=error)

    def _split(self, held: Sequence[Held]) -> tuple[list[Held], list[Held]]:
        on_disk = {run_id: self._arrays.rows_on_disk(run_id) for run_id in {one.run_id for one in held}}
        ready: list[Held] = []
        waiting: list[Held] = []
        waiting_runs: set[str] = set()
        for one in held:
            is_torn = one.row is not None and one.row >= on_disk[one.run_id]
            # The file of an ended run stays open until the disk takes the rest, and episodes are interrupted after all
            # their rows. And batches keep their order: the store takes one that comes after a later one for a
            # repetition.
            if is_torn or (isinstance(one.item, _IN_ORDER) and one.run_id in waiting_runs):
                waiting.append(one)
                waiting_runs.add(one.run_id)
            else:
                ready.append(one)
        return ready, waiting

    def _write(self, ready: Sequence[Held]) -> None:
        steps: list[StepRecord] = []
        with self._store.transaction():
            for one in ready:
                if isinstance(one.item, StepRecord):
                    steps.append(one.item)
                    continue
                self._store.insert_steps(steps)
                steps.clear()
                self._write_rare(one)
            self._store.insert_steps(steps)

    def _write_rare(self, one: Held) -> None:
        if isinstance(one.item, RunStarted):
            self._store.insert_run(one.item.run)
        elif isinstance(one.item, EpisodeChanged):
            self._store.upsert_episode(one.item.rollup, stored_bytes=one.stored_bytes)
        elif isinstance(one.item, LandedBatch):
            self._store.insert_batch(one.item, one.ended)
        elif isinstance(one.item, EpisodesInterrupted):
            self._store.interrupt_episodes(one.run_id)
        elif isinstance(one.item, RunEnded):
            ended = one.item
            self._store.end_run(
                one.run_id, ended.state, ended.ended_at, schema_counts=ended.schema_counts, reason=ended.reason
            )
            # Episodes that are still open: the worker that played them died, and its run is over.
            self._store.close_interrupted((one.run_id,), file_bytes={one.run_id: self._arrays.file_bytes(one.run_id)})

    def _write_one_by_one(self, ready: Sequence[Held]) -> None:
        for one in ready:
            try:
                self._write([one])
            except Exception as error:  # the thread's edge, as above
                if isinstance(error, StoreError):
                    raise
                self.count_lost(one.item, error)

    def _correct_summaries(self, steps: Iterable[StepRecord]) -> None:
        """Summaries of ended episodes had counted these pictures as kept."""
        pictured = Counter((step.run_id, step.episode_id) for step in steps if step.frame_ref is not None)
        for (run_id, episode_id), count in pictured.items():
            try:
                rollup = self._store.get_episode(run_id, episode_id)
                if rollup.status is not EpisodeStatus.RUNNING:
                    frames, dropped = max(0, rollup.frames - count), rollup.dropped_frames + count
                    self._store.upsert_episode(replace(rollup, frames=frames, dropped_frames=dropped))
            except EnvironmentFault as error:
                _LOGGER.error(  # noqa: TRY400 - the world's fault, no trace
                    "Episode %s of %s counts too many pictures: %s", episode_id, run_id, error
                )


def steps_in(what: object) -> int:
    """How many rows something on its way to the database has."""
    if isinstance(what, StepRecord | StepRecorded):
        return 1
    batch = what.batch if isinstance(what, LandedBatch | BatchRecorded) else ()
    return len(batch)


def _count_steps(held: Iterable[Held]) -> int:
    return sum(steps_in(one.item) for one in held)
