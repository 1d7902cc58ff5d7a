"""Runs and episodes to rows and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from gym_gui.core.clock import from_iso, to_iso, utc_now
from gym_gui.core.data_model import (
    EpisodeRollup,
    EpisodeStatus,
    EpisodeSummary,
    RunRecord,
    RunState,
    RunSummary,
)
from gym_gui.core.data_model.run import REASON_KEY
from gym_gui.core.info_codec import encode_info
from gym_gui.core.schema.mismatch import with_counts
from gym_gui.telemetry.sizes import ROW_BYTES, are_counted
from gym_gui.telemetry.step_rows import microseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

Row: TypeAlias = tuple[Any, ...]

RUN_COLUMNS: Final = (
    "run_id, env_id, env_kwargs, env_spec, render_mode, player, action_space, observation_space, space_signature, "
    "step_rate_hz, versions, rom_sha256, host, app_version, worker_id, metadata, payload_version, created_at"
)
_RUN_WIDTH: Final = RUN_COLUMNS.count(",") + 1

EPISODE_COLUMNS: Final = (
    "episode_id, episode_index, agent_id, worker_id, seed, options, started_at, ended_at, steps, total_reward, "
    "terminated, truncated, status, frames, dropped_frames, fault, metadata, payload_version"
)
_EPISODE_WIDTH: Final = EPISODE_COLUMNS.count(",") + 1

INSERT_RUN: Final = f"""
    INSERT INTO runs ({RUN_COLUMNS}, state) VALUES ({", ".join("?" * _RUN_WIDTH)}, 'running')
    ON CONFLICT (run_id) DO UPDATE SET state = 'running', ended_at = NULL
"""  # noqa: S608 - every part is a constant of this module
UPSERT_EPISODE: Final = f"""
    INSERT INTO episodes (run_key, started_us, stored_bytes, row_bytes, {EPISODE_COLUMNS})
    VALUES (?, ?, ?, 0, {", ".join("?" * _EPISODE_WIDTH)})
    ON CONFLICT (run_key, episode_id) DO UPDATE SET
        seed = excluded.seed, options = excluded.options, agent_id = excluded.agent_id,
        worker_id = excluded.worker_id, ended_at = excluded.ended_at, steps = excluded.steps,
        total_reward = excluded.total_reward, terminated = excluded.terminated, truncated = excluded.truncated,
        status = excluded.status, frames = excluded.frames, dropped_frames = excluded.dropped_frames,
        stored_bytes = max(stored_bytes, excluded.stored_bytes), fault = excluded.fault,
        metadata = excluded.metadata, episode_index = excluded.episode_index
"""  # noqa: S608 - every part is a constant of this module

# An episode that still runs has no totals yet: they come from its rows; where another backend keeps those, what its
# sink told last stands.
_LIVE: Final = "CASE WHEN status = 'running' THEN (SELECT {live} FROM steps WHERE steps.episode_key = e.episode_key)"
_STEPS: Final = _LIVE.format(live="coalesce(max(step_index), e.steps)") + " ELSE steps END"
_REWARD: Final = (
    _LIVE.format(live="CASE WHEN count(*) THEN total(reward) ELSE e.total_reward END") + " ELSE total_reward END"
)
_FRAMES: Final = _LIVE.format(live="CASE WHEN count(*) THEN count(frame_index) ELSE e.frames END") + " ELSE frames END"
# States 2 and 3 of the picture: shed and lost.
_DROPPED: Final = (
    _LIVE.format(live="coalesce(sum((flags >> 4) & 3 >= 2), e.dropped_frames)") + " ELSE dropped_frames END"
)

# Bytes that an episode takes; where nobody counted its rows, what rows without info would take.
_ESTIMATED: Final = f"{ROW_BYTES} * ({_STEPS} + 1)"
_SIZES: Final = {True: f"stored_bytes + coalesce(row_bytes, {_ESTIMATED})", False: f"stored_bytes + {_ESTIMATED}"}
_SCALARS: Final = {True: " + scalar_bytes", False: ""}

_SELECT_EPISODES: Final = f"""
    SELECT episode_id, episode_index, agent_id, e.worker_id, seed, options, started_at, e.ended_at, {_STEPS}, {_REWARD},
        terminated, truncated, status, {_FRAMES}, {_DROPPED}, fault, e.metadata, e.payload_version,
        {{size}}, run_id, env_id, player
    FROM episodes AS e JOIN runs USING (run_key)
"""  # noqa: S608 - every part is a constant of this module
_SELECT_RUNS: Final = f"""
    SELECT {RUN_COLUMNS}, state, ended_at,
        (SELECT count(*) FROM episodes AS e WHERE e.run_key = runs.run_key),
        (SELECT total({_STEPS}) FROM episodes AS e WHERE e.run_key = runs.run_key),
        (SELECT total({_FRAMES}) FROM episodes AS e WHERE e.run_key = runs.run_key),
        (SELECT total({_DROPPED}) FROM episodes AS e WHERE e.run_key = runs.run_key),
        (SELECT total({{size}}) FROM episodes AS e WHERE e.run_key = runs.run_key){{scalars}}
    FROM runs
