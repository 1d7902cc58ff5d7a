"""Sentences that every store of runs says alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.errors import DuplicateRunError, RunNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence


def duplicate(run_id: str, state: str) -> DuplicateRunError:
    """The error that points to the active run of the same digest."""
    return DuplicateRunError(
        f"Run {run_id} of the same configuration is {state}.",
        run_id=run_id,
        hint="Watch that one, or cancel it first; another seed makes another run.",
    )


def taken(run_id: str) -> DuplicateRunError:
    """The error for a new run that has the id of an old one."""
    return DuplicateRunError(f"There is a run {run_id} already.", run_id=run_id, hint="Choose another name.")


def no_run(run_id: str) -> RunNotFoundError:
    """The error for an id that no run has."""
    return RunNotFoundError(f"The trainer has no run {run_id!r}.", hint="`gym-gui train list` lists them.")


def claimed(gpus: Sequence[int]) -> str:
    """The reason of a run that got its slot."""
    return "It has a slot" + (f" with GPU {', '.join(map(str, gpus))}." if gpus else ".")
