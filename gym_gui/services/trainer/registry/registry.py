"""RunRegistry: the trainer's runs in one SQLite file; several processes may use it at once, any thread may call."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.clock import to_iso, utc_now
from gym_gui.core.closing import Closing
from gym_gui.core.errors import StoreError
from gym_gui.core.refs import check_run_id
from gym_gui.core.typing_compat import override
from gym_gui.db.connection import ReaderPool, connect_writer
from gym_gui.db.migrations import Migration, check_version, migrate
from gym_gui.services.trainer.dispatch.claiming import Room, Waiting, choose
from gym_gui.services.trainer.registry.migrations import m0001_first, m0002_resumed, m0003_host
from gym_gui.services.trainer.registry.registry_rows import (
    hosts_of,
    lets_go,
    move_values,
    new_run,
    progress_values,
    run_of,
    run_values,
    transition_of,
    worker_of,
    worker_values,
)
from gym_gui.services.trainer.registry.store_errors import claimed, duplicate, no_run, taken
from gym_gui.services.trainer.states import Retention, TrainingState, check_retention, check_transition

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from os import PathLike

    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.run_store import RunProgress, RunTransition, TrainingRun, WorkerProcess

APPLICATION_ID: Final = 0x67796D74  # "gymt"
MIGRATIONS: Final = tuple(Migration(one.VERSION, one.STATEMENTS) for one in (m0001_first, m0002_resumed, m0003_host))
_ACTIVE: Final = "('pending', 'dispatching', 'running', 'paused')"
_STARTED: Final = "('dispatching', 'running', 'paused')"


class RunRegistry(Closing):
    """A `RunStore` in SQLite.

    Args:
        path: The database; its folder is made.
        read_only: Never create, migrate or write: for whoever only reports, in a folder that can only be read too.

    Raises:
        StoreError: the file is foreign or damaged, or cannot be written.
        StoreVersionError: a newer application wrote it.
    """

    def __init__(self, path: str | PathLike[str], *, read_only: bool = False) -> None:
        self._path = path = Path(path)
        self._lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None if read_only else _opened_writer(path)
        self._readers = ReaderPool(path)
        if read_only:
            try:
                with self._readers.borrow() as reader:
                    check_version(reader, application_id=APPLICATION_ID, newest=MIGRATIONS[-1].version, path=path)
            except BaseException:
                self._readers.close()
                raise

    @override
    def close(self) -> None:
        """Let go of every connection; safe to call twice."""
        self._readers.close()
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    # Reading.

    def get(self, run_id: str) -> TrainingRun:
        """One run; see `RunStore`."""
        with self._reading() as connection:
            return _get(connection, run_id)

    def list(
        self, states: Collection[TrainingState] = (), *, archived: bool = False, after: str = "", limit: int = 1_000
    ) -> Sequence[TrainingRun]:
        """Runs, newest first; see `RunStore`."""
        clauses: list[str] = []
        values: list[Any] = []
        if states:
            clauses.append(f"state IN ({', '.join('?' * len(states))})")
            values += [state.value for state in states]
        if not archived:
            clauses.append("retention = ''")
        with self._reading() as connection:
            if after:
                clauses.append("run_key < ?")
                values.append(_key(connection, after))
            where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
            rows = connection.execute(
                f"SELECT * FROM runs {where} ORDER BY run_key DESC LIMIT ?",  # noqa: S608 - clauses of ours
                (*values, limit),
            ).fetchall()
            return _runs(connection, rows)

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """Every change, oldest first; see `RunStore`."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT * FROM transitions WHERE run_key = ? ORDER BY transition_key", (_key(connection, run_id),)
            )
            return [transition_of(row) for row in rows]

    # Writing.

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
        digest = config.digest()
        with self._transaction() as connection:
            if connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
                raise taken(run_id)
            twin = connection.execute(
                f"SELECT run_id, state FROM runs WHERE digest = ? AND state IN {_ACTIVE}",  # noqa: S608 - a constant
                (digest,),
            ).fetchone()
            if twin is not None:
                raise duplicate(twin["run_id"], twin["state"])
            (attempts,) = connection.execute(
                "SELECT coalesce(max(attempt), 0) FROM runs WHERE digest = ?", (digest,)
            ).fetchone()
            run = new_run(
                run_id,
                config,
                attempt=attempts + 1,
                resumed_from=resumed_from,
                steps_before=steps_before,
                created_at=utc_now(),
                reason=reason,
            )
            key = _insert(connection, "runs", run_values(run))
            _note(connection, key, (None, run.state), run.created_at, run.reason)
        return run

    def move(self, run_id: str, after: TrainingState, reason: str) -> TrainingRun:
        """Change a run's state; see `RunStore`."""
        with self._transaction() as connection:
            run = _get(connection, run_id)
            check_transition(run_id, run.state, after)
            key, now = _key(connection, run_id), utc_now()
            _update(connection, key, move_values(run, after, reason, now))
            _note(connection, key, (run.state, after), now, reason)
            if lets_go(after):
                connection.execute("DELETE FROM gpu_slots WHERE run_key = ?", (key,))
                connection.execute("DELETE FROM workers WHERE run_key = ?", (key,))
            return _get(connection, run_id)

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
        with self._transaction() as connection:
            count, held_cpus = connection.execute(
                f"SELECT count(*), coalesce(sum(cpus), 0) FROM runs WHERE owner = ? AND state IN {_STARTED}",  # noqa: S608 - a constant
                (owner,),
            ).fetchone()
            if count >= at_most:
                return None
            held = connection.execute("SELECT gpu FROM gpu_slots WHERE owner = ?", (owner,)).fetchall()
            rows = connection.execute(
                "SELECT run_id, cpus, gpus, passed_over FROM runs WHERE state = 'pending' AND owner IN ('', ?) "
                "ORDER BY priority DESC, run_key",
                (owner,),
            )
            waiting = [Waiting(*row) for row in rows if row["run_id"] not in except_for]
            choice = choose(waiting, Room(cpus, gpus, held_cpus, frozenset(gpu for (gpu,) in held)))
            if choice.run is None:
                return None
            connection.executemany(
                "UPDATE runs SET passed_over = passed_over + 1 WHERE run_id = ?",
                [(run_id,) for run_id in choice.passed],
            )
            self._give(connection, choice.run.run_id, owner, choice.gpus)
            return _get(connection, choice.run.run_id)

    @staticmethod
    def _give(connection: sqlite3.Connection, run_id: str, owner: str, gpus: Sequence[int]) -> None:
        key, now = _key(connection, run_id), utc_now()
        reason = claimed(gpus)
        _update(connection, key, {"state": TrainingState.DISPATCHING.value, "reason": reason, "owner": owner})
        connection.executemany("INSERT INTO gpu_slots VALUES (?, ?, ?)", [(owner, gpu, key) for gpu in gpus])
        _note(connection, key, (TrainingState.PENDING, TrainingState.DISPATCHING), now, reason)

    def retain(self, run_id: str, after: Retention, reason: str) -> TrainingRun:
        """Archive, take out again, or note that data is gone; see `RunStore`."""
        with self._transaction() as connection:
            run = _get(connection, run_id)
            check_retention(run_id, run.state, run.retention, after)
            key = _key(connection, run_id)
            _update(connection, key, {"retention": after.value})
            _note(connection, key, (run.state, run.state), utc_now(), reason)
            return _get(connection, run_id)

    def set_progress(self, run_id: str, progress: RunProgress) -> None:
        """How far it has come; see `RunStore`."""
        with self._transaction() as connection:
            _update(connection, _key(connection, run_id), progress_values(progress))

    def set_workers(self, run_id: str, workers: Sequence[WorkerProcess]) -> None:
        """The processes that may be alive; see `RunStore`."""
        with self._transaction() as connection:
            key = _key(connection, run_id)
            connection.execute("DELETE FROM workers WHERE run_key = ?", (key,))
            for worker in workers:
                _insert(connection, "workers", {"run_key": key, **worker_values(worker)})
            if workers:
                _update(connection, key, {"host": hosts_of(workers)})

    def count_restart(self, run_id: str) -> int:
        """One more restart; see `RunStore`."""
        with self._transaction() as connection:
            key = _key(connection, run_id)
            connection.execute("UPDATE runs SET restarts = restarts + 1 WHERE run_key = ?", (key,))
            (restarts,) = connection.execute("SELECT restarts FROM runs WHERE run_key = ?", (key,)).fetchone()
            return int(restarts)

    # Inside.

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._readers.borrow() as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")  # all of an answer is of one instant
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._writer
            if connection is None:
                raise StoreError("The trainer's registry is closed.", hint=f"File: {self._path}")
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:  # a full disk has rolled back already
                        connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise StoreError(
                    f"The trainer's registry could not be written: {error}.", hint=f"File: {self._path}"
                ) from error