"""  # noqa: S608 - every part is a constant of this module
_decode_dict: Final = msgspec.json.Decoder(dict).decode


def select_episodes(connection: sqlite3.Connection) -> str:
    """The statement that reads episodes, for what the database knows."""
    return _SELECT_EPISODES.format(size=_SIZES[are_counted(connection)])


def select_runs(connection: sqlite3.Connection) -> str:
    """The statement that reads runs with their sums, for what the database knows."""
    counted = are_counted(connection)
    return _SELECT_RUNS.format(size=_SIZES[counted], scalars=_SCALARS[counted])


def run_row(run: RunRecord) -> Row:
    """The values of `RUN_COLUMNS`."""
    return (
        run.run_id,
        run.env_id,
        json_text(run.env_kwargs),
        run.env_spec,
        run.render_mode,
        run.player,
        run.action_space,
        run.observation_space,
        run.space_signature,
        run.step_rate_hz,
        json_text(run.versions),
        run.rom_sha256,
        run.host,
        run.app_version,
        run.worker_id,
        json_text(run.metadata),
        run.payload_version,
        to_iso(run.created_at),
    )


def run_of(row: Row) -> RunRecord:
    """The run of a row of `RUN_COLUMNS`."""
    return RunRecord(
        run_id=row[0],
        env_id=row[1],
        env_kwargs=_unjson(row[2]),
        env_spec=row[3],
        render_mode=row[4],
        player=row[5],
        action_space=row[6],
        observation_space=row[7],
        space_signature=row[8],
        step_rate_hz=row[9],
        versions=_unjson(row[10]),
        rom_sha256=row[11],
        host=row[12],
        app_version=row[13],
        worker_id=row[14],
        metadata=_unjson(row[15]),
        payload_version=row[16],
        created_at=from_iso(row[17]) or utc_now(),
    )


def run_summary_of(row: Row) -> RunSummary:
    """The summary of a row of `select_runs`."""
    state, ended_at, episodes, steps, frames, dropped, size_bytes = row[_RUN_WIDTH:]
    return RunSummary(
        run=run_of(row),
        state=RunState(state),
        ended_at=from_iso(ended_at),
        episodes=int(episodes),
        steps=int(steps),
        frames=int(frames),
        dropped_frames=int(dropped),
        size_bytes=int(size_bytes),
    )


def episode_row(rollup: EpisodeRollup, run_key: int, stored_bytes: int) -> Row:
    """The values of `UPSERT_EPISODE`."""
    return (
        run_key,
        microseconds(rollup.started_at),
        stored_bytes,
        rollup.episode_id,
        rollup.episode_index,
        rollup.agent_id,
        rollup.worker_id,
        _seed(rollup.seed),
        None if rollup.options is None else json_text(rollup.options),
        to_iso(rollup.started_at),
        to_iso(rollup.ended_at),
        rollup.steps,
        _number(rollup.total_reward),
        rollup.terminated,
        rollup.truncated,
        rollup.status.value,
        rollup.frames,
        rollup.dropped_frames,
        rollup.fault,
        json_text(rollup.metadata),
        rollup.payload_version,
    )


def episode_summary_of(row: Row) -> EpisodeSummary:
    """The summary of a row of `select_episodes`."""
    size_bytes, run_id, env_id, player = row[_EPISODE_WIDTH:]
    rollup = EpisodeRollup(
        run_id=run_id,
        episode_id=row[0],
        episode_index=row[1],
        agent_id=row[2],
        worker_id=row[3],
        seed=None if row[4] is None else int(row[4]),
        options=None if row[5] is None else _unjson(row[5]),
        started_at=from_iso(row[6]) or utc_now(),
        ended_at=from_iso(row[7]),
        steps=row[8],
        total_reward=float(row[9]),
        terminated=bool(row[10]),
        truncated=bool(row[11]),
        status=EpisodeStatus(row[12]),
        frames=row[13],
        dropped_frames=row[14],
        fault=row[15],
        metadata=_unjson(row[16]),
        payload_version=row[17],
    )
    return EpisodeSummary(rollup=rollup, env_id=env_id, player=player, size_bytes=int(size_bytes))


def metadata_at_end(metadata: str, schema_counts: Mapping[str, Any] | None, reason: str) -> str:
    """A run's *metadata*, as they are stored, with what was counted of its steps and why it ended."""
    told = {key: value for key, value in _unjson(metadata).items() if key != REASON_KEY}
    if reason:
        told[REASON_KEY] = reason
    return json_text(told if schema_counts is None else with_counts(told, schema_counts))


def _number(value: float) -> float | str:
    # SQLite turns nan into NULL; as text it survives the column's affinity and float() reads it back.
    return "nan" if value != value else value  # noqa: PLR0124 - nan, the cheap way


def _seed(seed: int | None) -> int | bytes | None:
    # Seeds may have any length; SQLite's integers have 64 bits, and the column turns longer text into a float.
    return seed if seed is None or -(2**63) <= seed < 2**63 else str(seed).encode()


def json_text(value: Mapping[str, Any]) -> str:
    """A mapping as a column of JSON text holds it."""
    return encode_info(value) or "{}"


def _unjson(text: str) -> dict[str, Any]:
    return {} if text == "{}" else _decode_dict(text)
