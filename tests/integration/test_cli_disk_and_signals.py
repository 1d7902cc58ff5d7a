"""Recording that is stopped, that shares its folder, or whose disk is full or read-only: what came before is kept."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from disks import only_readable
from integration.command_line import ROOT, answer, command, environment, gym_gui
from needs import needs_box2d
from trainer_rig import until

from gym_gui.replay import FrameResolver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="signals and mounts of Unix")]

ENDLESS = ("record", "visiting_envs:Endless-v0", "--json", "--seed", "1")


def start(*words: str, var_dir: Path) -> subprocess.Popen[str]:
    """Start a command; one that says each of its steps is held up some hundred steps after what was read of it."""
    return subprocess.Popen(
        command(*words, var_dir=var_dir),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=4096,  # the smallest: what is recorded while nobody reads has to be looked at afterwards
        text=True,
    )


def wait_for_step(process: subprocess.Popen[str], step: int) -> None:
    """Return when the endless environment says that it took *step* actions; what it prints goes to standard error."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip() == f"step {step}":
            return
    pytest.fail("the recording ended before it was stopped")


def readable_frames(var_dir: Path, run_id: str) -> int:
    """How many rows of a run's only episode lead to a frame; every one that names a frame must."""
    rows = answer("steps", run_id, "0", var_dir=var_dir)
    with FrameResolver(var_dir / "replay") as resolver:
        frames = [resolver.resolve(row["frame_ref"]) for row in rows if row["frame_ref"]]
    assert all(frame is not None for frame in frames)
    assert [row["step_index"] for row in rows] == list(range(len(rows)))
    return len(frames)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_that_a_stopped_recording_keeps_what_came_before(number: signal.Signals, var_dir: Path) -> None:
    with start(*ENDLESS, var_dir=var_dir) as process:
        wait_for_step(process, 500)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert stderr.strip().splitlines()[-1] == "gym-gui: Stopped before it was done. What came before is kept."
    (run,) = answer("runs", var_dir=var_dir)
    (episode,) = answer("episodes", run["run_id"], var_dir=var_dir)
    assert f'"run_id": "{run["run_id"]}"' in stdout
    assert run["state"] == "completed"
    assert (episode["status"], episode["dropped_frames"]) == ("abandoned", 0)
    assert episode["steps"] >= 500
    assert readable_frames(var_dir, run["run_id"]) == episode["frames"] == episode["steps"] + 1


def test_that_a_run_can_be_read_while_it_is_recorded(var_dir: Path) -> None:
    with start(*ENDLESS, var_dir=var_dir) as process:
        wait_for_step(process, 500)
        (run,) = until(lambda: answer("runs", var_dir=var_dir), "the first rows on disk")
        assert run["state"] == "running"
        seen = readable_frames(var_dir, run["run_id"])
        assert seen > 0
        wait_for_step(process, 3000)
        assert readable_frames(var_dir, run["run_id"]) > seen
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    (run,) = answer("runs", var_dir=var_dir)
    assert run["state"] == "completed", "a look at it must not have ended it"


@pytest.mark.parametrize("env_id", ["Endless-v0", "EndlessScreen-v0"])
def test_that_a_killed_recording_keeps_its_frames(env_id: str, var_dir: Path) -> None:
    with start("record", f"visiting_envs:{env_id}", "--seed", "1", var_dir=var_dir) as process:
        wait_for_step(process, 2000)
        answer("runs", var_dir=var_dir)  # takes longer than what may be lost
        process.kill()
        process.communicate(timeout=30)
    (run,) = answer("runs", var_dir=var_dir)
    (episode,) = answer("episodes", run["run_id"], var_dir=var_dir)
    assert (run["state"], episode["status"]) == ("interrupted", "interrupted")
    assert episode["steps"] >= 2000
    assert readable_frames(var_dir, run["run_id"]) == episode["frames"] == episode["steps"] + 1


