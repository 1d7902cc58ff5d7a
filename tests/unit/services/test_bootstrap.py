"""A folder is recorded into where it can be written, read where it cannot, and refused where it is no use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from disks import only_readable
from recordings import Recordings

from gym_gui.config.settings import Settings
from gym_gui.core.errors import StoreError, VarDirError
from gym_gui.services.bootstrap import Services, open_archive, open_recordings

if TYPE_CHECKING:
    from pathlib import Path


def test_that_a_folder_that_can_be_written_is_recorded_into(var_dir: Path) -> None:
    with open_recordings(Settings(var_dir=var_dir)) as archive:
        assert isinstance(archive, Services)
        assert archive.why_read_only == ""
        assert archive.paths.root == var_dir


def test_that_a_folder_that_cannot_be_written_is_read(var_dir: Path) -> None:
    recordings = Recordings(var_dir)
    run_id = recordings.record(3).run_id
    recordings.close()
    with only_readable(var_dir) as folder, open_recordings(Settings(var_dir=folder)) as archive:
        assert not isinstance(archive, Services)
        assert archive.why_read_only.startswith("The folder for recordings cannot be written: ")
        assert [run.run.run_id for run in archive.store.list_runs()] == [run_id]
        assert archive.resolver.resolve(f"h5://{run_id}/frames/3") is not None
        with pytest.raises(StoreError, match="reading only"):
            archive.store.insert_steps([])


def test_that_a_folder_with_nothing_in_it_that_cannot_be_written_is_no_use(var_dir: Path) -> None:
    var_dir.mkdir()
    with only_readable(var_dir) as folder:
        with pytest.raises(VarDirError, match="cannot be written"):
            open_recordings(Settings(var_dir=folder))
        with pytest.raises(VarDirError, match="Nothing has been recorded"):
            open_archive(Settings(var_dir=folder))
