"""RemoteRecordings: what a trainer on another machine has recorded, as a `LiveSource` reads it through the client.

Any thread. Orders and runs are `TrainerRuns`' own; this answers only what is about recordings.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.controllers.live_recorded import GROUP
from gym_gui.controllers.live_source import LiveHealth, LivePicture, LiveRun, LogPart, Moment
from gym_gui.core.data_model import EpisodeStatus, EpisodeTable
from gym_gui.core.data_model.episode_table import EVALUATION_KEY, is_evaluation_worker
from gym_gui.core.errors import RunNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, ScalarColumns
    from gym_gui.services.trainer.client.remote_library import RemoteLibrary
    from gym_gui.services.trainer.run_store import RunTransition

_MEMBERS_S: Final = 5.0


class RemoteRecordings:
    """The recordings of one trainer.

    Args:
        library: Asks it.
        clock: Monotonic seconds.
    """

    def __init__(self, library: RemoteLibrary, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.library = library
        self._clock = clock
        self._known_members: dict[str, tuple[float, list[tuple[str, bool]]]] = {}
        self._lists_only = False  # the trainer is older than the columns

    def list_runs(self) -> Sequence[LiveRun]:
        """Nothing: the trainer lists runs itself."""
        return ()

    def get_record(self, run_id: str) -> RunRecord | None:
        """What was recorded of the run; None where nothing was."""
        try:
            return self.library.get_run(run_id)
        except RunNotFoundError:
            return None

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """Nothing: the trainer tells them itself."""
        del run_id
        return ()

    def load_episode_table(self, run_id: str, *, after_key: int = 0) -> EpisodeTable:
        """Episodes that ended, of the run and of its evaluations; only what is new goes over the network.

        Raises:
            RunNotFoundError: nothing of it was recorded.
        """
        if not self._lists_only:
            table = self.library.load_episode_table(
                [member for member, _ in self._members(run_id)], after_key=after_key
            )
            if table is not None:
                return table
            self._lists_only = True
        return self._whole_list(run_id, after_key)

    def _whole_list(self, run_id: str, after_key: int) -> EpisodeTable:
        """Of a trainer that knows no columns: the key is a place in the list, and all of it is read each time."""
        rollups: list[tuple[EpisodeRollup, bool]] = []
        for member, judged in self._members(run_id):
            rollups += [
                (one.rollup, judged or is_evaluation_worker(one.rollup.worker_id))
                for one in self.library.list_episodes(member)
            ]
        ended = [
            (rollup, judged)
            for rollup, judged in rollups
            if rollup.status is not EpisodeStatus.RUNNING and rollup.ended_at is not None and not rollup.was_touched
        ]
        ended.sort(key=lambda one: _microseconds(one[0].ended_at))
        fresh = ended[after_key:]
        return EpisodeTable(
            keys=np.arange(after_key + 1, len(ended) + 1, dtype=np.int64),
            run_ids=[rollup.run_id for rollup, _ in fresh],
            episode_ids=[rollup.episode_id for rollup, _ in fresh],
            indices=np.array([rollup.episode_index for rollup, _ in fresh], np.int64),
            started_us=np.array([_microseconds(rollup.started_at) for rollup, _ in fresh], np.int64),
            ended_us=np.array([_microseconds(rollup.ended_at) for rollup, _ in fresh], np.int64),
            steps=np.array([rollup.steps for rollup, _ in fresh], np.int64),
            returns=np.array([rollup.total_reward for rollup, _ in fresh], np.float64),
            workers=[rollup.worker_id for rollup, _ in fresh],
            evaluations=np.array([judged for _, judged in fresh], np.bool_),
            frames=np.array([rollup.frames for rollup, _ in fresh], np.int64),
            next_key=len(ended),
        )

    def load_scalars(self, run_id: str, *, after_row: int = 0) -> tuple[ScalarColumns, int]:
        """What the learner logged."""
        return self.library.load_scalars(run_id, after_row=after_row)

    def find_moment(self, run_id: str, time_us: int) -> Moment | None:
        """What was under way at an instant."""
        for member, _ in self._members(run_id):
            for summary in self.library.list_episodes(member):
                rollup = summary.rollup
                ended = rollup.ended_at
                if _microseconds(rollup.started_at) <= time_us and (ended is None or time_us <= _microseconds(ended)):
                    columns = self.library.load_columns(member, rollup.episode_id)
                    place = int(np.searchsorted(columns.time_us, time_us, side="right")) - 1
                    step = int(columns.step_index[place]) if place >= 0 else 0
                    return Moment(member, rollup.episode_id, step)
        return None

    def pictures(self, run_id: str, seen: Mapping[str, int]) -> Sequence[LivePicture]:
        """Nothing: they come through the client as they are made."""
        del run_id, seen
        return ()

    def read_log(self, run_id: str, offset: int) -> LogPart:
        """Nothing: the trainer reads logs itself."""
        del run_id
        return LogPart(offset=offset)

    def health(self) -> LiveHealth:
        """Nothing: the trainer tells it itself."""
        return LiveHealth()

    def close(self) -> None:
        """Nothing is held: the library is its owner's to close."""

    def _members(self, run_id: str) -> list[tuple[str, bool]]:
        """The recordings that belong to a run, and whether each only judges; looked for every few seconds."""
        looked_s, known = self._known_members.get(run_id, (-math.inf, []))
        if self._clock() - looked_s < _MEMBERS_S:
            return known
        others = [
            (one.run.run_id, EVALUATION_KEY in one.run.metadata)
            for one in self.library.list_runs()
            if one.run.metadata.get(GROUP) == run_id and one.run.run_id != run_id
        ]
        known = [(run_id, False), *others]
        self._known_members[run_id] = (self._clock(), known)
        return known


def _microseconds(instant: datetime | None) -> int:
    return 0 if instant is None else round(instant.timestamp() * 1e6)
