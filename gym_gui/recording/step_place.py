"""Which step and which episode a caller means: numbers, numpy's too, and names of episodes; what is neither is refused.

A backend's files hold integers of 64 bits: anything else would cost the whole episode there.
"""

from __future__ import annotations

from operator import index
from typing import Any, Final

from gym_gui.core.errors import SchemaMismatchError

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1


def own_place(step_number: Any, episode_id: Any) -> tuple[int, Any]:
    """Both as the files hold them; no episode is the current one.

    Raises:
        SchemaMismatchError: one of them is neither a number that fits 64 bits nor a name.
    """
    return _own_step_number(step_number), None if episode_id is None else own_episode_id(episode_id)


def _own_step_number(step_number: Any) -> int:
    try:
        number = index(step_number)
    except TypeError:
        number = -1
    if not 0 <= number <= INT64_MAX:
        raise SchemaMismatchError(f"step_number is {step_number!r:.40}, not a whole number from 0 on.")
    return number


def own_episode_id(episode_id: Any) -> int | str:
    """An episode's number, or its name, as Python's own integer or text.

    Raises:
        SchemaMismatchError: it is neither, or does not fit 64 bits.
    """
    if isinstance(episode_id, str) and episode_id:
        return str.__str__(episode_id)
    try:
        number = index(episode_id)
    except TypeError:
        number = INT64_MAX + 1
    if not INT64_MIN <= number <= INT64_MAX:
        raise SchemaMismatchError(f"episode_id is {episode_id!r:.40}, neither a number nor a name.")
    return number
