"""How the trainer and its machine stand, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerHello:
    """Who answers at an address.

    Attributes:
        application: Its name and version.
        protocol: Major and minor version of the contract that it speaks.
        capabilities: What both sides can do.
        var_dir_id: Says whether two addresses are one folder.
        payload_versions: Versions of the steps' contract that it takes.
        enforces_schema: Whether steps that do not keep it are refused.
    """

    application: str
    protocol: tuple[int, int]
    capabilities: tuple[str, ...]
    var_dir_id: str
    payload_versions: tuple[int, ...]
    enforces_schema: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuStatus:
    """One GPU.

    Attributes:
        index: As the driver counts.
        name: Of its kind.
        memory_total_bytes: What it has.
        memory_used_bytes: What is taken.
        utilization_percent: How busy it is.
        run_id: The run that holds it; empty for none.
    """

    index: int
    name: str
    memory_total_bytes: int = 0
    memory_used_bytes: int = 0
    utilization_percent: float = 0.0
    run_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """What of a run is taken over, and not yet on disk.

    Attributes:
        run_id: The run.
        depth: Batches.
        size_bytes: Of them.
        lag_s: Age of the oldest.
    """

    run_id: str
    depth: int
    size_bytes: int
    lag_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStatus:
    """Something that somebody should look at.

    Attributes:
        run_id: The run; empty where it is about the machine.
        kind: ``no-progress``, ``nan``, ``return-collapsed``, ``heartbeat-late``, ``disk-low``.
        sentence: What it is.
        since: When it began.
        active: Whether it still holds.
    """

    run_id: str
    kind: str
    sentence: str
    since: datetime | None
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """One worker that is connected, or was a moment ago.

    Attributes:
        run_id: Its run.
        worker_id: Its name within it.
        host: Where it runs.
        pid: Its process there.
        phase: What it does, as it says.
        silent_s: Seconds since it was heard of.
        late: Whether that is too long.
        starved: Whether it was told to wait.
        spooled_bytes: What waits in its file.
    """

    run_id: str
    worker_id: str
    host: str = ""
    pid: int = 0
    phase: str = ""
    silent_s: float = 0.0
    late: bool = False
    starved: bool = False
    spooled_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerStatus:
    """All of it.

    Attributes:
        application: Its name and version.
        pid: Of the daemon.
        host: Where it runs.
        started_at: Since when.
        var_dir: Its folder there.
        cpu_percent: Of the machine.
        memory_bytes: Of the daemon.
        memory_total_bytes: Of the machine.
        memory_free_bytes: Likewise.
        disk_free_bytes: Where it records.
        gpus: What there is.
        queues: What is under way, by run.
        workers: Who is connected.
        running: Runs that are active.
        waiting: Runs that wait for a slot.
        capacity: Runs that may be active at once.
        alerts: What to look at.
        sink_fault: One sentence where recording stands still.
        drops: What was let go, by cause.
    """

    application: str
    pid: int
    host: str
    started_at: datetime | None
    var_dir: str
    cpu_percent: float = 0.0
    memory_bytes: int = 0
    memory_total_bytes: int = 0
    memory_free_bytes: int = 0
    disk_free_bytes: int = 0
    gpus: tuple[GpuStatus, ...] = ()
    queues: tuple[QueueStatus, ...] = ()
    workers: tuple[WorkerStatus, ...] = ()
    running: int = 0
    waiting: int = 0
    capacity: int = 0
    alerts: tuple[AlertStatus, ...] = ()
    sink_fault: str = ""
    drops: Mapping[str, int] = field(default_factory=dict)
