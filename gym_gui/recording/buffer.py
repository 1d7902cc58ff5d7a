"""RecordBuffer: the bounded queue between a recorder's caller and its writer thread.

`put` runs on the caller's thread; `wait`, `take` and `done` on the writer's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.recording.config import BufferConfig

_LOGGER = logging.getLogger(__name__)
_RECHECK_S: Final = 0.1
# However slow the disk, so many records may wait.
_FEWEST: Final = 64
# Pressure has passed below this share of where it is warned of.
_CALM: Final = 0.6
_Item = TypeVar("_Item")


# An item, the bytes of the arrays that it carries, and when it came (``time.perf_counter``).
Held: TypeAlias = tuple[_Item, int, float]


class RecordBuffer(Generic[_Item]):
    """Holds items until the writer has written them.

    Args:
        config: The budget.
        name: For messages.
        give_up: Called while a caller waits for room; raises where waiting has become pointless.
        wake_records: The writer is woken early when so many wait; else by its clock.
    """

    def __init__(self, config: BufferConfig, *, name: str, give_up: Callable[[], None], wake_records: int = 64) -> None:
        self._name = name
        self._give_up = give_up
        self._max_records = self._limit = config.max_records
        self._max_bytes = config.max_bytes
        self._warning_share = config.warning_threshold
        self._warning_records = config.max_records * config.warning_threshold
        self._warning_bytes = config.max_bytes * config.warning_threshold
        self._most_asleep = wake_records
        self._wake_records = self._early_enough()
        self._wake_bytes = self._warning_bytes / 2
        self._items: deque[Held[_Item]] = deque()
        self._records = 0  # waiting, or taken and not written yet
        self._bytes = 0
        self._pressed = False
        self._idle = True  # the writer waits without a clock
        # With fewer, and few bytes, a record is taken and that is all: no one to wake, no one to warn.
        self._calm_records = 0
        self._woken = False
        self._lock = threading.Lock()
        self._readable = threading.Condition(self._lock)
        self._writable = threading.Condition(self._lock)
        self.accepted = 0
        self.written = 0
        self.warnings = 0
        self.blocked_s = 0.0
        self.blocks = 0
        self.peak_bytes = 0

    @property
    def utilization(self) -> float:
        """Share of the budget that is taken, 0 to 1, by records or by bytes, whichever is more."""
        return min(1.0, max(self._records / self._limit, self._bytes / self._max_bytes))

    @property
    def held_bytes(self) -> int:
        """Bytes of arrays in memory."""
        return self._bytes

    @property
    def held_records(self) -> int:
        """Records in memory."""
        return self._records

    def oldest_s(self) -> float | None:
        """When the oldest item that was not taken came; None where all were."""
        with self._lock:
            return self._items[0][2] if self._items else None

    def limit(self, records: int) -> None:
        """Hold at most so many records from now on, the configuration's number at most: more would be too old."""
        with self._lock:
            self._limit = min(max(records, _FEWEST), self._max_records)
            self._warning_records = self._limit * self._warning_share
            self._wake_records = self._early_enough()
            self._stay_calm()
            self._writable.notify_all()

    def put(self, item: _Item, size_bytes: int, since_s: float) -> None:
        """Take an item; waits while the budget is full.

        Args:
            item: What the writer gets.
            size_bytes: Bytes of its arrays.
            since_s: When it came, ``time.perf_counter``.
        """
        with self._lock:
            records, held_bytes = self._records + 1, self._bytes + size_bytes
            if (records > self._limit or held_bytes > self._max_bytes) and records > 1:
                self._wait_for_room(size_bytes)
                records, held_bytes = self._records + 1, self._bytes + size_bytes
            self._items.append((item, size_bytes, since_s))
            self._records = records
            self._bytes = held_bytes
            self.accepted += 1
            if records < self._calm_records and held_bytes <= self._wake_bytes:
                return
            # Waking costs microseconds: the writer's clock does, unless it sleeps without one or much has come.
            if self._idle or records == self._wake_records or held_bytes > self._wake_bytes:
                self._idle = False
                self._stay_calm()
                self._readable.notify()
            if records < self._warning_records and held_bytes < self._warning_bytes:
                return
            warn, self._pressed = not self._pressed, True
            self.peak_bytes = max(self.peak_bytes, held_bytes)
        if warn:
            self.warnings += 1
            _LOGGER.warning(
                "The buffer of recorder %s is %d %% full: the disk is slower than the recording.",
                self._name,
                round(100 * self.utilization),
            )

    def wait(self, timeout_s: float | None) -> None:
        """Sleep until something comes (*timeout_s* None), much has come, someone wakes it, or the time is over."""
        with self._lock:
            if self._woken:
                self._woken = False
                return
            if timeout_s is None:
                if self._items:
                    return
                self._idle = True
                self._stay_calm()
            elif self._records >= self._wake_records or self._bytes > self._wake_bytes:
                return
            self._readable.wait(timeout_s)
            self._idle = self._woken = False
            self._stay_calm()

    def pause(self, timeout_s: float) -> None:
        """Sleep, however much waits, until someone wakes the writer or the time is over."""
        with self._lock:
            if not self._woken:
                self._readable.wait(timeout_s)
            self._woken = False

    def wake(self) -> None:
        """Let the writer look up now."""
        with self._lock:
            self._woken = True
            self._readable.notify()

    def take(self, max_records: int) -> list[Held[_Item]]:
        """The oldest items; they count against the budget until `done`."""
        with self._lock:
            return [self._items.popleft() for _ in range(min(max_records, len(self._items)))]

    def done(self, items: list[Held[_Item]]) -> None:
        """These were written, or given up: their room is free."""
        size_bytes = sum(one[1] for one in items)
        with self._lock:
            self.peak_bytes = max(self.peak_bytes, self._bytes)
            self._records -= len(items)
            self._bytes -= size_bytes
            self.written += len(items)
            if self._pressed and (
                self._records < _CALM * self._warning_records and self._bytes < _CALM * self._warning_bytes
            ):
                self._pressed = False
            self._writable.notify_all()

    def _stay_calm(self) -> None:
        self._calm_records = 0 if self._idle else min(self._wake_records, int(self._warning_records))

    def _early_enough(self) -> int:
        # What comes between two flushes must not look like pressure.
        return min(self._most_asleep, max(1, int(self._warning_records / 2)))

    def _wait_for_room(self, size_bytes: int) -> None:
        started_s = time.perf_counter()
        self.blocks += 1
        try:
            while self._records and (self._records >= self._limit or self._bytes + size_bytes > self._max_bytes):
                self._give_up()
                self._readable.notify()
                self._writable.wait(_RECHECK_S)
        finally:
            self.blocked_s += time.perf_counter() - started_s
