"""BatchSender: the thread that takes a training loop's rows away, packs and compresses them, and hands them on.

It looks up sixty times a second while there are pictures to show, and sends what has gathered several times a second.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model.batch import ArrayKind, StepBatch
from gym_gui.replay.chunk_codec import ChunkCodec, Effort
from gym_gui.wrappers.array_pen import ArrayPen
from gym_gui.wrappers.held_episodes import HeldEpisodes
from gym_gui.wrappers.packing import after_last, columns_of
from gym_gui.wrappers.said_once import SaidOnce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from gym_gui.services.batch_destination import BatchDestination, Order
    from gym_gui.services.live_frames import LiveFrameWriter
    from gym_gui.wrappers.step_batcher import RawRows, StepBatcher

_LOGGER = logging.getLogger(__name__)

_MIB: Final = 1024 * 1024
# With the 100 ms that a sink may take, a step is on disk in a quarter of a second.
SEND_S: Final = 0.08
_LIVE_S: Final = 1 / 60
_STILL_S: Final = 2.0  # without a new picture for so long, nobody is looked up for
_BATCH_ROWS: Final = 4_096
_BATCH_BYTES: Final = 4 * _MIB  # of pictures, before they are compressed
# What may wait for this thread.
MAX_FRAME_BYTES: Final = 256 * _MIB


class BatchSender:
    """Sends one worker's steps.

    Args:
        batcher: Whose rows.
        destination: Where to.
        stream: This life of the worker; see `StepBatch`.
        space_signature: The run's.
        holds: Whether pictures wait for their episode's end.
        live: Shows the newest picture; None for nobody.
        on_order: Answers what a trainer asks for; called on this thread.
    """

    def __init__(
        self,
        batcher: StepBatcher,
        destination: BatchDestination,
        *,
        stream: str,
        space_signature: str | None,
        holds: bool,
        live: LiveFrameWriter | None,
        on_order: Callable[[Order], None],
    ) -> None:
        self.frames = ArrayPen(ArrayKind.FRAME, MAX_FRAME_BYTES, self.wake)
        self.observations = ArrayPen(ArrayKind.OBSERVATION, MAX_FRAME_BYTES, self.wake)
        self.episode_ids: dict[int, str] = {}
        #: The newest picture, its episode, its step and the return so far; set by the training thread.
        self.newest: tuple[NDArray[Any], str, int, float] | None = None
        self._batcher = batcher
        self._destination = destination
        self._stream = stream
        self._space_signature = space_signature
        self._codec = ChunkCodec(Effort(threads=0))
        self._held = HeldEpisodes(self.frames, self._codec) if holds else None
        self._live = live
        self._on_order = on_order
        self._seq = 0
        self._shown: object = None
        self._shown_s = 0.0
        self._said = SaidOnce(_LOGGER)
        self._wake = threading.Event()
        self._rounds = threading.Condition()
        self._round = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="telemetry-sender", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Let it look up now."""
        self._wake.set()

    def drain(self, timeout_s: float | None) -> bool:
        """Wait until everything added before was handed on; whether it was."""
        with self._rounds:
            # The round at hand may have looked before; the one after it has not.
            wanted = self._round + 2
            deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
            while self._round < wanted and self._thread.is_alive():
                self._wake.set()
                left_s = SEND_S if deadline_s is None else min(SEND_S, deadline_s - time.monotonic())
                if left_s <= 0:
                    return False
                self._rounds.wait(left_s)
        return True

    def stop(self, timeout_s: float) -> bool:
        """Send what is left and end the thread; whether it ended in time."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        sent_s = time.monotonic()
        while not self._stopping:
            self._wake.wait(_LIVE_S if self._is_watched() else SEND_S)
            full = self._wake.is_set()
            self._wake.clear()
            self._guarded(self._show)
            now_s = time.monotonic()
            if full or now_s - sent_s >= SEND_S:
                sent_s = now_s
                self._guarded(self._send)
                with self._rounds:
                    self._round += 1
                    self._rounds.notify_all()
                self._guarded(self._talk)
        self._guarded(self._send)
        if self._held is not None:
            self._guarded(lambda: self._put(self._held.end() if self._held else ()))
        if self._live is not None:
            self._guarded(self._live.close)

    def _is_watched(self) -> bool:
        live = self._live
        return live is not None and time.monotonic() - self._shown_s < _STILL_S and live.is_watched

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as fault:  # noqa: BLE001 - the edge of the thread: a training loop goes on whatever happens here
            self._said.fault("Steps are not being recorded", fault)

    def _show(self) -> None:
        newest = self.newest
        if self._live is None or newest is None or newest is self._shown:
            return
        self._shown, self._shown_s = newest, time.monotonic()
        frame, episode_id, step_index, episode_return = newest
        self._live.show(frame, episode_id=episode_id, step_index=step_index, episode_return=episode_return)

    def _talk(self) -> None:
        self._destination.heartbeat(steps=self._batcher.rows, phase="training")
        for order in self._destination.orders():
            self._on_order(order)

    def _send(self) -> None:
        while True:
            raw = self._batcher.take(self._rows_at_once())
            if raw.is_empty:
                return
            self._put(self._batches(raw))

    def _rows_at_once(self) -> int:
        item_bytes = max(self.frames.item_bytes, self.observations.item_bytes)
        return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, item_bytes)))

    def _batches(self, raw: RawRows) -> Iterable[StepBatch]:
        for rollup in raw.began:
            self.episode_ids[rollup.episode_index] = rollup.episode_id
        columns = columns_of(raw, self.episode_ids)
        for rollup in raw.ended:
            self.episode_ids.pop(rollup.episode_index, None)
        observations = self.observations.blocks(after_last(raw.observations), self._codec)
        batch = StepBatch(
            run_id=self._destination.run_id,
            worker_id=self._destination.worker_id,
            stream=self._stream,
            seq=0,
            space_signature=self._space_signature,
            **columns,
        )
        if self._held is not None:
            return self._held.take(replace(batch, blocks=tuple(observations)))
        frames = self.frames.blocks(after_last(raw.frames), self._codec)
        return (replace(batch, blocks=(*frames, *observations)),)

    def _put(self, batches: Iterable[StepBatch]) -> None:
        for batch in batches:
            if len(batch) or batch.began or batch.ended or batch.scalars is not None or batch.blocks:
                self._seq += 1
                self._destination.put(
                    replace(
                        batch,
                        run_id=self._destination.run_id,
                        worker_id=self._destination.worker_id,
                        stream=self._stream,
                        seq=self._seq,
                    )
                )
