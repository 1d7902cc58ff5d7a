"""Seeds for everything random in a worker's process."""

from __future__ import annotations

import os
import random
import secrets
import sys
from typing import Final

import numpy as np

from gym_gui.core import variables

_SEEDS: Final = 2**31 - 1


def seed_everything(seed: int | None) -> int:
    """Seed Python's generator, NumPy's and torch's; the seed, which is drawn where none is given.

    Environments get theirs where they are made. `variables.SEED` tells the processes that this one starts, and scripts.
    """
    chosen = secrets.randbelow(_SEEDS) if seed is None else seed
    random.seed(chosen)
    np.random.seed(chosen % 2**32)  # noqa: NPY002 - the global generator is what other people's code draws from
    if "torch" in sys.modules:
        import torch  # noqa: PLC0415 - only where it is loaded already

        torch.manual_seed(chosen)
    os.environ[variables.SEED] = str(chosen)
    return chosen
