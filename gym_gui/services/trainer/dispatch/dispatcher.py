"""Dispatcher: what the trainer asks of its runs, and hears from their workers.

Every method may be called from any thread. What the registry cannot take, a full disk say, is tried again until it can.
"""

from __future__ import annotations

import hmac
import logging
import time
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import EnvironmentFault, RunNotFoundError, RunTransitionError, TrainerRefusedError
from gym_gui.core.variables import TRAINER
from gym_gui.services.batch_destination import Order
from gym_gui.services.trainer.dispatch import purging
from gym_gui.services.trainer.dispatch.active_run import ActiveRun, Verdict
from gym_gui.services.trainer.dispatch.adoption import adopted, owner_name
from gym_gui.services.trainer.dispatch.alerts import AlertBook
from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchStatus
from gym_gui.services.trainer.dispatch.dispatch_loop import DispatchLoop
from gym_gui.services.trainer.dispatch.gpus import discover_gpus
from gym_gui.services.trainer.dispatch.run_folder import steps_of
from gym_gui.services.trainer.dispatch.starting import Starter, digest_of
from gym_gui.services.trainer.dispatch.submitting import check_config, new_run_id, require_checkpoint, same_run
from gym_gui.services.trainer.states import Retention, TrainingState, check_transition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.config.paths import VarPaths
    from gym_gui.core.data_model import RunState
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.dispatch.dispatch_facts import Alert, DispatchLimits, Heartbeat
    from gym_gui.services.trainer.dispatch.launchers.protocol import Launcher
    from gym_gui.services.trainer.run_store import RunProgress, RunStore, TrainingRun

_LOGGER = logging.getLogger(__name__)
_CLOSING_S: Final = 60.0
_PURGE_EVERY_S: Final = 3_600.0


