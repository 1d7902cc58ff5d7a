"""Bad input gets one clear sentence and the right exit code, and nothing that was recorded is lost."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from integration.command_line import Answer, answer, gym_gui

from gym_gui.replay import FrameResolver

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

KILOBYTES_10 = "x" * 10_000
HOSTILE_RUN_IDS = ("../x", "..", "/etc/passwd", "a/b", "a\\b", "", " ", "run\n", KILOBYTES_10)
HOSTILE_REFS = (
    "frames/12abc",
    "h5://../frames/1",
    "h5://../../etc/frames/1",
    "h5://run/frames/12abc",
    "h5://run/frames/-1",
    "h5://run/frames/1\n",
    "h5://run/../frames/1",
    "h5://run/frames/99999999999999999999",
    KILOBYTES_10,
)


def failed(found: Answer, *parts: str, code: int = 1) -> str:
    """The sentence of a command that had to fail; every one of *parts* is in it."""
    assert found.code == code, found
    assert found.stdout == ""
    assert "Traceback" not in found.stderr
    lines = found.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("gym-gui: ")
    assert len(lines[0]) < 500
    for part in parts:
        assert part in lines[0]
    return lines[0]


def record(env_id: str, *options: str, var_dir: Path) -> tuple[Answer, list[dict[str, Any]]]:
    """Record one of the visiting environments; what it said, and its episodes, the first one first."""
    found = gym_gui("record", f"visiting_envs:{env_id}-v0", "--seed", "5", "--json", *options, var_dir=var_dir)
    episodes = answer("episodes", found.document["run_id"], var_dir=var_dir)
    return found, sorted(episodes, key=lambda one: int(one["index"]))


def rows_of(run_id: str, episode: dict[str, Any], var_dir: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = answer("steps", run_id, episode["episode_id"], var_dir=var_dir)
    with FrameResolver(var_dir / "replay") as resolver:
        assert all(resolver.resolve(row["frame_ref"]) is not None for row in rows)
    return rows


# Environments.


def test_that_a_reward_of_several_objectives_is_their_sum_and_keeps_them(var_dir: Path, tmp_path: Path) -> None:
    found, (episode,) = record("Objectives", var_dir=var_dir)
    run_id = found.document["run_id"]
    rows = rows_of(run_id, episode, var_dir)
    exported = tmp_path / "out.json"
    assert gym_gui("export", run_id, "-o", str(exported), var_dir=var_dir).code == 0
    exported_rows = json.loads(exported.read_text())["episodes"][0]["step_rows"]
    parts = [row.get("extra", {}).get("reward_parts") for row in exported_rows]
    assert parts[0] is None
    assert [row["reward"] for row in rows[1:]] == [float(np.array(one, np.float32).sum()) for one in parts[1:]]
    assert {one[1] for one in parts[1:]} == {-0.5}
    assert episode["return"] == pytest.approx(sum(row["reward"] for row in rows[1:]))


def test_that_whoever_cannot_be_drawn_is_offered_a_recording_without_pictures(var_dir: Path) -> None:
    found, _ = record("Undrawable", var_dir=var_dir)
    assert found.code == 1
    assert "raised in render: RuntimeError: no pencil. --no-frames records it without pictures." in found.stderr
    assert record("Undrawable", "--no-frames", var_dir=var_dir)[0].code == 0


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("import no_such_package", "needs no_such_package, which is not installed."),
        ("raise OSError('no display')", "is there; this is what its own code says."),
        (None, "is installed or lies in the current folder."),
    ],
)
def test_that_a_module_that_cannot_be_imported_says_why(
    code: str | None, hint: str, var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if code is not None:
        (tmp_path / "of_a_stranger.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = gym_gui("record", "of_a_stranger:World-v0", var_dir=var_dir)
    assert (found.code, found.sentence.endswith(hint)) == (1, True), found.stderr


def test_that_a_package_that_is_missing_is_one_sentence(
    var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = answer("record", "FrozenLake-v1", "--steps", "2", var_dir=var_dir)["run_id"]
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'av' else find(name, *rest)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = gym_gui("export", run_id, "-o", str(tmp_path / "a.mp4"), var_dir=var_dir)
    assert (found.code, found.sentence.startswith("gym-gui: MP4 needs the package av")) == (1, True), found.stderr


@pytest.mark.parametrize(
    ("env_id", "offered"),
    [
        ("Breakot", "ALE/Breakout-v5"),
        ("ALE/Brekout-v5", "ALE/Breakout-v5"),
        ("carracing", "CarRacing-v3"),
        ("CarRacing-v99", "CarRacing-v3"),
        ("visiting_envs:DictActoin-v0", "DictAction-v0"),
    ],
)
def test_that_an_unknown_game_is_answered_with_near_ones(env_id: str, offered: str, var_dir: Path) -> None:
    found = gym_gui("record", env_id, "--json")
    failed(found, f"There is no environment '{env_id}'. Did you mean ", offered, code=2)
    assert not var_dir.exists(), "nothing is made for a recording that cannot begin"


@pytest.mark.parametrize("env_id", ["", "../qqqqqq", KILOBYTES_10])
def test_that_a_game_like_no_other_is_told_of(env_id: str) -> None:
    failed(gym_gui("record", env_id), "There is no environment", "`gym-gui games` lists every environment", code=2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["no_such_module:X-v0"], "importing no_such_module failed with ModuleNotFoundError"),
        (["Ant-v5"], "Ant-v5 needs the package mujoco. Install it with: pip install mujoco"),
        (
            ["CartPole-v1", "-k", "colour=red"],
            "CartPole-v1 has no option 'colour'. Leave it out or check its spelling.",
        ),
        (["CartPole-v1", "--policy", "bot"], "There is no bot for CartPole-v1. Bots play Breakout and CarRacing"),
        (["ALE/Breakout-v5", "-k", "frameskip=often"], "ALE/Breakout-v5 could not be opened with frameskip='often'"),
    ],
)
def test_that_a_game_that_cannot_be_opened_says_why(words: list[str], told: str) -> None:
    failed(gym_gui("record", *words, "--json"), told)


def test_that_a_reset_that_raises_ends_the_run_and_keeps_the_episode_before(var_dir: Path) -> None:
    found, (first, second) = record("RaisesInReset", "--episodes", "3", var_dir=var_dir)
    assert found.code == 1
    told = "RaisesInReset-v0 raised in reset: RuntimeError: the second world is missing."
    assert told in found.document["fault"]
    assert found.sentence == f"gym-gui: {found.document['fault']} What came before is kept."
    assert (first["status"], first["steps"]) == ("completed", 12)
    assert (second["status"], second["steps"], second["seed"]) == ("faulted", 0, 6)
    assert second["fault"] == found.document["fault"]
    assert len(rows_of(found.document["run_id"], first, var_dir)) == 13


@pytest.mark.parametrize(
    ("env_id", "told", "rows"),
    [
        ("RaisesInStep", "raised in step: ValueError: the bridge is out.", 6),
        ("RaisesInRender", "raised in render: OSError: the paint is dry.", 5),
        ("WordAction", "'left' is not an action of", 1),
    ],
)
def test_that_a_step_that_fails_keeps_the_steps_before(env_id: str, told: str, rows: int, var_dir: Path) -> None:
    found, (episode,) = record(env_id, var_dir=var_dir)
    assert found.code == 1
    assert told in found.document["fault"]
    assert told in found.sentence
    assert found.sentence.endswith("What came before is kept.")
    assert (episode["status"], episode["fault"]) == ("faulted", found.document["fault"])
    assert len(rows_of(found.document["run_id"], episode, var_dir)) == rows
    (run,) = answer("runs", var_dir=var_dir)
    assert (run["state"], run["frames"]) == ("faulted", rows)


@pytest.mark.parametrize("backend", ["split", "parquet", "hdf5", "sqlite"])
def test_that_words_that_no_file_takes_are_spelt_out(backend: str, var_dir: Path) -> None:
    found, (episode,) = record("RaisesOddWords", f"record={backend}", var_dir=var_dir)
    assert found.code == 1
    assert episode["fault"].endswith(r"raised in step: ValueError: the \ud800 bridge\x00 is out.")
    (run,) = answer("runs", var_dir=var_dir)
    assert run["state"] == "faulted"
    assert len(answer("steps", run["run_id"], "0", var_dir=var_dir)) == 6


def test_that_an_action_that_is_no_number_is_named(var_dir: Path) -> None:
    found, _ = record("WordAction", var_dir=var_dir)
    assert "'left' is not an action of" in found.sentence
    assert "it is no number" in found.sentence


def test_that_a_game_without_a_picture_is_recorded_without_frames(var_dir: Path) -> None:
    found, (episode,) = record("NoPicture", var_dir=var_dir)
    assert found.code == 0
    assert "draws no picture (no rgb_array mode); it is recorded without frames." in found.document["warning"]
    assert (found.document["steps"], found.document["frames"], found.document["dropped_frames"]) == (12, 0, 0)
    rows = answer("steps", found.document["run_id"], "0", var_dir=var_dir)
    assert [row["frame_ref"] for row in rows] == [None] * 13
    assert all(row["obs_ref"] for row in rows)
    assert episode["status"] == "completed"
    table = gym_gui("record", "visiting_envs:NoPicture-v0", var_dir=var_dir)
    assert (table.code, "draws no picture" in table.stderr) == (0, True)


def test_that_a_picture_may_change_its_shape(var_dir: Path) -> None:
    found, (episode,) = record("ChangesShape", var_dir=var_dir)
    assert (found.code, found.document["frames"], found.document["dropped_frames"]) == (0, 13, 0)
    rows = rows_of(found.document["run_id"], episode, var_dir)
    with FrameResolver(var_dir / "replay") as resolver:
        shapes = [resolver.require(row["frame_ref"]).shape for row in rows]
    assert shapes == [(12, 16, 3)] * 6 + [(24, 16, 3)] * 7


def test_that_an_observation_may_change_its_dtype(var_dir: Path) -> None:
    found, (episode,) = record("ChangesDtype", var_dir=var_dir)
    assert found.code == 0
    rows = rows_of(found.document["run_id"], episode, var_dir)
    with FrameResolver(var_dir / "replay") as resolver:
        seen = [resolver.require(row["obs_ref"]) for row in rows]
    assert [array.dtype.name for array in seen] == ["float64"] * 6 + ["float32"] * 7
    assert [int(array[0]) for array in seen] == list(range(13))


# Ids and refs.


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A var folder in which nothing has been recorded."""
    folder = tmp_path_factory.mktemp("empty") / "var"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("run_id", HOSTILE_RUN_IDS)
