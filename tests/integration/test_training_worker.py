"""A worker's process without a trainer: from its variables to its outcome, its exit code and what is on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.config.settings import load_settings
from gym_gui.services.bootstrap import open_archive
from gym_gui.services.trainer.config import EvaluationConfig, TrainingConfig

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
import gymnasium, gym_gui
from pathlib import Path

env = gym_gui.RecordTelemetry(gymnasium.make("CartPole-v1"), run="own", frames="none")
env.reset(seed=int(sys.argv[2]))
Path(sys.argv[1]).write_text(" ".join(sys.argv[2:]))
steps = 0
while steps < 20 or "for-ever" in sys.argv:
    _, _, terminated, truncated, _ = env.step(0)
    steps += 1
    if terminated or truncated:
        env.reset()
if "fail" in sys.argv:
    sys.exit("no more")
"""


def started(folder: Path, config: TrainingConfig) -> subprocess.Popen[str]:
    """A worker's process, as a launcher starts it."""
    (folder / "run").mkdir()
    (folder / "run" / "config.json").write_text(config.to_json(), encoding="utf-8")
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GYM_GUI_")},
        "GYM_GUI_RUN_ID": "a-run",
        "GYM_GUI_WORKER_ID": "w0",
        "GYM_GUI_RUN_DIR": str(folder / "run"),
        "GYM_GUI_VAR_DIR": str(folder / "var"),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "gym_gui.workers"],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], folder: Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, outcome and log."""
    output, _ = process.communicate(timeout=100)
    return process.returncode, json.loads((folder / "run" / "outcome.json").read_text(encoding="utf-8")), output


def wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"it never said {text!r}")


def learning(**changes: Any) -> TrainingConfig:
    settings: dict[str, Any] = {
        "worker": "sb3",
        "env_id": "CartPole-v1",
        "algorithm": "PPO",
        "num_envs": 2,
        "seed": 5,
        "total_steps": 128,
        "hyperparameters": {"n_steps": 32, "batch_size": 32, "n_epochs": 1},
        "evaluation": EvaluationConfig(every_steps=64, episodes=1),
        "frames": "every:4",
    }
    return TrainingConfig(**{**settings, **changes})


def test_that_learning_and_evaluations_are_recorded(tmp_path: Path) -> None:
    code, outcome, output = ended(started(tmp_path, learning()), tmp_path)
    assert (code, outcome["state"], outcome["steps"]) == (0, "completed", 128), output
    assert Path(outcome["checkpoint"]).is_file()
    with open_archive(load_settings(tmp_path / "var")) as archive:
        runs = {summary.run.run_id: summary for summary in archive.library.list_runs()}
        assert runs.keys() == {"a-run", "a-run-eval"}
        assert runs["a-run"].steps == 128
        seeds = [one.rollup.seed for one in archive.library.list_episodes("a-run-eval")]
        assert seeds == [10_000, 10_000]
        assert runs["a-run-eval"].frames == runs["a-run-eval"].steps + 2
        scalars, _ = archive.library.load_scalars("a-run")
        assert {"train/loss", "eval/mean_return"} <= set(scalars.names)
        episode = archive.library.list_episodes("a-run-eval")[0].rollup.episode_id
        steps = archive.library.load_steps("a-run-eval", episode)
        assert {step.info.get("actor") for step in steps[1:]} == {"policy"}


def test_that_environments_in_processes_of_their_own_are_recorded_too(tmp_path: Path) -> None:
    code, outcome, output = ended(started(tmp_path, learning(vectorization="async")), tmp_path)
    assert (code, outcome["state"]) == (0, "completed"), output
    with open_archive(load_settings(tmp_path / "var")) as archive:
        trained = [one for one in archive.library.list_runs() if not one.run.run_id.endswith("-eval")]
        assert sum(one.steps for one in trained) == 128


def test_that_a_random_worker_says_as_many_steps_as_it_records(tmp_path: Path) -> None:
    config = TrainingConfig(worker="random", env_id="CartPole-v1", num_envs=3, seed=5, total_steps=301, frames="none")
    code, outcome, output = ended(started(tmp_path, config), tmp_path)
    assert code == 0, output
    with open_archive(load_settings(tmp_path / "var")) as archive:
        summary = archive.library.get_summary("a-run")
    assert summary.episodes > 3  # an environment that begins anew takes no step meanwhile
    assert summary.steps == outcome["steps"]
    assert config.total_steps <= summary.steps < config.total_steps + config.num_envs
    assert outcome["reason"] == f"All {summary.steps:,} steps are done."


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
def test_that_a_worker_that_is_asked_to_stop_saves_and_says_so(tmp_path: Path) -> None:
    process = started(tmp_path, learning(total_steps=10_000_000))
    wait_for_line(process, "evaluated")
    process.send_signal(signal.SIGTERM)
    code, outcome, _ = ended(process, tmp_path)
    assert (code, outcome["state"], outcome["reason"]) == (3, "cancelled", "It was asked to stop.")
    assert Path(outcome["checkpoint"]).name == f"step-{outcome['steps']:012d}.zip"
    with open_archive(load_settings(tmp_path / "var")) as archive:
        assert archive.library.get_run("a-run").run_id == "a-run"
        assert all(one.ended_at is not None for one in archive.library.list_runs())


def script(folder: Path, *arguments: str) -> TrainingConfig:
    (folder / "own.py").write_text(SCRIPT, encoding="utf-8")
    told = (str(folder / "told"), "3", *arguments)
    return TrainingConfig(worker="script", script=str(folder / "own.py"), arguments=told, total_steps=0)


def test_that_a_script_runs_as_from_a_shell_and_is_recorded(tmp_path: Path) -> None:
    code, outcome, output = ended(started(tmp_path, script(tmp_path, "--deep")), tmp_path)
    assert (code, outcome["state"], outcome["reason"]) == (0, "completed", "The script ended."), output
    assert (tmp_path / "told").read_text() == "3 --deep"
    with open_archive(load_settings(tmp_path / "var")) as archive:
        assert [one.steps for one in archive.library.list_runs()] == [20]


def test_that_a_script_that_fails_is_told_as_failed(tmp_path: Path) -> None:
    code, outcome, _ = ended(started(tmp_path, script(tmp_path, "fail")), tmp_path)
    assert (code, outcome["state"], outcome["reason"]) == (1, "failed", "The script ended with 'no more'.")
    with open_archive(load_settings(tmp_path / "var")) as archive:
        assert [one.state.value for one in archive.library.list_runs()] == ["faulted"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
def test_that_a_script_that_is_asked_to_stop_ends_at_once(tmp_path: Path) -> None:
    (tmp_path / "told").touch()
    (tmp_path / "told").unlink()
    os.mkfifo(tmp_path / "told")
    process = started(tmp_path, script(tmp_path, "for-ever"))
    assert (tmp_path / "told").read_text() == "3 for-ever"  # it is in its loop now, or a moment before
    process.send_signal(signal.SIGTERM)
    code, outcome, output = ended(process, tmp_path)
    assert (code, outcome["state"]) == (3, "cancelled"), output


def test_that_a_worker_that_was_told_nothing_says_what_it_needs(tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GYM_GUI_")}
    done = subprocess.run(
        [sys.executable, "-m", "gym_gui.workers"], env=variables, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "needs the variable GYM_GUI_RUN_ID and GYM_GUI_RUN_DIR" in done.stderr
    assert not list(tmp_path.iterdir())