class Dispatcher:
    """Starts runs, looks after them, and ends them.

    Args:
        store: Remembers them; several dispatchers of different var folders may share one.
        launchers: Name -> launcher.
        paths: Of the var folder.
        trainer_address: ``host:port`` for workers.
        limits: How much may run, how long to wait.
        on_change: Hears of every change of a run, state or progress, in order, on any thread.
        variables: More variables for workers: ``GYM_GUI_TRAINER_TOKEN_FILE``, say.
        on_alert: Hears of every alert as it is raised or cleared.

    Raises:
        StoreError: the trainer's folder cannot be written.
    """

    def __init__(
        self,
        store: RunStore,
        launchers: Mapping[str, Launcher],
        *,
        paths: VarPaths,
        trainer_address: str,
        limits: DispatchLimits,
        on_change: Callable[[TrainingRun], None],
        variables: Mapping[str, str] | None = None,
        on_alert: Callable[[Alert], None] | None = None,
    ) -> None:
        self._store = store
        self._launchers = launchers
        self._paths = paths
        self._limits = limits
        self._alerts = AlertBook(limits, paths.root, on_alert or (lambda _alert: None))
        gpus = tuple(gpu.index for gpu in discover_gpus()) if limits.gpus is None else limits.gpus
        given = {TRAINER: trainer_address, **(variables or {})}
        self._loop = DispatchLoop(
            store,
            Starter(store, launchers, paths=paths, variables=given, limits=limits),
            limits,
            owner=owner_name(paths),
            gpus=gpus,
            on_change=on_change,
            on_failed=self._alerts.run_failed,
            look_further=self._look_further,
        )
        self._next_purge_s = 0.0
        # Unique beyond the life of one trainer: a worker may know an order of the last one.
        self._order_ids = count(time.time_ns() // 1_000)

    # Life.

    def start(self) -> None:
        """Take over what an earlier trainer left, and begin.

        Raises:
            StoreError: the registry cannot be read.
        """
        found = adopted(self._store, self._paths, self._loop.owner, self._limits, time.monotonic())
        for active in found:
            self._loop.active[active.run.run_id] = active
        if found:
            _LOGGER.info("%d runs of an earlier trainer are taken over.", len(found))
        self._loop.start()

    def close(self, cancel_runs: bool) -> None:
        """End. Runs go on and are taken over by the next trainer; those that wait go on waiting.

        Args:
            cancel_runs: Cancel those that hold a slot, and wait until they are gone.
        """
        if cancel_runs:
            self._loop.drain()
            with self._loop.idle:
                for active in self._loop.active.values():
                    self._ask_to_cancel(active, "The trainer was shut down.")
                self._loop.wake()
                self._loop.idle.wait_for(lambda: not self._loop.active, _CLOSING_S)
        self._loop.close()
        self._loop.tell()

    def wake(self) -> None:
        """Something changed: look at once."""
        self._loop.wake()

    # Runs.

    def submit(
        self, config: TrainingConfig, *, run_id: str | None = None, resume_from: str | None = None, reason: str = ""
    ) -> TrainingRun:
        """A new run, which waits for its slot; the same call with the same *run_id* again gives the same run.

        Args:
            config: What it is.
            run_id: What it is called; None for a name of ours.
            resume_from: A run from whose newest checkpoint it goes on.
            reason: Why, in a person's words.

        Raises:
            DuplicateRunError: a run of the same configuration is active.
            TrainerRefusedError: it could never run here, there is no such checkpoint, or its name is another run's.
            RunNotFoundError: there is no run *resume_from*.
            StoreError: the registry refuses.
        """
        check_config(config, launchers=self._launchers.keys(), cpus=self._loop.cpus, gpus=len(self._loop.gpus))
        with self._loop.lock:
            if run_id is not None:
                there = same_run(self._store, run_id, config)
                if there is not None:
                    return there
            before = 0
            if resume_from is not None:
                before = steps_of(require_checkpoint(self._store, self._paths, resume_from))
            run = self._store.add(
                run_id or new_run_id(config), config, resumed_from=resume_from, steps_before=before, reason=reason
            )
            self._loop.moved(run)
        self._loop.tell()
        self._loop.wake()
        return run

    def cancel(self, run_id: str, reason: str) -> TrainingRun:
        """End a run: at once where it waits, else when its worker has stopped or was killed.

        Raises:
            RunNotFoundError: there is no such run.
            RunTransitionError: it has ended.
            TrainerRefusedError: another trainer runs it.
        """
        with self._loop.lock:
            run = self._store.get(run_id)
            check_transition(run_id, run.state, TrainingState.CANCELLED)
            if run.state is TrainingState.PENDING:
                run = self._store.move(run_id, TrainingState.CANCELLED, reason or "It was cancelled.")
                self._loop.moved(run)
            else:
                self._ask_to_cancel(self._held(run), reason or "It was cancelled.")
        self._loop.tell()
        self._loop.wake()
        return run

    def pause(self, run_id: str, reason: str) -> TrainingRun:
        """Order a run to wait between two steps; it is paused once its worker says so.

        Raises:
            RunNotFoundError: there is no such run.
            RunTransitionError: it does not run.
            TrainerRefusedError: another trainer runs it.
        """
        with self._loop.lock:
            run = self._store.get(run_id)
            check_transition(run_id, run.state, TrainingState.PAUSED)
            self._order_instead(self._held(run), "pause", "resume", reason)
        return run

    def resume(self, run_id: str, reason: str) -> TrainingRun:
        """Order a paused run to go on, or take back the order to pause.

        Raises:
            RunNotFoundError: there is no such run.
            RunTransitionError: it is not paused.
            TrainerRefusedError: another trainer runs it.
        """
        with self._loop.lock:
            run = self._store.get(run_id)
            active = self._loop.active.get(run_id)
            if active is None or (active.waiting_order("pause") is None and active.owed is None):
                check_transition(run_id, run.state, TrainingState.RUNNING)
                if run.state is not TrainingState.PAUSED:
                    raise RunTransitionError(f"Run {run_id} is {run.state.value}; it is not paused.")
            self._order_instead(self._held(run), "resume", "pause", reason)
        return run

    def archive(self, run_id: str, reason: str) -> TrainingRun:
        """Put an ended run away; its data stays.

        Raises:
            RunNotFoundError: there is no such run.
            RunTransitionError: it has not ended, or is archived.
        """
        return self._retained(run_id, Retention.RETAINED, reason or "It was archived.")

    def unarchive(self, run_id: str, reason: str) -> TrainingRun:
        """Take a run out of the archive again.

        Raises:
            RunNotFoundError: there is no such run.
            RunTransitionError: it is not archived.
        """
        return self._retained(run_id, Retention.NONE, reason or "It was taken out of the archive.")

    def purge(self, run_id: str, reason: str) -> list[str]:
        """Delete an archived run's rows, pictures, checkpoints and logs; what it was stays in the registry.

        Raises:
            RunNotFoundError: there is no such run.
            RunTransitionError: it is not archived.
            TrainerRefusedError: another trainer has its data.
            StoreError: something could not be deleted; calling again goes on.
        """
        run = self._store.get(run_id)
        self._check_owner(run)
        removed = purging.purge(self._store, self._paths, run, reason or "Its data was deleted.")
        self._loop.moved(self._store.get(run_id))
        self._loop.tell()
        return removed

    # Workers.

    def register(self, run_id: str, worker_id: str, token: str) -> bool:
        """A worker shows its secret: whether it is the run's; the run runs from now on.

        Raises:
            StoreError: the registry cannot be written now.
        """
        with self._loop.lock:
            active = self._loop.active.get(run_id)
            if active is None or not hmac.compare_digest(digest_of(token), active.token_digest):
                return False
            active.heard_of(worker_id, time.monotonic())
            active.tell_again()
            if active.run.state is TrainingState.DISPATCHING:
                self._move(active, TrainingState.RUNNING, f"Its worker {worker_id} registered.")
        self._loop.tell()
        return True

    def heartbeat(self, run_id: str, worker_id: str, heartbeat: Heartbeat) -> None:
        """A worker lives."""
        with self._loop.lock:
            active = self._loop.active.get(run_id)
            if active is not None:
                active.heard_of(worker_id, time.monotonic())
                active.phase = heartbeat.phase

    def progressed(self, run_id: str, progress: RunProgress) -> None:
        """A run has come further; it is written within a second."""
        with self._loop.lock:
            active = self._loop.active.get(run_id)
            if active is not None:
                active.progress = active.latest = progress
                return
        try:
            self._store.set_progress(run_id, progress)
        except RunNotFoundError:
            return  # a script's, which no registry knows

    def scalar_seen(self, run_id: str, name: str, *, finite: bool, published: bool = False) -> None:
        """A scalar of a run came: whether its newest value is a number, and whether the run is a script's."""
        self._alerts.scalar_seen(run_id, name, finite=finite, published=published)

    def script_over(self, run_id: str) -> None:
        """A run is over that a script published."""
        self._alerts.script_over(run_id)

    def script_failed(self, run: TrainingRun) -> None:
        """A run failed that a script published and nobody here watches over."""
        self._alerts.run_failed(run)

    def ended(self, run_id: str, worker_id: str, state: RunState, reason: str) -> None:
        """A worker says how it ended; the run ends when its processes are gone."""
        with self._loop.lock:
            active = self._loop.active.get(run_id)
            if active is not None:
                active.heard_of(worker_id, time.monotonic())
                active.said = (state, reason)
        self._loop.wake()

    def order(self, run_id: str, kind: str, detail: Mapping[str, Any]) -> Order:
        """Order a run's worker to do something: ``checkpoint``, ``evaluate``, ``take-control``, ``act``, ``hand-back``.

        Raises:
            RunNotFoundError: there is no such run.
            RunTransitionError: it does not run.
            TrainerRefusedError: another trainer runs it.
        """
        with self._loop.lock:
            run = self._store.get(run_id)
            if run.state not in {TrainingState.RUNNING, TrainingState.PAUSED}:
                raise RunTransitionError(f"Run {run_id} is {run.state.value}; it takes no orders.")
            return self._order(self._held(run), kind, detail)

    def orders(self, run_id: str, worker_id: str) -> list[Order]:  # noqa: ARG002 - a run has one worker that takes orders
        """What a worker was not told yet; each order once, and again after it registered again."""
        with self._loop.lock:
            active = self._loop.active.get(run_id)
            return [] if active is None else active.take_orders()

    def answered(self, run_id: str, worker_id: str, order_id: int, outcome: str, detail: str) -> None:
        """What became of an order: ``done`` or ``refused``."""
        with self._loop.lock:
            active = self._loop.active.get(run_id)
            order = None if active is None else active.orders.pop(order_id, None)
            if active is None or order is None:
                return
            active.heard_of(worker_id, time.monotonic())
            after = {"pause": TrainingState.PAUSED, "resume": TrainingState.RUNNING}.get(order.kind)
            if outcome != "done":
                _LOGGER.info("Run %s refused the order %s: %s", run_id, order.kind, detail)
            elif after is not None:
                reason = str(order.detail.get("reason") or detail or f"{order.kind} was ordered.")
                active.owed = None if active.run.state is after else Verdict(after, reason)
                self._loop.settle(active)
        self._loop.tell()

    def status(self) -> DispatchStatus:
        """How it stands, GPUs measured now.

        Raises:
            StoreError: the registry cannot be read.
        """
        oldest_first = list(reversed(self._store.list((TrainingState.PENDING,), limit=1_000_000)))
        waiting = sorted(oldest_first, key=lambda run: -run.config.priority)
        with self._loop.lock:
            held = {gpu: active.run.run_id for active in self._loop.active.values() for gpu in active.run.gpus}
            running = len(self._loop.active)
        return DispatchStatus(
            running=running,
            waiting=len(waiting),
            capacity=self._limits.max_runs,
            gpus=tuple(replace(gpu, run_id=held.get(gpu.index, "")) for gpu in discover_gpus()),
            alerts=self._alerts.alerts(),
            queue=tuple(run.run_id for run in waiting),
            fault=self._loop.fault,
        )

    # Inside.

    def _look_further(self, active: list[ActiveRun]) -> None:
        self._alerts.look(active)
        now = time.monotonic()
        if self._limits.purge_after_days and now >= self._next_purge_s:
            self._next_purge_s = now + _PURGE_EVERY_S
            days = self._limits.purge_after_days
            try:
                for run_id in purging.purge_old(self._store, self._paths, self._loop.owner, days):
                    self._loop.moved(self._store.get(run_id))
            except EnvironmentFault as fault:
                _LOGGER.warning("Old runs are not all purged: %s", fault)

    def _held(self, run: TrainingRun) -> ActiveRun:
        active = self._loop.active.get(run.run_id)
        if active is None:
            self._check_owner(run)
            raise TrainerRefusedError(f"Run {run.run_id} is between two states.", hint="Try again in a second.")
        return active

    def _check_owner(self, run: TrainingRun) -> None:
        if run.owner not in {"", self._loop.owner}:
            raise TrainerRefusedError(
                f"Run {run.run_id} belongs to another trainer of this registry, {run.owner}.",
                hint=f"Ask the one on the machine {run.owner.rpartition('-')[0]}; `trainer/owner` in its var folder "
                "holds that name.",
            )

    def _ask_to_cancel(self, active: ActiveRun, reason: str) -> None:
        if active.cancel_reason is None:
            active.folder.note_cancel(reason)
            active.cancel_reason = reason

    def _move(self, active: ActiveRun, after: TrainingState, reason: str) -> None:
        active.run = self._store.move(active.run.run_id, after, reason)
        self._loop.moved(active.run)

    def _order(self, active: ActiveRun, kind: str, detail: Mapping[str, Any]) -> Order:
        order = Order(order_id=next(self._order_ids), kind=kind, detail=detail)
        active.order(order)
        return order

    def _order_instead(self, active: ActiveRun, kind: str, instead_of: str, reason: str) -> None:
        opposite = active.waiting_order(instead_of)
        if opposite is not None:
            del active.orders[opposite.order_id]
        if active.waiting_order(kind) is None:
            self._order(active, kind, {"reason": reason} if reason else {})

    def _retained(self, run_id: str, after: Retention, reason: str) -> TrainingRun:
        run = self._store.retain(run_id, after, reason)
        self._loop.moved(run)
        self._loop.tell()
        return run
