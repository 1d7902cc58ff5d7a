"""SQLite rows through the store: rows a second and bytes a row, without info and with ALE's.

The peer is SQLite itself, asked to keep the same rows the plain way: text refs, ready-made tuples, same pragmas.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from report import answer

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

ROWS = 300_000
BATCH = 256
ROUNDS = 4

_PLAIN_TABLE = """
    CREATE TABLE steps (
        run_id TEXT, episode_id TEXT, step_index INTEGER, action INTEGER, reward REAL, terminated INTEGER,
        truncated INTEGER, frame_ref TEXT, obs_ref TEXT, timestamp TEXT, info TEXT,
        PRIMARY KEY (run_id, episode_id, step_index)
    )
"""


def measure(folder: Path, *, with_info: bool) -> dict[str, Any]:
    """Insert rows of one long episode in batches, as the sink does; the best of some rounds beside the peer's best."""
    steps = [
        StepRecord(
            run_id="r",
            episode_id="e",
            step_index=index,
            action=index % 4,
            reward=float(index % 9 == 0),
            info={"lives": 5, "episode_frame_number": index, "frame_number": index} if with_info else {},
            frame_ref=f"h5://r/frames/{index}",
            obs_ref=f"h5://r/frames/{index}",
        )
        for index in range(ROWS)
    ]
    ours_s, plain_s = [], []
    for turn in range(ROUNDS):
        ours, plain = folder / f"ours-{turn}.sqlite", folder / f"plain-{turn}.sqlite"
        ours_s.append(_ours(ours, steps))
        plain_s.append(_plain(plain, steps))
    return {
        "rows_per_s": round(ROWS / min(ours_s)),
        "bytes_per_row": round(ours.stat().st_size / ROWS, 1),
        "plain_sqlite_rows_per_s": round(ROWS / min(plain_s)),
        "plain_sqlite_bytes_per_row": round(plain.stat().st_size / ROWS, 1),
        "speed_ratio": round(min(plain_s) / min(ours_s), 2),
    }


def _ours(path: Path, steps: list[StepRecord]) -> float:
    store = TelemetrySQLiteStore(path)
    store.insert_run(RunRecord(run_id="r", env_id="ALE/Breakout-v5", created_at=utc_now()))
    store.upsert_episode(EpisodeRollup(run_id="r", episode_id="e", episode_index=0, seed=1, started_at=utc_now()))
    started_s = time.perf_counter()
    for start in range(0, ROWS, BATCH):
        store.insert_steps(steps[start : start + BATCH])
    elapsed_s = time.perf_counter() - started_s
    store.close()
    return elapsed_s


def _plain(path: Path, steps: list[StepRecord]) -> float:
    rows = [
        (
            step.run_id,
            step.episode_id,
            step.step_index,
            step.action,
            step.reward,
            0,
            0,
            step.frame_ref,
            step.obs_ref,
            step.timestamp.isoformat(),
            str(dict(step.info)),
        )
        for step in steps
    ]
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(_PLAIN_TABLE)
    started_s = time.perf_counter()
    for start in range(0, ROWS, BATCH):
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows[start : start + BATCH]
        )
        connection.execute("COMMIT")
    elapsed_s = time.perf_counter() - started_s
    connection.close()
    return elapsed_s


def main() -> None:
    """Both kinds of rows."""
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            name: measure(Path(tempfile.mkdtemp(dir=folder)), with_info=with_info)
            for name, with_info in (("without_info", False), ("with_ale_info", True))
        }
    answer("store_rows", {"target": "300,000/s and 45 B; with info 120,000/s and 110 B", **figures})


if __name__ == "__main__":
    main()
