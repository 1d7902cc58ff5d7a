"""`gym-gui export` and `gym-gui import` as a user types them: files, exit codes, one sentence for what cannot be."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from disks import SmallDisk, small_disk
from exports import RUN, differences, frame_of, record, step
from integration.command_line import answer, command, environment, gym_gui

from gym_gui.config.settings import Settings
from gym_gui.controllers.exporting import import_into_folder
from gym_gui.core.errors import EnvironmentFault, ExportError
from gym_gui.recording.export import export_run

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["small_disk"]  # a fixture

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A var folder with a run of three episodes with pictures, and one without."""
    folder = tmp_path_factory.mktemp("recorded") / "var"
    record(folder, [[step(index, render_payload=frame_of(index)) for index in range(30)] for _ in range(3)])
    record(folder, [[step(0), step(1)]], run_id="blind")
    return folder


def test_that_a_run_goes_out_and_comes_back_by_commands(var_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    told = answer("export", RUN, "-o", str(out), "--frames", "--episodes", "0,1-2", var_dir=var_dir)
    assert (told["rows"], told["frames"], told["episodes"], told["output"]) == (90, 90, 3, str(out))
    taken = answer("import", str(out), var_dir=tmp_path / "there")
    assert (taken["rows"], taken["run_id"]) == (90, RUN)
    assert differences(var_dir, RUN, tmp_path / "there", RUN) == []
    again = gym_gui("import", str(out), "--run-id", "second", var_dir=tmp_path / "there")
    assert again.code == 0
    assert "Imported 3 episodes, 90 rows, 90 pictures" in again.stdout


@pytest.mark.parametrize("backend", ["split", "parquet", "hdf5", "sqlite"])
def test_that_what_a_backend_recorded_comes_back_whole_beside_it(backend: str, tmp_path: Path) -> None:
    there = tmp_path / "var"
    run_id = answer("record", "FrozenLake-v1", "--episodes", "2", f"record={backend}", var_dir=there)["run_id"]
    out = tmp_path / "out.h5"
    assert gym_gui("export", run_id, "-o", str(out), var_dir=there).code == 0
    assert answer("import", str(out), "--run-id", "again", var_dir=there)["run_id"] == "again"
    elsewhere = tmp_path / "elsewhere"
    answer("import", str(out), "--run-id", "again", var_dir=elsewhere)
    first = answer("steps", run_id, "0", var_dir=there)
    for folder in (there, elsewhere):
        lengths = {one["index"]: one["steps"] for one in answer("episodes", "again", var_dir=folder)}
        assert len(lengths) == 2
        found = [answer("steps", "again", str(episode), var_dir=folder) for episode in lengths]
        assert [len(rows) for rows in found] == [1 + steps for steps in lengths.values()]
        again = answer("steps", "again", "0", var_dir=folder)
        for key in ("action", "reward", "info", "terminated"):
            assert [row[key] for row in again] == [row[key] for row in first]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"output": "x", "format": "parket"}, ("no format 'parket'", "mean parquet")),
        ({"output": "x.docx"}, ("'.docx' means no format", "--format")),
        ({"output": "x.csv", "run_id": "nowhere"}, ("no run 'nowhere'", "gym-gui runs")),
        ({"output": "x.csv", "episodes": "1,7"}, ("no episode 7", "from 0 to 2")),
        ({"output": "x.csv", "episodes": "1..2"}, ("no episode 1..2",)),
        ({"output": "x.csv", "start": 31}, ("no step 31", "29 steps")),
        ({"output": "x.csv", "start": 5, "stop": 5}, ("nothing",)),
        ({"output": "x.mp4", "run_id": "blind"}, ("No pictures were recorded", "parquet")),
        ({"output": "no/such/folder/x.csv"}, ("no folder",)),
        ({"output": "there.csv"}, ("there already", "--force")),
        ({"output": "x.csv", "overlay": True}, ("CSV has no --overlay",)),
        ({"output": "x.csv", "frames": False}, ("CSV has no --no-frames.", "It has no options of its own.")),
        ({"output": "x.parquet", "compression": "rar"}, ("no compression 'rar'", "zstd")),
        ({"output": "x.parquet", "compression_level": 23}, ("no level 23 of zstd", "1 to 22")),
        ({"output": "x.h5", "compression": "lzf", "compression_level": 3}, ("lzf of HDF5 has no levels",)),
        ({"output": "x.csv", "compression_level": 3}, ("CSV has no --compression-level",)),
        ({"output": "x.csv", "episodes": []}, ("No episode is chosen",)),
        ({"output": "x.gif", "fps": 0.0}, ("cannot be shown",)),
        ({"output": "x.gif", "fps": 0.0004}, ("cannot be shown", "0.01 to 1000")),
        ({"output": "x.mp4", "crf": 99}, ("no quality 99",)),
        ({"output": "x.mp4", "scale": 0}, ("enlarged 0 times",)),
    ],
    ids=str,
)
def test_that_what_cannot_be_is_said_in_one_sentence(
    var_dir: Path, tmp_path: Path, asked: dict[str, Any], said: tuple[str, ...]
) -> None:
    (tmp_path / "there.csv").write_text("mine")
    given = {"run_id": RUN, **asked}
    with pytest.raises(EnvironmentFault) as caught:
        export_run(var_dir, given.pop("run_id"), tmp_path / given.pop("output"), **given)
    assert all(part in str(caught.value) for part in said), str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["there.csv"]
    assert (tmp_path / "there.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (2, ["-o", "x", "--format", "parket"], "Did you mean parquet?"),
        (2, ["-o", "x.docx"], "'.docx' means no format"),
        (2, ["-o", "x.csv", "--from", "5", "--to", "3"], "From step 5 to step 3 there is nothing."),
        (2, ["-o", "x.csv", "--episodes", "9-5"], "'9-5' is no range of episodes"),
        (2, ["-o", "x.csv", "--episodes", "1-"], "'1-' is no range of episodes"),
        (2, ["-o", "x.csv", "--overlay"], "CSV has no --overlay"),
        (2, ["-o", "x.parquet", "--compression", "rar"], "no compression 'rar'"),
        (2, ["-o", "x.mp4", "--fps", "nan"], "cannot be shown"),
        (2, ["-o", "x.mp4", "--crf", "99"], "no quality 99"),
        (1, ["-o", "x.csv", "--episodes", "7"], "no episode 7"),
        (1, ["-o", "x.csv", "--from", "31"], "no step 31"),
        (1, ["-o", "no/such/folder/x.csv"], "no folder"),
    ],
    ids=str,
)
def test_that_what_means_nothing_ends_with_2_and_what_is_not_there_with_1(
    var_dir: Path, tmp_path: Path, code: int, words: list[str], said: str
) -> None:
    found = gym_gui("export", RUN, *words, var_dir=var_dir, cwd=tmp_path)
    assert (found.code, found.stdout, found.stderr.count("\n")) == (code, "", 1)
    assert said in found.sentence
    assert not list(tmp_path.iterdir())


