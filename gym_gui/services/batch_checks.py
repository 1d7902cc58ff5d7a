"""Whether the actions and observations of a step batch are in their spaces, a few looks a batch instead of one a step.

A space's bounds hold for all rows where they hold for the rows' least and greatest values; only a batch with something
outside is looked through row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model import ArrayKind
from gym_gui.core.data_model.batch import NO_REWARD
from gym_gui.replay.batch_actions import actions_of
from gym_gui.replay.dataset_tail import items_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepBatch
    from gym_gui.services.space_checks import SpaceCheck

_NUMBERS: Final = "biuf"


def action_strays(batch: StepBatch, check: SpaceCheck) -> tuple[NDArray[np.intp], str]:
    """The rows whose action is outside its space, and what is wrong with the first; none, and nothing, as a rule."""
    acted = np.flatnonzero((batch.flags & NO_REWARD) == 0)
    if not len(acted):
        return acted, ""
    actions = actions_of(batch)
    if isinstance(actions, np.ndarray):
        return _strays(actions[acted], acted, check)
    faults = {row: check(actions[row]) for row in acted.tolist()}
    rows = [row for row, fault in faults.items() if fault]
    return np.array(rows, np.intp), faults[rows[0]] if rows else ""


def observation_strays(batch: StepBatch, check: SpaceCheck) -> tuple[int, str]:
    """How many observations are outside their space, and what is wrong with the first.

    Of pictures only dtype and shape are looked at, once a block.
    """
    count, words = 0, ""
    for block in batch.blocks:
        if block.kind is not ArrayKind.OBSERVATION or block.dtype.names is not None:
            continue
        if block.compressed:
            wrong = check(np.zeros(block.item_shape, block.dtype))
            found = block.count if wrong else 0
        else:
            rows, wrong = _strays(items_of(block), np.arange(block.count), check)
            found = len(rows)
        count += found
        words = words or wrong
    return count, words


def _strays(values: NDArray[Any], rows: NDArray[np.intp], check: SpaceCheck) -> tuple[NDArray[np.intp], str]:
    if values.dtype.kind in _NUMBERS and not (check(_own(values.min(axis=0))) or check(_own(values.max(axis=0)))):
        return rows[:0], ""
    faults = [check(_own(value)) for value in values]
    bad = [place for place, fault in enumerate(faults) if fault]
    return rows[bad], faults[bad[0]] if bad else ""


def _own(value: Any) -> Any:
    return int(value) if isinstance(value, np.integer) else value
