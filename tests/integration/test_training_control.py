"""Over a real trainer: a person takes a run's evaluation and hands it back; a terminal watches and leaves politely."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from integration.command_line import command, environment
from trainer_rig import until

from gym_gui.config.settings import load_settings
from gym_gui.services.trainer.client.discovery import await_end, ensure_trainer
from gym_gui.services.trainer.config import EvaluationConfig, TrainingConfig
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gym_gui.services.trainer.client.client import TrainerClient

pytestmark = [pytest.mark.slow, pytest.mark.waits]

CONFIG = TrainingConfig(
    worker="sb3",
    env_id="CartPole-v1",
    algorithm="PPO",
    total_steps=10_000_000,
    seed=3,
    frames="none",
    hyperparameters={"n_steps": 64, "batch_size": 64, "n_epochs": 1, "policy_kwargs": {"net_arch": [8]}},
    evaluation=EvaluationConfig(episodes=1),
)

# Leaves a checkpoint as our own workers do, and goes on from one for as many steps again.
SCRIPT = """
import os, pathlib
import gymnasium, gym_gui

before = int(os.environ.get("GYM_GUI_RESUME_FROM", "step-0.zip").rpartition("-")[2].removesuffix(".zip"))
env = gym_gui.RecordTelemetry(gymnasium.make("CartPole-v1"), run="own", frames="none")
env.reset(seed=1)
for _ in range(20):
    if any(env.step(env.action_space.sample())[2:4]):
        env.reset()
folder = pathlib.Path(os.environ["GYM_GUI_RUN_DIR"], "checkpoints")
folder.joinpath(f"step-{before + 20:012d}.zip").touch()
"""


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[TrainerClient]:
    """A client of a trainer of the test's own, which is gone afterwards with all that it started."""
    paths = load_settings(tmp_path / "var").paths
    with ensure_trainer(paths) as client:
        yield client
        client.shutdown(cancel_runs=True)
    assert await_end(paths)


def running(trainer: TrainerClient) -> str:
    """A run that trains."""
    run_id = trainer.submit(CONFIG).run_id
    changes = trainer.watch_runs((run_id,))
    try:
        assert any(run.state is TrainingState.RUNNING and run.progress.steps > 0 for run, _ in changes)
    finally:
        changes.close()
    return run_id


@pytest.mark.timeout(240)
def test_that_a_run_that_goes_on_from_a_checkpoint_counts_on(trainer: TrainerClient, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(SCRIPT, encoding="utf-8")
    config = TrainingConfig(worker="script", script=str(tmp_path / "own.py"), total_steps=40)
    first = trainer.submit(config).run_id
    assert until(lambda: trainer.get(first).state is TrainingState.COMPLETED, "the first run's end")
    second = trainer.submit(config, resume_from=first)
    assert (second.steps_before, second.progress.steps) == (20, 20)
    assert until(lambda: trainer.get(second.run_id).progress.steps == 40, "all steps of the second")


@pytest.mark.timeout(240)
def test_that_a_person_takes_an_evaluation_and_hands_it_back(trainer: TrainerClient, tmp_path: Path) -> None:
    run_id = running(trainer)
    trainer.order(run_id, "take-control", {"hz": 60})
    frames = trainer.subscribe((run_id,), frames=True, episodes=True)
    trainer.order(run_id, "act", {"action": 1})
    try:
        # A person who only ever pushes to the right loses after a few steps, again and again.
        seen = (update for update in frames if "eval" in repr(update))
        assert next(seen, None) is not None
    finally:
        frames.close()
    trainer.order(run_id, "hand-back")
    before = trainer.get(run_id).progress.steps
    changes = trainer.watch_runs((run_id,))
    try:
        assert any(run.progress.steps > before for run, _ in changes)  # the training goes on
    finally:
        changes.close()
    trainer.cancel(run_id)
    assert until(lambda: not trainer.get(run_id).state.is_active, "the run's end")
    from gym_gui.services.bootstrap import open_archive  # noqa: PLC0415 - HDF5

    with open_archive(load_settings(tmp_path / "var")) as archive:
        episodes = [
            one.rollup
            for one in archive.library.list_episodes(run_id)
            if (one.rollup.worker_id or "").endswith("-eval")
        ]
        steps = archive.library.load_steps(run_id, episodes[0].episode_id)
    assert steps[1].info["actor"] == "human"
    assert "human" in episodes[0].metadata["acted_by"]
    assert steps[1].frame_ref is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.timeout(240)
def test_that_watching_ends_with_ctrl_c_and_the_run_does_not(trainer: TrainerClient, tmp_path: Path) -> None:
    run_id = running(trainer)
    watching = subprocess.Popen(
        command("watch", run_id, "--json", var_dir=tmp_path / "var"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        assert run_id in watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=60)
    assert (watching.returncode, errors) == (0, "")
    assert trainer.get(run_id).state is TrainingState.RUNNING
