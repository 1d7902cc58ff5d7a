"""The last lines of a worker's log, as the reason of a run that failed tells them: few, whole, short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gym_gui.config.paths import VarPaths
from gym_gui.services.trainer.dispatch.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(VarPaths(tmp_path), "run")
    made.log_path.parent.mkdir(parents=True)
    return made


def test_that_a_log_that_is_not_there_says_nothing(folder: RunFolder) -> None:
    assert folder.log_tail() == ""


def test_that_at_most_three_lines_are_told(folder: RunFolder) -> None:
    folder.log_path.write_text("one\n\ntwo\nthree\n  four\n")
    assert folder.log_tail() == "two / three / four"


def test_that_no_line_begins_in_its_middle(folder: RunFolder) -> None:
    settings = ", ".join(f"setting_{number}: 0.0003" for number in range(60))
    folder.log_path.write_text(f"{settings}\n64 of 128 steps\n128 of 128 steps\n")
    assert folder.log_tail() == "64 of 128 steps / 128 of 128 steps"


def test_that_a_line_that_was_read_from_its_middle_is_left_out(folder: RunFolder) -> None:
    folder.log_path.write_text(f"{'x' * 10_000}\nthe last word\n")
    assert folder.log_tail() == "the last word"


@pytest.mark.parametrize(("length", "first"), [(1_000, "b"), (10_000, "…")])
def test_that_one_line_that_is_too_long_is_cut_and_says_so(folder: RunFolder, length: int, first: str) -> None:
    folder.log_path.write_text(f"before\nb{'x' * length}\n")
    tail = folder.log_tail()
    assert tail.startswith(first)
    assert "…" in tail
    assert len(tail) <= 300
