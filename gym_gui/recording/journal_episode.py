"""Reads an episode out of its journal, while it is written or after its writer died."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gym_gui.core.data_model import EpisodeStatus, FrameState
from gym_gui.core.packing import to_array
from gym_gui.core.typing_compat import override
from gym_gui.core.value_codec import decode_value
from gym_gui.recording.documents import episode_of_document
from gym_gui.recording.journal import ARRAYS, EPISODE, ROWS, Entry, read_payload, scan
from gym_gui.recording.journal_rows import (
    CHUNK_HEAD,
    FRAME_STATE_SHIFT,
    FRAMES,
    OBSERVATIONS,
    TERMINATED,
    TRUNCATED,
    decode_chunk,
    decode_chunk_head,
    decode_rows,
)
from gym_gui.recording.stored_episode import StoredEpisode, record_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord
    from gym_gui.recording.journal_rows import Chunk, Row

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _RowsAt:
    first: int  # number of its first row
    count: int
    lowest: int  # step indices
    highest: int
    entry: Entry


@dataclass(slots=True)
class _Totals:
    rows: int = 0
    last_step: int = 0
    reward: float = 0.0
    frames: int = 0
    dropped: int = 0
    last_flags: int = 0
    last_time_us: int | None = None

    def add(self, row: Row) -> None:
        self.rows += 1
        if row.step_index >= self.last_step:
            self.last_step, self.last_flags, self.last_time_us = row.step_index, row.flags, row.time_us
        self.reward += row.reward or 0.0
        self.frames += row.frame is not None
        self.dropped += (row.flags >> FRAME_STATE_SHIFT) & 3 >= FrameState.SHED


class JournalEpisode(StoredEpisode):
    """An episode whose file is not made yet.

    Args:
        path: Its journal.
        ordinal: Its number within the run.
        first_place: As the format has it that the episode will be finished in.

    Raises:
        RecordingError: it is no journal, or cannot be read.
    """

    def __init__(self, path: Path, ordinal: int, first_place: int = 0) -> None:
        self.path = path
        self.first_place = first_place
        self.ordinal = ordinal
        self._lock = threading.Lock()
        self._end = 0
        self._rollup: EpisodeRollup | None = None
        self._totals = _Totals()
        self._rows: list[_RowsAt] = []
        self._chunks: dict[str, list[tuple[int, int, Entry]]] = {FRAMES: [], OBSERVATIONS: []}
        self._last_chunk: tuple[Entry, NDArray[Any]] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Take in what was appended since."""
        waiting: list[tuple[str, tuple[int, int, Entry]]] = []
        with self._lock, self.path.open("rb") as file:
            for entry in scan(self.path, self._end):
                file.seek(entry.offset)
                if entry.kind == ARRAYS:
                    # They count once the rows that they belong to are there.
                    stream, first, count = decode_chunk_head(file.read(CHUNK_HEAD.size))
                    waiting.append((stream, (first, count, entry)))
                    continue
                if entry.kind == ROWS:
                    self._take_rows(entry, decode_rows(file.read(entry.length)))
                    for stream, chunk in waiting:
                        self._chunks[stream].append(chunk)
                elif entry.kind == EPISODE:
                    self._rollup = episode_of_document(msgspec.json.decode(file.read(entry.length)))
                waiting.clear()
                self._end = entry.end

    @property
    def is_empty(self) -> bool:
        """Whether not even the episode's beginning was written."""
        return self._rollup is None

    @property
    @override
    def rollup(self) -> EpisodeRollup:
        assert self._rollup is not None  # noqa: S101 - a reader skips empty journals
        if self._rollup.status is not EpisodeStatus.RUNNING:
            return self._rollup
        totals = self._totals
        return replace(
            self._rollup,
            steps=totals.last_step,
            total_reward=totals.reward,
            frames=totals.frames,
            dropped_frames=totals.dropped,
        )

    @property
    def ended(self) -> EpisodeRollup:
        """The summary once the writer is gone: a running episode ended where its last row says so, or broke off."""
        rollup, totals = self.rollup, self._totals
        if rollup.status is not EpisodeStatus.RUNNING:
            return rollup
        terminated, truncated = bool(totals.last_flags & TERMINATED), bool(totals.last_flags & TRUNCATED)
        last = totals.last_time_us
        return replace(
            rollup,
            terminated=terminated,
            truncated=truncated,
            status=EpisodeStatus.COMPLETED if terminated or truncated else EpisodeStatus.INTERRUPTED,
            ended_at=rollup.started_at if last is None else _EPOCH + timedelta(microseconds=last),
        )

    @property
    @override
    def size_bytes(self) -> int:
        return self._end

    @property
    def row_count(self) -> int:
        """Rows so far."""
        return self._totals.rows

    def count_of(self, stream: str) -> int:
        """Arrays of a stream."""
        chunks = self._chunks[stream]
        return chunks[-1][0] + chunks[-1][1] if chunks else 0

    def rows(self) -> Iterator[list[Row]]:
        """Every row, in the order of writing, as many at a time as were written together."""
        for at in list(self._rows):
            yield decode_rows(read_payload(self.path, at.entry))

    def chunks(self, stream: str) -> Iterator[Chunk]:
        """Every chunk of arrays of a stream, in order."""
        for _, _, entry in list(self._chunks[stream]):
            yield decode_chunk(read_payload(self.path, entry))

    @override
    def steps(self, run: RunRecord, start: int, stop: int | None) -> list[StepRecord]:
        found: list[StepRecord] = []
        for at in list(self._rows):
            if at.highest < start or (stop is not None and at.lowest >= stop):
                continue
            for number, row in enumerate(decode_rows(read_payload(self.path, at.entry)), at.first):
                if row.step_index >= start and (stop is None or row.step_index < stop):
                    found.append(record_of(row, number, run, self))
        found.sort(key=lambda step: (step.step_index, step.agent_id))
        return found

    @override
    def frame(self, place: int) -> NDArray[Any]:
        return self._array(FRAMES, place)

    @override
    def observation(self, row: int) -> NDArray[Any]:
        at = next((one for one in self._rows if one.first <= row < one.first + one.count), None)
        if at is None:
            raise IndexError(row)
        found = decode_rows(read_payload(self.path, at.entry))[row - at.first]
        if found.array is not None:
            return self._array(OBSERVATIONS, found.array)
        array = to_array(decode_value(found.observation))
        if array is None:
            raise IndexError(row)
        return array

    def _array(self, stream: str, place: int) -> NDArray[Any]:
        for first, count, entry in reversed(self._chunks[stream]):
            if first <= place < first + count:
                with self._lock:
                    if self._last_chunk is None or self._last_chunk[0] != entry:
                        self._last_chunk = entry, decode_chunk(read_payload(self.path, entry)).decode()
                    array: NDArray[Any] = self._last_chunk[1][place - first].copy()
                return array
        raise IndexError(place)

    def _take_rows(self, entry: Entry, rows: list[Row]) -> None:
        indices = [row.step_index for row in rows]
        if rows:
            self._rows.append(_RowsAt(self._totals.rows, len(rows), min(indices), max(indices), entry))
        for row in rows:
            self._totals.add(row)
