"""The actions of a step batch as one array, where they are of one kind: what a column of the file takes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.value_codec import decode_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepBatch


def actions_of(batch: StepBatch) -> NDArray[Any] | list[Any]:
    """Its actions, row by row; without meaning where flags say ``NO_REWARD``.

    Returns:
        ``(rows, *shape)`` where all of them are arrays or numbers of one dtype and shape, else a list of values.
    """
    actions = batch.actions
    if isinstance(actions, np.ndarray):
        return actions
    return _stacked(actions) if actions else []


def _stacked(stored: Any) -> NDArray[Any] | list[Any]:
    sample = next((value for value in stored if isinstance(value, bytes)), None)
    array = None if sample is None else decode_value(sample)
    if not isinstance(array, np.ndarray) or not array.nbytes or sample is None:
        return [decode_value(value) for value in stored]
    # Everything before an array's own bytes says its dtype and shape: equal beginnings, equal kinds.
    head = sample[: -array.nbytes]
    filled = [sample if value is None else value for value in stored]
    if not all(isinstance(one, bytes) and len(one) == len(sample) and one.startswith(head) for one in filled):
        return [decode_value(value) for value in stored]
    rows = np.frombuffer(b"".join(filled), np.uint8).reshape(len(filled), len(sample))
    body = np.ascontiguousarray(rows[:, len(head) :])
    return body.view(array.dtype).reshape(len(filled), *array.shape)
