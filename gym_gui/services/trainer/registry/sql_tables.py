"""The registry's tables for SQLAlchemy: the same columns as in SQLite, under names that a shared database can hold."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

VERSION: Final = 3  # counts up with each change of these tables; see `CHANGES`
# What a registry of the version before each needs to become that version.
CHANGES: Final = {
    2: ("ALTER TABLE gym_gui_runs ADD COLUMN steps_before BIGINT NOT NULL DEFAULT 0",),
    3: ("ALTER TABLE gym_gui_runs ADD COLUMN host TEXT NOT NULL DEFAULT ''",),
}
METADATA: Final = MetaData()
# SQLite counts rows by itself in a column that is exactly INTEGER.
_KEY: Final = BigInteger().with_variant(Integer, "sqlite")
_ACTIVE: Final = text("state IN ('pending', 'dispatching', 'running', 'paused')")

VERSIONS: Final = Table(
    "gym_gui_registry",
    METADATA,
    Column("version", Integer, nullable=False),
)
RUNS: Final = Table(
    "gym_gui_runs",
    METADATA,
    Column("run_key", _KEY, primary_key=True, autoincrement=True),
    Column("run_id", Text, nullable=False, unique=True),
    Column("config", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("retention", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("cpus", Double, nullable=False),
    Column("gpus", Integer, nullable=False),
    Column("passed_over", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("started_at", Text),
    Column("ended_at", Text),
    Column("resumed_from", Text),
    Column("steps_before", BigInteger, nullable=False),
    Column("restarts", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("steps", BigInteger, nullable=False),
    Column("episodes", BigInteger, nullable=False),
    Column("mean_return", Double),
    Column("steps_per_s", Double),
    Column("last_step_at", Text),
    Column("frames", BigInteger, nullable=False),
    Column("dropped_frames", BigInteger, nullable=False),
    UniqueConstraint("digest", "attempt"),
    Index("gym_gui_active_digest", "digest", unique=True, postgresql_where=_ACTIVE, sqlite_where=_ACTIVE),
    Index("gym_gui_runs_by_state", "state", "priority", "run_key"),
)
GPU_SLOTS: Final = Table(
    "gym_gui_gpu_slots",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("gpu", Integer, primary_key=True, autoincrement=False),
    Column("run_key", _KEY, ForeignKey(RUNS.c.run_key), nullable=False),
)
TRANSITIONS: Final = Table(
    "gym_gui_transitions",
    METADATA,
    Column("transition_key", _KEY, primary_key=True, autoincrement=True),
    Column("run_key", _KEY, ForeignKey(RUNS.c.run_key), nullable=False, index=True),
    Column("before", Text),
    Column("after", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
WORKERS: Final = Table(
    "gym_gui_workers",
    METADATA,
    Column("run_key", _KEY, ForeignKey(RUNS.c.run_key), primary_key=True, autoincrement=False),
    Column("worker_id", Text, primary_key=True),
    Column("pid", BigInteger, nullable=False),
    Column("born_s", Double, nullable=False),
    Column("host", Text, nullable=False),
    Column("token_digest", Text, nullable=False),
    Column("launcher", Text, nullable=False),
    Column("heartbeat_at", Text),
)
