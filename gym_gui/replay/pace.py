"""How fast rows come, and so how much time there is for each."""

from __future__ import annotations

import time
from typing import Final


class Pace:
    """Whether rows come slowly enough for the thorough compression; a flood of them gets the fast one."""

    _SLOW_S: Final = 0.004

    def __init__(self) -> None:
        self._last_s = time.monotonic()
        self._mean_s = 1.0

    def has_time(self) -> bool:
        """Note a row; the mean interval of the last dozen decides."""
        now_s = time.monotonic()
        self._mean_s += (now_s - self._last_s - self._mean_s) / 12
        self._last_s = now_s
        return self._mean_s > self._SLOW_S
