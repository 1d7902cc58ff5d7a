"""Checkpoints of one run: the newest few by step, the best beside them; each file is there whole or not at all."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

from gym_gui.workers.files import replaced, write_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEST: Final = "best.zip"
_BEST_FACTS: Final = "best.json"
_BY_STEP: Final = re.compile(r"step-(\d+)\.zip")
_BUFFER_SUFFIX: Final = ".buffer"


class Checkpoints:
    """What one run keeps to go on from.

    Args:
        folder: Where; made with the first one.
        keep: How many of the newest stay.
    """

    def __init__(self, folder: Path, *, keep: int) -> None:
        self._folder = folder
        self._keep = max(1, keep)
        self.best_return = _best_return(folder)

    def save(
        self, steps: int, write: Callable[[Path], None], write_buffer: Callable[[Path], None] | None = None
    ) -> Path:
        """Save what *write* writes as the checkpoint of that many steps; older ones than the newest few go.

        Args:
            steps: Steps of training so far.
            write: Saves the learner to the path that it is given.
            write_buffer: Saves what the learner remembers of its steps; only the newest checkpoint keeps that.

        Raises:
            OSError: the disk refuses.
        """
        path = self._folder / f"step-{steps:012d}.zip"
        if write_buffer is not None:  # before the checkpoint that counts on it
            with replaced(buffer_of(path)) as draft:
                write_buffer(draft)
        with replaced(path) as draft:
            write(draft)
        kept = self._by_step()
        for old in kept[: -self._keep]:
            old.unlink(missing_ok=True)
        for old in kept[:-1]:
            buffer_of(old).unlink(missing_ok=True)
        return path

    def save_if_best(self, steps: int, mean_return: float, write: Callable[[Path], None]) -> bool:
        """Save what *write* writes as the best where its evaluation says so; whether it did.

        Raises:
            OSError: the disk refuses.
        """
        if math.isnan(mean_return) or mean_return <= self.best_return:
            return False
        with replaced(self._folder / BEST) as draft:
            write(draft)
        write_text(self._folder / _BEST_FACTS, json.dumps({"mean_return": mean_return, "steps": steps}) + "\n")
        self.best_return = mean_return
        return True

    @property
    def newest(self) -> Path | None:
        """The newest checkpoint by step; None where there is none."""
        found = self._by_step()
        return found[-1] if found else None

    def _by_step(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if _BY_STEP.fullmatch(path.name))


def buffer_of(checkpoint: Path) -> Path:
    """Where a checkpoint's memory of steps is, if it has one."""
    return checkpoint.with_suffix(_BUFFER_SUFFIX)


def _best_return(folder: Path) -> float:
    # Of an earlier process of the same run: a restart must not take a worse policy for the best.
    try:
        return float(json.loads((folder / _BEST_FACTS).read_text(encoding="utf-8"))["mean_return"])
    except (OSError, ValueError, KeyError, TypeError):
        return -math.inf
