"""Where playback stands at an instant: position as a function of time, so that no tick can make it drift."""

from __future__ import annotations

import math
from typing import Final

FORWARD: Final = 1
BACKWARD: Final = -1


class PlaybackClock:
    """Maps seconds to a row of an episode, from an anchor that moves only when the user changes something.

    The times are a monotonic clock's seconds, given by the caller.
    """

    def __init__(self) -> None:
        self._anchor_s = 0.0
        self._anchor_position = 0
        self._rate_hz = 1.0  # rows a second, negative backwards

    def start(self, now_s: float, position: int, rate_hz: float) -> None:
        """Stand at *position* at *now_s* and go on from there at *rate_hz* rows a second (negative: back)."""
        self._anchor_s = now_s
        self._anchor_position = position
        self._rate_hz = rate_hz

    def position_at(self, now_s: float) -> int:
        """The row that is due at *now_s*; not bounded by the episode."""
        # A deadline that was computed as a float must count as reached when it is reached.
        moved = math.floor(abs(self._rate_hz) * max(0.0, now_s - self._anchor_s) + 1e-6)
        return self._anchor_position + (moved if self._rate_hz >= 0 else -moved)

    def due_s(self, position: int, *, rows: int = 1) -> float:
        """The instant at which the row *rows* after *position*, in the direction of travel, is due."""
        travelled = abs(position - self._anchor_position) + rows
        return self._anchor_s + travelled / abs(self._rate_hz)
