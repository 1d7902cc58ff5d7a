"""`gym-gui doctor` tells what works, what does not, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from integration.command_line import answer, gym_gui

pytestmark = pytest.mark.slow

CHECKS = [
    "Python",
    "Packages",
    "Learners",
    "Window",
    "Display",
    "Sound",
    "Var folder",
    "Database",
    "Recordings",
    "Replay files",
    "Atari",
    "Games",
]


def checks_of(var_dir: Path, **variables: str) -> dict[str, dict[str, Any]]:
    found = gym_gui("doctor", "--json", var_dir=var_dir, cwd=None, **variables)
    problems = [check for check in found.document if check["status"] == "problem"]
    assert found.code == bool(problems)
    assert found.stderr == ""
    return {check["check"]: check for check in found.document}


def test_that_a_machine_without_a_display_has_one_warning_and_no_problem(var_dir: Path) -> None:
    answer("record", "FrozenLake-v1", "--steps", "3", var_dir=var_dir)
    checks = checks_of(var_dir)
    assert list(checks) == CHECKS
    assert all(check.keys() == {"check", "status", "message", "hint"} for check in checks.values())
    assert {name: check["status"] for name, check in checks.items() if check["status"] != "ok"} == {
        "Display": "warning"
    }
    assert "`gym-gui demo` and `gym-gui record` work without one." in checks["Display"]["hint"]
    assert checks["Atari"]["message"] == "104 games; Breakout starts."
    assert "PySide6-Essentials 6." in checks["Packages"]["message"]
    assert checks["Replay files"]["message"].startswith("20 frames came back bit for bit")
    assert checks["Database"]["message"].startswith("Format 3, ")
    assert checks["Recordings"]["message"] == "1 run."
    assert "GB are free" in checks["Var folder"]["message"]
    assert "needs the package mujoco" in checks["Games"]["message"]


def test_that_nothing_is_made_where_nothing_is(var_dir: Path) -> None:
    checks = checks_of(var_dir)
    assert not var_dir.exists()
    assert f"{var_dir} will be made" in checks["Var folder"]["message"]
    assert checks["Database"]["message"] == "There is none yet; the first recording makes it."


def test_that_a_display_that_does_not_answer_is_a_problem(var_dir: Path) -> None:
    check = checks_of(var_dir, DISPLAY=":4711")["Display"]
    assert check["status"] == "problem"
    assert check["message"] == "Qt cannot open a window on :4711: could not connect to display :4711."


def test_that_qt_that_does_not_start_is_a_problem_with_what_to_install(var_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").write_text(
        "raise ImportError('libEGL.so.1: cannot open shared object file')"
    )
    check = checks_of(var_dir, PYTHONPATH=pythonpath(tmp_path))["Window"]
    assert check["status"] == "problem"
    assert check["message"].endswith("does not start: ImportError: libEGL.so.1: cannot open shared object file.")
    assert "apt-get install" in check["hint"]


def test_that_a_missing_package_is_named_and_the_rest_is_still_checked(var_dir: Path, tmp_path: Path) -> None:
    # A package that cannot be imported, in front of the real one.
    (tmp_path / "h5py.py").write_text("raise ImportError('libhdf5.so: cannot open shared object file', name='h5py')\n")
    found = gym_gui("doctor", "--json", var_dir=var_dir, PYTHONPATH=pythonpath(tmp_path))
    checks = {check["check"]: check for check in found.document}
    assert (found.code, list(checks)) == (1, CHECKS)
    assert checks["Replay files"]["status"] == "problem"
    assert "libhdf5.so: cannot open shared object file" in checks["Replay files"]["message"]
    assert checks["Atari"]["status"] == "ok"
    record = gym_gui("record", "FrozenLake-v1", var_dir=var_dir, PYTHONPATH=pythonpath(tmp_path))
    assert record.code == 1
    assert record.stderr == (
        "gym-gui: libhdf5.so: cannot open shared object file. `gym-gui doctor` names what to install.\n"
    )


def pythonpath(first: Path) -> str:
    root = str(Path(__file__).resolve().parents[2])
    return f"{first}:{root}"


def test_that_a_person_reads_lines_and_a_verdict(var_dir: Path) -> None:
    found = gym_gui("doctor", var_dir=var_dir)
    lines = found.stdout.splitlines()
    assert lines[0].startswith("ok        Python        ")
    assert lines[-1] == "no problems, 1 warning."
    assert sum(line.startswith(("ok", "warning", "problem")) for line in lines) == len(CHECKS)


@pytest.mark.parametrize("damage", [b"", b"not HDF5 at all" * 100])
def test_that_a_damaged_replay_file_is_named(var_dir: Path, damage: bytes) -> None:
    run_id = answer("record", "ALE/Pong-v5", "--steps", "5", var_dir=var_dir)["run_id"]
    (var_dir / "replay" / f"{run_id}.h5").write_bytes(damage)
    check = checks_of(var_dir)["Recordings"]
    assert check["status"] == "warning"
    assert f"the replay file of 1 cannot be read, of {run_id} first." in check["message"]


def test_that_a_lost_database_is_told_by_the_files_that_it_leaves(var_dir: Path) -> None:
    answer("record", "FrozenLake-v1", "--steps", "3", var_dir=var_dir)
    replay = next((var_dir / "replay").glob("*.h5"))
    database = next(var_dir.rglob("telemetry.sqlite"))
    sentence = f"the database knows nothing of the replay file {replay.name}"
    for beside in (database, *database.parent.glob("telemetry.sqlite-*")):
        beside.unlink()
    found = checks_of(var_dir)["Recordings"]
    assert (found["status"], found["message"]) == ("problem", f"The database is gone; {sentence}.")
    listed = gym_gui("runs", var_dir=var_dir)
    assert (listed.code, "`gym-gui doctor` tells more" in listed.stdout) == (0, True), listed.stdout
    database.write_bytes(b"")
    found = checks_of(var_dir)["Recordings"]
    assert (found["status"], found["message"]) == ("problem", f"0 runs; {sentence}.")
    assert "Copy telemetry.sqlite back" in found["hint"]


def test_that_damage_in_the_middle_of_the_database_is_found(var_dir: Path) -> None:
    answer("record", "CartPole-v1", "--steps", "5000", "--no-frames", var_dir=var_dir)
    database = next(var_dir.rglob("telemetry.sqlite"))
    page = 4_096
    with database.open("r+b") as file:
        file.seek(database.stat().st_size // page // 2 * page)
        file.write(bytes([0xA5]) * page)
    found = checks_of(var_dir)["Database"]
    assert found["status"] == "problem"
    assert found["message"].startswith("It is damaged; what the damage does not touch can still be read. SQLite says: ")
    assert found["hint"] == f"Copy it back from elsewhere. File: {database}"
