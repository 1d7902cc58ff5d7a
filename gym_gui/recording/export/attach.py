"""Detached records with their arrays put back: what a backend takes, in groups of bounded size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model import FrameState
from gym_gui.core.packing import from_array
from gym_gui.recording.export.source import GROUP_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepRecord
    from gym_gui.recording.export.source import ExportSource

_PLAIN_ROWS: Final = 4_096


def attached(source: ExportSource, records: Sequence[StepRecord], *, frames: bool = True) -> Iterator[list[StepRecord]]:
    """The same steps, attached, in groups; a picture that cannot be found is lost.

    Args:
        source: Where arrays are read.
        records: As a reader gives them.
        frames: Whether pictures come along.
    """
    if all(one.obs_ref is None and (one.frame_ref is None or not frames) for one in records):
        for start in range(0, len(records), _PLAIN_ROWS):
            yield [_with_arrays(one, None, None, frames=frames) for one in records[start : start + _PLAIN_ROWS]]
        return
    picture_refs = [one.frame_ref if frames or one.obs_ref == one.frame_ref else None for one in records]
    for start, found in source.frame_groups(picture_refs, group_bytes=GROUP_BYTES // 2):
        group = records[start : start + len(found)]
        own = [None if one.obs_ref == one.frame_ref else one.obs_ref for one in group]
        observations = source.arrays(own) if any(own) else [None] * len(group)
        yield [
            _with_arrays(one, frame, observation, frames=frames)
            for one, frame, observation in zip(group, found, observations, strict=True)
        ]


def _with_arrays(
    record: StepRecord, frame: NDArray[Any] | None, stored: NDArray[Any] | None, *, frames: bool
) -> StepRecord:
    observation = record.observation
    if stored is not None:
        observation = from_array(np.asarray(stored))
    elif record.obs_ref is not None and record.obs_ref == record.frame_ref:
        observation = frame
    state = record.frame_state
    if frame is None or not frames:
        state = FrameState.NONE if not frames else FrameState.LOST if state is FrameState.KEPT else state
    return replace(
        record,
        observation=observation,
        render_payload=frame if frames else None,
        frame_ref=None,
        obs_ref=None,
        frame_state=state,
    )
