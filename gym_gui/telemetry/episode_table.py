"""Questions that curves ask of the database: ended episodes as columns, and what was under way at an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.core.clock import from_iso
from gym_gui.core.data_model import EpisodeTable
from gym_gui.core.data_model.episode import ACTED_BY, HUMAN
from gym_gui.core.data_model.episode_table import EVALUATION_KEY, EVALUATION_SUFFIX
from gym_gui.telemetry.store_queries import run_key_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_SELECT: Final = f"""
    SELECT episode_key, run_id, episode_id, episode_index, started_us, e.ended_at, steps, total_reward, e.worker_id,
        json_extract(runs.metadata, '$.{EVALUATION_KEY}') IS NOT NULL
            OR ifnull(e.worker_id, '') LIKE '%{EVALUATION_SUFFIX}',
        frames
    FROM episodes AS e JOIN runs USING (run_key)
    -- One that was cut off has no return to compare, and one that a person took says nothing of the policy.
    WHERE run_key IN ({{marks}}) AND status = 'completed' AND e.ended_at IS NOT NULL AND episode_key > ?
        AND (e.metadata IS NULL OR ifnull(json_extract(e.metadata, '$.{ACTED_BY}'), '') NOT LIKE '%"{HUMAN}"%')
    ORDER BY episode_key
"""  # noqa: S608 - every part is a constant of this module
_SELECT_PENDING: Final = """
    SELECT min(episode_key) FROM episodes WHERE run_key IN ({marks}) AND status = 'running' AND episode_key > ?
"""
# The last one that had begun by then and had not ended before.
_SELECT_MOMENT: Final = """
    SELECT episode_key, episode_id, started_us FROM episodes
    WHERE run_key = ? AND started_us <= ? AND (ended_at IS NULL OR ended_at >= ?)
    ORDER BY started_us DESC, episode_key DESC LIMIT 1
"""


def select_episode_table(connection: sqlite3.Connection, run_ids: Sequence[str], after_key: int) -> EpisodeTable:
    """Episodes of several runs that ended, after a key.

    Raises:
        RunNotFoundError: there is no run of one of those ids.
    """
    values = (*(run_key_of(connection, run_id) for run_id in run_ids), after_key)
    marks = ", ".join("?" * len(run_ids))
    rows = connection.execute(_SELECT.format(marks=marks), values).fetchall()
    (pending,) = connection.execute(_SELECT_PENDING.format(marks=marks), values).fetchone()
    newest = rows[-1][0] if rows else after_key
    next_key = newest if pending is None else min(newest, pending - 1)
    if not rows:
        return EpisodeTable(next_key=next_key)
    keys, runs, ids, indices, started, ended, steps, returns, workers, evaluations, frames = zip(*rows, strict=True)
    return EpisodeTable(
        keys=np.array(keys, np.int64),
        run_ids=runs,
        episode_ids=ids,
        indices=np.array(indices, np.int64),
        started_us=np.array(started, np.int64),
        ended_us=np.array([_microseconds(text) for text in ended], np.int64),
        steps=np.array(steps, np.int64),
        returns=np.array(list(map(float, returns)), np.float64),  # nan is stored as text
        workers=workers,
        evaluations=np.array(evaluations, np.bool_),
        frames=np.array(frames, np.int64),
        next_key=next_key,
    )


def select_moment(connection: sqlite3.Connection, run_id: str, time_us: int) -> tuple[str, int] | None:
    """The episode and step under way at an instant; None where nothing was.

    Raises:
        RunNotFoundError: there is no run of that id.
    """
    run_key = run_key_of(connection, run_id)
    instant = np.datetime64(time_us, "us").item().isoformat(timespec="microseconds") + "+00:00"
    found = connection.execute(_SELECT_MOMENT, (run_key, time_us, instant)).fetchone()
    if found is None:
        return None
    episode_key, episode_id, started_us = found
    step = connection.execute(
        "SELECT step_index FROM steps WHERE episode_key = ? AND time_us <= ? ORDER BY step_index DESC LIMIT 1",
        (episode_key, time_us - started_us),
    ).fetchone()
    return str(episode_id), 0 if step is None else int(step[0])


def _microseconds(text: str) -> int:
    instant = from_iso(text)
    return 0 if instant is None else round(instant.timestamp() * 1e6)
