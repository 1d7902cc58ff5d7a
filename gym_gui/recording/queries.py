"""A question in SQL to the telemetry database, which can change nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from gym_gui.core.errors import FormatUnavailableError, StoreError
from gym_gui.db.connection import connect_reader

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

_SHOWN = 20


@dataclass(frozen=True, slots=True, repr=False)
class Answer(Sequence[dict[str, Any]]):
    """The rows of an answer, each a dict.

    Attributes:
        columns: Names, in order.
        values: Rows of values.
    """

    columns: tuple[str, ...]
    values: list[tuple[Any, ...]]

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(place, slice):
            return [dict(zip(self.columns, row, strict=True)) for row in self.values[place]]
        return dict(zip(self.columns, self.values[place], strict=True))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (dict(zip(self.columns, row, strict=True)) for row in self.values)

    def to_arrow(self) -> pa.Table:
        """The same as an Arrow table; raises `FormatUnavailableError` where PyArrow is not installed."""
        try:
            import pyarrow as pa  # noqa: PLC0415 - an extra, and a heavy one
        except ImportError as error:
            raise FormatUnavailableError(
                "Arrow tables need PyArrow.", hint='Install it with: pip install "gym-gui[formats]"'
            ) from error
        columns = list(zip(*self.values, strict=True)) or [()] * len(self.columns)
        return pa.table({name: list(column) for name, column in zip(self.columns, columns, strict=True)})

    def __repr__(self) -> str:
        rows = [self.columns, *([str(value) for value in row] for row in self.values[:_SHOWN])]
        widths = [max(len(row[place]) for row in rows) for place in range(len(self.columns))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        more = f"; the first {_SHOWN} are shown" if len(self) > _SHOWN else ""
        return "\n".join([*lines, f"{len(self):,} rows{more}"])


def _no_other_file(action: int, *_: object) -> int:
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK


def forbid_writing(connection: sqlite3.Connection) -> None:
    """Let *connection* do nothing but read: ATTACH and VACUUM INTO make files, whatever it may write otherwise."""
    connection.execute("PRAGMA query_only = ON")
    connection.set_authorizer(_no_other_file)


def ask(database: Path, query: str, parameters: tuple[Any, ...] = ()) -> Answer:
    """The answer to one query.

    Raises:
        StoreError: the query is wrong, or wants to write.
    """
    connection = connect_reader(database)
    try:
        forbid_writing(connection)
        cursor = connection.execute(query, parameters)
        columns = tuple(name for name, *_ in cursor.description or ())
        return Answer(columns, cursor.fetchall())
    except sqlite3.Error as error:
        raise StoreError(f"The query cannot be answered: {error}.", hint="Reading only: SELECT and WITH.") from error
    finally:
        connection.close()
