"""Version 2: what a learner logged, and how far each stream of batches is on disk."""

from __future__ import annotations

from typing import Final

VERSION: Final = 2

STATEMENTS: Final = (
    "CREATE TABLE metrics (metric_key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """
    CREATE TABLE scalars (
        -- Counts up in the order of arrival: whoever follows a run asks for what is after the last row it has.
        scalar_row INTEGER PRIMARY KEY,
        run_key INTEGER NOT NULL REFERENCES runs (run_key),
        metric_key INTEGER NOT NULL REFERENCES metrics (metric_key),
        worker_id TEXT,
        -- The learner's own step.
        step INTEGER NOT NULL,
        -- Microseconds since 1970.
        time_us INTEGER NOT NULL,
        -- NULL is nan, which SQLite cannot hold.
        value REAL
    )
    """,
    "CREATE INDEX scalars_by_run ON scalars (run_key, metric_key)",
    """
    CREATE TABLE streams (
        run_key INTEGER NOT NULL REFERENCES runs (run_key),
        worker_id TEXT NOT NULL,
        -- One life of the worker.
        stream TEXT NOT NULL,
        -- The newest batch of it whose rows are here.
        seq INTEGER NOT NULL,
        PRIMARY KEY (run_key, worker_id, stream)
    ) WITHOUT ROWID
    """,
    """
    CREATE VIEW learner_scalars AS
    SELECT
        runs.run_id, metrics.name, scalars.worker_id, scalars.step, scalars.value,
        scalars.time_us / 1000000.0 AS unix_time_s
    FROM scalars
    JOIN metrics USING (metric_key)
    JOIN runs USING (run_key)
    """,
)
