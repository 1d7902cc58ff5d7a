"""The training guide's commands, in their order, as a reader types them; only smaller."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from integration.test_docs import ROOT, commands, save_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.waits]
PAGE = ROOT / "docs" / "guide" / "training.md"
SMALL = {
    "cartpole-ppo": ["--steps", "1024", "--set", "evaluation.every_steps=512", "--set", "evaluation.episodes=1"],
    "Pendulum-v1": ["--steps", "220", "--set", "evaluation.every_steps=200", "--set", "evaluation.episodes=1"],
    "lunarlander-ppo": ["--frames", "none", "--set", "evaluation.every_steps=0"],
}


class Reader:
    """Types commands in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        hidden = {"DISPLAY", "WAYLAND_DISPLAY"}
        kept = {name: value for name, value in os.environ.items() if name not in hidden and "GYM_GUI" not in name}
        self._variables = {**kept, "PYTHONPATH": str(ROOT), "GYM_GUI_VAR_DIR": str(folder / "var")}

    def types(self, command: str) -> str:
        """Run it; it must succeed. What it said."""
        words = shlex.split(command)
        assert words[0] == "gym-gui"
        for start, smaller in SMALL.items():
            if start in words and "--dry-run" not in words:
                words += smaller
        done = subprocess.run(
            [sys.executable, "-m", "gym_gui", *words[1:]],
            cwd=self.folder,
            env=self._variables,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def waits_for(self, run: str, state: str) -> None:
        """Until the run is in that state."""
        watching = subprocess.Popen(
            [sys.executable, "-m", "gym_gui", "watch", run, "--json"],
            cwd=self.folder,
            env=self._variables,
            stdout=subprocess.PIPE,
            text=True,
        )
        with watching:
            assert watching.stdout is not None
            assert any(json.loads(line)["state"] == state for line in watching.stdout)
            watching.kill()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader; afterwards the trainer and everything that it started are gone."""
    reader = Reader(tmp_path)
    yield reader
    if (tmp_path / "var" / "trainer" / "daemon.json").exists():
        reader.types("gym-gui trainer stop --cancel-runs")


@pytest.mark.timeout(300)
def test_that_every_command_of_the_training_guide_runs(reader: Reader) -> None:
    save_files(PAGE, reader.folder)
    page = commands(PAGE)
    assert len(page) >= 18
    for command in page:
        reader.types(command)
        if command.endswith(("--name moon", "resume moon")):
            reader.waits_for("moon", "running")  # people type more slowly than a worker starts
