"""A learner whose environments live elsewhere: what it logs waits for a recorder, and is kept where none comes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gym_gui.config.settings import load_settings
from gym_gui.services.bootstrap import open_archive

if TYPE_CHECKING:
    from pathlib import Path

LOGS = "import gym_gui\nfor step in range(100): gym_gui.log(step, loss=step / 4)\n"
RECORDS = """
import gymnasium
env = gym_gui.RecordTelemetry(gymnasium.make("CartPole-v1"), run="mine")
env.reset(seed=1); env.step(0); env.close()
"""
FAILS = "raise ValueError('the learner broke')\n"
APART = """
from gymnasium.vector import AsyncVectorEnv
import gymnasium, gym_gui
def make(): return gym_gui.RecordTelemetry(gymnasium.make("CartPole-v1"), run="apart")
if __name__ == "__main__":
    envs = AsyncVectorEnv([make, make]); envs.reset(seed=1)
    for step in range(100):
        envs.step(envs.action_space.sample()); gym_gui.log(step, loss=step / 4)
    envs.close()
"""


def runs_of(folder: Path, program: str, var_dir: Path) -> dict[str, dict[str, list[float]]]:
    """Run a script of that text; the scalars of each run that it left, by name."""
    script = folder / "train.py"
    script.write_text(program)
    subprocess.run([sys.executable, str(script)], check=False, timeout=60, stderr=subprocess.DEVNULL, cwd=folder)
    found: dict[str, dict[str, list[float]]] = {}
    with open_archive(load_settings(var_dir)) as archive:
        for summary in archive.library.list_runs():
            columns, _ = archive.library.load_scalars(summary.run.run_id)
            mine = found.setdefault(summary.run.run_id, {})
            for place, value in zip(columns.name.tolist(), columns.value.tolist(), strict=True):
                mine.setdefault(columns.names[place], []).append(value)
    return found


@pytest.mark.parametrize(
    ("program", "run_id", "others"),
    [
        (LOGS, "learner", set()),
        (LOGS + FAILS, "learner", set()),
        (LOGS + RECORDS, "mine", set()),
        (APART, "learner", {"apart", "apart.w1"}),
    ],
    ids=["nothing-else", "an-error", "a-recorder-later", "environments-apart"],
)
def test_that_what_a_learner_logs_is_never_lost(
    tmp_path: Path, var_dir: Path, program: str, run_id: str, others: set[str]
) -> None:
    found = runs_of(tmp_path, program, var_dir)
    assert found[run_id]["loss"] == [step / 4 for step in range(100)]
    assert len(found) == len(others) + 1
