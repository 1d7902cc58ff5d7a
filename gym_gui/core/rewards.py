"""Rewards that are not one number: of several agents, or of several objectives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

#: Under this name a step's `extra` holds the objectives of its reward, ``(objectives,)``, whose sum the reward is.
REWARD_PARTS: Final = "reward_parts"


def parts_of_reward(reward: Any) -> NDArray[Any] | None:
    """A copy of a reward that is an array of several objectives, ``(objectives,)`` of numbers; None for any other."""
    several = isinstance(reward, np.ndarray) and reward.ndim == 1 and reward.size > 1 and reward.dtype.kind in "iuf"
    return reward.copy() if several else None


def sum_of_rewards(rewards: Iterable[float | None]) -> float | None:
    """What the agents of one step got together: nan counts as nothing beside a number; None where nobody got any."""
    given = [reward for reward in rewards if reward is not None]
    counted = [reward for reward in given if not math.isnan(reward)]
    if not counted:
        return math.nan if given else None
    total = counted[0]
    for reward in counted[1:]:
        total += reward
    return total
