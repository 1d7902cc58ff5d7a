"""The tool that prints an environment's spaces and signature, as a person or a script calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gym_gui.adapters.catalog import make_adapter
from gym_gui.core.spaces import SpaceSerializer
from gym_gui.tools.dump_space_signature import main

ROOT = Path(__file__).resolve().parents[3]


def test_that_it_prints_what_a_run_would_store(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ALE/Breakout-v5", "--json", "--options", '{"obs_type": "ram"}']) == 0
    about = json.loads(capsys.readouterr().out)
    adapter = make_adapter("ALE/Breakout-v5", env_kwargs={"obs_type": "ram"})
    try:
        assert about["space_signature"] == adapter.description.space_signature
        assert about["observation"] == adapter.describe_space().observation
    finally:
        adapter.close()
    spaces = [SpaceSerializer.from_json(about[name]) for name in ("observation", "action")]
    assert SpaceSerializer.pair_signature(*spaces) == about["space_signature"]
    assert about["env_kwargs"] == {"obs_type": "ram"}


def test_that_it_runs_as_a_module_and_is_readable() -> None:
    command = [sys.executable, "-m", "gym_gui.tools.dump_space_signature", "FrozenLake"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    lines = done.stdout.splitlines()
    assert lines[0] == "FrozenLake-v1"
    assert [line.split()[0] for line in lines[1:]] == ["signature", "observation", "action"]
    assert lines[2].endswith("Discrete(16)")


def test_that_a_mistyped_id_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["FrozenLaek-v1"]) == 1
    said = capsys.readouterr()
    assert not said.out
    assert "Did you mean FrozenLake-v1" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("options", ["{", "[1]"])
def test_that_options_that_are_no_object_are_wrong_usage(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["FrozenLake-v1", "--options", options])
    assert "is no JSON" in capsys.readouterr().err
