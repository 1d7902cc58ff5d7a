"""An environment that prints cannot spoil the answer of a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOISY = """
import os
import gymnasium
from gymnasium.envs.toy_text import FrozenLakeEnv

print("imported")

class NoisyLake(FrozenLakeEnv):
    def step(self, action):
        print("stepped", action)
        os.write(1, b"stepped below Python\\n")
        return super().step(action)

gymnasium.register("NoisyLake-v0", entry_point=NoisyLake, max_episode_steps=5)
"""


@pytest.mark.slow
def test_that_json_is_all_there_is_on_standard_output(tmp_path: Path) -> None:
    (tmp_path / "noisy.py").write_text(NOISY)
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-m", "gym_gui", "record", "noisy:NoisyLake-v0", "--seed", "1", "--json"]
    done = subprocess.run(
        [*command, "--var-dir", str(tmp_path / "var")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["env_id"] == "noisy:NoisyLake-v0"
    for line in ("imported", "stepped", "stepped below Python"):
        assert line in done.stderr
