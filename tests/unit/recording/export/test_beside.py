"""The old thing or the whole new one: whatever happens while it is written."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from gym_gui.core.errors import ExportError
from gym_gui.recording.export.beside import written_beside

if TYPE_CHECKING:
    from pathlib import Path


def test_that_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with written_beside(target, overwrite=False) as beside:
        beside.write_text("new")
        assert not target.exists()
        assert beside.suffix == ".csv"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_that_an_old_file_stays_when_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")

    def break_off() -> None:
        with written_beside(target, overwrite=True) as beside:
            beside.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ExportError, match="no space left"):
        break_off()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_that_a_folder_takes_the_place_of_one_of_ours_only(tmp_path: Path) -> None:
    target = tmp_path / "pictures"
    target.mkdir()
    (target / "episode-0000-step-000001.png").touch()
    with written_beside(target, overwrite=True) as beside:
        beside.mkdir()
        (beside / "episode-0000-step-000002.png").touch()
    assert [path.name for path in target.iterdir()] == ["episode-0000-step-000002.png"]
    (target / "holiday.png").touch()
    with pytest.raises(ExportError, match="other things"), written_beside(target, overwrite=True):
        raise AssertionError
    assert len(list(target.iterdir())) == 2


def test_that_a_file_may_become_a_folder_and_the_other_way_round(tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    target.write_text("file")
    with written_beside(target, overwrite=True) as beside:
        beside.mkdir()
        (beside / "episode-000000.parquet").touch()
    assert target.is_dir()
    with written_beside(target, overwrite=True) as beside:
        beside.write_text("file again")
    assert target.read_text() == "file again"
    assert list(tmp_path.iterdir()) == [target]


def test_that_what_is_there_is_not_replaced_unasked(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    with pytest.raises(ExportError, match="there already") as caught, written_beside(target, overwrite=False):
        raise AssertionError
    assert "--force" in caught.value.hint
    with pytest.raises(ExportError, match="no folder"), written_beside(tmp_path / "no" / "x", overwrite=False):
        raise AssertionError


def test_that_a_name_as_long_as_the_disk_takes_is_written(tmp_path: Path) -> None:
    target = tmp_path / ("🎮" * 60 + ".csv")
    for text in ("first", "second"):
        with written_beside(target, overwrite=True) as beside:
            beside.write_text(text)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_text() == "second"
