"""What happens now, for whoever looks: the newest picture of each worker, batches without arrays, episodes, scalars.

A viewer that stalls costs nothing: its own queue is bounded, the oldest goes first and is counted. A picture is
unpacked only when a viewer takes it. Everything here runs on the daemon's event loop; `LivePicture.frame` may run on
any thread.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model.batch import NO_REWARD, ArrayBlock, ArrayKind, StepBatch
from gym_gui.replay.chunk_codec import decode_chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup

_BUFFER: Final = 256
_MAX_BUFFER: Final = 4_096
_MAX_HZ: Final = 60
# Batches of a viewer are small, but not nothing.
_PICTURE_NDIM: Final = (2, 3)
_CHANNELS: Final = (1, 3, 4)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LivePicture:
    """The newest picture of a worker, still packed.

    Attributes:
        run_id: The run.
        worker_id: The worker.
        episode_id: Its episode.
        step_index: Its step.
        time_us: When the step was taken, microseconds since 1970.
        episode_return: Of the episode so far, as far as it was seen here.
        number: The stream's number of the picture.
        block: Where it is.
    """

    run_id: str
    worker_id: str
    episode_id: str
    step_index: int
    time_us: int
    episode_return: float
    number: int
    block: ArrayBlock

    def frame(self) -> NDArray[np.uint8] | None:
        """The picture, ``uint8 (H, W, channels)``; None where the bytes are none."""
        block = self.block
        items = block.chunk_items if block.compressed else block.count
        shape = (items, *block.item_shape)
        if block.dtype != np.uint8 or len(block.item_shape) not in _PICTURE_NDIM:
            return None
        try:
            if block.compressed:
                chunk = np.empty(shape, np.uint8)
                decode_chunk(block.data, chunk.reshape(-1))
            else:
                chunk = np.frombuffer(block.data, np.uint8).reshape(shape)
        except ValueError:
            return None
        frame = chunk[self.number - block.first]
        frame = frame[..., None] if frame.ndim == _PICTURE_NDIM[0] else frame
        return np.ascontiguousarray(frame) if frame.shape[-1] in _CHANNELS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interests:
    """What a viewer wants.

    Attributes:
        run_ids: Of these runs; empty for all.
        frames: Newest pictures.
        steps: Batches without arrays.
        episodes: Rollups.
        scalars: What learners log.
        max_hz: Pictures a second of each worker at most.
        buffer: Updates that may wait.
    """

    run_ids: frozenset[str] = frozenset()
    frames: bool = False
    steps: bool = False
    episodes: bool = False
    scalars: bool = False
    max_hz: int = _MAX_HZ
    buffer: int = _BUFFER


class Viewer:
    """One viewer's queue."""

    def __init__(self, interests: Interests) -> None:
        self.interests = replace(
            interests,
            max_hz=min(interests.max_hz or _MAX_HZ, _MAX_HZ),
            buffer=min(interests.buffer or _BUFFER, _MAX_BUFFER),
        )
        self.dropped = 0
        self._updates: deque[StepBatch | tuple[str, Sequence[EpisodeRollup]]] = deque()
        self._pictures: dict[tuple[str, str], LivePicture] = {}
        self._shown_s: dict[tuple[str, str], float] = {}
        self._ready = asyncio.Event()

    def wants(self, run_id: str) -> bool:
        """Whether it looks at that run."""
        return not self.interests.run_ids or run_id in self.interests.run_ids

    def put(self, update: StepBatch | tuple[str, Sequence[EpisodeRollup]]) -> None:
        """An update; the oldest goes where there is no room."""
        if len(self._updates) >= self.interests.buffer:
            self._updates.popleft()
            self.dropped += 1
        self._updates.append(update)
        self._ready.set()

    def show(self, picture: LivePicture) -> None:
        """A newer picture of a worker; the one before it goes."""
        self._pictures[picture.run_id, picture.worker_id] = picture
        self._ready.set()

    async def take(self) -> tuple[list[StepBatch | tuple[str, Sequence[EpisodeRollup]]], list[LivePicture]]:
        """What waits, once something does: updates in order, then pictures that it is time for."""
        while True:
            updates = list(self._updates)
            self._updates.clear()
            pictures, left_s = self._due()
            if updates or pictures:
                return updates, pictures
            self._ready.clear()
            try:
                await asyncio.wait_for(self._ready.wait(), left_s)
            except TimeoutError:
                continue

    def _due(self) -> tuple[list[LivePicture], float | None]:
        """Pictures that may be sent now, and the time until the next one may; None where none waits."""
        now_s, interval_s = time.monotonic(), 1.0 / self.interests.max_hz
        due, left_s = [], None
        for key in list(self._pictures):
            wait_s = self._shown_s.get(key, 0.0) + interval_s - now_s
            if wait_s <= 0:
                due.append(self._pictures.pop(key))
                self._shown_s[key] = now_s
            else:
                left_s = wait_s if left_s is None else min(left_s, wait_s)
        return due, left_s


