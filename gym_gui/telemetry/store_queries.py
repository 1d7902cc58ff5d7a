"""The questions that the store answers, each one statement or two; a connection comes in, records go out."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.episode_choice import check_unambiguous
from gym_gui.core.errors import EpisodeNotFoundError, RunNotFoundError
from gym_gui.core.refs import FRAMES_DATASET, OBSERVATIONS_DATASET
from gym_gui.telemetry.run_rows import (
    episode_summary_of,
    run_of,
    run_summary_of,
    select_episodes,
    select_runs,
)
from gym_gui.telemetry.step_columns import select_columns
from gym_gui.telemetry.step_rows import SELECT_STEPS, EpisodeKeys, record_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary, RunRecord, RunSummary, StepBatch, StepRecord
    from gym_gui.telemetry.step_columns import StepColumns

_NO_STOP: Final = 2**62
_SHOWN: Final = 128


def list_runs(connection: sqlite3.Connection) -> list[RunSummary]:
    """Every run, newest first."""
    rows = connection.execute(f"{select_runs(connection)} ORDER BY created_at DESC, run_key DESC")
    return [run_summary_of(row) for row in rows]


def get_run(connection: sqlite3.Connection, run_id: str) -> RunRecord:
    """One run.

    Raises:
        RunNotFoundError: there is none of that id.
    """
    row = connection.execute(f"{select_runs(connection)} WHERE run_id = ?", (_utf8(run_id),)).fetchone()
    if row is None:
        raise _no_run(run_id)
    return run_of(row)


def get_summary(connection: sqlite3.Connection, run_id: str) -> RunSummary:
    """One run as a list shows it.

    Raises:
        RunNotFoundError: there is none of that id.
    """
    row = connection.execute(f"{select_runs(connection)} WHERE run_id = ?", (_utf8(run_id),)).fetchone()
    if row is None:
        raise _no_run(run_id)
    return run_summary_of(row)


def list_episodes(
    connection: sqlite3.Connection, run_id: str | None, *, newest: int | None = None
) -> list[EpisodeSummary]:
    """The episodes of a run in order, or of every run, newest first; no more than the *newest* ones.

    Raises:
        RunNotFoundError: there is no run of that id.
    """
    limit = -1 if newest is None else newest
    if run_id is None:
        rows = connection.execute(f"{select_episodes(connection)} ORDER BY episode_key DESC LIMIT ?", (limit,))
        return [episode_summary_of(row) for row in rows]
    run_key = run_key_of(connection, run_id)
    rows = connection.execute(
        f"{select_episodes(connection)} WHERE run_key = ? ORDER BY episode_index DESC, episode_key DESC LIMIT ?",
        (run_key, limit),
    )
    return [episode_summary_of(row) for row in rows][::-1]


def find_damage(connection: sqlite3.Connection) -> list[str]:
    """What ``PRAGMA quick_check`` says of a file that is not whole; empty where it is."""
    found: list[str] = []
    try:
        found.extend(text for (text,) in connection.execute("PRAGMA quick_check(20)"))
    except sqlite3.DatabaseError as error:  # damage that SQLite cannot even look past
        found.append(str(error))
    return [] if found == ["ok"] else found


def recorded_mark(connection: sqlite3.Connection) -> tuple[int, ...]:
    """Episodes, the newest one's key, those that run, their rows, and runs that run: equal, nothing new to list."""
    row: tuple[int, ...] = connection.execute(
        "SELECT count(*), coalesce(max(episode_key), 0), total(status = 'running'), total(CASE WHEN status = 'running' "
        "THEN (SELECT coalesce(max(step_index), e.steps) FROM steps WHERE steps.episode_key = e.episode_key) END), "
        # A run may end between two episodes.
        "(SELECT count(*) FROM runs WHERE state = 'running') FROM episodes AS e"
    ).fetchone()
    return tuple(int(number) for number in row)


