"""Supervisor: looks at the runs that hold a slot, ends what has to end, says how each ended; never waits."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import RunNotFoundError, RunTransitionError
from gym_gui.services.trainer.disk_room import is_full
from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.active_run import Verdict
from gym_gui.services.trainer.dispatch.limits import memory_fault
from gym_gui.services.trainer.dispatch.run_folder import WORKER_ID
from gym_gui.services.trainer.dispatch.verdicts import after_failure, verdict_on, with_last_lines
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from gym_gui.services.trainer.dispatch.active_run import ActiveRun
    from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchLimits
    from gym_gui.services.trainer.run_store import RunStore, TrainingRun

_LOGGER = logging.getLogger(__name__)
# What a worker leaves behind may be on its way out: a pool of processes, the interpreter's resource tracker.
LEFTOVERS_GRACE_S: Final = 1.0
# A process that the kernel itself cannot end must not keep a slot for ever.
UNKILLABLE_AFTER_S: Final = 30.0


class Supervisor:
    """Looks after active runs; its caller holds the dispatcher's lock.

    Args:
        store: Is told how runs end.
        limits: How long to wait for what.
        on_moved: Hears of every run whose state changed.
    """

    def __init__(self, store: RunStore, limits: DispatchLimits, on_moved: Callable[[TrainingRun], None]) -> None:
        self._store = store
        self._limits = limits
        self._on_moved = on_moved

    def look(self, active_runs: Collection[ActiveRun], now: float, *, measure: bool) -> list[ActiveRun]:
        """One look at all of them; those that have ended, and hold their slot no more.

        Args:
            active_runs: All that hold a slot.
            now: Seconds of the monotonic clock.
            measure: Whether memory is to be measured this time.

        Raises:
            StoreError: the registry cannot be written; the next look tries again.
        """
        gone = []
        for active in active_runs:
            if active.process is not None and active.process.is_alive():
                self._look_at_living(active, now)
            else:
                if active.gone_at is None:
                    # Now, for when the registry can be written again, there is room.
                    active.gone_at, active.ended_without_room = now, is_full(active.folder.path)
                gone.append(active)
        watched = {active.mark: active for active in active_runs if measure and active.run.config.resources.memory_mb}
        found = processes.marked({*(active.mark for active in gone), *watched} - {""})
        for mark, active in watched.items():
            self._look_at_memory(active, found[mark], now)
        for active in active_runs:
            self.settle(active)
        return [active for active in gone if self._is_over(active, found, now)]

    def settle(self, active: ActiveRun) -> None:
        """Tell the registry what a run owes it.

        Raises:
            StoreError: it cannot be written; the next look tries again.
        """
        if active.owed is not None:
            active.run = self._store.move(active.run.run_id, active.owed.state, active.owed.reason)
            active.owed = None
            self._on_moved(active.run)

    def _look_at_living(self, active: ActiveRun, now: float) -> None:
        if active.stop_at is not None:
            if now - active.stop_at > active.grace_s and active.process is not None:
                processes.kill_group(active.process.pid)
            return
        if active.cancel_reason is not None:
            active.ask_to_stop(now, self._limits.stop_grace_s)
            return
        late = self._lateness(active, now)
        if late:
            self._condemn(active, late, now)

    def _lateness(self, active: ActiveRun, now: float) -> str:
        heard_at = active.last_heard(WORKER_ID)
        if heard_at is None:
            if active.run.state is not TrainingState.DISPATCHING or now - active.since <= active.start_timeout_s:
                return ""
            return f"Its worker did not register within {active.start_timeout_s:g} s."
        if now - heard_at <= active.late_after_s:
            return ""
        return f"Its worker was not heard of for {active.late_after_s:g} s."

    def _look_at_memory(self, active: ActiveRun, pids: Collection[int], now: float) -> None:
        active.memory_bytes = processes.memory_bytes(pids)
        fault = memory_fault(active.memory_bytes, active.run.config.resources.memory_mb)
        if fault and active.stop_at is None:
            self._condemn(active, fault, now)

    def _condemn(self, active: ActiveRun, sentence: str, now: float) -> None:
        active.verdict = Verdict(TrainingState.FAILED, with_last_lines(active, sentence))
        active.ask_to_stop(now, self._limits.hung_grace_s)

    def _is_over(self, active: ActiveRun, found: Mapping[str, Collection[int]], now: float) -> bool:
        # The slot is given back when nothing is left that could use it.
        leftovers = found.get(active.mark, ())
        gone_for_s = now - (active.gone_at or now)
        if leftovers and gone_for_s < UNKILLABLE_AFTER_S:
            if gone_for_s >= LEFTOVERS_GRACE_S:
                for pid in leftovers:
                    processes.kill(pid)
            return False
        if leftovers:
            _LOGGER.error("Run %s left processes that cannot be ended: %s", active.run.run_id, sorted(leftovers))
        self._conclude(active)
        return True

    def _conclude(self, active: ActiveRun) -> None:
        verdict = after_failure(active, verdict_on(active))
        run_id = active.run.run_id
        try:
            if active.progress is not None:
                self._store.set_progress(run_id, active.progress)
                active.progress = None
            if verdict.state is TrainingState.PENDING and active.run.config.restarts:
                self._count_restart(active, verdict)
            if verdict.state is TrainingState.COMPLETED and active.run.state is TrainingState.DISPATCHING:
                # It was quicker than its registration, or needs none.
                active.run = self._store.move(run_id, TrainingState.RUNNING, "Its worker ran.")
            active.run = self._store.move(run_id, verdict.state, verdict.reason)
        except (RunTransitionError, RunNotFoundError) as error:
            _LOGGER.warning("Run %s was ended by somebody else: %s", run_id, error)
            return
        self._on_moved(active.run)

    def _count_restart(self, active: ActiveRun, verdict: Verdict) -> None:
        # A worker that was never started, its trainer having died, is no failure of the run.
        if active.verdict is None or active.verdict.state is not verdict.state:
            self._store.count_restart(active.run.run_id)
