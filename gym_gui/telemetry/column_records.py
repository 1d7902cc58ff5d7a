"""Rows that came as columns as records, and pages of columns as one: for readers that know only columns."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.data_model import PAYLOAD_VERSION, FrameState, StepRecord
from gym_gui.core.info_codec import decode_info
from gym_gui.core.value_codec import decode_value
from gym_gui.telemetry.step_rows import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.telemetry.step_columns import StepColumns


def records_of_columns(columns: StepColumns) -> list[StepRecord]:
    """The detached records that *columns* hold."""
    rewards, has_reward = columns.rewards.tolist(), columns.has_reward.tolist()
    terminated, truncated = columns.terminated.tolist(), columns.truncated.tolist()
    states, times = columns.frame_states.tolist(), columns.time_us.tolist()
    found = []
    for row, step_index in enumerate(columns.step_index.tolist()):
        rare = columns.rare(row)
        found.append(
            StepRecord(
                run_id=columns.run_id,
                episode_id=columns.episode_id,
                step_index=step_index,
                action=decode_value(columns.actions[row]),
                observation=rare.get("observation"),
                reward=rewards[row] if has_reward[row] else None,
                terminated=terminated[row],
                truncated=truncated[row],
                info=decode_info(columns.infos[row]),
                timestamp=from_microseconds(times[row]),
                agent_id=columns.agent_ids[row],
                render_hint=rare.get("render_hint"),
                frame_ref=columns.frame_refs[row],
                obs_ref=columns.obs_refs[row],
                payload_version=rare.get("payload_version", PAYLOAD_VERSION),
                worker_id=columns.worker_id,
                space_signature=rare.get("space_signature", columns.space_signature),
                vector_metadata=rare.get("vector_metadata"),
                view=rare.get("view"),
                normalization_stats=rare.get("normalization_stats"),
                extra=rare.get("extra"),
                time_step=rare.get("time_step"),
                frame_state=FrameState(states[row]),
            )
        )
    return found


def joined(pages: Sequence[StepColumns]) -> StepColumns:
    """Pages of one episode, in order, as one; there is at least one."""
    first = pages[0]
    if len(pages) == 1:
        return first
    changes: dict[str, Any] = {}
    for one in fields(first):
        values = [getattr(page, one.name) for page in pages]
        if isinstance(values[0], np.ndarray):
            changes[one.name] = np.concatenate(values)
        elif isinstance(values[0], (list, tuple)):
            changes[one.name] = [value for part in values for value in part]
    return replace(first, **changes)
