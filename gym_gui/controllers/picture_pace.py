"""Why a worker shows an old picture although all is well: it keeps pictures of some episodes only. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import ConfigError
from gym_gui.core.frame_choice import FrameChoice

if TYPE_CHECKING:
    from gym_gui.controllers.live_source import LiveRun

_SUFFIXES: Final = {1: "st", 2: "nd", 3: "rd"}
_TEENS: Final = range(11, 14)


def pace_of(run: LiveRun, *, evaluation: bool) -> tuple[str, ...]:
    """Which episodes have pictures, and when the next one comes: the same in ever fewer words, for ever less room.

    Args:
        run: The run.
        evaluation: Whether of its evaluations, not of the episodes that it learns from.

    Returns:
        Nothing where every episode has pictures, or nobody knows.
    """
    return _of_evaluations(run) if evaluation else _of_training(run)


def _of_training(run: LiveRun) -> tuple[str, ...]:
    try:
        every = FrameChoice.parse(run.frames).every
    except ConfigError:
        return ()  # nobody said
    if every <= 1:
        return ()
    which = f"every {ordinal(every)} episode has pictures"
    # Each environment counts its own episodes, and they come about as fast as each other.
    side_by_side = max(1, len(run.workers) if run.config is None else run.config.num_envs)
    done = run.progress.episodes // side_by_side % every
    if not done:
        return (which,)  # one of those is under way
    left = (every - done) * side_by_side
    soon = f"next in about {left:,} episode{'' if left == 1 else 's'}"
    return f"{which} · {soon}", soon


def _of_evaluations(run: LiveRun) -> tuple[str, ...]:
    every = 0 if run.config is None else run.config.evaluation.every_steps
    if every <= 0:
        return ()
    which = f"evaluated every {every:,} steps"
    left = every - run.progress.steps % every
    soon = f"next in about {left:,} steps"
    return f"{which} · {soon}", soon


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``100th``."""
    suffix = "th" if number % 100 in _TEENS else _SUFFIXES.get(number % 10, "th")
    return f"{number:,}{suffix}"
