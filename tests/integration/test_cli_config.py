"""`gym-gui config`, and `KEY=VALUE` words after the commands that record: real processes, exit codes, sentences."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest
from integration.command_line import answer, gym_gui

if TYPE_CHECKING:
    from pathlib import Path


def test_that_show_tells_each_value_and_where_it_is_from(var_dir: Path) -> None:
    var_dir.mkdir(exist_ok=True)
    (var_dir / "config.yaml").write_text("ui:\n  hud: false\n", encoding="utf-8")
    found = answer("config", "show", "record=parquet", var_dir=var_dir, GYM_GUI_BUFFER_SIZE="7")["settings"]
    assert found["ui.hud"] == {"value": False, "from": "file", "where": "config.yaml, line 2"}
    assert found["record.backend"] == {"value": "parquet", "from": "command line", "where": "record=parquet"}
    buffer = found["record.buffer.max_records"]
    assert buffer == {"value": 7, "from": "environment", "where": "GYM_GUI_BUFFER_SIZE"}
    assert found["record.compression"] == {"value": "zstd", "from": "default", "where": ""}


def test_that_set_writes_what_show_then_tells(var_dir: Path) -> None:
    done = gym_gui("config", "set", "record=hdf5", "record.compression=lzf", var_dir=var_dir)
    assert (done.code, done.stdout) == (0, "record.backend = hdf5\nrecord.compression = lzf\n")
    table = gym_gui("config", "show", var_dir=var_dir).stdout
    assert "record.compression                    lzf      config.yaml, line " in table
    over = gym_gui("config", "set", "ui.hud=false", var_dir=var_dir, GYM_GUI__ui__hud="true")
    assert (over.code, over.sentence) == (0, "gym-gui: GYM_GUI__ui__hud overrides it for now.")
    assert gym_gui("config", "path", var_dir=var_dir).stdout == f"{var_dir / 'config.yaml'}\n"
    assert gym_gui("config", "validate", var_dir=var_dir).code == 0


@pytest.mark.parametrize("command", ["show", "validate", "path", "set"])
def test_that_each_command_explains_itself(command: str) -> None:
    found = gym_gui("config", command, "--help")
    assert (found.code, found.stderr) == (0, "")
    assert found.stdout.startswith(f"Usage: gym-gui config {command} ")
    assert "--var-dir" in found.stdout


def test_that_validate_tells_every_fault(var_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("ui:\n  theem: dark\nrecord: parket\nstorage:\n  level: 99\n", encoding="utf-8")
    found = gym_gui("config", "validate", str(file), var_dir=var_dir)
    assert found.code == 2
    assert found.stderr.splitlines() == [
        "gym-gui: record=parket: did you mean parquet? It is set by mine.yaml, line 3.",
        "gym-gui: ui.theem is no setting; did you mean ui.theme? It is set by mine.yaml, line 2.",
        "gym-gui: storage.level must be a whole number from 1 to 19, not 99. It is set by mine.yaml, line 5.",
    ]


def test_that_validate_says_what_checks_a_setting(var_dir: Path) -> None:
    found = gym_gui("config", "validate", "record=parket", var_dir=var_dir)
    assert found.code == 2
    assert "record=parket is a setting and no file; `gym-gui config show record=parket` checks it." in found.stderr


@pytest.mark.parametrize("words", [("record", "CartPole-v1"), ("play", "CartPole-v1"), ("demo",)])
def test_that_a_wrong_override_ends_with_2_before_anything_is_made(var_dir: Path, words: tuple[str, ...]) -> None:
    found = gym_gui(*words, "record=parket", var_dir=var_dir)
    assert (found.code, found.stdout, found.sentence) == (2, "", "gym-gui: record=parket: did you mean parquet?")
    assert not list(var_dir.glob("*"))


def test_that_show_prints_what_holds_and_names_what_does_not(var_dir: Path) -> None:
    var_dir.mkdir(exist_ok=True)
    (var_dir / "config.yaml").write_text("ui:\n  theem: dark\n  hud: false\n", encoding="utf-8")
    show = partial(gym_gui, var_dir=var_dir, GYM_GUI_BUFER_SIZE="7", GYM_GUI_RECORD_BACKEND="hdf5")
    words = ("config", "show", "storage=small", "storage.levle=3", "nothing")
    found = show(*words)
    assert found.code == 2
    rows = {line.split()[0]: line.split()[1:] for line in found.stdout.splitlines()[1:]}
    assert rows["ui.hud"] == ["false", "config.yaml,", "line", "3"]
    assert rows["record.backend"] == ["hdf5", "GYM_GUI_RECORD_BACKEND"]
    assert rows["storage.level"] == ["16", "default"]
    told = found.stderr.splitlines()[1:]
    assert [line.partition("; did you mean ")[2].partition("?")[0] for line in told] == [
        "GYM_GUI_BUFFER_SIZE",
        "",
        "ui.theme",
        "storage.level",
    ]
    assert told[1].startswith("gym-gui: 'nothing' is not KEY=VALUE, ")
    assert told[2].endswith("It is set by config.yaml, line 2.")
    document = show(*words, "--json")
    assert document.code == 2
    assert [len(json.loads(document.stdout)[name]) for name in ("faults", "settings")] == [4, len(rows)]


def test_that_a_faulty_file_stops_a_recording_and_not_a_look(var_dir: Path) -> None:
    var_dir.mkdir(exist_ok=True)
    (var_dir / "config.yaml").write_text("ui:\n  theem: dark\n", encoding="utf-8")
    assert gym_gui("record", "CartPole-v1", var_dir=var_dir).code == 2
    looked = gym_gui("runs", var_dir=var_dir)
    assert looked.code == 0
    assert "did you mean ui.theme?" in looked.stderr


@pytest.mark.parametrize(("backend", "file"), [("sqlite", "*.sqlite"), ("parquet", "*.parquet"), ("hdf5", "*.h5")])
def test_that_a_run_is_recorded_by_the_backend_that_was_chosen(var_dir: Path, backend: str, file: str) -> None:
    words = ("record", "CartPole-v1", "--steps", "5", "--seed", "3")
    run = answer(*words, var_dir=var_dir, GYM_GUI_RECORD_BACKEND=backend)["run_id"]
    assert list((var_dir / "recordings" / run).rglob(file))
    assert not list((var_dir / "replay").glob("*.h5"))


def test_that_nothing_is_kept_where_nothing_is_wanted(var_dir: Path) -> None:
    told = answer("record", "CartPole-v1", "--steps", "5", "record=none", var_dir=var_dir)
    run = told["run_id"]
    assert (told["steps"], told["frames"], told["dropped_frames"]) == (5, 0, 0)
    assert not [path for path in var_dir.rglob(f"*{run}*") if path.is_file()]


def test_that_a_setting_for_programs_says_so(var_dir: Path) -> None:
    found = gym_gui("record", "CartPole-v1", "--steps", "5", "record.step_interval=2", var_dir=var_dir)
    assert found.code == 0
    assert "record.step_interval counts for recorders that a program makes; here every step is kept." in found.stderr


def test_that_overrides_reach_the_recording(var_dir: Path) -> None:
    sizes = {}
    for profile in ("fast", "small"):
        words = ("record", "ALE/MsPacman-v5", "--steps", "60", "--seed", "3", f"storage={profile}")
        sizes[profile] = answer(*words, var_dir=var_dir)["size_bytes"]
    assert sizes["small"] < sizes["fast"] / 2
    words = ("record", "CartPole-v1", "--seed", "3", "--as-human", "game=classic", "game.max_episode_steps=5")
    assert answer(*words, var_dir=var_dir)["steps"] == 5


def test_that_no_password_is_shown(var_dir: Path) -> None:
    url, shown = "postgresql+psycopg://me:s3c:r@t@db/runs", "postgresql+psycopg://me:***@db/runs"
    for words in ((), ("--json",), ("--yaml",)):
        found = gym_gui("config", "show", *words, var_dir=var_dir, GYM_GUI_REGISTRY_URL=url)
        assert shown in found.stdout
        assert "s3c" not in found.stdout + found.stderr
    word = f"trainer.registry_url={url}"
    assert "s3c" not in gym_gui("config", "show", word, var_dir=var_dir).stdout
    assert gym_gui("config", "set", word, var_dir=var_dir).stdout == f"trainer.registry_url = {shown}\n"
    assert url in (var_dir / "config.yaml").read_text(encoding="utf-8")
    refused = gym_gui("config", "show", f"trainer.metrics_port={url}", var_dir=var_dir)
    assert (refused.code, "***" in refused.stderr, "s3c" in refused.stderr) == (2, True, False)
