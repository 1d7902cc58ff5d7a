"""RecordingChannel: one worker's recording in the recording process: its sender, its destination, its live picture."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model import RunState
from gym_gui.core.data_model.batch import ArrayKind
from gym_gui.core.errors import EnvironmentFault
from gym_gui.wrappers import recording_words as words
from gym_gui.wrappers.array_pen import event_of
from gym_gui.wrappers.array_shelf import ArrayShelf
from gym_gui.wrappers.chunk_room import SharedView
from gym_gui.wrappers.destinations import open_destination
from gym_gui.wrappers.newest_picture import NewestShared
from gym_gui.wrappers.round_thread import SEND_S
from gym_gui.wrappers.sender import Arrays, BatchSender
from gym_gui.wrappers.step_batcher import StepBatcher

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Sequence

    from gym_gui.core.data_model import RunRecord
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.services.batch_destination import BatchDestination
    from gym_gui.services.live_frames import LiveFrameWriter
    from gym_gui.wrappers.array_pen import ChunkEnded, ChunkOpened
    from gym_gui.wrappers.recording_words import ChannelFacts
    from gym_gui.wrappers.step_batcher import RawRows

_LOGGER = logging.getLogger(__name__)
_NOTHING: Final = StepBatcher(discrete=True).take(0)
# Pieces that may wait for the sender before the training process is held up.
_MAX_PIECES: Final = 64
_OPENING_S: Final = 30.0
_NEWS_S: Final = 1.0
_DYING_S: Final = 30.0
_OURS: Final = "GYM_GUI_"


class _FedRows:
    """Rows as they come through the pipe; a `RowSource`."""

    def __init__(self) -> None:
        self.rows = 0
        self._pieces: deque[RawRows] = deque()
        self._room = threading.Condition()
        self._refuses = False

    def feed(self, rows: RawRows, total: int) -> None:
        """Add a piece; waits where too many wait."""
        with self._room:
            self._room.wait_for(lambda: len(self._pieces) < _MAX_PIECES or self._refuses)
            if not self._refuses:
                self._pieces.append(rows)
        self.rows = total

    def refuse(self) -> None:
        """Nobody takes anything any more."""
        with self._room:
            self._refuses = True
            self._pieces.clear()
            self._room.notify_all()

    def take(self, max_rows: int) -> RawRows:
        """The oldest rows; what began comes with an arriving piece's first, what ended with its last."""
        with self._room:
            if not self._pieces:
                return _NOTHING
            piece = self._pieces.popleft()
            if len(piece) > max_rows:
                piece, rest = piece.split(max_rows)
                self._pieces.appendleft(rest)
            self._room.notify_all()
            return piece


