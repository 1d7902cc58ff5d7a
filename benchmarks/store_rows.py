"""SQLite rows through the store: rows a second and bytes a row, without info and with ALE's."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from report import answer

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

ROWS = 300_000
BATCH = 256


def measure(folder: Path, name: str, *, with_info: bool) -> dict[str, float]:
    """Insert rows of one long episode in batches, as the sink does."""
    store = TelemetrySQLiteStore(folder / f"{name}.sqlite")
    store.insert_run(RunRecord(run_id="r", env_id="ALE/Breakout-v5", created_at=utc_now()))
    store.upsert_episode(EpisodeRollup(run_id="r", episode_id="e", episode_index=0, seed=1, started_at=utc_now()))
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
    started_s = time.perf_counter()
    for start in range(0, ROWS, BATCH):
        store.insert_steps(steps[start : start + BATCH])
    elapsed_s = time.perf_counter() - started_s
    store.close()
    return {
        "rows_per_s": round(ROWS / elapsed_s),
        "bytes_per_row": round((folder / f"{name}.sqlite").stat().st_size / ROWS, 1),
    }


def main() -> None:
    """Both kinds of rows."""
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            "without_info": measure(Path(folder), "plain", with_info=False),
            "with_ale_info": measure(Path(folder), "info", with_info=True),
        }
    answer("store_rows", {"target": "300,000/s and 45 B; with info 120,000/s and 110 B", **figures})


if __name__ == "__main__":
    main()
