"""Gymnasium's vector environments with infos that keep every value as it was.

Gymnasium gathers an info key into an array of the type that the first sub-environment gave: where that was a whole
number, as after FrozenLake's reset, the others' fractions are cut off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

from gym_gui.adapters.registry import quiet_imports
from gym_gui.adapters.vector_batch import FINAL_OBSERVATION
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Iterable


def _gather(infos: dict[str, Any], told: dict[str, Any], index: int, count: int) -> dict[str, Any]:
    """*infos* with what sub-environment *index* of *count* told: object arrays by key, masks under ``_key``."""
    for key, value in told.items():
        # A last observation that is a dictionary is one value, as Gymnasium has it.
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
