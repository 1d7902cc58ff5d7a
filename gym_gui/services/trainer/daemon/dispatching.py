"""Dispatching: what the daemon asks of whoever starts and watches training runs. Any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.core.data_model import RunState
    from gym_gui.services.batch_destination import Order
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchStatus, Heartbeat
    from gym_gui.services.trainer.run_store import RunProgress, TrainingRun


class Dispatching(Protocol):
    """Starts runs, and hears of them."""

    def start(self) -> None:
        """Begin to look for runs that wait."""

    def close(self, cancel_runs: bool) -> None:
        """End; runs go on unless they are to be cancelled."""

    def submit(
        self, config: TrainingConfig, *, run_id: str | None = None, resume_from: str | None = None, reason: str = ""
    ) -> TrainingRun:
        """A new run."""

    def cancel(self, run_id: str, reason: str) -> TrainingRun:
        """End a run."""

    def pause(self, run_id: str, reason: str) -> TrainingRun:
        """Let a run wait."""

    def resume(self, run_id: str, reason: str) -> TrainingRun:
        """Let it go on."""

    def archive(self, run_id: str, reason: str) -> TrainingRun:
        """Put an ended run away."""

    def unarchive(self, run_id: str, reason: str) -> TrainingRun:
        """Take a run out of the archive again."""

    def purge(self, run_id: str, reason: str) -> Sequence[str]:
        """Delete an archived run's data; what was removed, in words."""

    def register(self, run_id: str, worker_id: str, token: str) -> bool:
        """A worker shows its secret."""

    def heartbeat(self, run_id: str, worker_id: str, heartbeat: Heartbeat) -> None:
        """A worker lives."""

    def progressed(self, run_id: str, progress: RunProgress) -> None:
        """A run has come further."""

    def script_failed(self, run: TrainingRun) -> None:
        """A run failed that a script published and nobody here watches over."""

    def script_over(self, run_id: str) -> None:
        """A run is over that a script published and nobody here watches over."""

    def scalar_seen(self, run_id: str, name: str, *, finite: bool, published: bool = False) -> None:
        """A learner logged something; whether its newest value is a number, and whether a script published it."""

    def ended(self, run_id: str, worker_id: str, state: RunState, reason: str) -> None:
        """A worker says how it ended."""

    def order(self, run_id: str, kind: str, detail: Mapping[str, Any]) -> Order:
        """Give a run's worker an order."""

    def orders(self, run_id: str, worker_id: str) -> Sequence[Order]:
        """What a worker is to do."""

    def answered(self, run_id: str, worker_id: str, order_id: int, outcome: str, detail: str) -> None:
        """What became of an order."""

    def status(self) -> DispatchStatus:
        """How it stands: running, waiting, capacity, gpus, alerts."""
