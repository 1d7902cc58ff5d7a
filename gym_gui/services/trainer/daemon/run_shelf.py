"""RunShelf: every run that a folder's trainer knows, to look at: its registry's, and scripts' that came by themselves.

Needs no trainer that runs. Any thread.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import RunState
from gym_gui.core.data_model.episode_table import is_evaluation_worker
from gym_gui.core.errors import RunNotFoundError
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.daemon.enrolment import TRAINER_KEY
from gym_gui.services.trainer.run_store import RunProgress, RunTransition, TrainingRun, WorkerProcess
from gym_gui.services.trainer.states import STATE_OF_RECORDED, TrainingState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gym_gui.core.data_model import RunSummary
    from gym_gui.services.library import Library
    from gym_gui.services.trainer.daemon.enrolment import Enrolment
    from gym_gui.services.trainer.daemon.progress import ProgressBook
    from gym_gui.services.trainer.run_store import RunStore

_REASONS: Final = {
    RunState.RUNNING: "A script that was started elsewhere.",
    RunState.COMPLETED: "The script ended it.",
    RunState.FAULTED: "The script ended with an error.",
    RunState.CANCELLED: "The script was stopped.",
    RunState.INTERRUPTED: "Its workers were not heard of any more.",
}

_RETURNS: Final = 100


class RunShelf:
    """What is known of runs.

    Args:
        store: Remembers the trainer's own.
        library: What was recorded.
        book: How far those that are recorded now have come.

    Attributes:
        enrolment: The workers that are connected; None where none can be.
    """

    def __init__(self, store: RunStore, library: Library, book: ProgressBook) -> None:
        self._store = store
        self._library = library
        self._book = book
        self.enrolment: Enrolment | None = None
        self._returns: dict[str, tuple[int, float]] = {}

    def get(self, run_id: str) -> TrainingRun:
        """One run, as far as it has come.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        try:
            return self._live(self._store.get(run_id))
        except RunNotFoundError:
            found = self._library.get_summary(run_id)
            if not _is_stranger(found):
                raise
            return self._with_return(self._stranger(found))

    def list(
        self, states: Collection[TrainingState], *, archived: bool, after: str, limit: int
    ) -> tuple[Sequence[TrainingRun], bool]:
        """Runs, newest first, and whether there are more."""
        own = [self._live(run) for run in self._store.list(states, archived=archived)]
        known = {run.run_id for run in own}
        others = (
            self._stranger(one)
            for one in self._library.list_runs()
            if _is_stranger(one) and one.run.run_id not in known
        )
        found = sorted(
            [*own, *(run for run in others if not states or run.state in states)],
            key=lambda run: (run.created_at, run.run_id),
            reverse=True,
        )
        places = [place for place, run in enumerate(found) if run.run_id == after]
        start = places[0] + 1 if places else 0
        return list(map(self._with_return, found[start : start + limit])), len(found) > start + limit

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """Every change of a run's state; a script's run has those that its recording tells."""
        try:
            return self._store.transitions(run_id)
        except RunNotFoundError:
            run = self.get(run_id)
            found = [RunTransition(before=None, after=TrainingState.RUNNING, at=run.created_at, reason="It came.")]
            if run.ended_at is not None:
                found += [RunTransition(before=found[0].after, after=run.state, at=run.ended_at, reason=run.reason)]
            return found

    def _live(self, run: TrainingRun) -> TrainingRun:
        progress = self._book.progress(run.run_id)
        return run if progress is None else replace(run, progress=progress)

    def _stranger(self, summary: RunSummary) -> TrainingRun:
        run, state = summary.run, summary.state
        workers = () if self.enrolment is None else self.enrolment.workers(run.run_id)
        about = run.metadata.get(TRAINER_KEY) or {}
        return TrainingRun(
            run_id=run.run_id,
            config=TrainingConfig(
                worker="script",
                env_id=run.env_id,
                total_steps=0,
                env_kwargs=dict(run.env_kwargs),
                name=str(run.metadata.get("name", "")),
            ),
            digest="",
            attempt=1,
            state=STATE_OF_RECORDED[state],
            reason=summary.reason or _REASONS[state],
            created_at=run.created_at,
            started_at=run.created_at,
            host=str(about.get("host", "")),
            ended_at=summary.ended_at,
            progress=self._book.progress(run.run_id)
            or RunProgress(
                steps=summary.steps,
                episodes=summary.episodes,
                frames=summary.frames,
                dropped_frames=summary.dropped_frames,
            ),
            workers=tuple(
                WorkerProcess(
                    worker_id=worker.worker_id,
                    pid=worker.pid,
                    born_s=0.0,
                    host=worker.host,
                    token_digest="",
                    launcher="",
                    heartbeat_at=worker.heard_at,
                )
                for worker in workers
                if worker.ended is None
            ),
        )

    def _with_return(self, run: TrainingRun) -> TrainingRun:
        """A script's run whose recording alone tells how it did: the mean of its newest episodes, read once a count."""
        if run.digest or run.progress.episodes == 0 or not math.isnan(run.progress.mean_return):
            return run
        counted, mean = self._returns.get(run.run_id, (0, math.nan))
        if counted != run.progress.episodes:
            rollups = [one.rollup for one in self._library.list_episodes(run.run_id, newest=_RETURNS)]
            returns = [
                one.total_reward
                for one in rollups
                if one.ended_at is not None and not is_evaluation_worker(one.worker_id)
            ]
            mean = math.fsum(returns) / len(returns) if returns else math.nan
            self._returns[run.run_id] = run.progress.episodes, mean
        return replace(run, progress=replace(run.progress, mean_return=mean))


def _is_stranger(summary: RunSummary) -> bool:
    about = summary.run.metadata.get(TRAINER_KEY)
    return isinstance(about, dict) and not about.get("ours")
