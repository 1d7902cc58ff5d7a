"""Rows as columns say what records say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from exports import RUN, frame_of, record, same, step

from gym_gui.config.paths import VarPaths
from gym_gui.core.value_codec import decode_value
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore
from gym_gui.telemetry.step_columns import columns_of

if TYPE_CHECKING:
    from pathlib import Path


def test_that_bulk_columns_are_what_the_records_say(tmp_path: Path) -> None:
    steps = [
        step(
            index,
            reward=[None, -0.0, float("nan"), 0.1, 5e-324][index % 5],
            action=None if not index else np.arange(3, dtype=np.float32) * index,
            agent_id=agent,
            render_payload=frame_of(index) if index % 3 else None,
            observation=np.arange(4) + index,
            info={"lives": index} if index % 2 else {},
            time_step=index if index == 4 else None,
            truncated=index == 9,
        )
        for index in range(10)
        for agent in ("agent_0", "other")
    ]
    record(tmp_path, [steps])
    store = TelemetrySQLiteStore(VarPaths(tmp_path).telemetry_db, read_only=True)
    records = store.load_steps(RUN, "ep-0", start=1, stop=9)
    bulk = store.load_columns(RUN, "ep-0", start=1, stop=9)
    slow = columns_of(RUN, "ep-0", records)
    store.close()
    assert len(bulk) == len(records) == 16
    for columns in (bulk, slow):
        for row, one in enumerate(records):
            assert columns.step_index[row] == one.step_index
            assert columns.agent_ids[row] == one.agent_id
            assert same(decode_value(columns.actions[row]), one.action)
            reward = float(columns.rewards[row]) if columns.has_reward[row] else None
            assert same(reward, one.reward)
            assert (columns.frame_refs[row], columns.obs_refs[row]) == (one.frame_ref, one.obs_ref)
            assert columns.frame_states[row] == one.frame_state
            assert columns.rare(row).get("time_step") == one.time_step
            assert bool(columns.truncated[row]) is one.truncated
            assert columns.time_us[row] == round(one.timestamp.timestamp() * 1e6)
    assert bulk.infos == slow.infos or list(bulk.infos) == list(slow.infos)
