"""The worker that waits with its learner loaded becomes a run's as any worker does, and never outlives its trainer."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import termios
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest
from trainer_rig import TrainerProcess, until

from gym_gui.core.variables import RUN_MARK
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.run_folder import RunFolder
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.services.trainer.client.client import TrainerClient

pytest.importorskip("stable_baselines3")
pytestmark = [pytest.mark.slow, pytest.mark.waits, pytest.mark.timeout(180)]

FINISHES = TrainingConfig(
    worker="sb3",
    env_id="CartPole-v1",
    algorithm="PPO",
    total_steps=128,
    seed=3,
    frames="none",
    hyperparameters={"n_steps": 64, "batch_size": 64, "n_epochs": 1, "policy_kwargs": {"net_arch": [8]}},
)
GOES_ON = replace(FINISHES, total_steps=10_000_000)
ROWS = """
    SELECT episodes.seed, episode_index, step_index, action, reward
    FROM runs JOIN episodes USING (run_key) JOIN steps USING (episode_key)
    WHERE run_id = ? ORDER BY episode_index, step_index
"""


@pytest.fixture(autouse=True)
def _spares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYM_GUI__trainer__spare_s", "600")


def spare_of(trainer: TrainerProcess) -> psutil.Process:
    """The process that waits, once there is one."""
    found: psutil.Process = until(lambda: next(iter(spares_of(trainer)), None), "a spare")
    return found


def spares_of(trainer: TrainerProcess) -> list[psutil.Process]:
    return [one for one in psutil.Process(trainer.pid).children() if "gym_gui.workers.spare" in one.cmdline()]


def is_gone(process: psutil.Process) -> bool:
    return not processes.is_alive(process.pid, process.create_time()) if process.is_running() else True


def ended(client: TrainerClient, run_id: str) -> TrainingState:
    """How the run ended."""
    until(lambda: not client.get(run_id).state.is_active, "the run's end")
    return client.get(run_id).state


def worker_pid(client: TrainerClient, run_id: str) -> int:
    """Of the process that the run has, once it trains."""
    until(lambda: client.get(run_id).progress.steps > 0, "steps")
    return client.get(run_id).workers[0].pid


def test_that_a_run_that_learns_gets_the_waiting_process_and_the_next_one_is_loaded(tmp_path: Path) -> None:
    with TrainerProcess(tmp_path / "var") as trainer, trainer.client() as client:
        waiting = spare_of(trainer)
        run_id = client.submit(GOES_ON).run_id
        assert worker_pid(client, run_id) == waiting.pid
        mark = RunFolder(trainer.paths, run_id).mark
        assert processes.marked([mark])[mark] == {waiting.pid, *(one.pid for one in waiting.children())}
        client.cancel(run_id)
        assert ended(client, run_id) is TrainingState.CANCELLED
        assert is_gone(waiting)
        until(lambda: spares_of(trainer), "the next spare")


def test_that_a_spare_trains_the_same_as_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for spare_s in ("600", "0"):
        monkeypatch.setenv("GYM_GUI__trainer__spare_s", spare_s)
        with TrainerProcess(tmp_path / spare_s) as trainer, trainer.client() as client:
            if spare_s != "0":
                spare_of(trainer)
            run_id = client.submit(FINISHES).run_id
            assert ended(client, run_id) is TrainingState.COMPLETED
            assert "64 of 128 steps" in RunFolder(trainer.paths, run_id).log_tail()
            trainer.stop()
            with closing(sqlite3.connect(trainer.paths.telemetry_db)) as database:
                found[spare_s] = database.execute(ROWS, (run_id,)).fetchall()
    assert found["600"] == found["0"]
    assert sum(step > 0 for _, _, step, *_ in found["0"]) == FINISHES.total_steps


@pytest.mark.parametrize("by_force", [True, False])
def test_that_no_spare_outlives_its_trainer(tmp_path: Path, *, by_force: bool) -> None:
    with TrainerProcess(tmp_path / "var") as trainer:
        waiting = spare_of(trainer)
        mark = waiting.environ()[RUN_MARK]
        trainer.kill() if by_force else trainer.stop()
    assert until(lambda: is_gone(waiting), "the spare's end")
    assert until(lambda: not processes.marked([mark])[mark], "the end of what the spare started")


def test_that_a_spare_that_still_loads_ends_with_its_trainer(tmp_path: Path) -> None:
    # A module of this name is found first, and takes for ever.
    (tmp_path / "torch.py").write_text("import time\ntime.sleep(600)\n")
    spare = subprocess.Popen(
        [sys.executable, "-m", "gym_gui.workers.spare"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=tmp_path,
        env={**os.environ, RUN_MARK: "loading-for-ever"},
    )
    assert spare.stdin is not None
    until(lambda: len(processes.marked(["loading-for-ever"])["loading-for-ever"]) == 2, "it and its recording process")
    assert spare.poll() is None
    spare.stdin.close()
    assert spare.wait(30) == 0
    until(lambda: not processes.marked(["loading-for-ever"])["loading-for-ever"], "the end of its recording process")


def test_that_a_spare_is_let_go_where_nobody_submits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYM_GUI__trainer__spare_s", "2")
    with TrainerProcess(tmp_path / "var") as trainer:
        waiting = spare_of(trainer)
        assert until(lambda: is_gone(waiting), "the spare's end")


def test_that_a_run_starts_from_scratch_where_its_spare_was_killed(tmp_path: Path) -> None:
    with TrainerProcess(tmp_path / "var") as trainer, trainer.client() as client:
        waiting = spare_of(trainer)
        waiting.kill()  # a signal takes its time to arrive: the run may still be told to it
        run_id = client.submit(FINISHES).run_id
        assert ended(client, run_id) is TrainingState.COMPLETED, client.get(run_id).reason


def test_that_a_run_in_a_spare_goes_on_without_its_trainer_and_is_ended_by_the_next(tmp_path: Path) -> None:
    with TrainerProcess(tmp_path / "var") as trainer:
        waiting = spare_of(trainer)
        with trainer.client() as client:
            run_id = client.submit(GOES_ON).run_id
            assert worker_pid(client, run_id) == waiting.pid
        trainer.kill()
        assert not is_gone(waiting)
        trainer.again()
        with trainer.client() as client:
            client.cancel(run_id)
            assert ended(client, run_id) is TrainingState.CANCELLED
        assert is_gone(waiting)


def input_bytes(process: psutil.Process) -> int:
    """How much a process has not read of its standard input."""
    there = os.open(f"/proc/{process.pid}/fd/0", os.O_RDONLY | os.O_NONBLOCK)
    try:
        return int.from_bytes(fcntl.ioctl(there, termios.FIONREAD, b"\0" * 4), sys.byteorder)
    finally:
        os.close(there)


def test_that_a_spare_that_never_heard_of_its_run_costs_it_nothing(tmp_path: Path) -> None:
    with TrainerProcess(tmp_path / "var") as trainer:
        with trainer.client() as client:
            waiting = spare_of(trainer)
            born_s = waiting.create_time()
            client.submit(FINISHES, run_id="unheard")
            until(lambda: client.get("unheard").state is not TrainingState.PENDING, "the run's turn")
            assert ended(client, "unheard") is TrainingState.COMPLETED
        trainer.stop()
        # As it is left by a trainer that is killed between remembering the process and telling it.
        with closing(sqlite3.connect(trainer.paths.trainer_db)) as database:
            database.execute("UPDATE runs SET state = 'dispatching', ended_at = NULL")
            (key,) = database.execute("SELECT run_key FROM runs").fetchone()
            row = (key, "w0", waiting.pid, born_s, "here", "", "local", None)
            database.execute("INSERT INTO workers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            database.commit()
        folder = RunFolder(trainer.paths, "unheard")
        folder.log_path.unlink()
        (folder.path / "outcome.json").unlink()
        trainer.again()
        with trainer.client() as client:
            assert ended(client, "unheard") is TrainingState.COMPLETED
            reasons = [one.reason for one in client.transitions("unheard")]
            assert "The trainer ended while it was starting the worker." in reasons


def test_that_a_run_told_to_a_spare_that_still_loads_is_started_once(tmp_path: Path) -> None:
    with TrainerProcess(tmp_path / "var") as trainer:
        with trainer.client() as client:
            waiting = spare_of(trainer)
            waiting.suspend()  # it is still loading, or just waiting: what it is told lies in its input
            run_id = client.submit(GOES_ON).run_id
            until(lambda: client.get(run_id).workers, "the worker")
            until(lambda: input_bytes(waiting), "what it is told")
        trainer.kill()
        waiting.resume()
        trainer.again()
        with trainer.client() as client:
            assert worker_pid(client, run_id) == waiting.pid
            mark = RunFolder(trainer.paths, run_id).mark
            assert processes.marked([mark])[mark] == {waiting.pid, *(one.pid for one in waiting.children())}
            client.cancel(run_id)
            assert ended(client, run_id) is TrainingState.CANCELLED
