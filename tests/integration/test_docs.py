"""The documentation's code runs: Python blocks as they stand, and every line that begins with ``$ gym-gui``."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from integration.command_line import gym_gui

from gym_gui.config.settings import Settings
from gym_gui.controllers.recording import RecordingRequest, record
from gym_gui.services.bootstrap import open_services

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_FILE: Final = re.compile(r"# (?P<name>\w+\.py)\n")
_BLOCK: Final = re.compile(r"^ *```(?P<language>\w+)\n(?P<code>.*?)^ *```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The code of a page's blocks in one language, its indentation taken off."""
    found = []
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match["language"] == language:
            lines = match["code"].splitlines()
            margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
            found.append("\n".join(line[margin:] for line in lines))
    return found


def save_files(page: Path, folder: Path) -> None:
    """Save the blocks that begin with a file's name, as a reader would; other blocks and commands may use them."""
    for code in blocks(page, "python"):
        named = _FILE.match(code)
        if named is not None:
            (folder / named["name"]).write_text(code + "\n", encoding="utf-8")


def commands(page: Path) -> list[str]:
    """The ``gym-gui`` commands that a page shows being typed, with or without ``env NAME=VALUE`` before them."""
    lines = "\n".join(blocks(page, "console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith(("$ gym-gui ", "$ env "))]


@pytest.fixture
def home(tmp_path: Path) -> tuple[Path, str]:
    """A folder with a `var` that has one run of Breakout, and a `gym-gui` on the path; the run's id."""
    with open_services(Settings(var_dir=tmp_path / "var")) as services:
        result = record(services, RecordingRequest(env_id="ALE/Breakout-v5", steps=200, seed=3))
    tool = tmp_path / "bin" / "gym-gui"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gym_gui "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    return tmp_path, result.run_id


def assert_runs(command: list[str], folder: Path) -> None:
    """Run a command as a reader would, in *folder*; it must succeed."""
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GYM_GUI_VAR_DIR": str(folder / "var"),
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_that_the_documentation_shows_code() -> None:
    assert sum(len(blocks(page, "python")) for page in PAGES) >= 3
    assert sum(len(commands(page)) for page in PAGES) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem)
def test_that_the_python_of_a_page_runs(page: Path, home: tuple[Path, str]) -> None:
    folder, run_id = home
    save_files(page, folder)
    for code in blocks(page, "python"):
        assert_runs([sys.executable, "-c", code.replace("RUN", run_id)], folder)


@pytest.mark.slow
def test_that_the_contract_test_of_the_cookbook_passes(tmp_path: Path) -> None:
    save_files(ROOT / "docs" / "guide" / "adapter-cookbook.md", tmp_path)
    assert_runs([sys.executable, "-m", "pytest", "-q", "test_maze.py"], tmp_path)
    assert_runs([sys.executable, "-m", "gym_gui.tools.dump_space_signature", "maze:maze/Maze-v0", "--json"], tmp_path)


@pytest.mark.slow
# Those of the training guide need their order, and smaller sizes: test_training_guide.py.
@pytest.mark.parametrize(
    "page", [page for page in PAGES if commands(page) and page.stem != "training"], ids=lambda page: page.stem
)
def test_that_the_commands_of_a_page_run(page: Path, home: tuple[Path, str]) -> None:
    folder, run_id = home
    save_files(page, folder)
    for command in commands(page):
        words = shlex.split(command.replace("RUN", run_id))
        if words[0] == "gym-gui":
            done = gym_gui(*words[1:], cwd=folder, GYM_GUI_VAR_DIR=str(folder / "var"))
            assert done.code == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        else:
            assert_runs(words, folder)


def test_that_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]:
        targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
        broken += [f"{page.name}: {target}" for target in targets if not (page.parent / target).exists()]
    assert broken == []
