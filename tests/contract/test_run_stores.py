"""Every store of training runs keeps to its contract: SQLite, memory, and SQLAlchemy on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from contract.run_store_contract import RunStoreContract, config_of
from postgres_server import postgres_server

from gym_gui.core.errors import ConfigError, FormatUnavailableError, StoreError, StoreVersionError
from gym_gui.services.trainer.registry.memory_store import MemoryRunStore
from gym_gui.services.trainer.registry.registry import RunRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gym_gui.services.trainer.run_store import RunStore


class TestRunRegistry(RunStoreContract):
    """SQLite, the usual one."""

    def open_store(self, folder: Path) -> RunStore:
        return RunRegistry(folder / "trainer.sqlite")


class TestMemoryRunStore(RunStoreContract):
    """Nothing on disk."""

    def open_store(self, folder: Path) -> RunStore:
        del folder
        return MemoryRunStore()

    def open_again(self, store: RunStore, folder: Path) -> RunStore:
        del folder
        return store


class TestSqlRunStoreOnSQLite(RunStoreContract):
    """SQLAlchemy, where no server is."""

    def open_store(self, folder: Path) -> RunStore:
        sql_store = pytest.importorskip(
            "gym_gui.services.trainer.registry.sql_store", reason="SQLAlchemy is not installed"
        )
        made: RunStore = sql_store.SqlRunStore(f"sqlite:///{folder / 'runs.sqlite'}")
        return made


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL server."""
    with postgres_server() as url:
        yield url


@pytest.mark.slow
class TestSqlRunStoreOnPostgreSQL(RunStoreContract):
    """The real server; a database for each test."""

    @pytest.fixture(autouse=True)
    def _database(self, server: str) -> None:
        sqlalchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
        name = f"t{uuid.uuid4().hex}"
        engine = sqlalchemy.create_engine(server.format(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        self.url = server.format(database=name)

    def open_store(self, folder: Path) -> RunStore:
        del folder
        from gym_gui.services.trainer.registry.sql_store import SqlRunStore  # noqa: PLC0415 - skipped where it is missing

        return SqlRunStore(self.url)

    def test_that_a_server_that_is_gone_is_one_sentence(self) -> None:
        with pytest.raises(StoreError, match=r"registry could not be") as caught:
            self.open_store_at("postgresql+psycopg://tester:secret@127.0.0.1:1/none")
        assert "secret" not in str(caught.value)

    def test_that_a_newer_registry_is_left_alone(self, tmp_path: Path) -> None:
        from sqlalchemy import create_engine  # noqa: PLC0415 - skipped where it is missing

        self.open_store(tmp_path).close()
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE gym_gui_registry SET version = 99")
        engine.dispose()
        with pytest.raises(StoreVersionError, match="99"):
            self.open_store(tmp_path)

    def test_that_a_registry_of_the_first_version_is_brought_up_to_date(self, tmp_path: Path) -> None:
        from sqlalchemy import create_engine  # noqa: PLC0415 - skipped where it is missing

        store = self.open_store(tmp_path)
        store.add("old", config_of())
        store.close()
        engine = create_engine(self.url)
        with engine.begin() as connection:
            for column in ("steps_before", "host"):
                connection.exec_driver_sql(f"ALTER TABLE gym_gui_runs DROP COLUMN {column}")
            connection.exec_driver_sql("UPDATE gym_gui_registry SET version = 1")
        engine.dispose()
        for _ in range(2):  # once is enough, and twice does no harm
            store = self.open_store(tmp_path)
            assert (store.get("old").steps_before, store.get("old").host) == (0, "")
            store.close()

    @staticmethod
    def open_store_at(url: str) -> RunStore:
        from gym_gui.services.trainer.registry.sql_store import SqlRunStore  # noqa: PLC0415 - skipped where it is missing

        return SqlRunStore(url)


def test_that_no_address_of_a_database_is_said_to_be_none() -> None:
    sql_store = pytest.importorskip("gym_gui.services.trainer.registry.sql_store", reason="SQLAlchemy is not installed")
    with pytest.raises(ConfigError, match="registry_url"):
        sql_store.SqlRunStore("no address")
    with pytest.raises(FormatUnavailableError, match="driver"):
        sql_store.SqlRunStore("postgresql+psycopg2://x/y")


def test_that_a_registry_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "trainer.sqlite"
    store = RunRegistry(path)
    store.add("old", config_of())
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        for column in ("steps_before", "host"):
            connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    for read_only in (True, False):  # whoever only reads takes it as it is
        store = RunRegistry(path, read_only=read_only)
        assert (store.get("old").steps_before, store.get("old").host) == (0, "")
        store.close()


def test_that_a_closed_registry_says_so(tmp_path: Path) -> None:
    store = RunRegistry(tmp_path / "deep" / "trainer.sqlite")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.add("run", config_of())
