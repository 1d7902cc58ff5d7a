"""RoundThread: takes away, round after round, what a training loop adds; whoever flushes waits for its rounds."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from gym_gui.telemetry.right_of_way import RightOfWay
from gym_gui.wrappers.said_once import SaidOnce

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER = logging.getLogger(__name__)
#: Between two rounds. With the 100 ms that a sink may take, a step is on disk in a quarter of a second.
SEND_S: Final = 0.08
# A round whose parts each wait 5 ms for the interpreter, as a thread of Python does, is not late yet.
_LATE_S: Final = 0.02


class RoundThread:
    """Takes rounds from `start` until `stop`, each at once where it is woken.

    Args:
        name: The thread's.

    Attributes:
        way: Given by the loop where a round is overdue.
    """

    def __init__(self, name: str) -> None:
        self.way = RightOfWay(SEND_S + _LATE_S)
        self._said = SaidOnce(_LOGGER)
        self._wake = threading.Event()
        self._rounds = threading.Condition()
        self._round = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Let it look up now."""
        self._wake.set()

    def drain(self, timeout_s: float | None) -> bool:
        """Wait until everything added before was taken away; whether it was."""
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
        """Take what is left and end the thread; whether it ended in time."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # What a kind of thread does.

    def _take_round(self) -> None:
        """Take away everything that was added."""
        raise NotImplementedError

    def _talk(self) -> None:
        """After a round: what else is to be said and heard."""

    def _look_up(self) -> None:
        """Between two rounds, as often as `_nap_s` says."""

    def _nap_s(self) -> float:
        """Until the next look."""
        return SEND_S

    def _end(self) -> None:
        """After the last round."""

    # The thread.

    def _run(self) -> None:
        taken_s = time.monotonic()
        while not self._stopping:
            self._wake.wait(self._nap_s())
            woken = self._wake.is_set()
            self._wake.clear()
            self._guarded(self._look_up)
            now_s = time.monotonic()
            if woken or now_s - taken_s >= SEND_S:
                taken_s = now_s
                self._guarded(self._take_round)
                with self._rounds:
                    self._round += 1
                    self._rounds.notify_all()
                self._guarded(self._talk)
                self.way.taken()
        self._guarded(self._take_round)
        self._guarded(self._end)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as fault:  # noqa: BLE001 - the edge of the thread: a training loop goes on whatever happens here
            self._said.fault("Steps are not being recorded", fault)
