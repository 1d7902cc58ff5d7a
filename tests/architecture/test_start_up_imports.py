"""What costs a third of a second to import is imported where it is used, never on the way to `--help` or a window."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = (
    "PySide6",
    "gymnasium",
    "ale_py",
    "Box2D",
    "pygame",
    "h5py",
    "hdf5plugin",
    "PIL",
    "pyqtgraph",
    "hydra",
    "omegaconf",
    "yaml",
)
COUNT_HEAVY = """
import importlib, sys
importlib.import_module(sys.argv[1])
heavy = {name.partition(".")[0] for name in sys.modules} & set(sys.argv[2:])
print(" ".join(sorted(heavy)))
"""


@pytest.mark.parametrize("module", ["gym_gui", "gym_gui.app", "gym_gui.cli"])
def test_that_starting_imports_nothing_heavy(module: str) -> None:
    command = [sys.executable, "-c", COUNT_HEAVY, module, *HEAVY]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == []


def test_that_the_window_starts_without_the_environments() -> None:
    command = [sys.executable, "-c", COUNT_HEAVY, "gym_gui.ui.application", *HEAVY]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["PySide6"]


LOAD_SETTINGS = """
import sys
from pathlib import Path
from gym_gui.config.settings import load_settings
load_settings(Path(sys.argv[1]), sys.argv[2:])
print(" ".join(sorted({"hydra", "omegaconf", "yaml"} & set(sys.modules))))
"""


@pytest.mark.parametrize(
    ("written", "variables", "words", "loaded"),
    [
        ("", {}, [], ""),
        ("", {"GYM_GUI_BUFFER_SIZE": "7"}, [], ""),
        ("ui:\n  theme: dark\n", {}, [], "yaml"),
        ("", {}, ["ui.theme=dark"], "hydra omegaconf yaml"),
        ("record: parquet\n", {}, [], "yaml"),
        ("storage: small\n", {}, [], "hydra omegaconf yaml"),
    ],
)
def test_that_settings_cost_only_those_who_override_them(
    tmp_path: Path, written: str, variables: dict[str, str], words: list[str], loaded: str
) -> None:
    if written:
        (tmp_path / "config.yaml").write_text(written, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LOAD_SETTINGS, str(tmp_path), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )
    assert (done.returncode, done.stdout.strip()) == (0, loaded), done.stderr
