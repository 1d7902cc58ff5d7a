"""MemoryRunStore: the trainer's runs in the memory of one process, for tests and for trainers that remember nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from gym_gui.core.clock import utc_now
from gym_gui.core.closing import Closing
from gym_gui.core.refs import check_run_id
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.dispatch.claiming import Room, Waiting, choose, local_needs
from gym_gui.services.trainer.registry.registry_rows import hosts_of, lets_go, new_run
from gym_gui.services.trainer.registry.store_errors import claimed, duplicate, no_run, taken
from gym_gui.services.trainer.run_store import RunTransition
from gym_gui.services.trainer.states import Retention, TrainingState, check_retention, check_transition

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.run_store import RunProgress, TrainingRun, WorkerProcess


class MemoryRunStore(Closing):
    """A `RunStore` that ends with its process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, TrainingRun] = {}  # oldest first
        self._transitions: dict[str, list[RunTransition]] = {}
        self._passed_over: dict[str, int] = {}

    @override
    def close(self) -> None:
        """Nothing is held that would have to be let go."""

    def add(
        self,
        run_id: str,
        config: TrainingConfig,
        *,
        resumed_from: str | None = None,
        steps_before: int = 0,
        reason: str = "",
    ) -> TrainingRun:
        """A new run; see `RunStore`."""
        check_run_id(run_id)
        with self._lock:
            if run_id in self._runs:
                raise taken(run_id)
            digest = config.digest()
            same = [run for run in self._runs.values() if run.digest == digest]
            for run in same:
                if run.state.is_active:
                    raise duplicate(run.run_id, run.state)
            attempt = 1 + max((run.attempt for run in same), default=0)
            added = new_run(
                run_id,
                config,
                attempt=attempt,
                resumed_from=resumed_from,
                steps_before=steps_before,
                created_at=utc_now(),
                reason=reason,
            )
            self._runs[run_id] = added
            self._transitions[run_id] = []
            self._passed_over[run_id] = 0
            self._note(run_id, None, added.state, added.reason, added.created_at)
            return added

    def get(self, run_id: str) -> TrainingRun:
        """One run; see `RunStore`."""
        with self._lock:
            return self._get(run_id)

    def list(
        self, states: Collection[TrainingState] = (), *, archived: bool = False, after: str = "", limit: int = 1_000
    ) -> Sequence[TrainingRun]:
        """Runs, newest first; see `RunStore`."""
        with self._lock:
            runs = list(self._runs.values())[::-1]
            if after:
                runs = runs[runs.index(self._get(after)) + 1 :]
            fitting = (
                run
                for run in runs
                if (not states or run.state in states) and (archived or run.retention is Retention.NONE)
            )
            return [run for run, _ in zip(fitting, range(limit), strict=False)]

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """Every change, oldest first; see `RunStore`."""
        with self._lock:
            self._get(run_id)
            return list(self._transitions[run_id])

    def move(self, run_id: str, after: TrainingState, reason: str) -> TrainingRun:
        """Change a run's state; see `RunStore`."""
        with self._lock:
            run = self._get(run_id)
            check_transition(run_id, run.state, after)
            now = utc_now()
            moved = replace(run, state=after, reason=reason)
            if after is TrainingState.RUNNING and run.started_at is None:
                moved = replace(moved, started_at=now)
            if not after.is_active:
                moved = replace(moved, ended_at=now)
            if lets_go(after):
                moved = replace(moved, gpus=(), workers=())
                self._passed_over[run_id] = 0
            self._runs[run_id] = moved
            self._note(run_id, run.state, after, reason, now)
            return moved

    def claim(
        self,
        *,
        cpus: float,
        gpus: Sequence[int],
        at_most: int,
        owner: str = "",
        except_for: Collection[str] = (),
    ) -> TrainingRun | None:
        """The next run that fits holds its slots; see `RunStore`."""
        with self._lock:
            pending = TrainingState.PENDING
            started = [
                run
                for run in self._runs.values()
                if run.owner == owner and run.state.is_active and run.state is not pending
            ]
            if len(started) >= at_most:
                return None
            held_cpus = sum(local_needs(run.config)[0] for run in started)
            held_gpus = frozenset(gpu for run in started for gpu in run.gpus)
            waiting = [
                Waiting(run.run_id, *local_needs(run.config), self._passed_over[run.run_id])
                for run in sorted(self._runs.values(), key=lambda run: -run.config.priority)
                if run.state is pending and run.owner in {"", owner} and run.run_id not in except_for
            ]
            choice = choose(waiting, Room(cpus, gpus, held_cpus, held_gpus))
            if choice.run is None:
                return None
            for run_id in choice.passed:
                self._passed_over[run_id] += 1
            run, reason = self._get(choice.run.run_id), claimed(choice.gpus)
            given = replace(run, state=TrainingState.DISPATCHING, reason=reason, gpus=choice.gpus, owner=owner)
            self._runs[run.run_id] = given
            self._note(run.run_id, pending, given.state, reason)
            return given

    def retain(self, run_id: str, after: Retention, reason: str) -> TrainingRun:
        """Archive, take out again, or note that data is gone; see `RunStore`."""
        with self._lock:
            run = self._get(run_id)
            check_retention(run_id, run.state, run.retention, after)
            self._runs[run_id] = replace(run, retention=after)
            self._note(run_id, run.state, run.state, reason)
            return self._runs[run_id]

    def set_progress(self, run_id: str, progress: RunProgress) -> None:
        """How far it has come; see `RunStore`."""
        with self._lock:
            self._runs[run_id] = replace(self._get(run_id), progress=progress)

    def set_workers(self, run_id: str, workers: Sequence[WorkerProcess]) -> None:
        """The processes that may be alive; see `RunStore`."""
        with self._lock:
            run = self._get(run_id)
            self._runs[run_id] = replace(run, workers=tuple(workers), host=hosts_of(workers) or run.host)

    def count_restart(self, run_id: str) -> int:
        """One more restart; see `RunStore`."""
        with self._lock:
            run = self._get(run_id)
            self._runs[run_id] = replace(run, restarts=run.restarts + 1)
            return run.restarts + 1

    def _get(self, run_id: str) -> TrainingRun:
        run = self._runs.get(run_id)
        if run is None:
            raise no_run(run_id)
        return run

    def _note(
        self, run_id: str, before: TrainingState | None, after: TrainingState, reason: str, at: datetime | None = None
    ) -> None:
        made = RunTransition(before=before, after=after, at=at or utc_now(), reason=reason)
        self._transitions[run_id].append(made)
