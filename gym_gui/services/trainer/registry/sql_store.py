"""SqlRunStore: the trainer's runs in a database that SQLAlchemy knows, PostgreSQL above all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, delete, event, func, insert, select, text, update
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from gym_gui.core.clock import to_iso, utc_now
from gym_gui.core.closing import Closing
from gym_gui.core.errors import ConfigError, FormatUnavailableError, StoreError, StoreVersionError
from gym_gui.core.refs import check_run_id
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.dispatch.claiming import Room, Waiting, choose
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
from gym_gui.services.trainer.registry.sql_tables import (
    CHANGES,
    GPU_SLOTS,
    METADATA,
    RUNS,
    TRANSITIONS,
    VERSION,
    VERSIONS,
    WORKERS,
)
from gym_gui.services.trainer.registry.store_errors import claimed, duplicate, no_run, taken
from gym_gui.services.trainer.states import Retention, TrainingState, check_retention, check_transition

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.run_store import RunProgress, RunTransition, TrainingRun, WorkerProcess

_PENDING: Final = TrainingState.PENDING.value
_STARTED: Final = ("dispatching", "running", "paused")
_ACTIVE: Final = (_PENDING, *_STARTED)
# Whoever writes holds this lock of PostgreSQL's for the length of its transaction: "gymt" as a number.
_WRITERS_LOCK: Final = 0x67796D74


class SqlRunStore(Closing):
    """A `RunStore` by the address of a database; several trainers may share it.

    Args:
        url: ``postgresql+psycopg://user:password@host/database``, or another that SQLAlchemy knows.

    Raises:
        ConfigError: it is no such address.
        FormatUnavailableError: its driver is not installed.
        StoreError: the database does not let us in.
        StoreVersionError: a newer application wrote it.
    """

    def __init__(self, url: str) -> None:
        try:
            self._engine: Engine = create_engine(url, pool_pre_ping=True)
        except ArgumentError as error:
            raise ConfigError("trainer.registry_url is no address of a database.") from error
        except ImportError as error:
            raise FormatUnavailableError(
                f"The database's driver is not installed: {error.name}.", hint="pip install 'gym-gui[postgres]'"
            ) from error
        self._is_postgresql = self._engine.dialect.name == "postgresql"
        if self._engine.dialect.name == "sqlite":
            _take_turns(self._engine)
        try:
            with self._transaction() as connection:
                _bring_up_to_date(connection)
        except BaseException:
            self._engine.dispose()
            raise

    @override
    def close(self) -> None:
        """Let go of every connection; safe to call twice."""
        self._engine.dispose()

    # Reading.

    def get(self, run_id: str) -> TrainingRun:
        """One run; see `RunStore`."""
        with self._reading() as connection:
            return _get(connection, run_id)

    def list(
        self, states: Collection[TrainingState] = (), *, archived: bool = False, after: str = "", limit: int = 1_000
    ) -> Sequence[TrainingRun]:
        """Runs, newest first; see `RunStore`."""
        question = select(RUNS).order_by(RUNS.c.run_key.desc()).limit(limit)
        if states:
            question = question.where(RUNS.c.state.in_([state.value for state in states]))
        if not archived:
            question = question.where(RUNS.c.retention == Retention.NONE.value)
        with self._reading() as connection:
            if after:
                question = question.where(RUNS.c.run_key < _key(connection, after))
            return _runs(connection, [dict(row) for row in connection.execute(question).mappings()])

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """Every change, oldest first; see `RunStore`."""
        with self._reading() as connection:
            question = (
                select(TRANSITIONS)
                .where(TRANSITIONS.c.run_key == _key(connection, run_id))
                .order_by(TRANSITIONS.c.transition_key)
            )
            return [transition_of(dict(row)) for row in connection.execute(question).mappings()]

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
        of_digest = RUNS.c.digest == digest
        with self._transaction() as connection:
            if connection.scalar(select(RUNS.c.run_key).where(RUNS.c.run_id == run_id)) is not None:
                raise taken(run_id)
            twin = connection.execute(
                select(RUNS.c.run_id, RUNS.c.state).where(of_digest, RUNS.c.state.in_(_ACTIVE))
            ).first()
            if twin is not None:
                raise duplicate(twin[0], twin[1])
            attempts = connection.scalar(select(func.max(RUNS.c.attempt)).where(of_digest)) or 0
            run = new_run(
                run_id,
                config,
                attempt=attempts + 1,
                resumed_from=resumed_from,
                steps_before=steps_before,
                created_at=utc_now(),
                reason=reason,
            )
            connection.execute(insert(RUNS).values(run_values(run)))
            _note(connection, _key(connection, run_id), (None, run.state), run.created_at, run.reason)
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
                connection.execute(delete(GPU_SLOTS).where(GPU_SLOTS.c.run_key == key))
                connection.execute(delete(WORKERS).where(WORKERS.c.run_key == key))
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
            started = (RUNS.c.owner == owner, RUNS.c.state.in_(_STARTED))
            count, held_cpus = connection.execute(
                select(func.count(), func.coalesce(func.sum(RUNS.c.cpus), 0.0)).where(*started)
            ).one()
            if count >= at_most:
                return None
            held_gpus = frozenset(connection.scalars(select(GPU_SLOTS.c.gpu).where(GPU_SLOTS.c.owner == owner)))
            rows = connection.execute(
                select(RUNS.c.run_id, RUNS.c.cpus, RUNS.c.gpus, RUNS.c.passed_over)
                .where(RUNS.c.state == _PENDING, RUNS.c.owner.in_(("", owner)))
                .order_by(RUNS.c.priority.desc(), RUNS.c.run_key)
            )
            waiting = [Waiting(*row) for row in rows if row[0] not in except_for]
            choice = choose(waiting, Room(cpus, gpus, held_cpus, held_gpus))
            if choice.run is None:
                return None
            if choice.passed:
                passed = RUNS.c.run_id.in_(choice.passed)
                connection.execute(update(RUNS).where(passed).values(passed_over=RUNS.c.passed_over + 1))
            _give(connection, choice.run.run_id, owner, choice.gpus)
            return _get(connection, choice.run.run_id)

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
            connection.execute(delete(WORKERS).where(WORKERS.c.run_key == key))
            for worker in workers:
                connection.execute(insert(WORKERS).values(run_key=key, **worker_values(worker)))
            if workers:
                _update(connection, key, {"host": hosts_of(workers)})

    def count_restart(self, run_id: str) -> int:
        """One more restart; see `RunStore`."""
        with self._transaction() as connection:
            _update(connection, _key(connection, run_id), {"restarts": RUNS.c.restarts + 1})
            return _get(connection, run_id).restarts

    # Inside.

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                if self._is_postgresql:  # all of an answer is of one instant
                    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
                yield connection
        except SQLAlchemyError as error:
            raise _store_error("read", error) from error

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                if self._is_postgresql:
                    connection.execute(select(func.pg_advisory_xact_lock(_WRITERS_LOCK)))
                yield connection
        except SQLAlchemyError as error:
            raise _store_error("written", error) from error


def _bring_up_to_date(connection: Connection) -> None:
    METADATA.create_all(connection)
    # Of several trainers that come at once, one changes the tables, and the others wait and see that it is done.
    version = connection.scalar(select(VERSIONS.c.version).with_for_update())
    if version is None:
        connection.execute(insert(VERSIONS).values(version=VERSION))
        return
    if version > VERSION:
        raise StoreVersionError(
            f"The registry was written by a newer version of gym_gui (format {version}, known: {VERSION}).",
            hint="Update gym_gui to open it.",
        )
    for reached in range(version + 1, VERSION + 1):
        for statement in CHANGES[reached]:
            connection.exec_driver_sql(statement)
        connection.execute(update(VERSIONS).values(version=reached))


def _take_turns(engine: Engine) -> None:
    # The driver would begin a transaction only at the first change, after what was read may have become old.
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _store_error(what: str, error: SQLAlchemyError) -> StoreError:
    # Its first line only: what follows are statements and values, and perhaps a password.
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return StoreError(f"The trainer's registry could not be {what}: {said[0] if said else type(error).__name__}")


def _key(connection: Connection, run_id: str) -> int:
    key = connection.scalar(select(RUNS.c.run_key).where(RUNS.c.run_id == run_id))
    if key is None:
        raise no_run(run_id)
    return int(key)


def _get(connection: Connection, run_id: str) -> TrainingRun:
    row = connection.execute(select(RUNS).where(RUNS.c.run_id == run_id)).mappings().first()
    if row is None:
        raise no_run(run_id)
    return _runs(connection, [dict(row)])[0]


def _runs(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[TrainingRun]:
    gpus: dict[int, list[int]] = {}
    workers: dict[int, list[WorkerProcess]] = {}
    for slot in connection.execute(select(GPU_SLOTS).order_by(GPU_SLOTS.c.gpu)).mappings():
        gpus.setdefault(slot["run_key"], []).append(slot["gpu"])
    for worker in connection.execute(select(WORKERS).order_by(WORKERS.c.worker_id)).mappings():
        workers.setdefault(worker["run_key"], []).append(worker_of(dict(worker)))
    return [run_of(row, gpus.get(row["run_key"], ()), workers.get(row["run_key"], ())) for row in rows]


def _give(connection: Connection, run_id: str, owner: str, gpus: Sequence[int]) -> None:
    key, reason = _key(connection, run_id), claimed(gpus)
    _update(connection, key, {"state": TrainingState.DISPATCHING.value, "reason": reason, "owner": owner})
    for gpu in gpus:
        connection.execute(insert(GPU_SLOTS).values(owner=owner, gpu=gpu, run_key=key))
    _note(connection, key, (TrainingState.PENDING, TrainingState.DISPATCHING), utc_now(), reason)


def _update(connection: Connection, key: int, values: dict[str, Any]) -> None:
    connection.execute(update(RUNS).where(RUNS.c.run_key == key).values(values))


def _note(
    connection: Connection, key: int, change: tuple[TrainingState | None, TrainingState], at: datetime, reason: str
) -> None:
    before, after = change
    connection.execute(
        insert(TRANSITIONS).values(
            run_key=key, before=before.value if before else None, after=after.value, at=to_iso(at), reason=reason
        )
    )
