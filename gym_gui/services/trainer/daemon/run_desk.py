"""RunDesk: the runs of a trainer that is there: what is known of them, orders for them, and what their workers say.

Any thread.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import RunNotFoundError, RunTransitionError
from gym_gui.services.trainer.daemon.run_shelf import RunShelf
from gym_gui.services.trainer.states import RECORDED_AS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.core.data_model import RunState
    from gym_gui.services.batch_destination import Order
    from gym_gui.services.library import Library
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.daemon.dispatching import Dispatching
    from gym_gui.services.trainer.daemon.progress import ProgressBook
    from gym_gui.services.trainer.dispatch.dispatch_facts import Heartbeat
    from gym_gui.services.trainer.run_store import RunStore, TrainingRun

HOST: Final = socket.gethostname()


class RunDesk(RunShelf):
    """Answers for runs.

    Args:
        dispatcher: Starts and watches the trainer's own.
        store: Remembers them.
        library: What was recorded.
        book: How far those that are recorded now have come.
    """

    def __init__(self, dispatcher: Dispatching, store: RunStore, library: Library, book: ProgressBook) -> None:
        super().__init__(store, library, book)
        self.dispatcher = dispatcher
        self._ours: set[str] = set()

    # Runs.

    def submit(
        self, config: TrainingConfig, *, run_id: str | None, resume_from: str | None, reason: str
    ) -> TrainingRun:
        """A new run; one whose id the client chose, and that is there with the same settings, is that one.

        Raises:
            DuplicateRunError: a run of the same settings is active.
        """
        return self.dispatcher.submit(config, run_id=run_id, resume_from=resume_from, reason=reason)

    def is_ours(self, run_id: str) -> bool:
        """Whether the dispatcher started it."""
        if run_id not in self._ours:
            try:
                self._store.get(run_id)
            except RunNotFoundError:
                return False
            self._ours.add(run_id)
        return True

    def steps_before(self, run_id: str) -> int:
        """Steps of training that the checkpoint which it goes on from had behind it; 0 for one that began anew."""
        try:
            return self._store.get(run_id).steps_before
        except RunNotFoundError:
            return 0

    def is_watched(self, run_id: str) -> bool:
        """Whether the dispatcher says when it is over."""
        try:
            return self._store.get(run_id).state.is_active
        except RunNotFoundError:
            return False

    def verdict(self, run_id: str) -> RunState | None:
        """How the dispatcher says that it ended; None where it says nothing."""
        try:
            return RECORDED_AS.get(self._store.get(run_id).state)
        except RunNotFoundError:
            return None

    def require_ours(self, run_id: str, what: str) -> None:
        """Let an order for a run pass.

        Raises:
            RunTransitionError: a script runs it, which takes no orders.
            RunNotFoundError: there is no such run.
        """
        if not self.is_ours(run_id):
            self.get(run_id)
            raise RunTransitionError(
                f"Run {run_id} was started elsewhere; this trainer cannot {what} it.", hint="End its script instead."
            )

    # Workers.

    def register(self, run_id: str, worker_id: str, token: str) -> bool:
        """Whether that worker of a run of ours has that secret; it runs from now on."""
        return self.is_ours(run_id) and self.dispatcher.register(run_id, worker_id, token)

    def heartbeat(self, run_id: str, worker_id: str, heartbeat: Heartbeat) -> Sequence[Order]:
        """A worker lives; what it is to do."""
        if not self._takes_orders(run_id, worker_id):
            return ()
        self.dispatcher.heartbeat(run_id, worker_id, heartbeat)
        return self.dispatcher.orders(run_id, worker_id)

    def orders(self, run_id: str, worker_id: str) -> Sequence[Order]:
        """What a worker is to do."""
        return self.dispatcher.orders(run_id, worker_id) if self._takes_orders(run_id, worker_id) else ()

    def answered(self, run_id: str, worker_id: str, order_id: int, outcome: str, detail: str) -> None:
        """What became of an order."""
        if self.is_ours(run_id):
            self.dispatcher.answered(run_id, worker_id, order_id, outcome, detail)

    def ended(self, run_id: str, worker_id: str, state: RunState, reason: str) -> None:
        """A worker says how it ended."""
        if self._takes_orders(run_id, worker_id):
            self.dispatcher.ended(run_id, worker_id, state, reason)

    # Inside.

    def _takes_orders(self, run_id: str, worker_id: str) -> bool:
        """Whether a worker is a process that the dispatcher started, and not one that such a process opened beside."""
        if not self.is_ours(run_id):
            return False
        started = self._store.get(run_id).workers
        return not started or any(one.worker_id == worker_id for one in started)