def test_that_a_hostile_run_id_leads_nowhere(run_id: str, empty: Path) -> None:
    failed(gym_gui("episodes", run_id, "--json", var_dir=empty), "There is no run", "`gym-gui runs` lists")


def test_that_every_command_that_takes_a_run_refuses_a_hostile_one(empty: Path) -> None:
    failed(gym_gui("steps", "../x", "0", var_dir=empty), "There is no run '../x' here.")
    with_qt = gym_gui("replay", "../x", var_dir=empty, QT_QPA_PLATFORM="offscreen")
    failed(with_qt, "There is no run '../x' here.")


@pytest.mark.parametrize("ref", HOSTILE_REFS)
def test_that_a_hostile_ref_leads_nowhere(ref: str, empty: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    found = gym_gui("frame", ref, "-o", str(out), var_dir=empty)
    failed(found, "is not a frame reference", "h5://my-run/frames/123", code=2)
    assert not out.exists()


def test_that_what_is_not_there_is_named(var_dir: Path, tmp_path: Path) -> None:
    run_id = answer("record", "FrozenLake-v1", "--steps", "5", var_dir=var_dir)["run_id"]
    out = str(tmp_path / "out.png")

    def frame(ref: str, to: str = out) -> Answer:
        return gym_gui("frame", ref, "-o", to, var_dir=var_dir)

    failed(gym_gui("steps", run_id, "7", var_dir=var_dir), "does not have an episode of index 7", "gym-gui episodes")
    failed(gym_gui("steps", run_id, "../x", var_dir=var_dir), "does not have an episode '../x'")
    failed(frame(f"h5://{run_id}/frames/999"), "there is no item 999")
    failed(frame(f"h5://{run_id}/sounds/0"), "has no dataset sounds")
    failed(frame("h5://some-run/frames/0"), "Run some-run has no replay file")
    failed(frame(f"h5://{run_id}/frames/0", str(tmp_path / "missing" / "out.png")), "cannot be written: No such file")
    failed(frame(f"h5://{run_id}/frames/0", str(tmp_path / "out.txt")), "cannot be saved as .txt", code=2)


# Files.


@pytest.fixture
def lake(var_dir: Path) -> str:
    """The id of a small run in the test's var folder."""
    run_id: str = answer("record", "FrozenLake-v1", "--steps", "20", "--seed", "3", var_dir=var_dir)["run_id"]
    return run_id


def test_that_a_missing_replay_file_leaves_the_rows_readable(lake: str, var_dir: Path, tmp_path: Path) -> None:
    (var_dir / "replay" / f"{lake}.h5").unlink()
    (row, *_) = answer("steps", lake, "0", var_dir=var_dir)
    found = gym_gui("frame", row["frame_ref"], "-o", str(tmp_path / "out.png"), var_dir=var_dir)
    failed(found, f"Run {lake} has no replay file.")
    doctor = gym_gui("doctor", "--json", var_dir=var_dir).document
    (recordings,) = (check for check in doctor if check["check"] == "Recordings")
    assert recordings["status"] == "warning"
    assert f"the replay file of 1 is gone, of {lake} first." in recordings["message"]


@pytest.mark.parametrize("damage", ["truncated", "text", "foreign"])
def test_that_a_damaged_replay_file_is_left_alone_and_told_of(
    damage: str, lake: str, var_dir: Path, tmp_path: Path
) -> None:
    file = var_dir / "replay" / f"{lake}.h5"
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:3000])
    elif damage == "text":
        file.write_text("no HDF5 at all")
    else:
        with h5py.File(file, "w") as other:
            other["frames"] = "somebody else's"
    before = file.read_bytes()
    found = gym_gui("frame", f"h5://{lake}/frames/3", "-o", str(tmp_path / "out.png"), var_dir=var_dir)
    told = {
        "truncated": "The replay file is truncated.",
        "text": "The replay file cannot be read",
        "foreign": "The run has no dataset frames.",
    }
    failed(found, told[damage])
    assert len(answer("steps", lake, "0", var_dir=var_dir)) > 1
    # Another recording is not held up by it.
    assert answer("record", "FrozenLake-v1", "--steps", "5", var_dir=var_dir)["frames"] >= 6
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("truncated", "malformed"),
        ("text", "file is not a database"),
        ("foreign", "belongs to another program"),
        ("newer", "was written by a newer version of gym_gui (format 99, known: 3). Update gym_gui to open it."),
    ],
)
def test_that_a_damaged_database_is_left_alone_and_told_of(damage: str, told: str, lake: str, var_dir: Path) -> None:
    file = var_dir / "telemetry" / "telemetry.sqlite"
    whole = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(whole[:5000])
    elif damage == "text":
        file.write_text("no SQLite at all, but long enough to be looked at as one\n" * 20)
    elif damage == "foreign":
        file.unlink()
        execute(file, "CREATE TABLE theirs (x)")
    else:
        execute(file, "PRAGMA user_version = 99")
    damaged = contents(file)
    failed(gym_gui("runs", "--json", var_dir=var_dir), told, f"File: {file}")
    failed(gym_gui("record", "FrozenLake-v1", var_dir=var_dir), told)
    assert contents(file) == damaged
    doctor = gym_gui("doctor", "--json", var_dir=var_dir)
    (database,) = (check for check in doctor.document if check["check"] == "Database")
    assert (doctor.code, database["status"]) == (1, "problem")
    assert told.partition(".")[0] in database["message"]
    # What the user has to do, and it works again.
    file.write_bytes(whole)
    assert [run["run_id"] for run in answer("runs", var_dir=var_dir)] == [lake]


