"""The migration runner: numbered steps, forward only, each in one transaction, counted in ``PRAGMA user_version``."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gym_gui.core.errors import StoreError, StoreVersionError
from gym_gui.db.connection import store_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a schema.

    Attributes:
        version: The ``user_version`` after it; versions count up from 1 without a gap.
        statements: SQL, executed in order.
    """

    version: int
    statements: Sequence[str]


def migrate(
    connection: sqlite3.Connection, migrations: Sequence[Migration], *, application_id: int, path: Path
) -> None:
    """Bring the database to the newest version.

    Raises:
        StoreVersionError: a newer application wrote it.
        StoreError: it is another program's database, or a step failed (and was rolled back).
    """
    newest = migrations[-1].version
    try:
        _check_ours(connection, application_id, newest, path)
        if _pragma(connection, "user_version") == newest:
            return  # nothing to write: opening works on a full disk, too
        connection.execute("BEGIN IMMEDIATE")
        try:
            _check_ours(connection, application_id, newest, path)
            current = _pragma(connection, "user_version")
            for migration in migrations:
                if migration.version > current:
                    for statement in migration.statements:
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {migration.version}")
            connection.execute(f"PRAGMA application_id = {application_id}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk has rolled back already
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise store_error("brought up to date", path, error) from error


def check_version(connection: sqlite3.Connection, *, application_id: int, newest: int, path: Path) -> None:
    """Make sure that a reader understands the database.

    Raises:
        StoreVersionError: a newer application wrote it.
        StoreError: it is another program's database.
    """
    try:
        _check_ours(connection, application_id, newest, path)
    except sqlite3.Error as error:
        raise store_error("read", path, error) from error


def _check_ours(connection: sqlite3.Connection, application_id: int, newest: int, path: Path) -> None:
    version = _pragma(connection, "user_version")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and _pragma(connection, "application_id") != application_id:
        raise StoreError(
            "The telemetry database belongs to another program.",
            hint=f"Move it away or choose another var folder. File: {path}",
        )
    if version > newest:
        raise StoreVersionError(
            f"The telemetry database was written by a newer version of gym_gui (format {version}, known: {newest}).",
            hint=f"Update gym_gui to open it. File: {path}",
        )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
