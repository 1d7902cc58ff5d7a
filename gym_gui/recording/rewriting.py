"""A finished episode back to a journal: what is gone on with must be complete wherever its writer dies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from gym_gui.core.packing import from_array
from gym_gui.recording.documents import episode_document
from gym_gui.recording.journal import EPISODE, JournalWriter
from gym_gui.recording.journal_rows import RowEncoder
from gym_gui.recording.stored_episode import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gym_gui.core.data_model import RunRecord, StepRecord
    from gym_gui.recording.stored_episode import StoredEpisode

_STEPS_READ: Final = 4096
_ROWS_AT_A_TIME: Final = 64


def write_journal(path: Path, episode: StoredEpisode, run: RunRecord) -> None:
    """Write the journal that *episode* was made from; it appears when it is whole.

    Raises:
        RecordingError: the disk refuses, or the episode cannot be read.
    """
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    rollup = episode.rollup
    encoder = RowEncoder(rollup.worker_id, run.space_signature)
    journal = JournalWriter(partial)
    try:
        journal.append([(EPISODE, msgspec.json.encode(episode_document(rollup)))])
        for steps in _pages(episode, run):
            entries, encoder.counts = encoder.encode([attach(step, episode) for step in steps])
            journal.append(entries)
    finally:
        journal.close()
    partial.replace(path)


def attach(step: StepRecord, episode: StoredEpisode) -> StepRecord:
    """A detached step of *episode* with its arrays."""
    frame = None if step.frame_ref is None else episode.frame(_place(step.frame_ref, episode))
    if step.obs_ref is None:
        observation = step.observation
    elif step.obs_ref == step.frame_ref:
        observation = frame
    else:
        observation = from_array(episode.observation(_place(step.obs_ref, episode)))
    return replace(step, render_payload=frame, observation=observation, frame_ref=None, obs_ref=None)


def _pages(episode: StoredEpisode, run: RunRecord) -> Iterator[list[StepRecord]]:
    """Every step, some at a time."""
    start = 0
    while True:
        steps = episode.steps(run, start, start + _STEPS_READ)
        if not steps:
            # Steps may be far apart where only some were recorded.
            later = episode.steps(run, start, None)
            if not later:
                return
            start = later[0].step_index
            continue
        for first in range(0, len(steps), _ROWS_AT_A_TIME):
            yield steps[first : first + _ROWS_AT_A_TIME]
        start += _STEPS_READ


def _place(ref: str, episode: StoredEpisode) -> int:
    return int(ref.rpartition("/")[2]) % PLACES - episode.first_place
