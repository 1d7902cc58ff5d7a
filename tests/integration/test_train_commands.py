"""What `gym-gui train` says of runs: read without starting anything, by the name that they were given, as is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from disks import only_readable
from integration.command_line import Answer, answer, gym_gui
from trainer_rig import TrainerProcess

from gym_gui.config.paths import VarPaths
from gym_gui.services.trainer.client.discovery import await_end
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.registry.registry import RunRegistry
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.waits]
NAME = "first try"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder with a run called `NAME` that a trainer, gone by now, had started; and the run's id."""
    folder = tmp_path_factory.mktemp("trained") / "var"
    words = ("CartPole-v1", "--algorithm", "random", "--steps", "60", "--seed", "4", "--name", NAME, "--wait")
    run_id = answer("train", "start", *words, var_dir=folder)["run_id"]
    done(gym_gui("trainer", "stop", var_dir=folder))
    assert await_end(VarPaths(folder))
    yield folder, run_id
    assert not VarPaths(folder).daemon_file.exists()  # no command that only read has started one


def done(found: Answer) -> str:
    assert found.code == 0, found.stderr
    return found.stdout


def test_that_what_only_reads_starts_no_trainer(trained: tuple[Path, str]) -> None:
    folder, run_id = trained
    assert run_id in done(gym_gui("train", "list", var_dir=folder))
    shown = done(gym_gui("train", "show", NAME, var_dir=folder))
    assert run_id in shown
    assert "completed: All 60 steps are done." in shown
    done(gym_gui("train", "log", NAME, var_dir=folder))
    assert run_id in done(gym_gui("watch", "--once", var_dir=folder))
    assert run_id in done(gym_gui("watch", NAME, var_dir=folder))
    (listed,) = answer("train", "list", var_dir=folder)
    assert (listed["run_id"], listed["state"], listed["progress"]["episodes"] > 0) == (run_id, "completed", True)
    assert not VarPaths(folder).daemon_file.exists()


def test_that_a_run_is_shown_with_what_it_ran_in(trained: tuple[Path, str]) -> None:
    folder, run_id = trained
    recorded = answer("train", "show", run_id, var_dir=folder)["recorded"]
    assert (recorded["env_id"], recorded["action_space"]) == ("CartPole-v1", "Discrete(2)")
    assert {"python", "gymnasium"} <= recorded["versions"].keys()
    shown = done(gym_gui("train", "show", run_id, var_dir=folder))
    assert f"gymnasium {recorded['versions']['gymnasium']}" in shown