def get_episode(connection: sqlite3.Connection, run_id: str, episode: str | int | None) -> EpisodeRollup:
    """An episode by id or index; None for the last one.

    Raises:
        RunNotFoundError: there is no run of that id.
        EpisodeNotFoundError: the run has no such episode.
        AmbiguousEpisodeError: several have that index.
    """
    run_key = run_key_of(connection, run_id)
    values: tuple[int | str, ...]
    if episode is None:
        where, values, named = "", (run_key,), "any episode"
    elif isinstance(episode, int):
        # No index is that large, and SQLite takes no larger number.
        bounded = min(max(episode, -1), _NO_STOP)
        where, values, named = " AND episode_index = ?", (run_key, bounded), f"an episode of index {episode}"
    else:
        where, values, named = " AND episode_id = ?", (run_key, _utf8(episode)), f"an episode {_shortened(episode)}"
    order = "ORDER BY episode_index DESC, episode_key DESC LIMIT 1" if episode is None else "ORDER BY episode_key"
    rows = connection.execute(f"{select_episodes(connection)} WHERE run_key = ?{where} {order}", values)
    found = [episode_summary_of(row).rollup for row in rows]
    if not found:
        raise EpisodeNotFoundError(
            f"Run {run_id} does not have {named}.", hint=f"`gym-gui episodes {run_id}` lists what it has."
        )
    if isinstance(episode, int):
        check_unambiguous(episode, found)
    return found[0]


def load_steps(
    connection: sqlite3.Connection, run_id: str, episode_id: str, start: int, stop: int | None
) -> list[StepRecord]:
    """Detached steps with ``start <= step_index < stop``.

    Raises:
        RunNotFoundError: there is no run of that id.
        EpisodeNotFoundError: the run has no such episode.
    """
    keys = episode_keys(connection, run_id, episode_id)
    if keys is None:
        get_episode(connection, run_id, episode_id)  # says which of the two is missing
        return []
    stop = _NO_STOP if stop is None else min(stop, _NO_STOP)
    rows = connection.execute(SELECT_STEPS, (keys.episode_key, min(start, _NO_STOP), stop))
    return [record_of(row, keys) for row in rows]


def load_columns(
    connection: sqlite3.Connection, run_id: str, episode_id: str, start: int, stop: int | None
) -> StepColumns:
    """The rows with ``start <= step_index < stop`` as columns.

    Raises:
        RunNotFoundError: there is no run of that id.
        EpisodeNotFoundError: the run has no such episode.
    """
    keys = episode_keys(connection, run_id, episode_id)
    if keys is None:
        get_episode(connection, run_id, episode_id)  # says which of the two is missing
        keys = EpisodeKeys(-1, run_id, episode_id, 0)
    stop = _NO_STOP if stop is None else min(stop, _NO_STOP)
    return select_columns(connection, keys, min(start, _NO_STOP), stop)


def episode_keys(connection: sqlite3.Connection, run_id: str, episode_id: str) -> EpisodeKeys | None:
    """What the rows of one episode share, or None where there is no such episode."""
    row = connection.execute(
        "SELECT episode_key, started_us, episodes.worker_id, space_signature "
        "FROM episodes JOIN runs USING (run_key) WHERE run_id = ? AND episode_id = ?",
        (_utf8(run_id), _utf8(episode_id)),
    ).fetchone()
    return None if row is None else EpisodeKeys(row[0], run_id, episode_id, row[1], row[2], row[3])


def running_episodes(connection: sqlite3.Connection, run_id: str) -> list[EpisodeRollup]:
    """The episodes of a dead process that still say ``running``, ended by what their last committed row says."""
    ended: list[EpisodeRollup] = []
    rows = connection.execute(
        f"{select_episodes(connection)} WHERE run_id = ? AND status = 'running'", (run_id,)
    ).fetchall()
    for row in rows:
        rollup = episode_summary_of(row).rollup
        keys = episode_keys(connection, run_id, rollup.episode_id)
        # An episode whose rows another backend keeps: what its sink told last.
        told = (rollup.terminated | rollup.truncated << 1, 0)
        last = (
            connection.execute(
                "SELECT flags, time_us FROM steps WHERE episode_key = ? ORDER BY step_index DESC LIMIT 1",
                (keys.episode_key if keys else None,),
            ).fetchone()
            or told
        )
        terminated, truncated = bool(last[0] & 1), bool(last[0] & 2)
        started_us = keys.started_us if keys else 0
        ended.append(
            replace(
                rollup,
                terminated=terminated,
                truncated=truncated,
                status=EpisodeStatus.COMPLETED if terminated or truncated else EpisodeStatus.INTERRUPTED,
                ended_at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=started_us + last[1]),
            )
        )
    return ended


