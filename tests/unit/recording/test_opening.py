"""`open_recording`: whatever of a recording is named is found, and what is none is said in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import pytest
from elsewhere import BACKENDS, record_elsewhere
from recordings import Recordings

from gym_gui.core.errors import RecordingError
from gym_gui.recording.opening import open_recording

if TYPE_CHECKING:
    from pathlib import Path

# What a person may name of a recording, below the folder that it was recorded to.
NAMES = {
    "parquet": (
        "",
        "parquet",
        "parquet/runs",
        "parquet/runs/run",
        "parquet/runs/run/episodes",
        "parquet/runs/run/run_metadata.parquet",
        "parquet/runs/run/episodes/trajectory_ep_000001.parquet",
    ),
    "hdf5": ("", "recording.h5"),
    "sqlite": ("", "recording.sqlite"),
    "split": ("", "split", "split/telemetry/telemetry.sqlite"),
}


@pytest.mark.parametrize(("backend", "name"), [(backend, name) for backend in BACKENDS for name in NAMES[backend]])
def test_that_a_recording_is_found_by_any_of_its_names(tmp_path: Path, backend: str, name: str) -> None:
    record_elsewhere(backend, tmp_path / "out", "run")
    reader = open_recording(tmp_path / "out" / name)
    assert [(one.run.run_id, one.steps) for one in reader.list_runs()] == [("run", 3)]
    reader.close()


def test_that_what_is_no_recording_is_said(tmp_path: Path, var_dir: Path) -> None:
    (tmp_path / "note.txt").write_text("nothing")
    (tmp_path / "empty").mkdir()
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    own = Recordings(var_dir)
    replay_file = own.finish(own.record(3).run_id)
    own.close()
    for path, said in (
        (tmp_path / "gone", "There is nothing at"),
        (tmp_path / "empty", "holds no recording"),
        (tmp_path / "note.txt", "is no recording of gym_gui"),
        (tmp_path / "other.h5", "is no recording of gym_gui"),
        (replay_file, f"its steps are in the folder {var_dir}"),
    ):
        with pytest.raises(RecordingError, match="recording") as fault:
            open_recording(path)
        assert said in str(fault.value)


def test_that_of_several_recordings_in_a_folder_one_has_to_be_named(tmp_path: Path) -> None:
    record_elsewhere("hdf5", tmp_path, "one")
    record_elsewhere("sqlite", tmp_path, "two")
    with pytest.raises(RecordingError, match=r"2 recordings in .*: recording.h5, recording.sqlite"):
        open_recording(tmp_path)
