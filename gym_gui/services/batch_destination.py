"""BatchDestination: where the batches of one worker go: the sink of this process, or a trainer.

`put` runs on the thread that makes batches; the rest may be called from any.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.core.data_model import RunState, StepBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a trainer asks of a worker.

    Attributes:
        order_id: To answer it with.
        kind: ``pause``, ``resume``, ``stop``, ``checkpoint``, ``evaluate``, ``take-control``, ``act``, ``hand-back``.
        detail: What it needs beyond its kind, JSON values.
    """

    order_id: int
    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationStatus:
    """How a destination stands.

    Attributes:
        durable_seq: Newest batch that is known to be on disk.
        waiting_bytes: In memory, not yet handed on.
        spooled_bytes: In a file of this machine, because nobody answers.
        dropped_frames: Pictures let go under pressure.
        connected: Whether it is reached now; always true for a sink of this process.
        starved: Whether it was told to wait.
        fault: One sentence where something is wrong; empty otherwise.
    """

    durable_seq: int = 0
    waiting_bytes: int = 0
    spooled_bytes: int = 0
    dropped_frames: int = 0
    connected: bool = True
    starved: bool = False
    fault: str = ""


class WorkerDestination(Protocol):
    """What a working process has of its destination, wherever batches are made."""

    @property
    def run_id(self) -> str:
        """The run, as the destination named it."""

    @property
    def worker_id(self) -> str:
        """The worker, likewise."""

    def heartbeat(self, *, steps: int, phase: str) -> None:
        """Say how far the worker is; sent along when it is time."""

    def orders(self) -> Sequence[Order]:
        """What was asked for since the last call; never waits."""

    def answer(self, order: Order, outcome: str, detail: str = "") -> None:
        """Say what became of an order: ``done`` or ``refused``."""

    def status(self) -> DestinationStatus:
        """How it stands now."""

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until every batch taken over is on disk, the trainer's or the spool's; whether it is."""

    def close(self, state: RunState, reason: str = "", *, timeout_s: float = 10.0) -> None:
        """Hand everything on and say how the worker ended; safe to call twice."""


class BatchDestination(WorkerDestination, Protocol):
    """Takes one worker's batches; never raises for what the world does, and never loses a row."""

    def put(self, batch: StepBatch) -> None:
        """Take a batch over; waits a little at most. Under pressure its pictures may be let go, and are counted."""
