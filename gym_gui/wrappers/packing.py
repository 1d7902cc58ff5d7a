"""Raw columns to a `StepBatch`: everything that a training thread should not pay for. Runs on the sender's thread."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model.batch import NO_REWARD, REWARD_NAN, REWARD_NEGATIVE_ZERO, ScalarColumns
from gym_gui.core.errors import InvalidActionError
from gym_gui.core.info_codec import encode_info
from gym_gui.core.value_codec import encode_value
from gym_gui.wrappers.step_batcher import StackedActions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gym_gui.wrappers.step_batcher import RawRows, Scalar

_LOGGER = logging.getLogger(__name__)
_NONE: Final = -1


def columns_of(raw: RawRows, episode_ids: Mapping[int, str]) -> dict[str, Any]:
    """The columns of a `StepBatch`, as its keyword arguments.

    Args:
        raw: What was taken away.
        episode_ids: Number of an episode -> its id.
    """
    numbers, places = np.unique(np.array(raw.episode, np.int64), return_inverse=True)
    rewards = np.array(raw.rewards, np.float64)
    return {
        "began": tuple(raw.began),
        "ended": tuple(raw.ended),
        "episode_ids": tuple(episode_ids[number] for number in numbers.tolist()),
        "episode": places.astype(np.int32).reshape(-1),
        "step_index": np.array(raw.step_index, np.int64),
        "actions": _actions(raw.actions, raw.odd_actions),
        "rewards": rewards,
        "flags": _flags(np.array(raw.flags, np.uint8), rewards),
        "time_us": np.array(raw.time_us, np.int64),
        "infos": _sparse(len(raw), [(row, _info(info)) for row, info in raw.infos]),
        "extras": _sparse(len(raw), [(row, _extra(extra)) for row, extra in raw.extras]),
        "frames": _numbers(raw.frames),
        "observations": _numbers(raw.observations),
        "scalars": scalar_columns(raw.scalars),
    }


def after_last(numbers: Sequence[int]) -> int:
    """The number after the highest one; 0 where there is none."""
    return 1 + int(np.max(np.array(numbers, np.int64), initial=_NONE))


def scalar_columns(scalars: Sequence[Scalar]) -> ScalarColumns | None:
    """What a learner logged, as columns; None where that is nothing."""
    if not scalars:
        return None
    names, steps, times, values = zip(*scalars, strict=True)
    unique = list(dict.fromkeys(names))
    places = {name: place for place, name in enumerate(unique)}
    return ScalarColumns(
        names=unique,
        name=np.array([places[name] for name in names], np.int32),
        step=np.array(steps, np.int64),
        time_us=np.array(times, np.int64),
        value=np.array(values, np.float64),
    )


def _flags(flags: NDArray[np.uint8], rewards: NDArray[np.float64]) -> NDArray[np.uint8]:
    """*flags* with what the database has to know of odd rewards."""
    rewarded = (flags & NO_REWARD) == 0
    flags[rewarded & np.isnan(rewards)] |= REWARD_NAN
    flags[rewarded & (rewards == 0) & np.signbit(rewards)] |= REWARD_NEGATIVE_ZERO
    return flags


def _actions(actions: Any, odd: Sequence[tuple[int, Any]]) -> NDArray[np.int64] | list[int | bytes | None]:
    if isinstance(actions, StackedActions):
        values = list(actions.values)
        for row in actions.missing:
            values[row] = None
    elif not isinstance(actions, list) and not odd:
        return np.array(actions, np.int64)
    else:
        values = list(actions)
    for row, action in odd:
        values[row] = action
    return [_exact(action) for action in values]


def _exact(action: Any) -> int | bytes | None:
    try:
        return encode_value(action)
    except InvalidActionError as fault:
        _LOGGER.debug("an action is not recorded: %s", fault)
        return None


def _info(info: Any) -> str | None:
    return info if info is None or isinstance(info, str) else encode_info(info)


def _extra(extra: Mapping[str, Any]) -> bytes | None:
    try:
        encoded = encode_value(dict(extra))
    except InvalidActionError as fault:
        _LOGGER.debug("what is rare about a step is not recorded: %s", fault)
        return None
    return encoded if isinstance(encoded, bytes) else None


def _sparse(rows: int, entries: list[tuple[int, Any]]) -> list[Any] | None:
    if not entries:
        return None
    column: list[Any] = [None] * rows
    for row, value in entries:
        column[row] = value
    return column


def _numbers(numbers: Any) -> NDArray[np.int64] | None:
    column = np.array(numbers, np.int64)
    return column if (column >= 0).any() else None
