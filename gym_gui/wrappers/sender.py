"""BatchSender: the thread that takes rows and arrays, packs and compresses them, and hands them on as batches.

It looks up sixty times a second while there are pictures to show, and sends what has gathered several times a second.
Where it can be, it runs in the recording process, beside which a training loop is not held up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from gym_gui.core.data_model.batch import StepBatch
from gym_gui.core.typing_compat import override
from gym_gui.replay.chunk_codec import ChunkCodec, Effort
from gym_gui.wrappers.held_episodes import HeldEpisodes
from gym_gui.wrappers.packing import after_last, columns_of
from gym_gui.wrappers.round_thread import SEND_S, RoundThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.services.batch_destination import BatchDestination, Order
    from gym_gui.services.live_frames import LiveFrameWriter
    from gym_gui.wrappers.array_shelf import ArrayShelf
    from gym_gui.wrappers.newest_picture import NewestPicture, Shown
    from gym_gui.wrappers.step_batcher import RawRows

_MIB: Final = 1024 * 1024
_LIVE_S: Final = 1 / 60
_STILL_S: Final = 2.0  # without a new picture for so long, nobody is looked up for
_BATCH_ROWS: Final = 4_096
_BATCH_BYTES: Final = 4 * _MIB  # of pictures, before they are compressed


class RowSource(Protocol):
    """Where rows come from.

    Attributes:
        rows: Ever added.
    """

    rows: int

    def take(self, max_rows: int) -> RawRows:
        """Take away the oldest rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What is known of a worker's stream from the beginning; pickles.

    Attributes:
        stream: This life of the worker; see `StepBatch`.
        space_signature: The run's.
        shared: Whether other workers write the same run, so that episodes' ids say whose they are.
        holds: Whether pictures wait for their episode's end.
    """

    stream: str
    space_signature: str | None
    shared: bool
    holds: bool


@dataclass(frozen=True, slots=True)
class Arrays:
    """Where the arrays of one worker are found.

    Attributes:
        frames: Its pictures.
        observations: Its observations.
        newest: Its newest picture.
    """

    frames: ArrayShelf
    observations: ArrayShelf
    newest: NewestPicture


def _rows_at_once(item_bytes: int) -> int:
    """Rows that one batch may have, whose largest array has so many bytes."""
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, item_bytes)))


class BatchSender(RoundThread):
    """Sends one worker's steps.

    Args:
        source: Whose rows.
        arrays: Their arrays.
        destination: Where to.
        facts: Of the stream.
        live: Shows the newest picture; None for nobody.
        on_order: Answers what a trainer asks for; called on this thread. None leaves orders and heartbeats to others.
    """

    def __init__(
        self,
        source: RowSource,
        arrays: Arrays,
        destination: BatchDestination,
        facts: StreamFacts,
        *,
        live: LiveFrameWriter | None,
        on_order: Callable[[Order], None] | None,
    ) -> None:
        super().__init__("telemetry-sender")
        self._source = source
        self._arrays = arrays
        self._destination = destination
        self._facts = facts
        # A worker that was started again counts from 0 again: its life tells its episodes apart.
        own = f"{destination.worker_id}-" if destination.worker_id else ""
        self._prefix = f"{own}{facts.stream}-" if facts.shared else ""
        self._owner = destination.worker_id if facts.shared else None
        self._episode_ids: dict[int, str] = {}
        self._codec = ChunkCodec(Effort(threads=0))
        self._held = HeldEpisodes(arrays.frames, self._codec) if facts.holds else None
        self._live = live
        self._on_order = on_order
        self._seq = 0
        self._shown: Shown | None = None
        self._shown_s = 0.0

    @override
    def _nap_s(self) -> float:
        return _LIVE_S if self._is_watched() else SEND_S

    def _is_watched(self) -> bool:
        live = self._live
        return live is not None and time.monotonic() - self._shown_s < _STILL_S and live.is_watched

    @override
    def _look_up(self) -> None:
        newest = None if self._live is None else self._arrays.newest.read()
        if self._live is None or newest is None or newest is self._shown:
            return
        self._shown, self._shown_s = newest, time.monotonic()
        self._live.show(
            newest.picture,
            episode_id=self._prefix + newest.episode,
            step_index=newest.step_index,
            episode_return=newest.total,
        )

    @override
    def _talk(self) -> None:
        if self._on_order is None:
            return
        self._destination.heartbeat(steps=self._source.rows, phase="training")
        for order in self._destination.orders():
            self._on_order(order)

    @override
    def _take_round(self) -> None:
        arrays = self._arrays
        while True:
            raw = self._source.take(_rows_at_once(max(arrays.frames.item_bytes, arrays.observations.item_bytes)))
            if raw.is_empty:
                return
            self._put(self._batches(raw))

    @override
    def _end(self) -> None:
        try:
            if self._held is not None:
                self._put(self._held.end())
        finally:
            if self._live is not None:
                self._live.close()

    def _batches(self, raw: RawRows) -> Iterable[StepBatch]:
        raw.began = [self._named(rollup) for rollup in raw.began]
        raw.ended = [self._named(rollup) for rollup in raw.ended]
        for rollup in raw.began:
            self._episode_ids[rollup.episode_index] = rollup.episode_id
        columns = columns_of(raw, self._episode_ids)
        for rollup in raw.ended:
            self._episode_ids.pop(rollup.episode_index, None)
        observations = self._arrays.observations.blocks(after_last(raw.observations), self._codec)
        batch = StepBatch(
            run_id=self._destination.run_id,
            worker_id=self._destination.worker_id,
            stream=self._facts.stream,
            seq=0,
            space_signature=self._facts.space_signature,
            **columns,
        )
        if self._held is not None:
            return self._held.take(replace(batch, blocks=tuple(observations)))
        frames = self._arrays.frames.blocks(after_last(raw.frames), self._codec)
        return (replace(batch, blocks=(*frames, *observations)),)

    def _named(self, rollup: EpisodeRollup) -> EpisodeRollup:
        """An episode by the names that it has at its destination."""
        metadata = rollup.metadata
        if self._prefix and "continues" in metadata:
            metadata = {**metadata, "continues": self._prefix + metadata["continues"]}
        return replace(
            rollup,
            run_id=self._destination.run_id,
            episode_id=self._prefix + rollup.episode_id,
            worker_id=self._owner,
            metadata=metadata,
        )

    def _put(self, batches: Iterable[StepBatch]) -> None:
        for batch in batches:
            if len(batch) or batch.began or batch.ended or batch.scalars is not None or batch.blocks:
                self._seq += 1
                self._destination.put(
                    replace(
                        batch,
                        run_id=self._destination.run_id,
                        worker_id=self._destination.worker_id,
                        stream=self._facts.stream,
                        seq=self._seq,
                    )
                )
