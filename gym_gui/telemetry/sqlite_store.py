"""The store of every run's scalars: one writer, any number of readers, integers inside.

The writing side belongs to the sink's thread; the reading side may be used from any.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from gym_gui.core.clock import to_iso, utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, RunState, StepRecord
from gym_gui.core.errors import StoreError
from gym_gui.core.refs import check_run_id
from gym_gui.db.connection import connect_writer, store_error
from gym_gui.db.migrations import Migration, check_version, migrate
from gym_gui.telemetry import scalar_rows, sizes, store_queries
from gym_gui.telemetry.batch_rows import bare_step, batch_rows
from gym_gui.telemetry.migrations import m0001_first, m0002_training, m0003_sizes
from gym_gui.telemetry.run_rows import (
    INSERT_RUN,
    UPSERT_EPISODE,
    episode_row,
    json_text,
    metadata_at_end,
    run_row,
)
from gym_gui.telemetry.step_columns import bare_rows
from gym_gui.telemetry.step_rows import INSERT_STEP, INSERT_USUAL_STEP, EpisodeKeys, rows_of
from gym_gui.telemetry.store_reading import StoreReading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from os import PathLike

    from gym_gui.replay.batch_landing import LandedBatch
    from gym_gui.telemetry.step_columns import StepColumns

APPLICATION_ID: Final = 0x67796D67  # "gymg"
MIGRATIONS: Final = tuple(Migration(one.VERSION, one.STATEMENTS) for one in (m0001_first, m0002_training, m0003_sizes))
_MAX_CACHED_EPISODES: Final = 1_024
_AGENT: Final = attrgetter("agent_id")
_EPISODE: Final = attrgetter("run_id", "episode_id")


class TelemetrySQLiteStore(StoreReading):
    """Runs, episodes and steps in one SQLite database; reading is `StoreReading`'s.

    Args:
        path: The database; its folder must exist. Created where it is missing.
        read_only: Never create, migrate or write: for commands that only report.

    Raises:
        StoreError: the file is foreign, damaged, missing (when read-only), or cannot be written.
        StoreVersionError: a newer application wrote it.
    """

    # A recording that is one file has these tables too, and some of its own.
    _application_id: ClassVar[int] = APPLICATION_ID
    _migrations: ClassVar[Sequence[Migration]] = MIGRATIONS

    def __init__(self, path: str | PathLike[str], *, read_only: bool = False) -> None:
        self._path = path = Path(path)
        super().__init__(path)
        self._writer: sqlite3.Connection | None = None
        self._episodes: dict[tuple[str, str], EpisodeKeys] = {}
        self._agent_keys: dict[str, int] = {}
        self._in_transaction = False
        if read_only or (path.is_file() and path.stat().st_size):
            # Looked at before anything is written: another program's database is left as it is.
            with self._readers.borrow() as connection:
                newest = self._migrations[-1].version
                check_version(connection, application_id=self._application_id, newest=newest, path=path)
        if read_only:
            return
        self._writer = connect_writer(path)
        try:
            migrate(self._writer, self._migrations, application_id=self._application_id, path=path)
        except BaseException:
            self._writer.close()
            raise

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    def close(self) -> None:
        """Close every connection; safe to call twice."""
        self._readers.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    # Writing: the sink's thread.

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together or not at all; a transaction within one joins it.

        Raises:
            StoreError: the database refused (full disk, locked, read-only); nothing inside was kept.
        """
        if self._in_transaction:
            yield
            return
        connection = self._writing()
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._in_transaction = True
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                self._episodes.clear()  # keys made inside are gone
                self._agent_keys.clear()
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._in_transaction = False
        except sqlite3.Error as error:
            raise store_error("written", self._path, error) from error

    def insert_run(self, run: RunRecord) -> None:
        """Add a run in state ``running``; one that is there already is resumed, its description kept.

        Raises:
            InvalidRunIdError: its id could not name a file.
        """
        check_run_id(run.run_id)
        with self.transaction():
            self._writing().execute(INSERT_RUN, run_row(run))

    def end_run(
        self,
        run_id: str,
        state: RunState,
        ended_at: datetime,
        *,
        schema_counts: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        """Say how a run ended.

        Args:
            run_id: The run.
            state: How.
            ended_at: When.
            schema_counts: What its steps were like; added to what its metadata say already, where it was resumed.
            reason: Why; kept with its metadata in place of what they say of an earlier end.
        """
        with self.transaction():
            connection = self._writing()
            connection.execute(
                "UPDATE runs SET state = ?, ended_at = ? WHERE run_id = ?", (state.value, to_iso(ended_at), run_id)
            )
            found = connection.execute("SELECT metadata FROM runs WHERE run_id = ?", (run_id,)).fetchone()
            if found is not None:
                told = metadata_at_end(found[0], schema_counts, reason)
                connection.execute("UPDATE runs SET metadata = ? WHERE run_id = ?", (told, run_id))

    def set_run_metadata(self, run_id: str, metadata: Mapping[str, Any]) -> None:
        """Replace what is kept with a run: JSON values only."""
        with self.transaction():
            self._writing().execute("UPDATE runs SET metadata = ? WHERE run_id = ?", (json_text(metadata), run_id))

    def upsert_episode(self, rollup: EpisodeRollup, *, stored_bytes: int = 0) -> None:
        """Add an episode or bring its row up to date.

        Args:
            rollup: The episode as it stands.
            stored_bytes: Bytes that its arrays take on disk.
        """
        with self.transaction():
            self._upsert_episode(rollup, stored_bytes)

    def insert_steps(self, steps: Sequence[StepRecord]) -> None:
        """Add detached *steps*; one that is there already (same run, episode, step, agent) changes nothing.

        An episode or a run that nobody announced is added first.

        Raises:
            InvalidActionError: an action cannot be stored exactly; no step of the call was kept.
            StoreError: the database refused.
        """
        with self.transaction():
            connection = self._writing()
            for agent_id in set(map(_AGENT, steps)) - self._agent_keys.keys():
                self._agent_keys[agent_id] = self._agent_key(agent_id)
            for (run_id, episode_id), group in groupby(steps, key=_EPISODE):
                episode_steps = list(group)
                keys = self._episodes.get((run_id, episode_id)) or self._find_or_add(episode_steps[0])
                usual, unusual = rows_of(episode_steps, keys, self._agent_keys)
                new = connection.executemany(INSERT_USUAL_STEP, usual).rowcount if usual else 0
                new += connection.executemany(INSERT_STEP, unusual).rowcount if unusual else 0
                # Of what was there already, nothing is added: as much of the bytes as of the rows.
                grown = sizes.bytes_of_rows((*usual, *unusual)) * new // len(episode_steps)
                sizes.count_rows(connection, ((grown, keys.episode_key),))

    def insert_batch(self, landed: LandedBatch, ended: Sequence[tuple[EpisodeRollup, int]] = ()) -> bool:
        """Add a batch: what began, its rows, what its learner logged, what ended; one that came before changes nothing.

        Args:
            landed: The batch, whose arrays are on disk.
            ended: The episodes that ended with it, with true counts of their frames and the bytes of their arrays.

        Returns:
            Whether it was new.

        Raises:
            StoreError: the database refused; nothing of the batch was kept.
        """
        batch = landed.batch
        with self.transaction():
            run_key = self._run_key(batch.run_id)
            if not store_queries.advance_stream(self._writing(), run_key, batch):
                return False
            for rollup in batch.began:
                self._upsert_episode(rollup, 0)
            if len(batch):
                firsts = [int(np.argmax(batch.episode == place)) for place in range(len(batch.episode_ids))]
                keys = [
                    self._episodes.get((batch.run_id, episode_id)) or self._find_or_add(bare_step(batch, row))
                    for episode_id, row in zip(batch.episode_ids, firsts, strict=True)
                ]
                agents = [self._agent_key(agent_id) for agent_id in batch.agent_ids]
                statement, rows = batch_rows(landed, keys, agents)
                self._writing().executemany(statement, rows)
                grown = zip(sizes.bytes_of_batch(batch), (one.episode_key for one in keys), strict=True)
                sizes.count_rows(self._writing(), list(grown))
                store_queries.go_on(self._writing(), keys)
            if batch.scalars is not None and len(batch.scalars):
                scalar_rows.insert_scalars(self._writing(), run_key, batch.worker_id, batch.scalars)
                sizes.count_scalars(self._writing(), run_key, len(batch.scalars))
            for rollup, stored_bytes in ended:
                self._upsert_episode(rollup, stored_bytes)
        return True

    def close_interrupted(self, run_ids: Collection[str], *, file_bytes: Mapping[str, int] | None = None) -> None:
        """End runs whose process died: their episodes get totals from the rows that were committed.

        Args:
            run_ids: The runs.
            file_bytes: Bytes of each run's replay file; what no episode claims of it is shared out among them.
        """
        with self.transaction():
            for run_id in run_ids:
                self.interrupt_episodes(run_id)
                sizes.share_out(self._writing(), run_id, (file_bytes or {}).get(run_id, 0))
                # A run whose end was committed, and whose process died after that, ended as it says.
                self._writing().execute(
                    "UPDATE runs SET state = ?, ended_at = ? WHERE run_id = ? AND state = 'running'",
                    (RunState.INTERRUPTED.value, to_iso(utc_now()), run_id),
                )

    def interrupt_episodes(self, run_id: str) -> None:
        """End the episodes of a run that are open, their process having died, by what their last committed row says."""
        with self.transaction():
            for rollup in store_queries.running_episodes(self._writing(), run_id):
                self._upsert_episode(rollup, 0)

    def insert_bare_columns(self, columns: StepColumns) -> None:
        """Add the rows of an episode that was announced, without their arrays: a copy of another store's scalars.

        Raises:
            StoreError: the database refused; no row was kept.
        """
        with self.transaction():
            for agent_id in set(columns.agent_ids) - self._agent_keys.keys():
                self._agent_keys[agent_id] = self._agent_key(agent_id)
            keys = store_queries.episode_keys(self._writing(), columns.run_id, columns.episode_id)
            if keys is None:
                raise StoreError(f"Episode {columns.episode_id} of run {columns.run_id} was not announced.")
            rows = list(bare_rows(columns, keys, self._agent_keys))
            self._writing().executemany(INSERT_STEP, rows)
            sizes.count_rows(self._writing(), ((sizes.bytes_of_rows(rows), keys.episode_key),))

    def delete_run(self, run_id: str) -> None:
        """Take a run and all its rows out; its replay file is not touched. An import that failed leaves nothing."""
        with self.transaction():
            row = self._writing().execute("SELECT run_key FROM runs WHERE run_id = ?", (run_id,)).fetchone()
            if row is not None:
                of_run = "WHERE episode_key IN (SELECT episode_key FROM episodes WHERE run_key = ?)"
                self._writing().execute(f"DELETE FROM steps {of_run}", row)  # noqa: S608 - a constant above
                for table in store_queries.tables_of_runs(self._writing()):
                    self._writing().execute(f"DELETE FROM {table} WHERE run_key = ?", row)  # noqa: S608 - our own names
            self._episodes.clear()

    # Inside.

    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreError("The telemetry database is closed or open for reading only.", hint=f"File: {self._path}")
        return self._writer

    def _upsert_episode(self, rollup: EpisodeRollup, stored_bytes: int) -> None:
        self._writing().execute(UPSERT_EPISODE, episode_row(rollup, self._run_key(rollup.run_id), stored_bytes))

    def _run_key(self, run_id: str) -> int:
        find = ("SELECT run_key FROM runs WHERE run_id = ?", (run_id,))
        row = self._writing().execute(*find).fetchone()
        if row is None:
            # Telemetry that nobody announced: kept under a run that says so.
            self.insert_run(RunRecord(run_id=run_id, env_id="unknown", created_at=utc_now(), player=""))
            row = self._writing().execute(*find).fetchone()
        return int(row[0])

    def _find_or_add(self, step: StepRecord) -> EpisodeKeys:
        keys = store_queries.episode_keys(self._writing(), step.run_id, step.episode_id)
        if keys is None:
            self._upsert_episode(unannounced_episode(step), 0)
            keys = store_queries.episode_keys(self._writing(), step.run_id, step.episode_id)
        if keys is None:
            raise StoreError(f"Episode {step.episode_id} of run {step.run_id} could not be added.")
        if len(self._episodes) >= _MAX_CACHED_EPISODES:
            self._episodes.clear()
        self._episodes[step.run_id, step.episode_id] = keys
        return keys

    def _agent_key(self, agent_id: str) -> int:
        connection = self._writing()
        connection.execute("INSERT OR IGNORE INTO agents (agent_id) VALUES (?)", (agent_id,))
        (key,) = connection.execute("SELECT agent_key FROM agents WHERE agent_id = ?", (agent_id,)).fetchone()
        return int(key)


def unannounced_episode(step: StepRecord) -> EpisodeRollup:
    """The episode of a step that nobody announced."""
    return EpisodeRollup(
        run_id=step.run_id,
        episode_id=step.episode_id,
        episode_index=0,
        seed=None,
        started_at=step.timestamp,
        status=EpisodeStatus.RUNNING,
        agent_id=step.agent_id,
        worker_id=step.worker_id,
    )
