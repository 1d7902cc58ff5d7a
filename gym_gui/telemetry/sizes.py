"""How many bytes runs take: what rows hold is counted as they are written, files are measured when their run ends.

The counting side runs on the sink's thread. Reading looks at episodes alone, never at their rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from gym_gui.core.data_model import StepBatch
    from gym_gui.telemetry.step_rows import StepRow

# What a row takes in the database beside its action, info and what is rare; a logged number with its index.
ROW_BYTES: Final = 40
SCALAR_BYTES: Final = 60

_ACTION, _INFO, _EXTRA = 3, 9, 12
_COUNT: Final = "UPDATE episodes SET row_bytes = row_bytes + ? WHERE episode_key = ?"
_COUNT_SCALARS: Final = "UPDATE runs SET scalar_bytes = scalar_bytes + ? WHERE run_key = ?"
_SHARE: Final = """
    UPDATE episodes SET stored_bytes = stored_bytes + CAST(:unclaimed * (
        CASE WHEN :pictures > 0 THEN 1.0 * frames / :pictures ELSE 1.0 * (steps + 1) / :rows END
    ) AS INTEGER)
    WHERE run_key = :run_key
"""


def bytes_of_rows(rows: Iterable[StepRow]) -> int:
    """About how many bytes *rows*, in the order of the table's inserts, take in the database."""
    total = 0
    for row in rows:
        total += ROW_BYTES + _bytes_of(row[_ACTION]) + _bytes_of(row[_INFO])
        if len(row) > _EXTRA:
            total += _bytes_of(row[_EXTRA])
    return total


def bytes_of_batch(batch: StepBatch) -> list[int]:
    """About how many bytes the rows of each of the batch's episodes take in the database."""
    weights = np.full(len(batch), ROW_BYTES, np.int64)
    for column in (batch.actions, batch.infos, batch.extras):
        if column is not None and not isinstance(column, np.ndarray) and len(column):
            weights += np.fromiter(map(_bytes_of, column), np.int64, len(column))
    sums = np.bincount(batch.episode, weights, minlength=len(batch.episode_ids))
    return [int(one) for one in sums]


def count_rows(connection: sqlite3.Connection, counted: Sequence[tuple[int, int]]) -> None:
    """Note that episodes grew: bytes and key of each."""
    connection.executemany(_COUNT, counted)


def count_scalars(connection: sqlite3.Connection, run_key: int, numbers: int) -> None:
    """Note that so many numbers of the run's learner were added."""
    connection.execute(_COUNT_SCALARS, (numbers * SCALAR_BYTES, run_key))


def share_out(connection: sqlite3.Connection, run_id: str, file_bytes: int) -> None:
    """Let a run's episodes claim what its file takes and none of them claims yet.

    The file's own structure is among it, and what waited in memory when an episode ended. It goes by pictures, which
    are nearly all of a file; where there are none, by rows.
    """
    run_key, claimed, pictures, rows = connection.execute(
        "SELECT runs.run_key, total(stored_bytes), total(frames), total(steps + 1) "
        "FROM runs JOIN episodes USING (run_key) WHERE run_id = ?",
        (run_id,),
    ).fetchone()
    if run_key is not None and file_bytes > claimed:
        given = {"unclaimed": file_bytes - int(claimed), "pictures": pictures, "rows": rows, "run_key": run_key}
        connection.execute(_SHARE, given)


def are_counted(connection: sqlite3.Connection) -> bool:
    """Whether the database knows its rows' sizes: one that is only read may be of an older version."""
    found = connection.execute("SELECT 1 FROM pragma_table_info('episodes') WHERE name = 'row_bytes'").fetchone()
    return found is not None


def _bytes_of(value: Any) -> int:
    return len(value) if isinstance(value, (str, bytes)) else 0
