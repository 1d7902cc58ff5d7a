"""Outbox: one stream's messages that are not known to be on the trainer's disk: in memory, or spooled; always in order.

Any thread; its condition is everybody's.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gym_gui.services.trainer.client.spool import SpoolError, SpoolFile

if TYPE_CHECKING:
    from collections.abc import Callable

# Beyond it what is spooled has no pictures: a disk is not for a day of them.
MAX_SPOOL_BYTES: Final = 4 * 1024**3


@dataclass(slots=True, eq=False)
class Entry:
    """One message.

    Attributes:
        seq: Its number in the stream.
        size_bytes: Of it.
        data: The message; None where it is in the spool file.
        place: Where it lies there: offset and length.
    """

    seq: int
    size_bytes: int
    data: bytes | None
    place: tuple[int, int] | None = None


class Outbox:
    """Keeps what is under way.

    Args:
        make_spool: Makes the stream's spool file when it is first needed.
    """

    def __init__(self, make_spool: Callable[[], SpoolFile]) -> None:
        self.changed = threading.Condition()
        self.memory_bytes = 0
        self.fault = ""
        self._make_spool = make_spool
        self._spool: SpoolFile | None = None
        self._waiting: deque[Entry] = deque()
        self._sent: deque[Entry] = deque()
        self._spooled = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._sent)

    @property
    def spooled_bytes(self) -> int:
        """Bytes in the spool file."""
        return 0 if self._spool is None else self._spool.size_bytes

    def put(self, seq: int, data: bytes) -> None:
        """A message to send."""
        with self.changed:
            self._waiting.append(Entry(seq, len(data), data))
            self.memory_bytes += len(data)
            self.changed.notify_all()

    def spool(self) -> bool:
        """Put on disk what waits in memory; whether all of it is there."""
        with self.changed:
            try:
                for entry in self._waiting:
                    if entry.data is not None:
                        self._spool = self._spool or self._make_spool()
                        entry.place = self._spool.append(entry.data)
                        self.memory_bytes -= entry.size_bytes
                        self._spooled += 1
                        entry.data = None
                self.fault = ""
            except SpoolError as error:
                self.fault = str(error)
                return False
            return True

    def sync(self) -> None:
        """Let a power cut lose nothing of what is spooled."""
        with self.changed:
            if self._spool is not None and self._spooled:
                try:
                    self._spool.sync()
                except OSError as error:
                    self.fault = str(error)

    def take(self, allowance_bytes: int) -> tuple[int, bytes] | None:
        """The next message to send, its number and bytes, where it is no larger than *allowance_bytes*, or all alone.

        The caller holds `changed`.
        """
        while self._waiting:
            entry = self._waiting[0]
            if self._sent and entry.size_bytes > allowance_bytes:
                return None
            self._waiting.popleft()
            try:
                data = entry.data if entry.data is not None else self._read(entry)
            except SpoolError as error:
                self.fault = str(error)
                self._forget(entry)
                continue
            self._sent.append(entry)
            return entry.seq, data
        return None

    def arrived(self, durable_seq: int) -> None:
        """Everything up to that number is on the trainer's disk."""
        with self.changed:
            for entries in (self._sent, self._waiting):
                while entries and entries[0].seq <= durable_seq:
                    self._forget(entries.popleft())
            if not self._spooled and self._spool is not None and self._spool.size_bytes:
                self._spool.clear()
            self.changed.notify_all()

    def take_back(self) -> None:
        """The connection broke: what was under way is to be sent again."""
        with self.changed:
            self._waiting.extendleft(reversed(self._sent))
            self._sent.clear()
            self.changed.notify_all()

    def close(self) -> None:
        """Let go of the spool file; an empty one is removed."""
        with self.changed:
            if self._spool is not None:
                if self._spooled:
                    self._spool.close()
                else:
                    self._spool.remove()

    def abandon(self) -> list[object]:
        """What must be kept alive in a forked child, so that it lets nothing of its parent's go."""
        return [self._spool]

    def _read(self, entry: Entry) -> bytes:
        if entry.place is None or self._spool is None:
            raise SpoolError("A message is neither in memory nor on disk.")
        return self._spool.read(*entry.place)

    def _forget(self, entry: Entry) -> None:
        if entry.place is not None:
            self._spooled -= 1
        if entry.data is not None:
            self.memory_bytes -= entry.size_bytes
