"""The reward of a step that several agents share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


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
