"""Time in a game: absolute deadlines with honest counts, and a stopwatch that pauses.

Used by the session's thread only; the clock comes from outside, so that tests own time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW_S: Final = 1.0


class Pacer:
    """Says when the next step is due, and counts the frames that came late.

    Deadlines are absolute: a step that is a little late shortens the next wait, so the mean rate is exact. After more
    than one whole period the deadlines start anew, because a burst of catch-up steps cannot be played.

    Args:
        clock: Seconds, monotonic.
        rate_hz: Steps a second.
    """

    def __init__(self, clock: Callable[[], float], rate_hz: float) -> None:
        self._clock = clock
        self._starts: deque[float] = deque()
        self.late = 0
        self.rate_hz = rate_hz
        self._period_s = 1.0 / rate_hz
        self.deadline = clock() + self._period_s

    def set_rate(self, rate_hz: float) -> None:
        """Change the rate; the next step is due one new period from now."""
        self.rate_hz = rate_hz
        self._period_s = 1.0 / rate_hz
        self.restart()

    def restart(self) -> None:
        """Time stood still (a pause, a reset): the next step is due one period from now."""
        self.deadline = self._clock() + self._period_s
        self._starts.clear()

    def begin_step(self) -> None:
        """A step begins now: count how late it is and set the next deadline."""
        now = self._clock()
        lateness_s = now - self.deadline
        if lateness_s > self._period_s:
            self.late += int(lateness_s / self._period_s)
            self.deadline = now + self._period_s
        else:
            # Half a period is where the eye sees the picture in the wrong frame.
            self.late += lateness_s > self._period_s / 2
            self.deadline += self._period_s
        self._starts.append(now)
        while now - self._starts[0] > max(_WINDOW_S, 4 * self._period_s):
            self._starts.popleft()

    @property
    def true_hz(self) -> float:
        """Steps a second over the last second; 0 until two steps were taken."""
        if len(self._starts) < 2:  # noqa: PLR2004 - an interval has two ends
            return 0.0
        return (len(self._starts) - 1) / (self._starts[-1] - self._starts[0])


class Stopwatch:
    """Seconds that passed while it ran.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept_s = 0.0
        self._since: float | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds so far."""
        return self._kept_s + (0.0 if self._since is None else self._clock() - self._since)

    def add(self, seconds: float) -> None:
        """Count *seconds* that passed in the game but not on the clock."""
        self._kept_s += seconds

    def run(self) -> None:
        """Go on counting; nothing happens where it runs."""
        if self._since is None:
            self._since = self._clock()

    def stop(self) -> None:
        """Stop counting; nothing happens where it stands."""
        if self._since is not None:
            self._kept_s = self.elapsed_s
            self._since = None

    def clear(self) -> None:
        """Back to zero, standing."""
        self._kept_s = 0.0
        self._since = None
