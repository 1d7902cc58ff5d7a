"""`gym-gui record` of more than one: environments side by side in processes of their own, agents in one world."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.command_line import gym_gui
from unit.adapters import odd_parts, pursuit


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


def test_that_whole_episodes_are_told_apart_from_those_that_were_cut_off(tmp_path: Path) -> None:
    words = ("FrozenLake-v1", "--num-envs", "3", "--episodes", "7", "--seed", "3", "--no-frames")
    told = gym_gui("record", *words, var_dir=tmp_path).stdout
    (run,) = gym_gui("runs", "--json", var_dir=tmp_path).document
    listed = gym_gui("episodes", run["run_id"], "--json", var_dir=tmp_path).document
    whole = sum(one["status"] == "completed" for one in listed)
    assert len(listed) > whole >= 7
    assert told.startswith(f"Recorded {whole} whole episodes, {len(listed) - whole} cut off, {run['steps']} steps, ")


def test_that_a_wrong_mode_is_told_before_anything_is_made(tmp_path: Path) -> None:
    answer = gym_gui("record", "FrozenLake-v1", "--num-envs", "2", "--autoreset", "sometimes", var_dir=tmp_path / "var")
    assert answer.code == 2
    assert "next_step" in answer.stderr
    assert not (tmp_path / "var").exists()


def test_that_a_world_of_several_agents_is_recorded_by_the_name_of_its_factory(tmp_path: Path) -> None:
    words = ("pursuit:Pursuit", "--steps", "20", "--seed", "3", "--strict", "--json")
    answer = gym_gui("record", *words, var_dir=tmp_path, cwd=Path(pursuit.__file__).parent)
    assert answer.code == 0, answer.stderr
    assert answer.document["steps"] == 20
    (run,) = gym_gui("runs", "--json", var_dir=tmp_path).document
    assert (run["step_rate_hz"], run["metadata"]["agents"]) == (5.0, ["sheep", "wolf_0", "wolf_1"])
    told = gym_gui("steps", run["run_id"], "0", "--to", "1", var_dir=tmp_path).stdout.splitlines()
    assert [line.split()[1] for line in told[:4]] == ["AGENT", "sheep", "wolf_0", "wolf_1"]
    wrong = gym_gui("record", "json:Pursuit", var_dir=tmp_path / "nothing")
    assert (wrong.code, "There is no environment" in wrong.stderr) == (2, True)
    assert not (tmp_path / "nothing").exists()


def test_that_steps_as_json_tell_odd_rewards_apart_and_what_was_seen(tmp_path: Path) -> None:
    words = ("odd_parts:Words-v0", "--num-envs", "2", "--autoreset", "same_step", "--steps", "12", "--seed", "11")
    answer = gym_gui("record", *words, "--no-frames", "--json", var_dir=tmp_path, cwd=Path(odd_parts.__file__).parent)
    assert answer.code == 0, answer.stderr
    steps = gym_gui("steps", answer.document["run_id"], "0", "--json", var_dir=tmp_path).document
    assert [one["reward"] for one in steps] == [None, "NaN", "Infinity", "-Infinity", 0.5]
    assert [one["observation"]["word"] for one in steps] == [[number] * number for number in range(5)]
    assert {"step_index", "action", "obs_ref", "info"} <= steps[0].keys()
    kept = gym_gui("record", "CartPole-v1", "--steps", "3", "--json", var_dir=tmp_path).document
    listed = gym_gui("steps", kept["run_id"], "0", "--json", var_dir=tmp_path).document
    assert all("observation" not in one and one["obs_ref"] for one in listed)
