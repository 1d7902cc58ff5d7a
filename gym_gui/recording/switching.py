"""While a recorder writes, threads give way to each other within half a millisecond, so that no caller waits longer.

Python's default of 5 ms would let the writer's thread hold a step up for as long. Counted: the last one to leave puts
back what was there.
"""

from __future__ import annotations

import sys
import threading
from typing import Final

from gym_gui.core.clock import SWITCH_INTERVAL_S

_lock: Final = threading.Lock()
_before_s: list[float] = []  # one for each writer that runs


def enter() -> None:
    """A writer's thread starts."""
    with _lock:
        _before_s.append(sys.getswitchinterval())
        sys.setswitchinterval(min(SWITCH_INTERVAL_S, _before_s[0]))


def leave() -> None:
    """A writer's thread has ended."""
    with _lock:
        first_s = _before_s[0]
        _before_s.pop()
        if not _before_s:
            sys.setswitchinterval(first_s)
