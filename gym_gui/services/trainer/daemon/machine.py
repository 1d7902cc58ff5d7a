"""The daemon's machine, as far as it counts: processor, memory, disk."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from pathlib import Path


# Of all cores together: a look after less tells more of chance than of the machine.
_SPAN_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """A look at the machine.

    Attributes:
        cpu_percent: Of all cores, since the last look.
        process_cpu_s: Seconds of the daemon's own.
        memory_bytes: Of the daemon.
        memory_total_bytes: Of the machine.
        memory_free_bytes: What a new process could have.
        disk_free_bytes: Where it records.
    """

    cpu_percent: float
    process_cpu_s: float
    memory_bytes: int
    memory_total_bytes: int
    memory_free_bytes: int
    disk_free_bytes: int


class Machine:
    """Looks at the machine; any thread.

    Args:
        folder: Where the trainer records.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._times = _busy_and_all()
        self._percent = 0.0

    def look(self) -> MachineFacts:
        """The machine now; a thing that cannot be seen counts 0."""
        with self._lock:
            busy_s, all_s = _busy_and_all()
            if all_s - self._times[1] > _SPAN_S:  # two who ask at once are told the same
                self._percent = 100 * (busy_s - self._times[0]) / (all_s - self._times[1])
                self._times = busy_s, all_s
            return _facts(self._folder, self._percent)


def _busy_and_all() -> tuple[float, float]:
    """Seconds that the cores worked since the machine started, and that there were of them."""
    times = psutil.cpu_times()
    all_s = sum(times)
    return all_s - times.idle - getattr(times, "iowait", 0.0), all_s


def _facts(folder: Path, cpu_percent: float) -> MachineFacts:
    process = psutil.Process()
    memory = psutil.virtual_memory()
    times = process.cpu_times()
    try:
        disk_free_bytes = shutil.disk_usage(folder).free
    except OSError:
        disk_free_bytes = 0
    return MachineFacts(
        cpu_percent=cpu_percent,
        process_cpu_s=times.user + times.system,
        memory_bytes=process.memory_info().rss,
        memory_total_bytes=memory.total,
        memory_free_bytes=memory.available,
        disk_free_bytes=disk_free_bytes,
    )