class LiveBoard:
    """Hands what happens to every viewer."""

    def __init__(self) -> None:
        self._viewers: tuple[Viewer, ...] = ()
        self._newest: dict[tuple[str, str], LivePicture] = {}
        self._returns: dict[tuple[str, str], tuple[str, float]] = {}

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        """Who looks."""
        return self._viewers

    def join(self, interests: Interests) -> Viewer:
        """A viewer comes; it gets the newest picture of each worker at once."""
        viewer = Viewer(interests)
        self._viewers = (*self._viewers, viewer)
        if interests.frames:
            for picture in self._newest.values():
                if viewer.wants(picture.run_id):
                    viewer.show(picture)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """A viewer goes."""
        self._viewers = tuple(one for one in self._viewers if one is not viewer)

    def offer(self, batch: StepBatch) -> None:
        """A batch was taken over."""
        picture = self._newest_of(batch)
        self._count_return(batch)
        if picture is not None:
            self._newest[batch.run_id, batch.worker_id] = picture
        bare: StepBatch | None = None
        episodes = (*batch.began, *batch.ended)
        for viewer in self._viewers:
            wanted = viewer.interests
            if not viewer.wants(batch.run_id):
                continue
            if wanted.frames and picture is not None:
                viewer.show(picture)
            if wanted.episodes and episodes:
                viewer.put((batch.run_id, episodes))
            if (wanted.steps and len(batch)) or (wanted.scalars and batch.scalars is not None):
                bare = bare or replace(
                    batch, blocks=(), frames=None, observations=None, extras=None, began=(), ended=()
                )
                viewer.put(bare)

    def forget(self, run_id: str) -> None:
        """A run is over."""
        for known in (self._newest, self._returns):
            for key in [key for key in known if key[0] == run_id]:
                del known[key]

    def _count_return(self, batch: StepBatch) -> None:
        """The return of the episode that the newest row belongs to."""
        if not len(batch):
            return
        key = batch.run_id, batch.worker_id
        place = batch.episode[-1]
        own = (batch.episode == place) & ((batch.flags & NO_REWARD) == 0)
        name, before = batch.episode_ids[place], self._returns.get(key)
        total = float(np.nansum(batch.rewards[own]))
        self._returns[key] = name, total + (before[1] if before is not None and before[0] == name else 0.0)

    def _newest_of(self, batch: StepBatch) -> LivePicture | None:
        if batch.frames is None:
            return None
        rows = np.flatnonzero(batch.frames >= 0)
        pictures = [block for block in batch.blocks if block.kind is ArrayKind.FRAME]
        for row in rows[::-1].tolist():
            number = int(batch.frames[row])
            block = _holding(pictures, number)
            if block is not None:
                name = batch.episode_ids[batch.episode[row]]
                return LivePicture(
                    run_id=batch.run_id,
                    worker_id=batch.worker_id,
                    episode_id=name,
                    step_index=int(batch.step_index[row]),
                    time_us=int(batch.time_us[row]),
                    episode_return=self._return_at(batch, row),
                    number=number,
                    block=block,
                )
        return None

    def _return_at(self, batch: StepBatch, row: int) -> float:
        """The return up to a row of a batch that is not counted yet; nan where the episode's beginning was not seen."""
        own = batch.episode[: row + 1] == batch.episode[row]
        name, before = batch.episode_ids[batch.episode[row]], self._returns.get((batch.run_id, batch.worker_id))
        if before is not None and before[0] == name:
            earlier = before[1]
        elif batch.step_index[np.flatnonzero(own)[0]] == 0:
            earlier = 0.0
        else:
            return float("nan")
        counts = own & ((batch.flags[: row + 1] & NO_REWARD) == 0)
        return earlier + float(np.nansum(batch.rewards[: row + 1][counts]))


def _holding(blocks: Iterable[ArrayBlock], number: int) -> ArrayBlock | None:
    found: ArrayBlock | None = None
    for block in blocks:
        if block.first <= number < block.first + block.count:
            found = block  # the last one that came is the fullest
    return found


def interests_of(request: Any) -> Interests:
    """What a `SubscribeRequest` asks for."""
    return Interests(
        run_ids=frozenset(request.run_ids),
        frames=request.frames,
        steps=request.steps,
        episodes=request.episodes,
        scalars=request.scalars,
        max_hz=request.max_frames_per_s,
        buffer=request.buffer,
    )