def _opened_writer(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The trainer's folder cannot be made: {error.strerror}.", hint=str(path)) from error
    writer = connect_writer(path)
    try:
        migrate(writer, MIGRATIONS, application_id=APPLICATION_ID, path=path)
    except BaseException:
        writer.close()
        raise
    writer.row_factory = sqlite3.Row
    return writer


def _key(connection: sqlite3.Connection, run_id: str) -> int:
    row = connection.execute("SELECT run_key FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise no_run(run_id)
    return int(row["run_key"])


def _get(connection: sqlite3.Connection, run_id: str) -> TrainingRun:
    row = connection.execute("SELECT * FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise no_run(run_id)
    return _runs(connection, [row])[0]


def _runs(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[TrainingRun]:
    # What runs hold is little, whatever their number: two questions for a thousand of them.
    gpus: dict[int, list[int]] = {}
    workers: dict[int, list[WorkerProcess]] = {}
    for row in connection.execute("SELECT run_key, gpu FROM gpu_slots ORDER BY gpu"):
        gpus.setdefault(row["run_key"], []).append(row["gpu"])
    for row in connection.execute("SELECT * FROM workers ORDER BY worker_id"):
        workers.setdefault(row["run_key"], []).append(worker_of(row))
    return [run_of(dict(row), gpus.get(row["run_key"], ()), workers.get(row["run_key"], ())) for row in rows]


def _insert(connection: sqlite3.Connection, table: str, values: Mapping[str, Any]) -> int:
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    cursor = connection.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - names of ours
        tuple(values.values()),
    )
    return cursor.lastrowid or 0


def _update(connection: sqlite3.Connection, key: int, values: Mapping[str, Any]) -> None:
    columns = ", ".join(f"{name} = ?" for name in values)
    connection.execute(f"UPDATE runs SET {columns} WHERE run_key = ?", (*values.values(), key))  # noqa: S608 - as above


def _note(
    connection: sqlite3.Connection,
    key: int,
    change: tuple[TrainingState | None, TrainingState],
    at: datetime,
    reason: str,
) -> None:
    before, after = change
    values = {
        "run_key": key,
        "before": before.value if before else None,
        "after": after.value,
        "at": to_iso(at),
        "reason": reason,
    }
    _insert(connection, "transitions", values)
