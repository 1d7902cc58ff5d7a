"""The writing side of one episode: its journal, and which of its steps are there already."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec

from gym_gui.recording.documents import episode_document
from gym_gui.recording.journal import EPISODE, JournalWriter
from gym_gui.recording.journal_episode import JournalEpisode
from gym_gui.recording.journal_rows import FRAMES, OBSERVATIONS, RowEncoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord


class SeenSteps:
    """Step indices of one agent: all below `_upcoming` but those of the gaps."""

    def __init__(self) -> None:
        self._upcoming = 0
        self._gaps: list[tuple[int, int]] = []  # first of it, first after it; ascending

    def __contains__(self, index: int) -> bool:
        return index < self._upcoming and self._gap_of(index) is None

    def add(self, index: int) -> None:
        """It is there now."""
        if index >= self._upcoming:
            if index > self._upcoming:
                self._gaps.append((self._upcoming, index))
            self._upcoming = index + 1
            return
        place = self._gap_of(index)
        if place is not None:
            start, stop = self._gaps.pop(place)
            parts = ((start, index), (index + 1, stop))
            self._gaps[place:place] = [part for part in parts if part[0] < part[1]]

    def _gap_of(self, index: int) -> int | None:
        place = bisect_right(self._gaps, index, key=itemgetter(0)) - 1
        return place if place >= 0 and index < self._gaps[place][1] else None


@dataclass(slots=True)
class Batch:
    """New steps of one episode, encoded.

    Attributes:
        steps: The steps.
        entries: Entries of the journal.
        counts: Arrays of each stream once they are written.
    """

    steps: Sequence[StepRecord]
    entries: Sequence[tuple[int, bytes]]
    counts: dict[str, int]


class LiveEpisode:
    """An episode that is being written; a journal that is there is gone on with.

    Args:
        path: Its journal.
        ordinal: Its number within the run.
        run: Its run.
        rollup: Its beginning.
    """

    def __init__(self, path: Path, ordinal: int, run: RunRecord, rollup: EpisodeRollup) -> None:
        self.ordinal = ordinal
        self.path = path
        self._seen: dict[str, SeenSteps] = {}
        self._encoder = RowEncoder(rollup.worker_id, run.space_signature)
        self._journal = JournalWriter(path)
        self._before = self._journal.size_bytes
        before = JournalEpisode(path, ordinal)
        for rows in before.rows():
            self._remember((row.agent_id, row.step_index) for row in rows)
        for stream in (FRAMES, OBSERVATIONS):
            self._encoder.counts[stream] = before.count_of(stream)
        self.tell(rollup)

    @property
    def size_bytes(self) -> int:
        """Bytes of the journal."""
        return self._journal.size_bytes

    def new_among(self, steps: Iterable[StepRecord]) -> list[StepRecord]:
        """The steps that are not there yet, each once."""
        fresh: dict[tuple[str, int], StepRecord] = {}
        for step in steps:
            seen = self._seen.get(step.agent_id)
            if seen is None or step.step_index not in seen:
                fresh.setdefault((step.agent_id, step.step_index), step)
        return list(fresh.values())

    def encode(self, steps: Sequence[StepRecord]) -> Batch:
        """Make new steps ready to be written.

        Raises:
            SchemaMismatchError: one of them has no form that can be stored.
        """
        return Batch(steps, *self._encoder.encode(steps))

    def write(self, batch: Batch) -> None:
        """Write what `encode` made; `keep` or `take_back` follows.

        Raises:
            RecordingError: the disk refuses; nothing was written.
        """
        self._before = self._journal.size_bytes
        self._journal.append(batch.entries)

    def keep(self, batch: Batch) -> None:
        """What was written stays."""
        self._encoder.counts = batch.counts
        self._remember((step.agent_id, step.step_index) for step in batch.steps)

    def take_back(self) -> None:
        """Undo the last `write`."""
        self._journal.cut(self._before)

    def tell(self, rollup: EpisodeRollup) -> None:
        """Write a summary; the last one holds."""
        self._journal.append([(EPISODE, msgspec.json.encode(episode_document(rollup)))])

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()

    def _remember(self, places: Iterable[tuple[str, int]]) -> None:
        for agent_id, index in places:
            self._seen.setdefault(agent_id, SeenSteps()).add(index)
