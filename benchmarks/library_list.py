"""The library with 10,000 episodes: from asking to the first rows, and a filter while typing."""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from report import answer, percentiles

from gym_gui.config.settings import Settings
from gym_gui.controllers.library import LibraryController, LibraryState
from gym_gui.controllers.tasks import ImmediateTaskRunner
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, RunState
from gym_gui.services.bootstrap import Services, open_services

RUNS = 100
EPISODES_A_RUN = 100
ROUNDS = 9
GAMES = ("ALE/Breakout-v5", "ALE/MsPacman-v5", "CarRacing-v3", "LunarLander-v3")
TYPED = ("b", "br", "bre", "brea", "break", "breako", "mspac 12", "lunar", "", "completed")


class View:
    """Takes what a screen would show."""

    def __init__(self) -> None:
        self.state: LibraryState | None = None
        self.first_rows_s = 0.0

    def show_library(self, state: LibraryState) -> None:
        """Keep it."""
        self.state = state
        if len(state.rows) and not self.first_rows_s:
            self.first_rows_s = time.perf_counter()

    def show_run(self, run: RunRecord) -> None:
        """Not looked at here."""


def fill(services: Services) -> None:
    """A hundred runs of a hundred episodes."""
    now = utc_now()
    with services.store.transaction():
        for run in range(RUNS):
            run_id = f"run-{run:04d}"
            started = now - timedelta(hours=RUNS - run)
            services.store.insert_run(RunRecord(run_id=run_id, env_id=GAMES[run % len(GAMES)], created_at=started))
            for episode in range(EPISODES_A_RUN):
                services.store.upsert_episode(
                    EpisodeRollup(
                        run_id=run_id,
                        episode_id=f"ep-{episode:06d}",
                        episode_index=episode,
                        seed=run * 1000 + episode,
                        started_at=started + timedelta(seconds=30 * episode),
                        ended_at=started + timedelta(seconds=30 * episode + 25),
                        steps=1000 + episode,
                        total_reward=float(episode),
                        status=EpisodeStatus.COMPLETED,
                    )
                )
            services.store.end_run(run_id, RunState.COMPLETED, now)


def main() -> None:
    """Fill, list, filter."""
    with tempfile.TemporaryDirectory() as folder, open_services(Settings(var_dir=Path(folder))) as services:
        fill(services)
        first_s, all_s, filter_s = [], [], []
        for _ in range(ROUNDS):
            view = View()
            library = LibraryController(services.store, ImmediateTaskRunner(), view)
            started_s = time.perf_counter()
            library.refresh()
            all_s.append(time.perf_counter() - started_s)
            first_s.append(view.first_rows_s - started_s)
            assert view.state is not None  # noqa: S101 - a list of nothing would be fast
            assert len(view.state.rows) == RUNS * EPISODES_A_RUN  # noqa: S101 - as above
            for text in TYPED:
                started_s = time.perf_counter()
                library.search(text)
                filter_s.append(time.perf_counter() - started_s)
    figures = {
        "first_rows_ms": percentiles(first_s, scale=1e3, digits=1),
        "all_rows_ms": percentiles(all_s, scale=1e3, digits=1),
        "filter_ms": percentiles(filter_s, scale=1e3, digits=1),
    }
    target = "first screen <= 200 ms, filter <= 50 ms"
    answer("library_list", {"target": target, "episodes": RUNS * EPISODES_A_RUN, **figures})


if __name__ == "__main__":
    main()
