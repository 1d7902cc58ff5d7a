"""RecordBuffer: the bounded queue between a recorder's caller and its writer thread.

`put` runs on the caller's thread; `wait`, `take` and `done` on the writer's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

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


class Sized(NamedTuple, Generic[_Item]):
    """An item with the bytes of the arrays it carries, and when it came (``time.monotonic``)."""

    item: _Item
    size_bytes: int
    since_s: float


class RecordBuffer(Generic[_Item]):
    """Holds items until the writer has written them.

    Args:
        config: The budget.
        name: For messages.
        wake_records: The writer is woken early when so many wait; else by its clock.
    """

    def __init__(self, config: BufferConfig, *, name: str, wake_records: int = 64) -> None:
        self._name = name
        self._max_records = self._limit = config.max_records
        self._max_bytes = config.max_bytes
        self._warning_share = config.warning_threshold
        self._warning_records = config.max_records * config.warning_threshold
        self._warning_bytes = config.max_bytes * config.warning_threshold
        self._wake_records = min(wake_records, max(1, int(self._warning_records / 2)))
        self._wake_bytes = self._warning_bytes / 2
        self._items: deque[Sized[_Item]] = deque()
        self._records = 0  # waiting, or taken and not written yet
        self._bytes = 0
        self._pressed = False
        self._idle = True  # the writer waits without a clock
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
            return self._items[0].since_s if self._items else None

    def limit(self, records: int) -> None:
        """Hold at most so many records from now on, the configuration's number at most: more would be too old."""
        with self._lock:
            self._limit = min(max(records, _FEWEST), self._max_records)
            self._warning_records = self._limit * self._warning_share
            self._writable.notify_all()

    def put(self, item: _Item, size_bytes: int, give_up: Callable[[], None]) -> None:
        """Take an item; waits while the budget is full.

        Args:
            item: What the writer gets.
            size_bytes: Bytes of its arrays.
            give_up: Called while waiting; raises where waiting has become pointless.
        """
        with self._lock:
            if self._records and (self._records >= self._limit or self._bytes + size_bytes > self._max_bytes):
                self._wait_for_room(size_bytes, give_up)
            self._items.append(Sized(item, size_bytes, time.monotonic()))
            self._records += 1
            self._bytes += size_bytes
            self.accepted += 1
            self.peak_bytes = max(self.peak_bytes, self._bytes)
            # Waking costs microseconds: the writer's clock does, unless it sleeps without one or much has come.
            if self._idle or self._records == self._wake_records or self._bytes > self._wake_bytes:
                self._idle = False
                self._readable.notify()
            warn = not self._pressed and (self._records >= self._warning_records or self._bytes >= self._warning_bytes)
            if warn:
                self._pressed = True
                self.warnings += 1
        if warn:
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
            elif self._records >= self._wake_records or self._bytes > self._wake_bytes:
                return
            self._readable.wait(timeout_s)
            self._idle = self._woken = False

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

    def take(self, max_records: int) -> list[Sized[_Item]]:
        """The oldest items; they count against the budget until `done`."""
        with self._lock:
            return [self._items.popleft() for _ in range(min(max_records, len(self._items)))]

    def done(self, items: list[Sized[_Item]]) -> None:
        """These were written, or given up: their room is free."""
        size_bytes = sum(one.size_bytes for one in items)
        with self._lock:
            self._records -= len(items)
            self._bytes -= size_bytes
            self.written += len(items)
            if self._pressed and (
                self._records < _CALM * self._warning_records and self._bytes < _CALM * self._warning_bytes
            ):
                self._pressed = False
            self._writable.notify_all()

    def _wait_for_room(self, size_bytes: int, give_up: Callable[[], None]) -> None:
        started_s = time.perf_counter()
        self.blocks += 1
        try:
            while self._records and (self._records >= self._limit or self._bytes + size_bytes > self._max_bytes):
                give_up()
                self._readable.notify()
                self._writable.wait(_RECHECK_S)
        finally:
            self.blocked_s += time.perf_counter() - started_s