def test_that_a_run_cannot_be_imported_under_a_name_that_is_none(var_dir: Path, tmp_path: Path) -> None:
    out = export_run(var_dir, RUN, tmp_path / "out.parquet").output
    found = gym_gui("import", str(out), "--run-id", "../x", var_dir=tmp_path / "var")
    assert (found.code, found.stderr.count("\n")) == (2, 1)
    assert "'../x' is not a run id" in found.sentence


def test_that_force_replaces(var_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    assert gym_gui("export", RUN, "-o", str(path), "--force", var_dir=var_dir).code == 0
    assert path.read_text(encoding="utf-8").startswith("episode_index,")


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", b"\x89HDF\r\n\x1a\n", b"SQLite format 3\x00", b"text"])
def test_that_what_cannot_be_imported_is_told_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ExportError) as caught:
        import_into_folder(Settings(var_dir=tmp_path / "var"), path)
    assert str(path) in str(caught.value)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("name", ["out.sqlite", "out.parquet", "out.h5"])
def test_that_a_file_cut_short_is_not_imported_by_half(var_dir: Path, tmp_path: Path, name: str) -> None:
    out = export_run(var_dir, RUN, tmp_path / name, frames=True).output
    out.write_bytes(out.read_bytes()[: out.stat().st_size // 2])
    there = Settings(var_dir=tmp_path / "there")
    with pytest.raises(ExportError):
        import_into_folder(there, out)
    assert not list((tmp_path / "there").rglob("*.h5"))


def test_that_nothing_is_imported_by_a_command_that_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    found = gym_gui("import", str(tmp_path / "file"), var_dir=tmp_path / "var")
    assert (found.code, found.stdout, found.stderr.count("\n")) == (1, "", 1)
    assert "no format that can be imported" in found.sentence


def test_that_ctrl_c_ends_with_one_and_leaves_nothing_behind(var_dir: Path, tmp_path: Path) -> None:
    # The signal comes as soon as the first bytes lie beside the target, which is named before they do.
    script = (
        "import os, signal, sys\n"
        "from gym_gui.recording.export import job\n"
        "advance = job.Progressing.advance\n"
        "def interrupted(self, count):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    advance(self, count)\n"
        "job.Progressing.advance = interrupted\n"
        "from gym_gui.__main__ import *\n"
        "from gym_gui.app import main\n"
        "sys.exit(main())\n"
    )
    words = ["export", RUN, "-o", str(tmp_path / "out.mp4"), "--var-dir", str(var_dir)]
    done = subprocess.run(
        [sys.executable, "-c", script, *words], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "stopped" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def test_that_a_full_disk_leaves_nothing_behind(var_dir: Path, tmp_path: Path) -> None:
    # Every file that is written ends after two kilobytes, as on a disk that is full.
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from gym_gui.core.errors import EnvironmentFault\n"
        "from gym_gui.recording.export import export_run, run\n"
        "check, (_, hard) = run.check_target, resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "def fill_up(*given, **named):\n"
        "    check(*given, **named)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))\n"
        "run.check_target = fill_up\n"
        "for name, options in {'out.csv': {}, 'out.json': {}, 'out.parquet': {'frames': True}, 'out.sqlite': {},\n"
        "                      'out.h5': {}, 'out.mp4': {'lossless': True}, 'out.gif': {}}.items():\n"
        "    try:\n"
        "        export_run(sys.argv[1], sys.argv[2], name, **options)\n"
        "        print(name, 'was written')\n"
        "    except EnvironmentFault as error:\n"
        "        print(name, error)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(var_dir), RUN],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 7
    assert all("could not be written" in line for line in said), said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "room"),
    [("out.h5", 60_000), ("out.h5", 200_000), ("out.h5", 400_000), ("out.sqlite", 100_000), ("out-v0", 400_000)],
)
def test_that_of_a_disk_that_fills_up_only_one_sentence_is_said(
    small_disk: SmallDisk, tmp_path: Path, name: str, room: int
) -> None:
    noise = np.random.default_rng(0)
    var_dir = tmp_path / "var"
    pictures: Any = noise.integers(0, 256, (3, 40, 32, 40, 3), dtype=np.uint8)
    record(var_dir, [[step(at, render_payload=one) for at, one in enumerate(episode)] for episode in pictures])
    small_disk.fill(leave_bytes=room)
    words = ["-o", str(small_disk.path / name), "--format", "minari" if name.endswith("v0") else ""]
    found = gym_gui("export", RUN, *words[: 4 if words[3] else 2], var_dir=var_dir)
    assert (found.code, found.stdout, found.stderr.count("\n")) == (1, "", 1), found.stderr
    assert "could not be written" in found.sentence
    assert [path.name for path in small_disk.path.iterdir()] == ["filler"]


def test_that_a_missing_package_is_named_with_the_command_that_installs_it(var_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'pyarrow' else find(name, *rest)\n",
        encoding="utf-8",
    )
    paths = os.pathsep.join([str(tmp_path / "hide"), environment()["PYTHONPATH"]])
    words = command("export", RUN, "-o", str(tmp_path / "out.parquet"), var_dir=var_dir)
    done = subprocess.run(words, env=environment() | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'pip install "gym-gui[formats]"' in done.stderr


def test_that_a_folder_of_any_name_takes_a_data_set_that_minari_finds(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    run_id = answer("record", "CartPole-v1", "--episodes", "1", "--seed", "1", var_dir=var_dir)["run_id"]
    answer("export", run_id, "--format", "minari", "-o", str(tmp_path / "sets"), var_dir=var_dir)
    metadata = json.loads((tmp_path / "sets" / "cartpole-v0" / "data" / "metadata.json").read_text())
    assert metadata["dataset_id"] == "cartpole-v0"
    # What was named on the way out is what one names on the way in.
    there = tmp_path / "there"
    assert answer("import", str(tmp_path / "sets"), var_dir=there)["run_id"] == run_id
    shutil.copytree(tmp_path / "sets" / "cartpole-v0", tmp_path / "sets" / "mine" / "cartpole-v1")
    refused = gym_gui("import", str(tmp_path / "sets"), "--run-id", "b", var_dir=there)
    assert refused.code == 1
    assert "holds 2 Minari data sets; one is imported at a time" in refused.sentence
    assert "cartpole-v0, mine/cartpole-v1" in refused.sentence
