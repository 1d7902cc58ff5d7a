"""Commands on a recording from anywhere, and on one of another backend in the library, as a user starts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from elsewhere import record_elsewhere
from integration.command_line import answer, gym_gui
from synthetic import frame_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_that_a_recording_from_anywhere_is_listed_and_its_pictures_saved(tmp_path: Path, var_dir: Path) -> None:
    record_elsewhere("hdf5", tmp_path / "usb", "guest")
    named = ("--recording", str(tmp_path / "usb" / "recording.h5"))
    (run,) = answer("runs", *named, var_dir=var_dir)
    assert (run["run_id"], run["steps"], run["frames"]) == ("guest", 3, 4)
    (episode,) = answer("episodes", "guest", *named, var_dir=var_dir)
    assert episode["steps"] == 3
    steps = answer("steps", "guest", "0", *named, var_dir=var_dir)
    assert [one["reward"] for one in steps] == [None, 0.25, 0.5, 0.75]
    answer("frame", steps[2]["frame_ref"], "-o", str(tmp_path / "two.npy"), *named, var_dir=var_dir)
    assert np.array_equal(np.load(tmp_path / "two.npy"), frame_of(2))
    assert not var_dir.exists()


def test_that_a_recording_of_another_backend_is_in_the_library(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    record_elsewhere("parquet", var_dir / "recordings" / "guest", "guest")
    (run,) = answer("runs", var_dir=var_dir)
    assert run["run_id"] == "guest"
    steps = answer("steps", "guest", "0", var_dir=var_dir)
    answer("frame", steps[3]["frame_ref"], "-o", str(tmp_path / "three.npy"), var_dir=var_dir)
    assert np.array_equal(np.load(tmp_path / "three.npy"), frame_of(3))


def test_that_a_path_without_a_recording_is_one_sentence(tmp_path: Path) -> None:
    failed = gym_gui("runs", "--recording", str(tmp_path / "gone.h5"))
    assert failed.code == 1
    assert failed.sentence.startswith("gym-gui: There is nothing at")
    failed = gym_gui("replay", str(tmp_path / "gone.h5"), QT_QPA_PLATFORM="offscreen")
    assert failed.code == 1
    assert failed.sentence.startswith("gym-gui: There is no run")