def go_on(connection: sqlite3.Connection, episodes: Iterable[EpisodeKeys]) -> None:
    """Episodes got rows after they were ended for a worker taken for dead: whoever ends them next counts all."""
    connection.executemany(
        "UPDATE episodes SET status = 'running', ended_at = NULL WHERE episode_key = ? AND status = 'interrupted'",
        [(one.episode_key,) for one in episodes],
    )


@dataclass(frozen=True, slots=True)
class RunExtent:
    """How far the committed rows of a run reach.

    Attributes:
        rows: Rows, the states after reset included.
        items: Dataset of the replay file -> items up to the last one that a row names.
    """

    rows: int
    items: Mapping[str, int]


def extent(connection: sqlite3.Connection, run_id: str) -> RunExtent | None:
    """How far the rows of a run reach, or None where there is no such run."""
    row = connection.execute("SELECT run_key FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        return None
    of_run = "FROM steps WHERE episode_key IN (SELECT episode_key FROM episodes WHERE run_key = ?)"
    (rows,) = connection.execute(f"SELECT count(*) {of_run}", row).fetchone()
    named = connection.execute(
        f"""
        SELECT '{FRAMES_DATASET}', frame_variant, max(frame_index) + 1 {of_run} GROUP BY frame_variant
        UNION ALL
        SELECT iif(flags & 64, '{FRAMES_DATASET}', '{OBSERVATIONS_DATASET}'), obs_variant, max(obs_index) + 1 {of_run}
        GROUP BY flags & 64, obs_variant
        """,
        row * 2,
    )
    items: dict[str, int] = {}
    for dataset, variant, count in named:
        name = f"{dataset}.{variant}" if variant else dataset
        items[name] = max(items.get(name, 0), count or 0)
    return RunExtent(int(rows), items)


def advance_stream(connection: sqlite3.Connection, run_key: int, batch: StepBatch) -> bool:
    """Note that a batch is here; False where it was before."""
    changed = connection.execute(
        "INSERT INTO streams (run_key, worker_id, stream, seq) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq",
        (run_key, batch.worker_id, batch.stream, batch.seq),
    )
    return changed.rowcount > 0


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the database has that table: one that is only read may be of an older version."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None


def durable_seq(connection: sqlite3.Connection, run_id: str, worker_id: str, stream: str) -> int:
    """The newest batch of a stream that is here; 0 for none."""
    if not has_table(connection, "streams"):
        return 0
    row = connection.execute(
        "SELECT seq FROM streams JOIN runs USING (run_key) WHERE run_id = ? AND streams.worker_id = ? AND stream = ?",
        (run_id, worker_id, stream),
    ).fetchone()
    return 0 if row is None else int(row[0])


def tables_of_runs(connection: sqlite3.Connection) -> list[str]:
    """The tables that hold something of a run by its key, `runs` itself last."""
    found = connection.execute(
        "SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c "
        "WHERE m.type = 'table' AND c.name = 'run_key' AND m.name != 'runs'"
    )
    return [*(name for (name,) in found), "runs"]


def run_key_of(connection: sqlite3.Connection, run_id: str) -> int:
    """A run's key.

    Raises:
        RunNotFoundError: there is no run of that id.
    """
    row = connection.execute("SELECT run_key FROM runs WHERE run_id = ?", (_utf8(run_id),)).fetchone()
    if row is None:
        raise _no_run(run_id)
    return int(row[0])


def _no_run(run_id: str) -> RunNotFoundError:
    return RunNotFoundError(
        f"There is no run {_shortened(run_id)} here.", hint="`gym-gui runs` lists the runs that are here."
    )


def _shortened(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:60]}…")


def _utf8(text: str) -> str:
    """*text*, or something that no row has where it is no text that SQLite takes (bytes of a shell's argument)."""
    return text.encode("utf-8", "replace").decode()
