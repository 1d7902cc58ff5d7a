"""A killed run of another backend than split is listed as what its recording holds, which was ahead of the list.

A backend's rows are on disk before the database says so, and a process may die between the two.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import EpisodeStatus, FrameState
from gym_gui.recording.chain_reader import ChainReader, parts_of
from gym_gui.recording.opening import open_as, recordings_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup, StepRecord
    from gym_gui.recording.contract import RecordingReader
    from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

_PAGE_STEPS: Final = 4_096
_GONE: Final = frozenset({FrameState.SHED, FrameState.LOST})


def relist_run(store: TelemetrySQLiteStore, folder: Path, run_id: str) -> None:
    """End the episodes of a killed run that were under way, or that the list had not heard of yet.

    Args:
        store: Where runs are listed.
        folder: The run's own, with a recording of each backend that kept a part of it.
        run_id: The run.

    Raises:
        EnvironmentFault: the recording cannot be read.
        StoreError: the database refuses.
    """
    with ExitStack() as opened:
        readers = [opened.enter_context(closing(open_as(kind, path))) for kind, path in recordings_at(folder)]
        parts = parts_of(readers, run_id)
        if not parts:  # it was killed before it wrote anything
            return
        reader = ChainReader(parts)
        listed = {one.rollup.episode_id: one.rollup for one in store.list_episodes(run_id)}
        ended = [
            rollup
            for one in reader.list_episodes(run_id)
            if _is_under_way(listed.get(one.rollup.episode_id)) and (rollup := _ended(reader, one.rollup)) is not None
        ]
        with store.transaction():
            for rollup in ended:
                store.upsert_episode(rollup)


def _is_under_way(listed: EpisodeRollup | None) -> bool:
    return listed is None or listed.status is EpisodeStatus.RUNNING


def _ended(reader: RecordingReader, rollup: EpisodeRollup) -> EpisodeRollup | None:
    """An episode with the totals of its rows; None where not even the first was written."""
    total, steps, frames, dropped = 0.0, -1, 0, 0
    terminated = truncated = False
    last = rollup.started_at
    for page in _pages(reader, rollup):
        for row in page:
            steps = max(steps, row.step_index)
            total += row.reward or 0.0
            frames += row.frame_ref is not None
            dropped += row.frame_state in _GONE
            terminated, truncated = terminated or row.terminated, truncated or row.truncated
            last = max(last, row.timestamp)
    if steps < 0:
        return None
    return replace(
        rollup,
        steps=steps,
        total_reward=total,
        frames=frames,
        dropped_frames=dropped,
        terminated=terminated,
        truncated=truncated,
        status=EpisodeStatus.COMPLETED if terminated or truncated else EpisodeStatus.INTERRUPTED,
        ended_at=last,
    )


def _pages(reader: RecordingReader, rollup: EpisodeRollup) -> Iterator[Sequence[StepRecord]]:
    start = 0
    while page := reader.load_steps(rollup.run_id, rollup.episode_id, start=start, stop=start + _PAGE_STEPS):
        yield page
        start += _PAGE_STEPS
