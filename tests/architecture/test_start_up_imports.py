"""What costs a third of a second to import is imported where it is used, never on the way to `--help` or a window."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("PySide6", "gymnasium", "ale_py", "Box2D", "pygame", "h5py", "hdf5plugin", "PIL", "pyqtgraph")
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
