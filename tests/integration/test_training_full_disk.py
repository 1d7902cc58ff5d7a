"""A full disk is called one: by a worker that it stops, by the databases, and by the doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from disks import SmallDisk, small_disk
from integration.command_line import gym_gui

from gym_gui.core.errors import StoreError
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.registry.registry import RunRegistry
from gym_gui.workers.place import WorkerPlace
from gym_gui.workers.session import work
from gym_gui.workers.stopping import StopRequest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["small_disk"]  # a fixture
SCRIPT = """
import sys
with open(sys.argv[1], "wb") as file:
    while True:
        file.write(bytes(65_536))
"""


def test_that_a_worker_that_it_stops_says_what_to_do(
    small_disk: SmallDisk, var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GYM_GUI_VAR_DIR", str(var_dir))
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (tmp_path / "fills.py").write_text(SCRIPT, encoding="utf-8")
    config = TrainingConfig(
        worker="script",
        script=str(tmp_path / "fills.py"),
        arguments=(str(small_disk.path / "big"),),
        total_steps=0,
    )
    (run_dir / "config.json").write_text(config.to_json(), encoding="utf-8")
    place = WorkerPlace.from_variables({"GYM_GUI_RUN_ID": "a-run", "GYM_GUI_RUN_DIR": str(run_dir)})
    outcome = work(place, stop=StopRequest())
    assert outcome.state == "failed"
    assert outcome.reason.startswith("The disk was full. Free some room; resuming the run goes on")
    assert "No space left on device" in outcome.reason


def test_that_a_database_is_not_to_be_moved_away_because_of_it(small_disk: SmallDisk) -> None:
    small_disk.fill()
    with pytest.raises(StoreError) as refused:
        RunRegistry(small_disk.path / "trainer.sqlite")
    assert "Free some space" in refused.value.hint
    assert "Move it away" not in str(refused.value)


def test_that_the_doctor_says_one_thing_about_it(small_disk: SmallDisk) -> None:
    folder = small_disk.path / "var"
    gym_gui("runs", var_dir=folder)
    folder.mkdir(exist_ok=True)
    small_disk.fill()
    found = gym_gui("doctor", "--json", var_dir=folder)
    (check,) = (one for one in found.document if one["check"] == "Var folder")
    assert (found.code, check["status"]) == (1, "problem")
    assert "full: 0 B are free." in check["message"]
    assert "can be written" not in check["message"]
