"""Limits: the cores that runs may count for, and the memory that a run may take."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final

_CGROUP_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
_MB: Final = 1024 * 1024


def cpu_capacity() -> float:
    """Cores that this process may use: those it is bound to, or fewer where a container's quota says so."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    try:
        quota, period = _CGROUP_QUOTA.read_text(encoding="ascii").split()
        return cores if quota == "max" else max(1.0, min(cores, int(quota) / int(period)))
    except (OSError, ValueError):
        return cores


def threads_for(cpus: float) -> int:
    """Threads that numerical libraries of a run with so many cores should use."""
    return max(1, math.floor(cpus))


def memory_fault(used_bytes: int, limit_mb: int) -> str:
    """The sentence where a run uses more memory than it may; empty where it does not.

    Args:
        used_bytes: Resident memory of all its processes.
        limit_mb: What it may have; 0 for no limit.
    """
    if not limit_mb or used_bytes <= limit_mb * _MB:
        return ""
    return f"Its processes use {used_bytes // _MB:,} MB of memory; {limit_mb:,} MB are allowed."
