"""What a sink tells of itself: what it has saved, what it has not, and why; and what every sink can do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """What the sink has done and what it has not.

    Attributes:
        queue_depth: Events waiting in the queue.
        saved_steps: Rows committed.
        saved_frames: Pictures handed to replay files.
        shed_frames: Pictures let go because the queue was full.
        lost_frames: Pictures that the disk refused.
        lost_steps: Rows that could not be kept.
        disk_free_bytes: Free space where the database lies, looked up every two seconds.
        oldest_unsaved_s: Age of the oldest step that is not on disk; 0.0 when all are.
        blocked_s: Seconds that producers waited.
        fault: One sentence while something is wrong; empty when well.
        notice: One sentence where another backend took over from the one that failed; empty otherwise.
    """

    queue_depth: int
    saved_steps: int
    saved_frames: int
    shed_frames: int
    lost_frames: int
    lost_steps: int
    oldest_unsaved_s: float
    blocked_s: float
    disk_free_bytes: int
    fault: str
    notice: str = ""
