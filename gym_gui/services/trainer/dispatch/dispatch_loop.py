"""DispatchLoop: the dispatcher's thread and what it shares with whoever calls, under one lock."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from gym_gui.core.clock import utc_now
from gym_gui.core.errors import EnvironmentFault, StoreError
from gym_gui.services.trainer.dispatch.adoption import HOLDING
from gym_gui.services.trainer.dispatch.limits import cpu_capacity
from gym_gui.services.trainer.dispatch.supervisor import Supervisor
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.services.trainer.dispatch.active_run import ActiveRun
    from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchLimits
    from gym_gui.services.trainer.dispatch.starting import Starter
    from gym_gui.services.trainer.run_store import RunStore, TrainingRun

_LOGGER = logging.getLogger(__name__)
TICK_S: Final = 0.25
_SELDOM_S: Final = 1.0  # memory, logs, progress
_SLEPT_S: Final = 2.0  # a tick that comes so late means that this process itself did not run
_MAX_DELAY_S: Final = 60.0


class DispatchLoop:
    """Claims, starts, looks, ends.

    Args:
        store: The registry.
        starter: Starts workers.
        limits: How much, how long.
        owner: What this trainer claims as.
        gpus: Indices of those that runs may have.
        on_change: Hears of each change of a run, outside the lock, in order.
        on_failed: Hears of each run that is put to failed here, once, likewise.
        look_further: Called once a second with the active runs, outside the lock.
    """

    def __init__(
        self,
        store: RunStore,
        starter: Starter,
        limits: DispatchLimits,
        *,
        owner: str,
        gpus: Sequence[int],
        on_change: Callable[[TrainingRun], None],
        on_failed: Callable[[TrainingRun], None],
        look_further: Callable[[list[ActiveRun]], None],
    ) -> None:
        self.lock = threading.RLock()
        self.active: dict[str, ActiveRun] = {}
        self.idle = threading.Condition(self.lock)
        self.fault = ""
        self.owner = owner
        self.gpus = tuple(gpus)
        self.cpus = limits.cpus or cpu_capacity()
        self._store = store
        self._starter = starter
        self._limits = limits
        self._supervisor = Supervisor(store, limits, self.moved)
        self._on_change = on_change
        self._on_failed = on_failed
        self._look_further = look_further
        self._not_before: dict[str, float] = {}
        self._changes: deque[TrainingRun] = deque()
        self._failures: deque[TrainingRun] = deque()
        self._telling = threading.RLock()
        self._wake = threading.Event()
        self._ends = False
        self._is_draining = False
        self._next_seldom = 0.0
        self._last_tick: float | None = None
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    # The thread.

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Something changed: look at once."""
        self._wake.set()

    def drain(self) -> None:
        """Start nothing more."""
        self._is_draining = True

    def close(self) -> None:
        """End the thread; processes go on."""
        self._ends = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._starter.close()
        with self.lock:
            for active in self.active.values():
                if active.process is not None:
                    active.process.let_go()
            self.active.clear()

    def _run(self) -> None:
        while not self._ends:
            try:
                self.tick(time.monotonic())
            except Exception:  # the edge of a thread: whatever it is, the next tick comes
                _LOGGER.exception("The dispatcher stumbled; it goes on.")
            self._wake.wait(TICK_S)
            self._wake.clear()

    # One round.

    def tick(self, now: float) -> None:
        """One round: look at what runs, start what may, say what changed.

        Args:
            now: Seconds of the monotonic clock.
        """
        seldom = now >= self._next_seldom
        if seldom:
            self._next_seldom = now + _SELDOM_S
        try:
            with self.lock:
                self._forgive_own_sleep(now)
                if seldom:
                    self._look_at_registry()
                self._end_what_ended(now, measure=seldom)
                self._start_what_may(now)
                if seldom:
                    self._save_progress(now)
                active = list(self.active.values())
            self._recovered()
        except StoreError as error:
            self._failed(error)
            with self.lock:
                active = list(self.active.values())
        if seldom:
            self._starter.look_after()
            self._look_further(active)
        self.tell()

    def _forgive_own_sleep(self, now: float) -> None:
        # A laptop that was closed, a halted process: the workers were as silent as we were deaf.
        slept_s = 0.0 if self._last_tick is None else now - self._last_tick
        if slept_s > _SLEPT_S:
            for active in self.active.values():
                active.forgive(slept_s)
        self._last_tick = now

    def _look_at_registry(self) -> None:
        # Another trainer on the same registry may have ended a run in the instant in which we claimed it.
        if not self.active:
            return
        ours = {run.run_id for run in self._store.list(HOLDING, limit=1_000_000) if run.owner == self.owner}
        for run_id in self.active.keys() - ours:
            if self.active[run_id].cancel_reason is None:
                self.active[run_id].cancel_reason = "It was ended elsewhere."

    def _end_what_ended(self, now: float, *, measure: bool) -> None:
        for active in list(self.active.values()):
            if measure:
                active.folder.bound_log(self._limits.log_bytes)
        for active in self._supervisor.look(list(self.active.values()), now, measure=measure):
            del self.active[active.run.run_id]
            if active.run.state is TrainingState.FAILED:
                self._failures.append(active.run)
            if active.run.state is TrainingState.PENDING:
                delay_s = self._limits.restart_delay_s * 2 ** min(max(0, active.run.restarts - 1), 10)
                self._not_before[active.run.run_id] = now + min(delay_s, _MAX_DELAY_S)
            self.idle.notify_all()

    def _start_what_may(self, now: float) -> None:
        while not self._is_draining and not self._ends:
            self._not_before = {run_id: when for run_id, when in self._not_before.items() if when > now}
            run = self._store.claim(
                cpus=self.cpus,
                gpus=self.gpus,
                at_most=self._limits.max_runs,
                owner=self.owner,
                except_for=self._not_before.keys(),
            )
            if run is None:
                return
            self.moved(run)
            # Known before it is started: whatever happens on the way, the slot is looked after.
            self.active[run.run_id] = self._starter.prepared(run, now)
            self._starter.start(self.active[run.run_id])
            self.moved(self.active[run.run_id].run)

    def _save_progress(self, now: float) -> None:
        for active in self.active.values():
            worker = active.heard_lately(now, utc_now())
            if worker is not None:
                self._store.set_workers(active.run.run_id, [worker])
                active.run = self._store.get(active.run.run_id)
            if active.progress is not None:
                self._store.set_progress(active.run.run_id, active.progress)
                active.progress = None
                active.run = self._store.get(active.run.run_id)
                self.moved(active.run)
            elif active.process is not None and not active.run.workers:
                self._starter.record(active)

    # What others hear.

    def settle(self, active: ActiveRun) -> None:
        """Tell the registry what a run owes it, now rather than at the next look.

        Raises:
            StoreError: it cannot be written; the next look tries again.
        """
        self._supervisor.settle(active)

    def moved(self, run: TrainingRun) -> None:
        """A run changed; `tell` says it."""
        self._changes.append(run)

    def tell(self) -> None:
        """Say every change that was not said; outside the lock."""
        with self._telling:
            while self._changes:
                try:
                    self._on_change(self._changes.popleft())
                except EnvironmentFault as fault:
                    _LOGGER.warning("A change of a run could not be told: %s", fault)
            while self._failures:
                self._on_failed(self._failures.popleft())

    def refresh(self, run_id: str) -> TrainingRun:
        """A run as the registry has it now.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        with self.lock:
            run = self._store.get(run_id)
            if run_id in self.active:
                self.active[run_id].run = run
            return run

    def _failed(self, error: StoreError) -> None:
        if not self.fault:
            _LOGGER.warning("The dispatcher waits for its registry: %s", error)
        self.fault = str(error)

    def _recovered(self) -> None:
        if self.fault:
            _LOGGER.info("The registry can be written again.")
        self.fault = ""
