"""Small pictures of episodes: made in tasks one at a time, newest wish first, kept while they are in use.

Lives on the thread that the task runner answers on.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from gym_gui.core.data_model import EpisodeStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gym_gui.controllers.replay_state import FrameSource, RowSource
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import EpisodeRollup

EpisodeKey: TypeAlias = tuple[str, str]

MAX_WIDTH: Final = 320
MAX_HEIGHT: Final = 240
KEPT: Final = 400  # of at most 230 KB each
WAITING: Final = 48  # wishes beyond a screenful were scrolled past
_TAIL_ROWS: Final = 16  # the last picture is looked for among so many rows


class ThumbnailCache:
    """Gives the picture of an episode's end, or begins to make it.

    Args:
        rows: The store, asked in tasks.
        frames: The resolver, asked in tasks.
        runner: Where tasks run.
        on_ready: Told the episode whose picture can be had now.
    """

    def __init__(
        self,
        rows: RowSource,
        frames: FrameSource,
        runner: TaskRunner,
        on_ready: Callable[[EpisodeKey], None],
    ) -> None:
        self._rows = rows
        self._frames = frames
        self._runner = runner
        self._on_ready = on_ready
        self._pictures: OrderedDict[EpisodeKey, NDArray[np.uint8] | None] = OrderedDict()
        self._waiting: OrderedDict[EpisodeKey, EpisodeRollup] = OrderedDict()
        self._growing: set[EpisodeKey] = set()
        self._stale: set[EpisodeKey] = set()
        self._in_flight = False

    def get(self, rollup: EpisodeRollup) -> NDArray[np.uint8] | None:
        """``uint8 (H, W, 3)`` of at most 240x320, or None: there is none, or it is not made yet."""
        key = (rollup.run_id, rollup.episode_id)
        if key in self._pictures:
            self._pictures.move_to_end(key)
            if key in self._stale:
                self._stale.discard(key)
                self._want(key, rollup)
            return self._pictures[key]
        self._want(key, rollup)
        return None

    def forget_missing(self) -> None:
        """Look again for pictures that could not be had, and for newer ones of episodes that were being recorded."""
        for key in [key for key, picture in self._pictures.items() if picture is None]:
            del self._pictures[key]
        self._stale |= self._growing & self._pictures.keys()

    def _want(self, key: EpisodeKey, rollup: EpisodeRollup) -> None:
        self._waiting[key] = rollup
        self._waiting.move_to_end(key)
        while len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)
        self._make_next()

    def _make_next(self) -> None:
        if self._in_flight or not self._waiting:
            return
        key, rollup = self._waiting.popitem(last=True)
        self._in_flight = True
        if rollup.status is EpisodeStatus.RUNNING:
            self._growing.add(key)
        else:
            self._growing.discard(key)
        self._runner.submit(
            lambda: self._make(rollup),
            lambda picture: self._made(key, picture),
            lambda _error: self._made(key, None),  # the player will say what is wrong with this episode
        )

    def _make(self, rollup: EpisodeRollup) -> NDArray[np.uint8] | None:
        start = max(0, rollup.steps + 1 - _TAIL_ROWS)
        steps = self._rows.load_steps(rollup.run_id, rollup.episode_id, start=start, stop=start + _TAIL_ROWS)
        ref = next((step.frame_ref for step in reversed(steps) if step.frame_ref is not None), None)
        return None if ref is None else shrink(self._frames.require(ref))

    def _made(self, key: EpisodeKey, picture: NDArray[np.uint8] | None) -> None:
        self._in_flight = False
        if picture is not None or self._pictures.get(key) is None:
            self._pictures[key] = picture
        while len(self._pictures) > KEPT:
            self._pictures.popitem(last=False)
        self._on_ready(key)
        self._make_next()


def shrink(frame: NDArray[Any]) -> NDArray[np.uint8]:
    """*frame*, ``uint8 (H, W, 3)``, averaged over whole blocks until it is at most 240x320."""
    height, width = frame.shape[:2]
    block = max(1, -(-height // MAX_HEIGHT), -(-width // MAX_WIDTH))
    if block == 1:
        return np.ascontiguousarray(frame)
    rows, columns = height // block, width // block
    blocks = frame[: rows * block, : columns * block].reshape(rows, block, columns, block, -1)
    return np.ascontiguousarray(blocks.mean(axis=(1, 3)).astype(np.uint8))
