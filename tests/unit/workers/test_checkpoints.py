"""Checkpoints: whole or not at all, the newest few, the best beside them, over restarts too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gym_gui.workers.checkpoints import Checkpoints, buffer_of

if TYPE_CHECKING:
    from pathlib import Path


def writer(text: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a lambda with a name
    return lambda path: path.write_text(text)


def test_that_a_draft_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, keep=2)
    kept.save(10, writer("ten"))

    def full_disk(path: Path) -> None:
        path.write_text("half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        kept.save(20, full_disk)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["ten"]
    assert kept.newest is not None
    assert kept.newest.name == "step-000000000010.zip"


def test_that_only_the_newest_keep_their_memory(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, keep=2)
    for steps in (1, 2, 3):
        newest = kept.save(steps, writer("policy"), writer("memory"))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["step-000000000002.zip", newest.name, buffer_of(newest).name]
    )


def test_that_a_worse_policy_never_replaces_the_best_of_an_earlier_process(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, keep=1).save_if_best(10, 5.0, writer("five"))
    later = Checkpoints(tmp_path, keep=1)
    assert not later.save_if_best(20, 4.0, writer("four"))
    assert not later.save_if_best(30, float("nan"), writer("nan"))
    assert (tmp_path / "best.zip").read_text() == "five"
    assert later.save_if_best(40, 6.0, writer("six"))
    assert (tmp_path / "best.zip").read_text() == "six"
