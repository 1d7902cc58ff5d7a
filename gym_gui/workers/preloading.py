"""Preloading: what a worker that learns imports, at once and as quickly as it goes."""

from __future__ import annotations

import gc
import importlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_A_LEARNER: Final = (
    "torch",
    "stable_baselines3",
    "gym_gui.workers.sb3",
    "gym_gui.workers.sb3_callbacks",
    "gym_gui.workers.recorded_streams",
    "gym_gui.wrappers.recorder",
)


def preload_learner() -> None:
    """Import what every worker that learns needs; importing it again costs nothing.

    Raises:
        ImportError: something is not installed, or cannot be loaded.
    """
    from gym_gui.wrappers import recording_link  # noqa: PLC0415 - a worker that fails early needs none

    # It loads beside us.
    recording_link.start_early()
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    with uncollected():
        for name in _OF_A_LEARNER:
            importlib.import_module(name)
        import torch  # noqa: PLC0415 - heavy

        # The first optimizer of a process imports what compiles networks, a third of all the time.
        torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])


@contextmanager
def uncollected() -> Iterator[None]:
    """Imports that Python's collector does not look through again and again, and that it leaves alone afterwards.

    Hundreds of thousands of objects that stay for good: looking through them is a fifth of the time that PyTorch takes
    to import, and it would go on for as long as the process trains.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
