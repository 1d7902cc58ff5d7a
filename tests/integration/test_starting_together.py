"""Processes that start at the same instant on an empty var folder: each gets the database, in turn."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Any

import pytest

from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES = 4
ROUNDS = 6


def open_stores(folder: Path, together: Any, answers: Any) -> None:
    """Open a store as soon as everyone is ready, and tell how it went; again and again, each time an empty place."""
    for turn in range(ROUNDS):
        together.wait()
        try:
            TelemetrySQLiteStore(folder / f"{turn}.sqlite").close()
        except OSError as error:
            answers.put(str(error))
        else:
            answers.put("open")


@pytest.mark.slow
def test_that_processes_that_start_together_all_get_the_database(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    together, answers = spawn.Barrier(PROCESSES), spawn.Queue()
    processes = [spawn.Process(target=open_stores, args=(tmp_path, together, answers)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    assert [answers.get(timeout=60) for _ in range(PROCESSES * ROUNDS)] == ["open"] * (PROCESSES * ROUNDS)
    for process in processes:
        process.join()
    answers.close()
    answers.join_thread()
