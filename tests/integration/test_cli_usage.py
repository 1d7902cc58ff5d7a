"""Help and wrong usage: answered at once, without loading what a game needs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from integration.command_line import environment, gym_gui

import gym_gui as package

HEAVY = (
    "gymnasium",
    "ale_py",
    "numpy",
    "h5py",
    "PySide6",
    "PIL",
    "pygame",
    "rich",
    "msgspec",
    "zstandard",
    "hydra",
    "yaml",
)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["frob"], "No such command 'frob'"),
        (["record"], "Missing argument 'ENV_ID'"),
        (["record", "CartPole-v1", "--steps", "0"], "0 is not in the range"),
        (["record", "CartPole-v1", "--steps", "many"], "'many' is not a valid integer"),
        (["record", "CartPole-v1", "--policy", "clever"], "'clever' is not one of 'random', 'idle', 'bot'"),
        (["record", "CartPole-v1", "-k", "gravity"], "'gravity' is not NAME=VALUE, for example -k frameskip=1."),
        (["steps", "some-run"], "Missing argument 'EPISODE'"),
        (["frame", "h5://run/frames/0"], "Missing option '-o' / '--output'"),
        (["runs", "--frob"], "No such option '--frob'"),
        (["export", "some-run"], "Missing option '-o' / '--output'"),
        (["export", "some-run", "-o", " "], "Invalid value for '-o' / '--output': it is empty."),
        (["export", "some-run", "-o", "out.csv", "--to", "0"], "0 is not in the range"),
        (["import", ""], "Invalid value for 'PATH': it is empty."),
        (["import", "x" * 5_000], "is longer than a path can be."),
        (["runs", "--recording", "x" * 5_000], "is longer than a path can be."),
        (["config", "set"], "Missing argument 'KEY=VALUE...'"),
        (["config", "frob"], "No such command 'frob'"),
        (["train", "logs"], "No such command 'logs'; did you mean 'log'?"),
        (["trainer", "stats"], "No such command 'stats'; did you mean 'status'?"),
        (["recrod"], "No such command 'recrod'; did you mean 'record'?"),
        (["steps", "some-run", "0", "--from", "5", "--to", "3"], "3 does not lie beyond --from 5."),
    ],
)
def test_that_wrong_usage_is_told_and_ends_with_2(words: list[str], told: str) -> None:
    found = gym_gui(*words)
    assert found.code == 2
    assert found.stdout == ""
    assert "Usage: gym-gui" in found.stderr
    assert told in found.stderr


def test_that_every_command_explains_itself() -> None:
    help_text = gym_gui("--help").stdout
    for name in ("play", "replay", "record", "runs", "episodes", "steps", "frame", "games", "demo", "doctor"):
        assert f"\n  {name} " in help_text
        found = gym_gui(name, "--help")
        assert (found.code, found.stderr) == (0, "")
        assert found.stdout.startswith(f"Usage: gym-gui {name} ")
        assert "--var-dir" in found.stdout


def test_that_help_loads_nothing_heavy() -> None:
    listing = "import sys; sys.argv[0] = 'gym-gui'; from gym_gui.app import main; main(); print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", listing, "--help"], env=environment(), capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "click" in loaded
    assert not loaded & set(HEAVY)


def test_that_the_version_is_told() -> None:
    found = gym_gui("--version")
    assert (found.code, found.stdout.strip()) == (0, f"gym-gui, version {package.__version__}")
