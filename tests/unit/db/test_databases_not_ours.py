"""A database that is foreign, newer, damaged, locked or out of reach gives one clear sentence and is left as it is."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING

import pytest
from synthetic import run_of

from gym_gui.core.errors import EnvironmentFault, StoreError, StoreVersionError
from gym_gui.db.connection import ReaderPool, connect_reader, connect_writer
from gym_gui.db.migrations import Migration, migrate
from gym_gui.telemetry.sqlite_store import APPLICATION_ID, TelemetrySQLiteStore

if TYPE_CHECKING:
    from pathlib import Path


def fingerprint(folder: Path) -> dict[str, str]:
    """Name -> hash of every file in *folder*, but for what SQLite keeps beside a database that is open."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if not path.name.endswith(("-wal", "-shm"))
    }


def make_foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.execute("INSERT INTO recipes VALUES ('soup')")
    connection.close()


def make_newer(path: Path) -> None:
    TelemetrySQLiteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


def make_text(path: Path) -> None:
    path.write_text("this is no database, but it is long enough to look like something " * 200)


def make_truncated(path: Path) -> None:
    store = TelemetrySQLiteStore(path)
    for number in range(200):
        store.insert_run(run_of(f"run-{number}", metadata={"filler": "x" * 500}))
    store.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def make_headless(path: Path) -> None:
    TelemetrySQLiteStore(path).close()
    data = bytearray(path.read_bytes())
    data[:100] = bytes(100)
    path.write_bytes(data)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (make_foreign, StoreError, "belongs to another program"),
        (make_newer, StoreVersionError, "newer version of gym_gui"),
        (make_text, StoreError, "not a database"),
        (make_headless, StoreError, "not a database"),
    ],
    ids=["foreign", "newer", "text", "headless"],
)
def test_that_what_is_not_ours_gives_a_sentence_and_is_left_untouched(
    tmp_path: Path, make: object, error: type[EnvironmentFault], says: str, *, read_only: bool
) -> None:
    path = tmp_path / "telemetry.sqlite"
    assert callable(make)
    make(path)
    before = fingerprint(tmp_path)
    with pytest.raises(error, match=says) as refusal:
        TelemetrySQLiteStore(path, read_only=read_only)
    assert str(path) in refusal.value.hint
    assert str(path) not in refusal.value.message, "paths last"
    assert fingerprint(tmp_path) == before


def test_that_a_truncated_database_says_so_where_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.sqlite"
    make_truncated(path)
    with pytest.raises(StoreError, match=r"malformed|corrupt|disk image|not a database"):
        TelemetrySQLiteStore(path).list_runs()


def test_that_a_database_that_is_missing_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="could not be opened for reading"):
        TelemetrySQLiteStore(tmp_path / "telemetry.sqlite", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_that_a_folder_that_is_missing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        TelemetrySQLiteStore(tmp_path / "no" / "telemetry.sqlite")


def test_that_a_folder_in_its_place_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "telemetry.sqlite").mkdir()
    with pytest.raises(StoreError):
        TelemetrySQLiteStore(tmp_path / "telemetry.sqlite")


def test_that_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "telemetry.sqlite").touch()
    store = TelemetrySQLiteStore(tmp_path / "telemetry.sqlite")
    assert store.list_runs() == []
    store.close()


def test_that_a_reader_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.sqlite"
    TelemetrySQLiteStore(path).close()
    store = TelemetrySQLiteStore(path, read_only=True)
    with pytest.raises(StoreError, match="reading only"):
        store.insert_run(run_of("run"))
    store.close()
    connection = connect_reader(path)
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM runs")
    connection.close()


def test_that_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.sqlite"
    store = TelemetrySQLiteStore(path)
    store.insert_run(run_of("run"))
    store.close()
    before = fingerprint(tmp_path)
    TelemetrySQLiteStore(path).close()
    assert fingerprint(tmp_path) == before


def test_that_a_database_locked_by_another_program_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gym_gui.db.connection.BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "telemetry.sqlite"
    store = TelemetrySQLiteStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as refusal:
        store.insert_run(run_of("run"))
    assert "close that program" in refusal.value.hint
    other.execute("ROLLBACK")
    other.close()
    store.insert_run(run_of("run"))
    assert len(store.list_runs()) == 1
    store.close()


FIRST = Migration(1, ("CREATE TABLE a (x INTEGER)",))
SECOND = Migration(2, ("CREATE TABLE b (x INTEGER)", "INSERT INTO a VALUES (1)"))
BROKEN = Migration(2, ("CREATE TABLE b (x INTEGER)", "INSERT INTO nowhere VALUES (1)"))


def test_that_migrations_run_once_each_in_order(tmp_path: Path) -> None:
    """L6: numbered and forward only."""
    path = tmp_path / "db.sqlite"
    connection = connect_writer(path)
    migrate(connection, [FIRST], application_id=APPLICATION_ID, path=path)
    for _ in range(3):
        migrate(connection, [FIRST, SECOND], application_id=APPLICATION_ID, path=path)
    assert connection.execute("SELECT count(*) FROM a").fetchone() == (1,)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    with pytest.raises(StoreVersionError):
        migrate(connection, [FIRST], application_id=APPLICATION_ID, path=path)
    connection.close()


def test_that_a_migration_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    """L6: transactional."""
    path = tmp_path / "db.sqlite"
    connection = connect_writer(path)
    migrate(connection, [FIRST], application_id=APPLICATION_ID, path=path)
    with pytest.raises(StoreError, match="brought up to date"):
        migrate(connection, [FIRST, BROKEN], application_id=APPLICATION_ID, path=path)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'b'").fetchone() == (0,)
    migrate(connection, [FIRST, SECOND], application_id=APPLICATION_ID, path=path)
    connection.close()


def test_that_a_pool_lends_a_connection_to_one_borrower_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.sqlite"
    TelemetrySQLiteStore(path).close()
    pool = ReaderPool(path)
    with pool.borrow() as one, pool.borrow() as other:
        assert one is not other
    with pool.borrow() as again:
        assert again in {one, other}
        pool.close()
    with pytest.raises(sqlite3.ProgrammingError):
        again.execute("SELECT 1")