@needs_box2d
def test_that_two_recordings_share_a_folder(var_dir: Path) -> None:
    words = ("record", "CarRacing-v3", "--steps", "40", "--json")
    with start(*words, var_dir=var_dir) as one, start(*words, var_dir=var_dir) as other:
        for process in (one, other):
            _, stderr = process.communicate(timeout=60)
            assert (process.returncode, stderr) == (0, "")
    runs = answer("runs", var_dir=var_dir)
    assert [run["state"] for run in runs] == ["completed", "completed"]
    assert [readable_frames(var_dir, run["run_id"]) for run in runs] == [41, 41]


# Disks.


def mounted(folder: Path, *options: str) -> bool:
    """Whether mounting on *folder* worked; only root may, and not everywhere."""
    mount = shutil.which("mount")
    if mount is None or not sys.platform.startswith("linux") or os.geteuid() != 0:
        return False
    return subprocess.run([mount, *options, str(folder)], capture_output=True, check=False).returncode == 0


def unmount(folder: Path) -> None:
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not mounted(folder, "-t", "tmpfs", "-o", "size=4m", "tmpfs"):
        pytest.skip("a small disk can only be mounted by root on Linux")
    yield folder
    unmount(folder)


@pytest.fixture
def read_only_library(var_dir: Path) -> Iterator[Path]:
    """A var folder with one run that can only be read."""
    answer("record", "FrozenLake-v1", "--steps", "20", var_dir=var_dir)
    with only_readable(var_dir) as folder:
        yield folder


def test_that_a_full_disk_ends_the_recording_with_one_sentence_and_keeps_what_came_before(small_disk: Path) -> None:
    found = gym_gui("record", "visiting_envs:Bulky-v0", "--steps", "5000", "--json", var_dir=small_disk)
    assert found.code == 1
    assert "Traceback" not in found.stderr
    assert "full" in found.sentence
    assert found.sentence.endswith("Folder: " + str(small_disk / "replay") + " What came before is kept.")
    assert "goes on by itself" not in found.sentence
    document: dict[str, Any] = found.document
    assert 0 < document["steps"] < 5000, "it ends; it does not wait for room"
    (run,) = answer("runs", var_dir=small_disk)
    kept = readable_frames(small_disk, run["run_id"])
    assert kept > 50
    assert document["frames"] == kept
    assert document["dropped_frames"] > 0
    assert kept + document["dropped_frames"] == document["steps"] + 1, "every picture is kept or counted"
    # The folder is in use again as soon as there is room.
    assert mounted(small_disk, "-o", "remount,size=64m")
    assert answer("record", "FrozenLake-v1", "--steps", "5", var_dir=small_disk)["dropped_frames"] == 0
    states = {run["run_id"]: run["state"] for run in answer("runs", var_dir=small_disk)}
    assert "running" not in states.values()
    assert readable_frames(small_disk, run["run_id"]) == kept


def test_that_a_folder_that_cannot_be_written_is_told_of(read_only_library: Path) -> None:
    for words in (("record", "FrozenLake-v1", "--json"), ("demo",)):
        found = gym_gui(*words, var_dir=read_only_library, QT_QPA_PLATFORM="offscreen")
        assert (found.code, found.stdout) == (1, "")
        assert found.sentence.startswith("gym-gui: The folder for recordings cannot be written: ")
        assert "Choose another one with --var-dir or GYM_GUI_VAR_DIR." in found.sentence
        assert str(read_only_library) in found.sentence


def test_that_a_folder_that_cannot_be_written_can_be_read(read_only_library: Path, tmp_path: Path) -> None:
    (run,) = answer("runs", var_dir=read_only_library)
    assert readable_frames(read_only_library, run["run_id"]) > 1
    ref = answer("steps", run["run_id"], "0", var_dir=read_only_library)[0]["frame_ref"]
    assert gym_gui("frame", ref, "-o", str(tmp_path / "out.png"), var_dir=read_only_library).code == 0
    doctor = gym_gui("doctor", "--json", var_dir=read_only_library)
    status = {check["check"]: check["status"] for check in doctor.document}
    assert (doctor.code, status["Var folder"], status["Database"]) == (1, "problem", "ok")


def test_that_ctrl_c_while_the_program_loads_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")  # as if it came in that very import
    done = subprocess.run(
        command("runs"),
        env=environment(PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)])),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "gym-gui: Stopped.\n")
