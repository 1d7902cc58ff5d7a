"""`gym-gui record --num-envs`: several environments side by side, each in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.command_line import gym_gui

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_that_processes_side_by_side_are_recorded_and_listed(tmp_path: Path) -> None:
    words = ("--num-envs", "2", "--vectorization", "async", "--autoreset", "same_step", "--steps", "60", "--seed", "3")
    answer = gym_gui("record", "FrozenLake-v1", *words, "--strict", "--json", var_dir=tmp_path)
    assert answer.code == 0, answer.stderr
    assert answer.document["steps"] == 60
    (run,) = gym_gui("runs", "--json", var_dir=tmp_path).document
    assert run["metadata"]["vector"] == {"num_envs": 2, "vectorization": "async", "autoreset_mode": "same_step"}
    assert run["metadata"]["schema"]["text"].startswith("v1: ")
    episodes = gym_gui("episodes", run["run_id"], "--json", var_dir=tmp_path).document
    assert {one["metadata"]["vector_index"] for one in episodes} == {0, 1}
    assert [one["seed"] for one in episodes][:2] == [3, 4]
    assert all("continues" in one["metadata"] for one in episodes[2:])


def test_that_a_wrong_mode_is_told_before_anything_is_made(tmp_path: Path) -> None:
    answer = gym_gui("record", "FrozenLake-v1", "--num-envs", "2", "--autoreset", "sometimes", var_dir=tmp_path / "var")
    assert answer.code == 2
    assert "next_step" in answer.stderr
    assert not (tmp_path / "var").exists()
