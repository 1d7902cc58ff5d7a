"""What DQN, SAC and TD3 remember of their steps, as a file of plain arrays: only what is filled, and no pickle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

_ARRAYS: Final = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def can_save(buffer: Any) -> bool:
    """Whether a replay buffer is of the plain kind; those of named observations and of goals are not saved."""
    return all(isinstance(getattr(buffer, name, None), np.ndarray) for name in ("observations", "actions", "rewards"))


def save(buffer: Any, path: Path) -> None:
    """Write what *buffer* holds to *path*.

    Raises:
        OSError: the disk refuses.
    """
    filled = buffer.buffer_size if buffer.full else buffer.pos
    arrays = {name: array[:filled] for name in _ARRAYS if isinstance(array := getattr(buffer, name, None), np.ndarray)}
    # A memory-saving buffer keeps the next observation in the place of the one after it.
    if buffer.optimize_memory_usage:
        arrays["observations"] = buffer.observations[: min(filled + 1, buffer.buffer_size)]
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, place=np.array([buffer.pos, int(buffer.full)]), **arrays)


def load(buffer: Any, path: Path) -> None:
    """Fill *buffer* with what `save` wrote.

    Raises:
        ValueError: it was written of another kind of buffer.
        OSError: it cannot be read.
    """
    with np.load(path, allow_pickle=False) as saved:
        for name in _ARRAYS:
            if name in saved:
                array = saved[name]
                getattr(buffer, name)[: len(array)] = array
        position, is_full = saved["place"]
    buffer.pos, buffer.full = int(position), bool(is_full)
