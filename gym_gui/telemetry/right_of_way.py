"""RightOfWay: a loop that makes steps lets the thread that takes them away have the interpreter, where that is overdue.

CPython hands its interpreter over to a thread that has waited for 5 ms without a sign. A loop that lets go of it more
often than that, for an instant each time, as every draw of many random numbers does, gives a sign and has it back
before the waiting thread wakes. Beside a plain loop over CartPole, a thread that slept 20 ms at a time woke six times
in two seconds, and in another process once in six.
"""

from __future__ import annotations

import threading
import time
from typing import Final

# A round of rows takes a fraction of it; whoever writes to a slow disk is not waited for.
_PATIENCE_S: Final = 0.001
_AGAIN_NS: Final = 20_000_000
_BREATH_S: Final = 0.000_1


class RightOfWay:
    """Between one loop and one thread that takes away what it makes, a round at a time.

    Args:
        every_s: By when after a round the next one is over, where nothing holds the thread up.

    Attributes:
        due_ns: From when on the loop has to `give`; of `time.monotonic_ns`. Compared before each call, which is dear.
    """

    def __init__(self, every_s: float) -> None:
        self._every_ns = int(every_s * 1e9)
        self._taken = threading.Event()
        self._is_given = False
        self.due_ns = time.monotonic_ns() + self._every_ns

    def give(self) -> None:
        """Wait a little, for the thread's round; on the loop's thread."""
        self._taken.clear()
        self._is_given = True
        self._taken.wait(_PATIENCE_S)
        self._is_given = False
        self.due_ns = max(self.due_ns, time.monotonic_ns() + _AGAIN_NS)

    def taken(self) -> None:
        """A round is over; on the thread that takes."""
        self.due_ns = time.monotonic_ns() + self._every_ns
        self._taken.set()

    def breathe(self) -> None:
        """Between two parts of a round: let the loop have the interpreter, unless it waits for the round's end."""
        if not self._is_given:
            time.sleep(_BREATH_S)