def test_that_a_run_is_started_like_another_and_both_are_compared(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    script = tmp_path / "say.py"
    script.write_text("import sys\nprint(*sys.argv[1:])\nprint('WARNING: odd', end='')\n")

    def start(*words: str) -> Any:
        return gym_gui("--var-dir", str(folder), "train", "start", "--wait", "--json", *words).document

    first = start("--script", str(script), "--name", "one", "--", "a b", "c")
    try:
        again = start("--like", "one", "--name", "two", "--", "d")
        same = gym_gui("train", "start", "--like", "two", "--dry-run", var_dir=folder)
        assert same.stdout.rstrip().endswith("--name two --script " + str(script) + " -- d")
        assert first["config"] | {"name": "two", "arguments": ["d"]} == again["config"]
        told = answer("train", "compare", "one", again["run_id"], var_dir=folder)
        assert [run["run_id"] for run in told["runs"]] == [first["run_id"], again["run_id"]]
        assert told["differences"] == {"arguments": {first["run_id"]: '["a b","c"]', again["run_id"]: '["d"]'}}
        lines = done(gym_gui("train", "compare", "one", "two", var_dir=folder)).splitlines()
        assert lines[0].split() == [first["run_id"], again["run_id"]]
        assert ["state", "completed", "completed"] in [line.split() for line in lines]
        assert done(gym_gui("train", "log", "one", var_dir=folder)) == "a b c\nWARNING: odd"
        assert done(gym_gui("train", "log", "one", "--search", "A B", var_dir=folder)) == "a b c\n"
        assert done(gym_gui("train", "log", "one", "--level", "warning", var_dir=folder)) == "WARNING: odd\n"
        nothing = gym_gui("train", "log", "one", "--search", "no such text", var_dir=folder)
        assert (done(nothing), "No line of the log of" in nothing.stderr) == ("", True)
    finally:
        gym_gui("trainer", "stop", var_dir=folder)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("compare", NAME), "Name two runs at least."),
        (("compare", NAME, "nobody"), "There is no run 'nobody' here"),
        (("start", "--like", "nobody"), "There is no run 'nobody' here"),
        (("start", "--like", NAME, "Acrobot-v1"), "--like takes everything from that run"),
        (("start", "--like", NAME, "--", "a"), "'a' is an argument for a --script"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_that_odd_comparisons_and_likenesses_are_refused(
    trained: tuple[Path, str], words: tuple[str, ...], told: str
) -> None:
    found = gym_gui("--var-dir", str(trained[0]), "train", *words)
    assert (found.code, found.stdout) in {(1, ""), (2, "")}
    assert told in found.stderr


def test_that_a_folder_that_can_only_be_read_is_listed(trained: tuple[Path, str]) -> None:
    folder, run_id = trained
    with only_readable(folder) as view:
        assert run_id in done(gym_gui("train", "list", var_dir=view))
        assert run_id in done(gym_gui("train", "show", NAME, var_dir=view))
        refused = gym_gui("train", "archive", NAME, var_dir=view)
    assert (refused.code, refused.stdout) == (1, "")
    assert refused.sentence.startswith("gym-gui: No trainer can run on a folder that cannot be written: ")


@pytest.mark.parametrize(
    "words",
    [("episodes", NAME), ("steps", NAME, "0", "--to", "2"), ("scalars", NAME)],
    ids=lambda words: words[0],
)
def test_that_what_was_recorded_is_found_by_the_runs_name(trained: tuple[Path, str], words: tuple[str, ...]) -> None:
    folder, run_id = trained
    by_id = (words[0], run_id, *words[2:])
    assert answer(*words, var_dir=folder) == answer(*by_id, var_dir=folder)


def test_that_an_export_takes_the_runs_name(trained: tuple[Path, str], tmp_path: Path) -> None:
    done(gym_gui("export", NAME, "-o", str(tmp_path / "out.csv"), var_dir=trained[0]))
    assert (tmp_path / "out.csv").stat().st_size
    unknown = gym_gui("export", "nobody", "-o", str(tmp_path / "other.csv"), var_dir=trained[0])
    assert (unknown.code, "There is no run 'nobody' here" in unknown.sentence) == (1, True)


def test_that_a_run_that_is_active_without_a_trainer_is_said_to_be_from_before(var_dir: Path) -> None:
    registry = RunRegistry(VarPaths(var_dir).trainer_db)
    registry.add("left", TrainingConfig(env_id="CartPole-v1"))
    registry.move("left", TrainingState.DISPATCHING, "It has a slot.")
    registry.close()
    found = gym_gui("train", "list", var_dir=var_dir)
    assert "dispatching" in done(found)
    assert found.stderr.startswith("No trainer runs on this folder")


def test_that_of_several_runs_of_a_name_a_person_is_told_which_is_meant(var_dir: Path) -> None:
    registry = RunRegistry(VarPaths(var_dir).trainer_db)
    for place, run_id in enumerate(("old", "new")):
        registry.add(run_id, TrainingConfig(env_id="CartPole-v1", name="twice", seed=place))
    registry.close()
    found = gym_gui("train", "show", "twice", var_dir=var_dir)
    assert done(found).splitlines()[0].split() == ["Run", "new"]
    assert "2 runs are named twice; this is about the newest, new, not old." in found.stderr


def test_that_a_log_in_which_nothing_was_written_is_said_to_be_empty(var_dir: Path) -> None:
    registry = RunRegistry(VarPaths(var_dir).trainer_db)
    registry.add("waiting", TrainingConfig(env_id="CartPole-v1"))
    registry.close()
    found = gym_gui("train", "log", "waiting", var_dir=var_dir)
    assert done(found) == ""
    assert "Nothing was written to the log of waiting." in found.stderr


def test_that_the_folder_that_is_named_counts_more_than_the_trainer_that_is_set(trained: tuple[Path, str]) -> None:
    folder, run_id = trained
    elsewhere: dict[str, Any] = {"GYM_GUI_TRAINER": "127.0.0.1:1"}
    for words in (("train", "list"), ("runs",)):
        assert run_id in done(gym_gui(*words, var_dir=folder, **elsewhere))
        assert run_id in done(gym_gui("--var-dir", str(folder), *words, **elsewhere))
        refused = gym_gui(*words, **elsewhere)
        assert (refused.code, "127.0.0.1:1" in refused.sentence) == (1, True)
    for asked in (
        gym_gui("trainer", "status", var_dir=folder, **elsewhere),
        gym_gui("--var-dir", str(folder), "trainer", "status", **elsewhere),
    ):
        assert asked.sentence.startswith("gym-gui: No trainer runs on this folder.")


def test_that_a_run_that_is_steered_is_told_as_it_stands_afterwards(var_dir: Path) -> None:
    with TrainerProcess(var_dir):
        words = ("--algorithm", "random", "--steps", "100000000", "--frames", "none", "--name", "long")
        run_id = answer("train", "start", "CartPole-v1", *words, var_dir=var_dir)["run_id"]
        watching = gym_gui("train", "show", "long", var_dir=var_dir)
        while "running" not in watching.stdout:
            watching = gym_gui("train", "show", "long", var_dir=var_dir)
        told = [
            done(gym_gui("train", what, "long", var_dir=var_dir)).strip()
            for what in ("pause", "resume", "cancel", "archive", "unarchive", "archive")
        ]
        listed = done(gym_gui("train", "list", "--archived", var_dir=var_dir))
    assert told == [
        f"{run_id} is {state}." for state in ("paused", "running", "cancelled", "archived", "cancelled", "archived")
    ]
    assert "archived" in listed
