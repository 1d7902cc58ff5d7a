"""What a learner logged, to rows and back; a connection comes in, columns go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.core.data_model import ScalarColumns
from gym_gui.telemetry.store_queries import has_table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_INSERT: Final = "INSERT INTO scalars (run_key, metric_key, worker_id, step, time_us, value) VALUES (?, ?, ?, ?, ?, ?)"
_SELECT: Final = """
    SELECT scalar_row, metric_key, step, time_us, value FROM scalars INDEXED BY scalars_by_run
    WHERE run_key = ? AND metric_key IN ({marks}) AND scalar_row > ? ORDER BY scalar_row LIMIT ?
"""
# One question at a time gives as many: a follower that is far behind stays responsive.
PAGE_ROWS: Final = 250_000
_NOTHING: Final = ScalarColumns(
    names=(),
    name=np.empty(0, np.int32),
    step=np.empty(0, np.int64),
    time_us=np.empty(0, np.int64),
    value=np.empty(0, np.float64),
)


def insert_scalars(connection: sqlite3.Connection, run_key: int, worker_id: str, scalars: ScalarColumns) -> None:
    """Add rows; nan becomes NULL."""
    connection.executemany("INSERT OR IGNORE INTO metrics (name) VALUES (?)", [(name,) for name in scalars.names])
    keys = np.array([_metric_key(connection, name) for name in scalars.names], np.int64)
    values = [None if value != value else value for value in scalars.value.tolist()]  # noqa: PLR0124 - nan
    columns = (keys[scalars.name].tolist(), scalars.step.tolist(), scalars.time_us.tolist(), values)
    connection.executemany(
        _INSERT, [(run_key, key, worker_id, step, time, value) for key, step, time, value in zip(*columns, strict=True)]
    )


def scalar_names(connection: sqlite3.Connection, run_key: int) -> list[str]:
    """Names of all that a run's learner logged, sorted; none where the database is of a version without."""
    if not has_table(connection, "scalars"):
        return []
    rows = connection.execute(
        "SELECT name FROM metrics WHERE EXISTS "
        "(SELECT 1 FROM scalars WHERE run_key = ? AND scalars.metric_key = metrics.metric_key) ORDER BY name",
        (run_key,),
    )
    return [name for (name,) in rows]


def load_scalars(
    connection: sqlite3.Connection, run_key: int, names: Sequence[str] | None, after_row: int
) -> tuple[ScalarColumns, int]:
    """Rows of a run after *after_row*, in the order of arrival, at most `PAGE_ROWS` of them.

    Returns:
        The rows, and the last one's number; *after_row* itself where there are none.
    """
    chosen = scalar_names(connection, run_key) if names is None else list(dict.fromkeys(names))
    keys = (
        [_metric_key(connection, name) for name in chosen] if has_table(connection, "metrics") else [-1] * len(chosen)
    )
    known = [(key, name) for key, name in zip(keys, chosen, strict=True) if key >= 0]
    if not known:
        return _NOTHING, after_row
    marks = ", ".join("?" * len(known))
    select = _SELECT.format(marks=marks)
    rows = connection.execute(select, (run_key, *(key for key, _ in known), after_row, PAGE_ROWS)).fetchall()
    numbers, metric, step, time_us, value = zip(*rows, strict=True) if rows else ((),) * 5
    places = {key: place for place, (key, _) in enumerate(known)}
    columns = ScalarColumns(
        names=[name for _, name in known],
        name=np.array([places[key] for key in metric], np.int32),
        step=np.array(step, np.int64),
        time_us=np.array(time_us, np.int64),
        value=np.array(value, np.float64),  # None becomes nan
    )
    return columns, int(numbers[-1]) if numbers else after_row


def _metric_key(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT metric_key FROM metrics WHERE name = ?", (name,)).fetchone()
    return -1 if row is None else int(row[0])
