"""Gymnasium's vector environments with infos that keep every value as it was.

Gymnasium gathers an info key into an array of the type that the first sub-environment gave: where that was a whole
number, as after FrozenLake's reset, the others' fractions are cut off.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

from gym_gui.adapters.registry import quiet_imports
from gym_gui.adapters.vector_batch import FINAL_OBSERVATION
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gymnasium import Env
    from gymnasium.vector import AutoresetMode


def _gather(infos: dict[str, Any], told: dict[str, Any], index: int, count: int) -> dict[str, Any]:
    """*infos* with what sub-environment *index* of *count* told: object arrays by key, masks under ``_key``.

    What was seen last stays whole, as Gymnasium has it: its dictionaries are observations, not infos.
    """
    for key, value in told.items():
        if isinstance(value, dict) and key != FINAL_OBSERVATION:
            before = infos.get(key)
            infos[key] = _gather(before if isinstance(before, dict) else {}, value, index, count)
        else:
            if not isinstance(infos.get(key), np.ndarray):
                infos[key] = np.full(count, None, dtype=object)
            infos[key][index] = value
        infos.setdefault(f"_{key}", np.zeros(count, np.bool_))[index] = True
    return infos


class ExactSyncVectorEnv(SyncVectorEnv):
    """One after the other, on the caller's thread."""

    @override
    def _add_info(self, vector_infos: dict[str, Any], env_info: dict[str, Any], env_num: int) -> dict[str, Any]:
        return _gather(vector_infos, env_info, env_num, self.num_envs)


class ExactAsyncVectorEnv(AsyncVectorEnv):
    """Each in a process of its own."""

    @override
    def _add_info(self, vector_infos: dict[str, Any], env_info: dict[str, Any], env_num: int) -> dict[str, Any]:
        return _gather(vector_infos, env_info, env_num, self.num_envs)

    @override
    def _raise_if_errors(self, successes: Iterable[bool]) -> None:
        successes = list(successes)
        if all(successes):
            return
        with quiet_imports():  # what is raised says it all; the traces that are warned of too are the environment's
            super()._raise_if_errors(successes)


def open_async(makers: Sequence[Callable[[], Env[Any, Any]]], mode: AutoresetMode) -> ExactAsyncVectorEnv:
    """Each of *makers* in a process of its own; observations pass through shared memory where they have a fixed shape.

    Raises:
        Exception: whatever an environment raised that could not be made.
    """
    # A fork would copy the locks of the threads that save; a fresh process has none.
    open_one = partial(ExactAsyncVectorEnv, makers, autoreset_mode=mode, context="spawn")
    try:
        return open_one()
    except (TypeError, ValueError) as fault:
        if "shared_memory" not in str(fault):
            raise
    # Sequences, graphs and spaces of a stranger's class; Gymnasium knows before it starts a process.
    return open_one(shared_memory=False)