class RecordingChannel:
    """Records what comes for one worker.

    Args:
        number: The channel's.
        facts: What to record, and where.
        memory: Shared with the training process.
        say: Tells the training process: channel, word, arguments; any thread.
        after: Whoever was first also gets its name first; None for the first one.

    Attributes:
        was_opened: Set once it has its name, or none.
        is_done: Whether nothing more will happen.
    """

    def __init__(
        self,
        number: int,
        facts: ChannelFacts,
        memory: mmap.mmap,
        say: Callable[..., None],
        after: RecordingChannel | None,
    ) -> None:
        self.was_opened = threading.Event()
        self._after = after
        self.is_done = False
        self._number = number
        self._facts = facts
        self._memory = memory
        self._say_all = say
        self._rows = _FedRows()
        self._events: dict[ArrayKind, deque[ChunkOpened | ChunkEnded]] = {
            ArrayKind.FRAME: deque(),
            ArrayKind.OBSERVATION: deque(),
        }
        self._destination: BatchDestination | None = None
        self._sender: BatchSender | None = None
        self._live: LiveFrameWriter | None = None
        self._told: Any = None
        self._told_s = 0.0
        # Whatever takes its time is done in order, on a thread of this channel's own.
        self._work: deque[tuple[str, Sequence[Any]]] = deque()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"recording-{number}", daemon=True)
        self._thread.start()

    def hear(self, word: str, arguments: Sequence[Any]) -> None:
        """One message; on the thread that reads the pipe."""
        if word == words.PIECE:
            rows, events, total = arguments
            for kind, told in events:
                self._events[ArrayKind(kind)].extend(map(event_of, told))
            self._rows.feed(rows, total)
            if self._sender is not None:
                self._sender.wake()
            return
        with self._changed:
            self._work.append((word, arguments))
            self._changed.notify_all()

    def abandon(self) -> None:
        """The training process is gone."""
        self.hear(words.CLOSE, (RunState.INTERRUPTED, "Its process died.", _DYING_S))

    def join(self) -> None:
        """Wait until everything is kept."""
        self._thread.join(_DYING_S * 2)

    # The channel's thread.

    def _run(self) -> None:
        if self._after is not None:
            self._after.was_opened.wait(_OPENING_S)
            self._after = None
        try:
            self._open()
        except EnvironmentFault as fault:
            self._refuse(fault.message)
        except Exception as fault:  # the edge of the thread
            _LOGGER.exception("A recording met a fault of ours")
            self._refuse(f"{type(fault).__name__}: {fault}")
        finally:
            self.was_opened.set()
        while not self.is_done:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._work), SEND_S)
                word, arguments = self._work.popleft() if self._work else ("", ())
            try:
                self._do(word, arguments)
            except Exception:
                _LOGGER.exception("A recording met a fault of ours")

    def _refuse(self, sentence: str) -> None:
        self.is_done = True
        self._rows.refuse()
        self._say(words.REFUSED, sentence)

    def _open(self) -> None:
        facts = self._facts
        for name in [name for name in os.environ if name.startswith(_OURS) and name not in facts.variables]:
            del os.environ[name]
        os.environ.update(facts.variables)
        destination = self._destination = self._opened()
        if facts.live_dir is not None:
            from gym_gui.services.live_frames import LiveFrameWriter  # noqa: PLC0415 - only where pictures are shown

            # A trainer that has not answered yet has named nobody.
            worker_id = destination.worker_id or f"p{facts.pid}"
            self._live = LiveFrameWriter(facts.live_dir, destination.run_id, worker_id)
        shelves = [self._shelf(kind) for kind in (ArrayKind.FRAME, ArrayKind.OBSERVATION)]
        newest = NewestShared(self._memory, facts.place)
        self._say(words.OPENED, destination.run_id, destination.worker_id, destination.status())
        sender = BatchSender(
            self._rows,
            Arrays(shelves[0], shelves[1], newest),
            destination,
            facts.stream,
            live=self._live,
            on_order=None,
        )
        sender.start()
        self._sender = sender

    def _opened(self) -> BatchDestination:
        facts = self._facts

        def make_run(run_id: str, group: str) -> tuple[RunRecord, RunSpaces]:
            about = facts.record.metadata
            metadata = about if facts.chose_group else {**about, "group": group}
            return replace(facts.record, run_id=run_id, metadata=metadata), facts.spaces

        run = facts.record.run_id
        return open_destination(facts.target, run, session=facts.session, make_run=make_run, on_behalf_of=facts.pid)

    def _shelf(self, kind: ArrayKind) -> ArrayShelf:
        return ArrayShelf(kind, SharedView(self._memory), self._events[kind])

    def _do(self, word: str, arguments: Sequence[Any]) -> None:
        destination, sender = self._destination, self._sender
        if destination is None or sender is None:
            return
        if word == words.BEAT:
            destination.heartbeat(steps=arguments[0], phase=arguments[1])
        elif word == words.ANSWER:
            destination.answer(*arguments)
        elif word == words.FLUSH:
            question, timeout_s = arguments
            began_s = time.monotonic()
            done = sender.drain(timeout_s)
            left_s = None if timeout_s is None else max(0.0, timeout_s - (time.monotonic() - began_s))
            done = done and destination.flush(left_s)
            self._tell_status(destination)
            self._say(words.FLUSHED, question, done)
        elif word == words.CLOSE:
            state, reason, timeout_s = arguments
            sender.stop(timeout_s)
            destination.close(state, reason, timeout_s=timeout_s)
            self.is_done = True
            self._say(words.CLOSED)
            return
        for order in destination.orders():
            self._say(words.ORDER, order)
        self._tell_status(destination)

    def _tell_status(self, destination: BatchDestination) -> None:
        names, status = (destination.run_id, destination.worker_id), destination.status()
        # What changes with every batch is no news.
        news = (*names, replace(status, durable_seq=0, waiting_bytes=0, spooled_bytes=0, dropped_frames=0))
        if news != self._told or time.monotonic() - self._told_s > _NEWS_S:
            self._told, self._told_s = news, time.monotonic()
            self._say(words.STATUS, *names, status)

    def _say(self, word: str, *arguments: Any) -> None:
        self._say_all(self._number, word, *arguments)
