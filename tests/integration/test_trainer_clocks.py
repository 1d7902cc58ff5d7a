"""The clocks of trainer and workers are set while they run, all of them or one alone: runs go on, nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest
from integration.command_line import VISITORS
from shifted_clock import ShiftedClock
from trainer_rig import TrainerProcess, until

from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.services.bootstrap import open_archive
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.services.trainer.client.client import TrainerClient

pytestmark = [pytest.mark.slow, pytest.mark.waits, pytest.mark.timeout(400)]
HOUR_S = 3_600
ENDLESS = TrainingConfig(worker="random", env_id="visiting_envs:Paced-v0", total_steps=100_000_000)
# Forward, back to before the start, back by twenty years, and true again.
JUMPS_S = (2 * HOUR_S, -2 * HOUR_S, -20 * 365 * 24 * HOUR_S, 0)


@pytest.fixture(autouse=True)
def _visitors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(VISITORS))


@pytest.fixture
def clock(tmp_path: Path) -> ShiftedClock:
    folder = tmp_path / "clock"
    folder.mkdir()
    return ShiftedClock(folder)


def check_rows(var_dir: Path, run_id: str) -> int:
    """Rows have no gap, no episode is open, every picture is there; how many steps."""
    with open_archive(load_settings(var_dir)) as archive:
        for one in archive.library.list_episodes(run_id):
            steps = archive.library.load_steps(run_id, one.rollup.episode_id)
            assert one.rollup.status is not EpisodeStatus.RUNNING
            assert [step.step_index for step in steps] == list(range(len(steps)))
            frames = archive.library.resolve_batch([step.frame_ref for step in steps if step.frame_ref])
            assert all(frame is not None for frame in frames)
        return archive.library.get_summary(run_id).steps


def has_come_to(client: TrainerClient, steps: int) -> bool:
    return client.get("training").progress.steps > steps


def is_over(client: TrainerClient, run_id: str) -> bool:
    return not client.get(run_id).state.is_active


def test_that_the_clock_of_a_test_is_set_for_whole_processes(clock: ShiftedClock) -> None:
    clock.set(2 * HOUR_S)
    told = subprocess.run(
        [sys.executable, "-c", "import time; time.sleep(0.01); print(time.time(), time.monotonic())"],
        env=clock.variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert float(told[0]) > time.time() + HOUR_S
    assert float(told[1]) < time.monotonic() + HOUR_S


def test_that_a_machine_whose_clock_is_set_goes_on_training(
    var_dir: Path, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in clock.variables.items():
        monkeypatch.setenv(name, value)  # the trainer's, and its workers'
    config = replace(ENDLESS, frames="every:50")
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        client.submit(config, run_id="training")
        until(lambda: client.get("training").progress.steps > 100, "steps")
        for ahead_s in JUMPS_S:
            clock.set(ahead_s)
            steps = client.get("training").progress.steps
            until(partial(has_come_to, client, steps + 300), f"steps at {ahead_s} s")
            assert client.get("training").state is TrainingState.RUNNING
            assert not client.status().sink_fault
            short = client.submit(
                TrainingConfig(worker="random", env_id="CartPole-v1", total_steps=200, seed=abs(ahead_s) + 1),
                run_id=f"at{ahead_s}",
            )
            until(partial(is_over, client, short.run_id), "a run from beginning to end", 60)
            assert client.get(short.run_id).state is TrainingState.COMPLETED
        client.cancel("training", "enough")
        until(lambda: client.get("training").state is TrainingState.CANCELLED, "the end")
        told = client.get("training").progress.steps
        assert trainer.stop() == 0
    assert check_rows(var_dir, "training") >= told
    for ahead_s in JUMPS_S:
        assert check_rows(var_dir, f"at{ahead_s}") > 0


def test_that_a_trainer_killed_before_its_clock_is_set_goes_on_after_it(
    var_dir: Path, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in clock.variables.items():
        monkeypatch.setenv(name, value)
    with TrainerProcess(var_dir) as trainer:
        with trainer.client() as client:
            client.submit(ENDLESS, run_id="training")
            until(lambda: client.get("training").progress.steps > 100, "steps")
            (before,) = client.get("training").workers
        trainer.kill()
        clock.set(-2 * HOUR_S)
        trainer.again()
        with trainer.client() as client:
            steps = client.get("training").progress.steps
            until(lambda: client.get("training").progress.steps > steps + 300, "more steps")
            (after,) = client.get("training").workers
            assert after.pid == before.pid  # the same process, known by its mark
            client.cancel("training", "enough")
            until(lambda: client.get("training").state is TrainingState.CANCELLED, "the end")
        assert trainer.stop() == 0
    check_rows(var_dir, "training")
    with open_archive(load_settings(var_dir)) as archive:
        summary = archive.library.get_summary("training")
    assert summary.state is RunState.CANCELLED
    assert summary.run.created_at < datetime.now(UTC)
