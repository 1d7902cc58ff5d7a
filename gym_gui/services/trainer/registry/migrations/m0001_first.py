"""Version 1: runs, their transitions, their worker processes, and the GPUs that they hold."""

from __future__ import annotations

from typing import Final

VERSION: Final = 1

STATEMENTS: Final = (
    """
    CREATE TABLE runs (
        run_key INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id TEXT NOT NULL UNIQUE,
        -- services.trainer.config.TrainingConfig as JSON, and the SHA-256 of what decides about the work.
        config TEXT NOT NULL,
        digest TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        retention TEXT NOT NULL,
        -- The trainer that claimed it: several may share one registry. Empty before.
        owner TEXT NOT NULL,
        priority INTEGER NOT NULL,
        -- Of the owner's machine.
        cpus REAL NOT NULL,
        gpus INTEGER NOT NULL,
        passed_over INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        started_at TEXT,
        ended_at TEXT,
        resumed_from TEXT,
        restarts INTEGER NOT NULL,
        steps INTEGER NOT NULL,
        episodes INTEGER NOT NULL,
        mean_return REAL,
        steps_per_s REAL,
        last_step_at TEXT,
        frames INTEGER NOT NULL,
        dropped_frames INTEGER NOT NULL,
        UNIQUE (digest, attempt)
    )
    """,
    # What nobody may break, whoever writes: one active run of a digest, one run on a GPU.
    """
    CREATE UNIQUE INDEX active_digest ON runs (digest)
    WHERE state IN ('pending', 'dispatching', 'running', 'paused')
    """,
    "CREATE INDEX runs_by_state ON runs (state, priority, run_key)",
    """
    CREATE TABLE gpu_slots (
        owner TEXT NOT NULL,
        gpu INTEGER NOT NULL,
        run_key INTEGER NOT NULL REFERENCES runs (run_key),
        PRIMARY KEY (owner, gpu)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE transitions (
        transition_key INTEGER PRIMARY KEY,
        run_key INTEGER NOT NULL REFERENCES runs (run_key),
        before TEXT,
        after TEXT NOT NULL,
        at TEXT NOT NULL,
        reason TEXT NOT NULL
    )
    """,
    "CREATE INDEX transitions_by_run ON transitions (run_key, transition_key)",
    """
    CREATE TABLE workers (
        run_key INTEGER NOT NULL REFERENCES runs (run_key),
        worker_id TEXT NOT NULL,
        pid INTEGER NOT NULL,
        -- Seconds since 1970, as the system says of the process.
        born_s REAL NOT NULL,
        host TEXT NOT NULL,
        token_digest TEXT NOT NULL,
        launcher TEXT NOT NULL,
        heartbeat_at TEXT,
        PRIMARY KEY (run_key, worker_id)
    ) WITHOUT ROWID
    """,
)
