"""The tables of a recording that is one SQLite file: runs, episodes, agents, steps, and arrays kept once each.

The columns of runs, episodes and steps are the telemetry store's, whose statements write and read them.
"""

from __future__ import annotations

from typing import Final

from gym_gui.db.migrations import Migration

APPLICATION_ID: Final = 0x67796D72  # "gymr"

_FIRST: Final = (
    """
    CREATE TABLE runs (
        run_key INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL UNIQUE,
        env_id TEXT NOT NULL,
        env_kwargs TEXT NOT NULL,
        env_spec TEXT,
        render_mode TEXT,
        player TEXT NOT NULL,
        action_space TEXT,
        observation_space TEXT,
        space_signature TEXT,
        step_rate_hz REAL NOT NULL,
        versions TEXT NOT NULL,
        rom_sha256 TEXT,
        host TEXT,
        app_version TEXT,
        worker_id TEXT,
        metadata TEXT NOT NULL,
        payload_version INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        ended_at TEXT,
        state TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE episodes (
        episode_key INTEGER PRIMARY KEY,
        run_key INTEGER NOT NULL REFERENCES runs (run_key) ON DELETE CASCADE,
        episode_id TEXT NOT NULL,
        episode_index INTEGER NOT NULL,
        agent_id TEXT NOT NULL,
        worker_id TEXT,
        seed INTEGER,
        options TEXT,
        started_at TEXT NOT NULL,
        -- Microseconds since 1970; a step's time_us counts from here.
        started_us INTEGER NOT NULL,
        ended_at TEXT,
        steps INTEGER NOT NULL,
        total_reward REAL NOT NULL,
        terminated INTEGER NOT NULL,
        truncated INTEGER NOT NULL,
        status TEXT NOT NULL,
        frames INTEGER NOT NULL,
        dropped_frames INTEGER NOT NULL,
        stored_bytes INTEGER NOT NULL,
        fault TEXT,
        metadata TEXT NOT NULL,
        payload_version INTEGER NOT NULL,
        UNIQUE (run_key, episode_id)
    )
    """,
    "CREATE INDEX episodes_by_run ON episodes (run_key, episode_index)",
    "CREATE TABLE agents (agent_key INTEGER PRIMARY KEY, agent_id TEXT NOT NULL UNIQUE)",
    "INSERT INTO agents VALUES (0, 'agent_0')",
    """
    CREATE TABLE arrays (
        array_key INTEGER PRIMARY KEY,
        -- BLAKE2b, 16 bytes, of dtype, shape and content: what is equal is stored once.
        digest BLOB NOT NULL UNIQUE,
        -- NumPy's text for it, '|u1'; for composite values a JSON list of fields.
        dtype TEXT NOT NULL,
        -- A JSON list, '[210,160,3]'.
        shape TEXT NOT NULL,
        -- One Zstandard frame of the items in C order.
        data BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE steps (
        episode_key INTEGER NOT NULL REFERENCES episodes (episode_key) ON DELETE CASCADE,
        step_index INTEGER NOT NULL,
        agent_key INTEGER NOT NULL REFERENCES agents (agent_key),
        -- An integer for discrete actions; tagged msgpack bytes for everything else; NULL after reset.
        action,
        -- Float64; NULL after reset. nan and -0.0, which SQLite cannot hold, are flags.
        reward REAL,
        -- 1 terminated, 2 truncated, 4 reward is nan, 8 reward is -0.0, 16 and 32 state of the frame
        -- (0 none, 1 kept, 2 shed, 3 lost), 64 the observation is the frame.
        flags INTEGER NOT NULL,
        frame_index INTEGER REFERENCES arrays (array_key),
        frame_variant INTEGER NOT NULL,
        obs_index INTEGER REFERENCES arrays (array_key),
        obs_variant INTEGER NOT NULL,
        time_us INTEGER NOT NULL,
        info TEXT,
        -- msgpack map of what is rare: vector metadata, values without a column, an observation that is no array.
        extra BLOB,
        PRIMARY KEY (episode_key, step_index, agent_key)
    ) WITHOUT ROWID
    """,
    """
    CREATE VIEW trajectory AS
    SELECT
        runs.run_id, episodes.episode_id, episodes.episode_index, steps.step_index AS step_number,
        (episodes.started_us + steps.time_us) / 1000000.0 AS timestamp,
        agents.agent_id,
        CASE WHEN typeof(steps.action) = 'integer' THEN steps.action END AS discrete_action,
        steps.reward,
        steps.flags & 1 AS terminated,
        (steps.flags >> 1) & 1 AS truncated,
        steps.info,
        steps.frame_index AS frame_key,
        steps.obs_index AS observation_key
    FROM steps
    JOIN episodes USING (episode_key)
    JOIN runs USING (run_key)
    JOIN agents USING (agent_key)
    """,
)

# The telemetry database's version 3: what rows take is counted as they are written. Nothing is logged here.
_SIZES: Final = (
    "ALTER TABLE episodes ADD COLUMN row_bytes INTEGER",
    "ALTER TABLE runs ADD COLUMN scalar_bytes INTEGER NOT NULL DEFAULT 0",
)

MIGRATIONS: Final = (Migration(1, _FIRST), Migration(2, _SIZES))