def execute(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.commit()
    connection.close()


def contents(file: Path) -> Any:
    """What is in a database, or the bytes of a file that is none."""
    connection = sqlite3.connect(file)
    try:
        return list(connection.iterdump()), connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError:
        return file.read_bytes()
    finally:
        connection.close()


# No display.


@pytest.mark.parametrize("words", [[], ["play", "ALE/Breakout-v5"], ["replay", "some-run"]])
def test_that_without_a_display_the_demo_is_named(words: list[str], var_dir: Path) -> None:
    found = gym_gui(*words, var_dir=var_dir)
    assert found.code == 2
    assert found.stdout == ""
    assert found.stderr.splitlines() == [
        (
            "gym-gui: There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            "Without one, `gym-gui demo` shows what works, and `gym-gui record ENV_ID` records."
        )
    ]


def test_that_a_display_that_does_not_answer_is_told_of(var_dir: Path) -> None:
    found = gym_gui("play", "ALE/Breakout-v5", var_dir=var_dir, DISPLAY=":4711")
    assert found.code == 2
    assert found.stderr == "gym-gui: The display :4711 does not answer. `gym-gui demo` works without one.\n"


def test_that_a_window_on_an_unknown_game_does_not_open(var_dir: Path) -> None:
    found = gym_gui("play", "ALE/Brekout-v5", var_dir=var_dir, QT_QPA_PLATFORM="offscreen")
    failed(found, "There is no environment 'ALE/Brekout-v5'. Did you mean ALE/Breakout-v5?", code=2)


def test_that_a_picture_is_refused_where_an_array_is_none(lake: str, var_dir: Path, tmp_path: Path) -> None:
    ref = answer("steps", lake, "0", var_dir=var_dir)[0]["obs_ref"]
    found = gym_gui("frame", ref, "-o", str(tmp_path / "out.png"), var_dir=var_dir)
    failed(found, "is no picture", "Save it with -o out.npy instead.")
    assert gym_gui("frame", ref, "-o", str(tmp_path / "out.npy"), var_dir=var_dir).code == 0
    assert np.load(tmp_path / "out.npy").shape == ()
