"""The reading side of the store of scalars: questions of any thread, each on a connection of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.db.connection import ReaderPool
from gym_gui.telemetry import scalar_rows, store_queries
from gym_gui.telemetry.episode_table import select_episode_table, select_moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gym_gui.core.data_model import (
        EpisodeRollup,
        EpisodeSummary,
        EpisodeTable,
        RunRecord,
        RunSummary,
        ScalarColumns,
        StepRecord,
    )
    from gym_gui.telemetry.step_columns import StepColumns
    from gym_gui.telemetry.store_queries import RunExtent


class StoreReading:
    """What a store answers; any thread.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._readers = ReaderPool(path)

    def durable_seq(self, run_id: str, worker_id: str, stream: str) -> int:
        """The newest batch of a stream that is here; 0 for none."""
        with self._readers.borrow() as connection:
            return store_queries.durable_seq(connection, run_id, worker_id, stream)

    def scalar_names(self, run_id: str) -> list[str]:
        """Names of all that a run's learner logged, sorted.

        Raises:
            RunNotFoundError: there is no run of that id.
        """
        with self._readers.borrow() as connection:
            return scalar_rows.scalar_names(connection, store_queries.run_key_of(connection, run_id))

    def load_scalars(
        self, run_id: str, names: Sequence[str] | None = None, after_row: int = 0
    ) -> tuple[ScalarColumns, int]:
        """What a run's learner logged, in the order of arrival, a page at a time.

        Args:
            run_id: The run.
            names: Only these metrics; None for all.
            after_row: The last row that the caller has.

        Returns:
            The rows after it, at most `scalar_rows.PAGE_ROWS`, and the last one's number to go on from.

        Raises:
            RunNotFoundError: there is no run of that id.
        """
        with self._readers.borrow() as connection:
            key = store_queries.run_key_of(connection, run_id)
            return scalar_rows.load_scalars(connection, key, names, after_row)

    def list_runs(self) -> list[RunSummary]:
        """Every run, newest first."""
        with self._readers.borrow() as connection:
            return store_queries.list_runs(connection)

    def get_run(self, run_id: str) -> RunRecord:
        """One run.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        with self._readers.borrow() as connection:
            return store_queries.get_run(connection, run_id)

    def get_summary(self, run_id: str) -> RunSummary:
        """One run as a list shows it.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        with self._readers.borrow() as connection:
            return store_queries.get_summary(connection, run_id)

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """The episodes of a run in order, or of every run, newest first.

        Args:
            run_id: The run; None for every run.
            newest: No more than so many, the newest; None for all.

        Raises:
            RunNotFoundError: there is no run of that id.
        """
        with self._readers.borrow() as connection:
            return store_queries.list_episodes(connection, run_id, newest=newest)

    def load_episode_table(self, run_ids: Sequence[str], *, after_key: int = 0) -> EpisodeTable:
        """The episodes of runs that ended, as columns: 100,000 in a fifth of a second.

        Args:
            run_ids: Runs that are looked at as one.
            after_key: The `next_key` of the last reading; 0 for all.

        Raises:
            RunNotFoundError: there is no run of one of those ids.
        """
        with self._readers.borrow() as connection:
            return select_episode_table(connection, run_ids, after_key)

    def find_moment(self, run_id: str, time_us: int) -> tuple[str, int] | None:
        """The episode and step that were under way at an instant, microseconds since 1970; None where none was."""
        with self._readers.borrow() as connection:
            return select_moment(connection, run_id, time_us)

    def find_damage(self) -> list[str]:
        """What SQLite finds wrong with the file, in its words; reads all of it, a second for each half gigabyte."""
        with self._readers.borrow() as connection:
            return store_queries.find_damage(connection)

    def recorded_mark(self) -> tuple[int, ...]:
        """Numbers that differ once anything was recorded, by any process: a millisecond for 10,000 episodes."""
        with self._readers.borrow() as connection:
            return store_queries.recorded_mark(connection)

    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup:
        """An episode by id or 0-based index; None for the last one.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
        """
        with self._readers.borrow() as connection:
            return store_queries.get_episode(connection, run_id, episode)

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """The detached steps of an episode with ``start <= step_index < stop``, in order of step and agent.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
        """
        with self._readers.borrow() as connection:
            return store_queries.load_steps(connection, run_id, episode_id, start, stop)

    def load_columns(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> StepColumns:
        """What `load_steps` reads, as columns: for 10,000 rows in 20 ms.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
        """
        with self._readers.borrow() as connection:
            return store_queries.load_columns(connection, run_id, episode_id, start, stop)

    def running_run_ids(self) -> list[str]:
        """Runs whose last word is that they run: live, or left behind by a process that died."""
        with self._readers.borrow() as connection:
            rows = connection.execute("SELECT run_id FROM runs WHERE state = 'running' ORDER BY run_key")
            return [run_id for (run_id,) in rows]

    def extent(self, run_id: str) -> RunExtent | None:
        """How far a run's rows reach, in rows and in its replay file; None where there is no such run."""
        with self._readers.borrow() as connection:
            return store_queries.extent(connection, run_id)
