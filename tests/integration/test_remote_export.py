"""A trainer's run is exported as a folder's is; what no trainer can do refuses one that was named for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from integration.command_line import gym_gui
from trainer_rig import TrainerProcess

if TYPE_CHECKING:
    from pathlib import Path


def test_that_an_export_through_a_trainer_is_the_one_of_its_folder(var_dir: Path, tmp_path: Path) -> None:
    here = str(tmp_path / "here")
    words = ("record", "CartPole-v1", "--episodes", "2", "--seed", "1", "--json")
    recorded = gym_gui(*words, var_dir=var_dir).document
    run_id = recorded["run_id"]
    kinds = (("csv", ()), ("h5", ("--frames",)))
    for ending, options in kinds:
        found = gym_gui("export", run_id, "-o", str(tmp_path / f"near.{ending}"), *options, var_dir=var_dir)
        assert found.code == 0, found.stderr
    with TrainerProcess(var_dir) as trainer:
        for ending, options in kinds:
            words = ("export", run_id, "-o", str(tmp_path / f"far.{ending}"), *options)
            found = gym_gui("--trainer", trainer.address, *words, GYM_GUI_VAR_DIR=here)
            assert found.code == 0, found.stderr
        found = gym_gui(
            "--trainer", trainer.address, "export", "nobody", "-o", str(tmp_path / "no.csv"), GYM_GUI_VAR_DIR=here
        )
        assert (found.code, "nobody" in found.sentence) == (1, True)
        lost = trainer.address
    assert (tmp_path / "far.csv").read_bytes() == (tmp_path / "near.csv").read_bytes()
    with h5py.File(tmp_path / "near.h5") as near, h5py.File(tmp_path / "far.h5") as far:
        frames = [one for one in _datasets(near) if one.rpartition("/")[2] == "frames"]
        assert frames
        assert _datasets(far) == _datasets(near)
        for name in frames:
            assert np.array_equal(far[name][()], near[name][()])
    # No trainer: no file, and not what the folder here has.
    found = gym_gui("--trainer", lost, "export", run_id, "-o", str(tmp_path / "late.csv"), GYM_GUI_VAR_DIR=here)
    assert (found.code, lost in found.sentence) == (1, True)
    assert not (tmp_path / "late.csv").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("record", "CartPole-v1", "--steps", "5"),
        ("import", "run.parquet"),
        ("games",),
        ("config", "show"),
        ("trainer", "token"),
    ],
)
def test_that_a_command_of_this_machine_refuses_a_trainer(words: tuple[str, ...], tmp_path: Path) -> None:
    here = str(tmp_path / "here")
    found = gym_gui("--trainer", "gpu.lan:47017", *words, GYM_GUI_VAR_DIR=here)
    assert (found.code, found.stdout) == (2, "")
    assert found.stderr.startswith(f"gym-gui: `gym-gui {words[0]}")
    assert found.sentence.endswith("works on this machine alone. Leave --trainer out.")
    assert not (tmp_path / "here").exists()


def test_that_a_variable_stops_nothing_that_is_of_this_machine(tmp_path: Path) -> None:
    words = ("record", "CartPole-v1", "--steps", "5")
    found = gym_gui(*words, GYM_GUI_VAR_DIR=str(tmp_path / "here"), GYM_GUI_TRAINER="gpu.lan:47017")
    assert found.code == 0, found.stderr


def _datasets(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return sorted(names)
