"""HeldEpisodes: for ``frames="best"``: episodes wait for their end, which tells whether their pictures are kept.

Runs on the sender's thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model.batch import ArrayKind, StepBatch
from gym_gui.core.data_model.step import FrameState
from gym_gui.replay.chunk_codec import decode_chunk
from gym_gui.wrappers.array_pen import ArrayPen
from gym_gui.wrappers.array_shelf import ArrayShelf
from gym_gui.wrappers.chunk_room import HeapRoom

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.replay.chunk_codec import ChunkCodec

_MIB: Final = 1024 * 1024
#: Compressed pictures of running episodes that are held at most; the longest episode then loses its own.
HELD_BYTES: Final = 512 * _MIB
_UNBOUNDED: Final = 1 << 62
_PIECE_ITEMS: Final = 8


@dataclass(slots=True)
class _Piece:
    """A few pictures of consecutive rows, compressed together."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    data: bytes

    def items(self) -> NDArray[Any]:
        out = np.empty(self.shape, self.dtype)
        decode_chunk(self.data, out.reshape(-1).view(np.uint8))
        return out


@dataclass(slots=True)
class _Part:
    """Rows of one episode from one batch, and their pictures in order."""

    rows: StepBatch
    pieces: list[_Piece]


@dataclass(slots=True)
class _Held:
    began: EpisodeRollup
    parts: list[_Part] = field(default_factory=list)
    size_bytes: int = 0


class HeldEpisodes:
    """Takes batches whose pictures are candidates; gives back whole episodes, with their pictures where they are best.

    Args:
        candidates: The training thread's own pictures, whose numbers the batches carry.
        codec: Compresses.
        max_bytes: Of compressed pictures held at most.
    """

    def __init__(self, candidates: ArrayShelf, codec: ChunkCodec, max_bytes: int = HELD_BYTES) -> None:
        self._candidates = candidates
        self._codec = codec
        self._max_bytes = max_bytes
        self._episodes: dict[str, _Held] = {}
        room = HeapRoom()
        self._kept = ArrayPen(ArrayKind.FRAME, _UNBOUNDED, room)
        self._kept_shelf = ArrayShelf.beside(self._kept, room)
        self._best = -np.inf

    def take(self, batch: StepBatch) -> Iterator[StepBatch]:
        """Keep *batch*'s rows until their episode ends; what need not wait comes back at once."""
        for rollup in batch.began:
            self._episodes[rollup.episode_id] = _Held(rollup)
        yield replace(_rows(batch, np.empty(0, np.intp)), began=batch.began, blocks=batch.blocks, scalars=batch.scalars)
        for place, episode_id in enumerate(batch.episode_ids):
            held = self._episodes[episode_id]
            part = self._part(_rows(batch, np.flatnonzero(batch.episode == place)))
            held.parts.append(part)
            held.size_bytes += sum(len(piece.data) for piece in part.pieces)
        if batch.frames is not None:
            self._candidates.release(int(batch.frames.max()) + 1)
        self._keep_within_bounds()
        for rollup in batch.ended:
            yield from self._end(rollup)

    def end(self) -> Iterator[StepBatch]:
        """The rows of episodes that will not end any more, without pictures."""
        for held in self._episodes.values():
            yield from (part.rows.without_frames(FrameState.NONE) for part in held.parts)
        self._episodes.clear()

    def _part(self, rows: StepBatch) -> _Part:
        if rows.frames is None:
            return _Part(rows, [])
        items = self._candidates.items([number for number in rows.frames.tolist() if number >= 0])
        return _Part(rows, list(self._compressed(items)))

    def _compressed(self, items: Sequence[NDArray[Any]]) -> Iterator[_Piece]:
        odd = [place for place, (one, other) in enumerate(pairwise(items), 1) if one.shape != other.shape]
        for start, stop in pairwise([0, *odd, len(items)]):
            for first in range(start, stop, _PIECE_ITEMS):
                stacked = np.stack(items[first : min(first + _PIECE_ITEMS, stop)])
                (data,) = self._codec.submit([stacked], thorough=False).result()
                yield _Piece(stacked.shape, stacked.dtype, data)

    def _end(self, rollup: EpisodeRollup) -> Iterator[StepBatch]:
        held = self._episodes.pop(rollup.episode_id)
        last = StepBatch(run_id=rollup.run_id, worker_id="", stream="", seq=0)
        if any(part.pieces for part in held.parts) and rollup.total_reward > self._best:
            self._best = rollup.total_reward
            yield from map(self._with_pictures, held.parts)
            yield replace(last, ended=(rollup,))
            return
        yield from (part.rows.without_frames(FrameState.NONE) for part in held.parts)
        yield replace(last, ended=(replace(rollup, frames=0),))

    def _with_pictures(self, part: _Part) -> StepBatch:
        rows = part.rows
        if rows.frames is None:
            return rows
        frames = rows.frames.copy()
        places = iter(np.flatnonzero(frames >= 0).tolist())
        for piece in part.pieces:
            for item in piece.items():
                frames[next(places)] = self._kept.write(item)
        return replace(rows, frames=frames, blocks=tuple(self._kept_shelf.blocks(int(frames.max()) + 1, self._codec)))

    def _keep_within_bounds(self) -> None:
        while sum(held.size_bytes for held in self._episodes.values()) > self._max_bytes:
            largest = max(self._episodes.values(), key=lambda held: held.size_bytes)
            for part in largest.parts:
                part.rows, part.pieces = part.rows.without_frames(FrameState.SHED), []
            largest.size_bytes = 0


def _rows(batch: StepBatch, rows: NDArray[np.intp]) -> StepBatch:
    """Some rows of *batch*, all of one episode, without anything else that it carries."""
    places = np.unique(batch.episode[rows])
    return replace(
        batch,
        began=(),
        ended=(),
        scalars=None,
        blocks=(),
        episode_ids=tuple(batch.episode_ids[place] for place in places.tolist()),
        episode=np.zeros(len(rows), np.int32),
        step_index=batch.step_index[rows],
        actions=_picked(batch.actions, rows),
        rewards=batch.rewards[rows],
        flags=batch.flags[rows],
        time_us=batch.time_us[rows],
        infos=None if batch.infos is None else _picked(batch.infos, rows),
        extras=None if batch.extras is None else _picked(batch.extras, rows),
        frames=_numbers(batch.frames, rows),
        observations=_numbers(batch.observations, rows),
    )


def _picked(column: Any, rows: NDArray[np.intp]) -> Any:
    return column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows.tolist()]


def _numbers(column: NDArray[np.int64] | None, rows: NDArray[np.intp]) -> NDArray[np.int64] | None:
    picked = None if column is None else column[rows]
    return None if picked is None or not (picked >= 0).any() else picked
