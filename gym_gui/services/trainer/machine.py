"""The daemon's machine, as far as it counts: processor, memory, disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path


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


def look_at_machine(folder: Path) -> MachineFacts:
    """The machine now; a thing that cannot be seen counts 0."""
    process = psutil.Process()
    memory = psutil.virtual_memory()
    times = process.cpu_times()
    try:
        disk_free_bytes = shutil.disk_usage(folder).free
    except OSError:
        disk_free_bytes = 0
    return MachineFacts(
        cpu_percent=psutil.cpu_percent(),
        process_cpu_s=times.user + times.system,
        memory_bytes=process.memory_info().rss,
        memory_total_bytes=memory.total,
        memory_free_bytes=memory.available,
        disk_free_bytes=disk_free_bytes,
    )
