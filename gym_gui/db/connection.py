"""How a database of ours is opened: one writer with its pragmas, and read-only twins beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_TIMEOUT_MS: Final = 5_000
_RETRY_S: Final = 0.02
# A transaction's pages and the log's index find no room below it.
_LEAST_BYTES: Final = 128 * 1024

# NORMAL with WAL survives the death of the process at any instant; only a power cut may cost the last commits.
_WRITER_PRAGMAS: Final = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -32768",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA foreign_keys = ON",
)


def connect_writer(path: Path) -> sqlite3.Connection:
    """The one writing connection of a database, in autocommit mode; created where it is missing.

    Raises:
        StoreError: the file is no SQLite database, or cannot be opened or written.
    """
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000
        )
        try:
            _turn_wal_on(connection)
            for pragma in _WRITER_PRAGMAS:
                connection.execute(pragma)
        except sqlite3.Error:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise store_error("opened", path, error) from error
    return connection


def _turn_wal_on(connection: sqlite3.Connection) -> None:
    # Changing the mode of a new database wants it alone and does not wait for its turn, whatever the time-out says:
    # two processes that start together on an empty folder meet here.
    deadline_s = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    connection.execute("PRAGMA page_size = 8192")
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline_s:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write.

    Raises:
        StoreError: the file is missing, or no SQLite database.
    """
    try:
        return _open_reader(path, "mode=ro")
    except sqlite3.Error as error:
        if path.is_file() and not os.access(path.parent, os.W_OK):
            # WAL needs a shared-memory file beside the database, which a read-only folder does not allow; then nobody
            # writes there either.
            with contextlib.suppress(sqlite3.Error):
                return _open_reader(path, "mode=ro&immutable=1")
        raise store_error("opened for reading", path, error) from error


def _open_reader(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def store_error(what: str, path: Path, error: sqlite3.Error) -> StoreError:
    """The sentence for a fault of the database at *path*."""
    hint = f"Move it away or choose another var folder. File: {path}"
    if "full" in str(error) or _has_no_room(path):  # then SQLite says "disk I/O error" as well
        hint = f"Free some space: recording goes on by itself. File: {path}"
    elif "locked" in str(error):
        hint = f"Another program holds it; close that program. File: {path}"
    return StoreError(f"The telemetry database could not be {what}: {error}.", hint=hint)


def _has_no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _LEAST_BYTES
    except OSError:
        return False


class ReaderPool:
    """Read-only connections, lent one at a time and kept for the next borrower; any thread may borrow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    @contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """A connection for the length of a ``with`` block.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = connect_reader(self._path)
        try:
            yield connection
        except sqlite3.Error as error:
            connection.close()
            raise store_error("read", self._path, error) from error
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close every idle connection; borrowed ones close as they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
