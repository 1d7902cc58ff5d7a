"""Every command that records or reports, as a user starts it: what it answers, where, and with which exit code."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from integration.command_line import answer, command, environment, gym_gui
from needs import HAS_BOX2D, NO_BOX2D
from PIL import Image
from synthetic import final_of, run_of

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import RunState
from gym_gui.replay import FrameResolver
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

BREAKOUT = "ALE/Breakout-v5"
STEPS = 40


@dataclass(frozen=True)
class Library:
    """A var folder with two runs, and what `record` said of them."""

    var_dir: Path
    breakout: dict[str, Any]
    racing: dict[str, Any]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Breakout with its banner, and CarRacing with its own; every other test reads what they left."""
    if not HAS_BOX2D:
        pytest.skip(NO_BOX2D)
    var_dir = tmp_path_factory.mktemp("library") / "var"
    breakout = answer("record", BREAKOUT, "--policy", "random", "--steps", str(STEPS), "--seed", "7", var_dir=var_dir)
    racing = answer("record", "CarRacing-v3", "--steps", "12", "-k", "continuous=false", var_dir=var_dir)
    return Library(var_dir, breakout, racing)


def episodes_of(library: Library, run: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer("episodes", run["run_id"], var_dir=library.var_dir)
    return found


def steps_of(library: Library, run: dict[str, Any], *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer("steps", run["run_id"], "0", *options, var_dir=library.var_dir)
    return found


def test_that_record_says_what_there_is_now(library: Library) -> None:
    document = library.breakout
    assert {"run_id", "env_id", "episodes", "steps", "frames", "dropped_frames", "wall_s"} <= document.keys()
    assert document["env_id"] == BREAKOUT
    assert document["steps"] == STEPS
    assert document["frames"] == STEPS + document["episodes"]
    assert document["dropped_frames"] == 0
    assert document["seed"] == 7
    assert 0 < document["wall_s"] < 60
    assert document["size_bytes"] > 1000, "the chunk in the making counts, too"


def test_that_runs_are_listed_newest_first(library: Library) -> None:
    runs = answer("runs", var_dir=library.var_dir)
    assert [run["run_id"] for run in runs] == [library.racing["run_id"], library.breakout["run_id"]]
    for run in runs:
        assert {"run_id", "env_id", "env_kwargs", "created_at", "episodes", "steps"} <= run.keys()
        assert datetime.fromisoformat(run["created_at"]).tzinfo is not None
        assert run["state"] == "completed"
        assert {"python", "gymnasium", "numpy"} <= run["versions"].keys()
        assert run["host"]
        assert run["app_version"]
        assert run["env_spec"]
    assert runs[0]["env_kwargs"] == {"continuous": False}
    assert runs[0]["steps"] == 12
    assert len(runs[1]["rom_sha256"]) == 64


def test_that_an_episode_tells_its_seed_and_its_end(library: Library) -> None:
    (episode,) = episodes_of(library, library.breakout)
    named = {"episode_id", "index", "seed", "steps", "return", "terminated", "truncated", "status"}
    assert named <= episode.keys()
    assert (episode["index"], episode["seed"], episode["steps"]) == (0, 7, STEPS)
    assert (episode["terminated"], episode["truncated"], episode["status"]) == (False, False, "abandoned")


def test_that_n_actions_make_n_and_one_rows_and_frames(library: Library) -> None:
    for run in (library.breakout, library.racing):
        steps = steps_of(library, run)
        (episode,) = episodes_of(library, run)
        assert [step["step_index"] for step in steps] == list(range(run["steps"] + 1))
        assert len({step["frame_ref"] for step in steps}) == run["frames"] == run["steps"] + 1
        assert sum(step["reward"] or 0.0 for step in steps) == episode["return"]


def test_that_step_0_is_the_state_after_reset(library: Library) -> None:
    steps = steps_of(library, library.breakout)
    named = {"step_index", "action", "reward", "terminated", "truncated", "frame_ref", "obs_ref", "timestamp", "info"}
    assert all(named <= step.keys() for step in steps)
    assert (steps[0]["action"], steps[0]["reward"]) == (None, None)
    assert all(step["action"] in range(4) and step["reward"] is not None for step in steps[1:])
    assert steps[0]["info"]["lives"] == 5
    times = [datetime.fromisoformat(step["timestamp"]) for step in steps]
    assert times == sorted(times)


def test_that_an_observation_that_is_the_frame_is_stored_once(library: Library) -> None:
    assert all(step["obs_ref"] == step["frame_ref"] for step in steps_of(library, library.breakout))
    assert all(step["obs_ref"] != step["frame_ref"] for step in steps_of(library, library.racing))


def test_that_a_part_of_an_episode_can_be_listed(library: Library) -> None:
    assert [step["step_index"] for step in steps_of(library, library.breakout, "--from", "3", "--to", "6")] == [3, 4, 5]
    assert steps_of(library, library.breakout, "--from", "1000") == []


def test_that_a_picture_holds_the_very_pixels(library: Library, tmp_path: Path) -> None:
    step = steps_of(library, library.breakout)[30]
    told = answer("frame", step["frame_ref"], "-o", str(tmp_path / "out.png"), var_dir=library.var_dir)
    with FrameResolver(library.var_dir / "replay") as resolver:
        stored = resolver.require(step["frame_ref"])
    with Image.open(tmp_path / "out.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), stored)
    assert told == {
        "ref": step["frame_ref"],
        "path": str(tmp_path / "out.png"),
        "shape": [210, 160, 3],
        "dtype": "uint8",
    }


def test_that_any_array_can_be_saved_for_numpy(library: Library, tmp_path: Path) -> None:
    ref = steps_of(library, library.racing)[5]["obs_ref"]
    found = gym_gui("frame", ref, "-o", str(tmp_path / "out.npy"), var_dir=library.var_dir)
    assert found.code == 0, found.stderr
    with FrameResolver(library.var_dir / "replay") as resolver:
        np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), resolver.require(ref))


def test_that_tables_name_what_can_be_asked_for_next(library: Library) -> None:
    run_id = library.breakout["run_id"]
    runs = gym_gui("runs", var_dir=library.var_dir).stdout
    assert run_id in runs
    assert BREAKOUT in runs
    assert "DROPPED" not in runs, "a column of zeros says nothing"
    episodes = gym_gui("episodes", run_id, var_dir=library.var_dir).stdout
    assert "ep-000000" in episodes
    steps = gym_gui("steps", run_id, "0", "--to", "3", var_dir=library.var_dir).stdout.splitlines()
    assert [line.split()[0] for line in steps] == ["STEP", "0", "1", "2", "Save"]
    assert f"gym-gui frame h5://{run_id}/frames/0" in steps[-1]
    assert all(line == line.rstrip() for line in (runs + episodes).splitlines())


def test_that_what_it_tells_to_type_is_how_it_was_started(library: Library) -> None:
    run_id = library.breakout["run_id"]
    steps = gym_gui("steps", run_id, "0", var_dir=library.var_dir, GYM_GUI_COMMAND="python3 scripts/run.py")
    assert steps.stdout.splitlines()[-1].startswith("Save a frame:  python3 scripts/run.py frame h5://")


def test_that_the_var_folder_may_stand_before_and_after_the_command(library: Library) -> None:
    folder = str(library.var_dir)
    elsewhere = str(library.var_dir.parent / "elsewhere")
    expected = answer("runs", var_dir=library.var_dir)
    assert gym_gui("--var-dir", folder, "runs", "--json").document == expected
    assert gym_gui("runs", "--json", "--var-dir", folder).document == expected
    assert gym_gui("runs", "--json", GYM_GUI_VAR_DIR=folder).document == expected
    # The nearer word wins.
    assert gym_gui("--var-dir", elsewhere, "runs", "--json", "--var-dir", folder).document == expected
    assert gym_gui("--var-dir", folder, "runs", "--json", GYM_GUI_VAR_DIR=elsewhere).document == expected


def test_that_an_empty_var_folder_is_no_fault(var_dir: Path) -> None:
    found = gym_gui("runs")
    assert (found.code, found.stderr) == (0, "")
    assert "No runs yet" in found.stdout
    assert gym_gui("runs", "--json").document == []
    assert var_dir.is_dir()


def test_that_episodes_follow_one_another_until_the_steps_are_used_up(var_dir: Path) -> None:
    told = answer("record", "FrozenLake-v1", "--steps", "60", "--seed", "100", var_dir=var_dir)
    episodes = answer("episodes", told["run_id"], var_dir=var_dir)
    assert told["steps"] == sum(episode["steps"] for episode in episodes) == 60
    assert told["frames"] == 60 + len(episodes)
    assert sorted(episode["seed"] for episode in episodes) == list(range(100, 100 + len(episodes)))
    assert [episode["status"] for episode in sorted(episodes, key=lambda one: one["index"])][:-1] == ["completed"] * (
        len(episodes) - 1
    )


def test_that_whole_episodes_are_recorded(var_dir: Path) -> None:
    told = answer("record", "FrozenLake-v1", "--episodes", "3", "--no-frames", var_dir=var_dir)
    episodes = answer("episodes", told["run_id"], var_dir=var_dir)
    assert told["episodes"] == len(episodes) == 3
    assert told["frames"] == 0
    assert all(episode["terminated"] or episode["truncated"] for episode in episodes)
    assert all(episode["status"] == "completed" for episode in episodes)


def test_that_the_catalogue_names_every_game() -> None:
    games = {game["env_id"]: game for game in gym_gui("games", "--json").document}
    assert sum(env_id.startswith("ALE/") for env_id in games) == 104
    assert games[BREAKOUT] == {
        "env_id": BREAKOUT,
        "name": "Breakout",
        "family": "Atari",
        "turn_based": False,
        "available": True,
        "unavailable_reason": "",
        "hidden": False,
    }


def test_that_a_reader_that_has_seen_enough_is_no_fault(library: Library) -> None:

    words = command("steps", library.breakout["run_id"], "0", "--json", var_dir=library.var_dir)
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


def test_that_tables_use_the_words_of_the_window(library: Library) -> None:
    found = gym_gui("episodes", str(library.breakout["run_id"]), var_dir=library.var_dir)
    assert "stopped" in found.stdout
    assert "abandoned" not in found.stdout


def test_that_a_number_that_several_episodes_have_is_refused_with_their_ids(tmp_path: Path) -> None:
    with open_services(Settings(var_dir=tmp_path)) as services:
        services.telemetry.start_run(run_of("many"))
        for worker in ("w0", "w1"):
            rollup = final_of("many", 3, steps=0, episode_id=f"{worker}-e3", worker_id=worker)
            services.telemetry.record_episode_start(rollup)
        services.telemetry.end_run("many", RunState.COMPLETED)
    listed = gym_gui("episodes", "many", var_dir=tmp_path).stdout.splitlines()
    assert [line.split()[:3] for line in listed] == [
        ["#", "WORKER", "EPISODE"],
        ["3", "w0", "w0-e3"],
        ["3", "w1", "w1-e3"],
    ]
    out = str(tmp_path / "out.csv")
    for words in (("steps", "many", "3"), ("export", "many", "--episodes", "3", "-o", out)):
        asked = gym_gui(*words, var_dir=tmp_path)
        assert (asked.code, asked.stdout) == (1, "")
        assert asked.sentence.startswith("gym-gui: Run many has 2 episodes of index 3: w0-e3, w1-e3.")
    assert gym_gui("steps", "many", "w1-e3", var_dir=tmp_path).code == 0
    assert gym_gui("export", "many", "--episodes", "w1-e3", "-o", out, var_dir=tmp_path).code == 0
