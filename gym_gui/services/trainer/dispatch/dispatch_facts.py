"""What the dispatcher is told and tells: limits, heartbeats, how it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - documentation tools read the annotations


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchLimits:
    """How much may run at once, and how long the dispatcher waits for what.

    Attributes:
        max_runs: Runs that may be active at once.
        cpus: Cores that runs may count for; 0 for those that this process may use.
        gpus: Indices of the GPUs that runs may have; None for those that there are.
        heartbeat_timeout_s: Silence of a worker after which its run fails; of the monotonic clock.
        start_timeout_s: How long a worker may take to register.
        adoption_grace_s: How long workers of an earlier trainer may take to find the new one.
        stop_grace_s: Between asking a worker to stop and killing it.
        hung_grace_s: The same for one that is not heard of any more.
        restart_delay_s: Before the first restart; doubled each time.
        log_bytes: Of a worker's log; then it begins anew, and the last one is kept beside it.
        disk_low_mb: Free megabytes under which an alert is raised.
        no_progress_s: Seconds without a step after which an alert is raised.
        purge_after_days: Age, since their end, at which archived runs lose their data; 0 for never.
    """

    max_runs: int = 4
    cpus: float = 0.0
    gpus: tuple[int, ...] | None = None
    heartbeat_timeout_s: float = 15.0
    start_timeout_s: float = 60.0
    adoption_grace_s: float = 60.0
    stop_grace_s: float = 10.0
    hung_grace_s: float = 2.0
    restart_delay_s: float = 1.0
    log_bytes: int = 16_000_000
    disk_low_mb: int = 1_000
    no_progress_s: float = 300.0
    purge_after_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a worker says of itself, again and again.

    Attributes:
        steps: Taken so far.
        phase: ``training``, ``evaluating``, ``paused``, ``saving``.
        cpu_s: Processor time so far.
        memory_bytes: Resident.
        spooled_bytes: Waiting on its disk.
        dropped_frames: Pictures let go so far.
    """

    steps: int = 0
    phase: str = "training"
    cpu_s: float = 0.0
    memory_bytes: int = 0
    spooled_bytes: int = 0
    dropped_frames: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFacts:
    """One GPU.

    Attributes:
        index: As the driver counts them.
        name: Its model.
        memory_total_bytes: What it has.
        memory_used_bytes: What anybody uses of it.
        utilization_percent: Over the driver's last interval.
        run_id: Who holds it; empty for nobody.
    """

    index: int
    name: str = ""
    memory_total_bytes: int = 0
    memory_used_bytes: int = 0
    utilization_percent: float = 0.0
    run_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that a person should look at.

    Attributes:
        kind: ``no-progress``, ``nan``, ``return-collapsed``, ``heartbeat-late``, ``disk-low``, ``failed``.
        run_id: Of which run; empty for the machine's.
        sentence: What is the matter.
        since: When it began, aware, UTC.
        active: Whether it is still so.
    """

    kind: str
    run_id: str
    sentence: str
    since: datetime
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchStatus:
    """How the dispatcher stands.

    Attributes:
        running: Runs that hold a slot.
        waiting: Runs that wait for one.
        capacity: Runs that may be active at once.
        gpus: Those that there are, with who holds them.
        alerts: Active ones first, then those that have passed.
        queue: Runs that wait, the next one first.
        fault: One sentence where the registry cannot be written; empty otherwise.
    """

    running: int
    waiting: int
    capacity: int
    gpus: tuple[GpuFacts, ...] = ()
    alerts: tuple[Alert, ...] = ()
    queue: tuple[str, ...] = field(default=())
    fault: str = ""
