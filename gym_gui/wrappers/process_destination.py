"""ProcessDestination: a worker's destination as its training process sees it: everything is done by another process."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import StoreError
from gym_gui.services.batch_destination import DestinationStatus
from gym_gui.wrappers import recording_words as words
from gym_gui.wrappers.ending import ending_by
from gym_gui.wrappers.recording_link import link

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.core.data_model import RunState
    from gym_gui.services.batch_destination import Order
    from gym_gui.wrappers.recording_words import ChannelFacts
    from gym_gui.wrappers.step_batcher import RawRows

# A recording process imports a good deal before it answers, on a machine that may be busy.
_START_S: Final = 60.0
# For the end of a run that had hardly begun.
_UNBEGUN_S: Final = 5.0
# Beyond the time that it was given for an end.
_ANSWER_S: Final = 0.5


class ProcessDestination:
    """One channel to the recording process.

    Args:
        make_facts: Makes what it has to know, from the offset of the newest picture in the shared memory.
        on_lost: Told in one sentence, on another thread, why it takes nothing any more.

    Attributes:
        is_closed: Whether it takes nothing any more.
        is_lost: Whether that is because its process was ended, by whomever.
        refused: Why nothing can be recorded here; empty where it can.
        on_refused: Told once there is such a reason, on another thread.

    Raises:
        StoreError: the process cannot be started, or nothing can be recorded there.
    """

    def __init__(self, make_facts: Callable[[int], ChannelFacts], on_lost: Callable[[str], None]) -> None:
        self._link = link()
        self._on_lost = on_lost
        self._changed = threading.Condition()
        self._names: tuple[str, str] | None = None
        self._status = DestinationStatus()
        self._orders: deque[Order] = deque()
        self._questions = itertools.count(1)
        self._flushed: dict[int, bool] = {}
        self._beaten: tuple[int, str] = (0, "training")
        self._closing = False
        self.is_closed = False
        self.is_lost = False
        self.refused = ""
        self.on_refused: Callable[[], None] | None = None
        self._number = self._link.join(self)
        self.place = self._link.place_of(self._number)
        self.facts = make_facts(self.place)
        try:
            self._link.say(self._number, words.OPEN, self.facts)
            # Names are given in the order in which scripts come; waiting for ours keeps it.
            self._wait_names()
        except BaseException as fault:  # Ctrl+C, which ends a run that begins like any other
            self.close(*ending_by(fault), timeout_s=_UNBEGUN_S)
            raise
        if self._names is None:
            self._link.leave(self._number)
            raise StoreError(self.refused or "the process that records did not answer")

    @property
    def memory(self) -> Any:
        """The map that both processes see."""
        return self._link.memory

    @property
    def room(self) -> Any:
        """Where pens put their chunks."""
        return self._link.room

    # What a `WorkerDestination` is.

    @property
    def run_id(self) -> str:
        """The run as the destination named it; waits until it did."""
        return self._wait_names()[0]

    @property
    def worker_id(self) -> str:
        """The worker, likewise."""
        return self._wait_names()[1]

    def heartbeat(self, *, steps: int, phase: str) -> None:
        """Said with the next rows."""
        self._beaten = (steps, phase)

    def orders(self) -> Sequence[Order]:
        """What was asked for since the last call."""
        found = []
        while self._orders:
            found.append(self._orders.popleft())
        return found

    def answer(self, order: Order, outcome: str, detail: str = "") -> None:
        """Say what became of an order."""
        self._link.say(self._number, words.ANSWER, order, outcome, detail)

    def status(self) -> DestinationStatus:
        """How it stood when the recording process last said so."""
        return self._status

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything sent is on disk, or spooled; whether it is."""
        question = next(self._questions)
        if not self._link.say(self._number, words.FLUSH, question, timeout_s, patience_s=timeout_s):
            return False
        with self._changed:
            self._changed.wait_for(lambda: question in self._flushed or self.is_closed, timeout_s)
            return self._flushed.pop(question, False)

    def close(self, state: RunState, reason: str = "", *, timeout_s: float = 10.0) -> None:
        """End the run; everything is on disk, or spooled, when this returns."""
        if self._closing:
            return
        self._closing = True
        if self._link.say(self._number, words.CLOSE, state, reason, timeout_s, patience_s=timeout_s):
            with self._changed:
                # It has its own time first; then it says so.
                self._changed.wait_for(lambda: self.is_closed, timeout_s + _ANSWER_S)
        self._link.leave(self._number)

    # What the shipper says.

    def ship(self, rows: RawRows, events: list[tuple[str, list[tuple[Any, ...]]]], total_rows: int) -> bool:
        """Send rows and, kind by kind, what pens told of the chunks that they speak of; whether there is somebody."""
        return self._link.say(self._number, words.PIECE, rows, events, total_rows)

    def beat(self) -> None:
        """Say that the training process lives."""
        self._link.say(self._number, words.BEAT, *self._beaten)

    # What the link hears.

    def hear(self, word: str, arguments: tuple[Any, ...]) -> None:
        """See `Listener`."""
        if word == words.ORDER:
            self._orders.append(arguments[0])
            return
        with self._changed:
            if word in {words.OPENED, words.STATUS}:
                *names, self._status = arguments
                self._names = names[0], names[1]
            elif word == words.FLUSHED:
                self._flushed[arguments[0]] = arguments[1]
            elif word == words.CLOSED:
                self.is_closed = True
            elif word == words.REFUSED:
                self.refused, self.is_closed = arguments[0], True
            self._changed.notify_all()
        self._tell_refused()

    def lost(self) -> None:
        """See `Listener`."""
        was_open = self._names is not None and not self._closing
        with self._changed:
            if not self._closing:
                self.refused, self.is_lost = "the process that records was ended", True
            self.is_closed = True
            self._changed.notify_all()
        self._tell_refused()
        if was_open:
            self._on_lost(self.refused)

    def _tell_refused(self) -> None:
        if self.refused and self.on_refused is not None:
            self.on_refused()

    def _wait_names(self) -> tuple[str, str]:
        deadline_s = time.monotonic() + _START_S
        with self._changed:
            while self._names is None and not self.is_closed and time.monotonic() < deadline_s:
                self._changed.wait(0.5)
            return self._names or (self.facts.record.run_id, "")
