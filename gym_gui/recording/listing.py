"""Listing: runs and episodes that another backend records, in the telemetry database, so that every list shows them.

Their steps are not there; what an episode came to so far is, so that a killed run is listed right. Runs on the sink's
thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gym_gui.core.data_model import EpisodeStatus, FrameState, RunRecord
from gym_gui.core.data_model.run import KEPT_ELSEWHERE
from gym_gui.core.schema.mismatch import with_counts
from gym_gui.replay.batch_landing import LandedBatch
from gym_gui.replay.run_lock import RunLock
from gym_gui.telemetry.batch_records import without_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup, RunState, StepBatch, StepRecord
    from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore


@dataclass(slots=True)
class _ListedEpisode:
    rollup: EpisodeRollup
    changed: bool = True


@dataclass(slots=True)
class _ListedRun:
    run: RunRecord
    folder: Path
    lock: RunLock | None
    end: tuple[RunState, datetime] | None = None
    is_new: bool = True
    metadata_changed: bool = False


class Listing:
    """Keeps the database's runs and episodes up with the recording.

    Args:
        store: The database.
        recordings_dir: Where each run has its folder.
        locks_dir: Where a run's lock says which process records it.
    """

    def __init__(self, store: TelemetrySQLiteStore, recordings_dir: Path, locks_dir: Path) -> None:
        self._store = store
        self._recordings_dir = recordings_dir
        self._locks_dir = locks_dir
        self._runs: dict[str, _ListedRun] = {}
        self._episodes: dict[tuple[str, str], _ListedEpisode] = {}
        self._logged: list[StepBatch] = []

    def begin_run(self, run: RunRecord, backend: str) -> None:
        """A run starts; its lock is held from now on.

        Raises:
            ReplayFileError: another process records it.
        """
        where = {"backend": backend, "folder": f"{self._recordings_dir.name}/{run.run_id}"}
        listed = replace(run, metadata={**run.metadata, KEPT_ELSEWHERE: where})
        lock = RunLock(self._locks_dir, run.run_id)
        self._runs[run.run_id] = _ListedRun(listed, self._recordings_dir / run.run_id, lock)

    def knows(self, run_id: str) -> bool:
        """Whether the run was begun and has not ended."""
        return run_id in self._runs

    def add_metadata(self, run_id: str, values: Mapping[str, Any]) -> None:
        """More values for a run's metadata."""
        known = self._runs.get(run_id)
        if known is not None:
            known.run = replace(known.run, metadata={**known.run.metadata, **values})
            known.metadata_changed = True

    def change_episode(self, rollup: EpisodeRollup) -> None:
        """An episode starts or ends; its pictures were counted here."""
        key = (rollup.run_id, rollup.episode_id)
        known = self._episodes.get(key)
        if known is None:
            # What its producer counted so far comes again, step by step.
            fresh = replace(rollup, frames=0, dropped_frames=0, steps=0, total_reward=0.0)
            self._episodes[key] = _ListedEpisode(fresh if rollup.status is EpisodeStatus.RUNNING else rollup)
            return
        if rollup.status is not EpisodeStatus.RUNNING:
            counted = known.rollup
            rollup = replace(rollup, frames=counted.frames, dropped_frames=counted.dropped_frames)
        known.rollup, known.changed = rollup, True

    def final(self, rollup: EpisodeRollup) -> EpisodeRollup:
        """The summary with the pictures that were counted here."""
        known = self._episodes.get((rollup.run_id, rollup.episode_id))
        return rollup if known is None else known.rollup

    def count(self, steps: Sequence[StepRecord], *, keeps_frames: bool, is_lost: bool = False) -> None:
        """Steps were taken: with their pictures, without them, or, where *is_lost*, by no one."""
        for step in steps:
            known = self._episodes.get((step.run_id, step.episode_id))
            if known is None:
                continue
            rollup = known.rollup
            kept = keeps_frames and step.frame is not None
            dropped = step.frame_state in {FrameState.SHED, FrameState.LOST} or (step.frame is not None and is_lost)
            known.rollup = replace(
                rollup,
                steps=max(rollup.steps, step.step_index),
                total_reward=rollup.total_reward + (step.reward or 0.0),
                terminated=rollup.terminated or step.terminated,
                truncated=rollup.truncated or step.truncated,
                frames=rollup.frames + kept,
                dropped_frames=rollup.dropped_frames + dropped,
            )
            known.changed = True

    def log(self, batch: StepBatch) -> None:
        """What a learner logged, and how far its stream is: no recording of another backend has a place for it."""
        self._logged.append(without_rows(batch))

    def end_run(
        self, run_id: str, state: RunState, ended_at: datetime, *, schema_counts: Mapping[str, Any] | None = None
    ) -> None:
        """A run ended; *schema_counts* tell what its steps were like."""
        known = self._runs.get(run_id)
        if known is not None:
            known.end = (state, ended_at)
            if schema_counts is not None:
                self.add_metadata(run_id, with_counts(known.run.metadata, schema_counts))

    def write(self) -> None:
        """Bring the database up to date, in one transaction.

        Raises:
            StoreError: it refuses; all is tried again with the next call.
        """
        changed = [one for one in self._episodes.values() if one.changed]
        news = [one for one in self._runs.values() if one.is_new or one.metadata_changed or one.end is not None]
        logged = list(self._logged)
        if not changed and not news and not logged:
            return
        with self._store.transaction():
            self._write_runs(news)
            for episode in changed:
                self._store.upsert_episode(episode.rollup)
            for batch in logged:
                self._store.insert_batch(LandedBatch(batch))
            for run in news:
                if run.end is not None:
                    self._store.end_run(run.run.run_id, *run.end)
        del self._logged[: len(logged)]
        for run in news:
            if run.end is not None:
                share_out(self._store, run.run.run_id, run.folder)
        self._written(changed, news)

    def _write_runs(self, runs: Sequence[_ListedRun]) -> None:
        for run in runs:
            if run.is_new:
                self._store.insert_run(run.run)
            if run.metadata_changed:
                self._store.set_run_metadata(run.run.run_id, run.run.metadata)

    def close(self) -> None:
        """Let go of every run's lock."""
        for run in self._runs.values():
            if run.lock is not None:
                run.lock.release()
        self._runs.clear()
        self._episodes.clear()

    def _written(self, changed: Sequence[_ListedEpisode], news: Sequence[_ListedRun]) -> None:
        for episode in changed:
            episode.changed = False
            if episode.rollup.status is not EpisodeStatus.RUNNING:
                self._episodes.pop((episode.rollup.run_id, episode.rollup.episode_id), None)
        for run in news:
            run.is_new = run.metadata_changed = False
            if run.end is not None:
                if run.lock is not None:
                    run.lock.release()
                del self._runs[run.run.run_id]


def share_out(store: TelemetrySQLiteStore, run_id: str, folder: Path) -> None:
    """The bytes of an ended run, among its episodes by their steps: only now the files in *folder* are as they stay.

    Raises:
        StoreError: the database refuses.
    """
    episodes = [one.rollup for one in store.list_episodes(run_id)]
    rows = sum(rollup.steps + 1 for rollup in episodes)
    size_bytes = _size_of(folder)
    with store.transaction():
        for rollup in episodes:
            store.upsert_episode(rollup, stored_bytes=size_bytes * (rollup.steps + 1) // rows)


def _size_of(folder: Path) -> int:
    size_bytes = 0
    for path in folder.rglob("*"):
        try:
            size_bytes += path.stat().st_size if path.is_file() else 0
        except OSError:  # it went while we looked
            continue
    return size_bytes
