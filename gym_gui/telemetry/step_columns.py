"""The rows of an episode as columns, built at once from bulk SQL: a tenth of the time of one record a step."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model import FrameState
from gym_gui.core.data_model.batch import (
    FRAME_STATE_SHIFT,
    OBSERVATION_IS_FRAME,
    REWARD_NAN,
    REWARD_NEGATIVE_ZERO,
    TERMINATED,
    TRUNCATED,
)
from gym_gui.core.info_codec import encode_info
from gym_gui.core.value_codec import encode_value
from gym_gui.telemetry.step_rows import SELECT_STEPS, EpisodeKeys, decode_rare, microseconds, rare_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepRecord

_WIDTH: Final = 12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StepColumns:
    """Rows of one episode in order of step and agent; row *r* is place *r* of every column.

    Attributes:
        run_id: The run of all rows.
        episode_id: The episode of all rows.
        step_index: ``int64 (rows,)``.
        agent_ids: Which agent acted.
        actions: As `value_codec.encode_value` writes them: an integer, bytes, or None after reset.
        rewards: ``float64 (rows,)``; nan where there was none.
        has_reward: ``bool (rows,)``; False after reset.
        terminated: ``bool (rows,)``.
        truncated: ``bool (rows,)``.
        frame_states: ``uint8 (rows,)`` of `FrameState`.
        frame_refs: ``h5://`` texts, or None.
        obs_refs: ``h5://`` texts, or None; equal to the frame's where the observation is the frame.
        time_us: ``int64 (rows,)`` microseconds since 1970, UTC.
        infos: JSON texts; None where the info is empty.
        extras: What is rare, as `encode_value` writes a dict of it: ``observation`` (one that is no array),
            ``vector_metadata``, ``view``, ``normalization_stats``, ``time_step``, ``render_hint``, ``extra``,
            ``payload_version``, ``space_signature``, ``sound``; None in most rows.
        worker_id: Which worker produced the rows.
        space_signature: The run's.
    """

    run_id: str
    episode_id: str
    step_index: NDArray[np.int64]
    agent_ids: Sequence[str]
    actions: Sequence[int | bytes | None]
    rewards: NDArray[np.float64]
    has_reward: NDArray[np.bool_]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    frame_states: NDArray[np.uint8]
    frame_refs: Sequence[str | None]
    obs_refs: Sequence[str | None]
    time_us: NDArray[np.int64]
    infos: Sequence[str | None]
    extras: Sequence[bytes | None]
    worker_id: str | None = None
    space_signature: str | None = None

    def __len__(self) -> int:
        return len(self.step_index)

    def take(self, rows: Sequence[int]) -> StepColumns:
        """Only these rows."""
        places = np.asarray(rows, np.int64)
        changes: dict[str, Any] = {}
        for one in fields(self):
            values = getattr(self, one.name)
            if isinstance(values, np.ndarray):
                changes[one.name] = values[places]
            elif isinstance(values, (list, tuple)):
                changes[one.name] = [values[row] for row in rows]
        return replace(self, **changes)

    def rare(self, row: int) -> dict[str, Any]:
        """What is rare about a row, decoded; empty for most."""
        return decode_rare(self.extras[row])


def select_columns(connection: sqlite3.Connection, keys: EpisodeKeys, start: int, stop: int) -> StepColumns:
    """The rows of an episode with ``start <= step_index < stop``."""
    rows = connection.execute(SELECT_STEPS, (keys.episode_key, start, stop)).fetchall()
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) if rows else [()] * _WIDTH
    steps, agents, actions, rewards, flags_given, frames, frame_variants, places, variants, times, infos, extras = (
        columns
    )
    flags = np.array(flags_given, np.uint8)
    reward = np.array(rewards, np.float64)  # None becomes nan
    is_nan = (flags & REWARD_NAN) != 0
    has_reward = ~np.isnan(reward) | is_nan
    reward[(flags & REWARD_NEGATIVE_ZERO) != 0] = -0.0
    frame_refs = _refs(keys.run_id, repeat("frames"), frame_variants, frames)
    datasets = np.where(flags & OBSERVATION_IS_FRAME, "frames", "observations").tolist()
    return StepColumns(
        run_id=keys.run_id,
        episode_id=keys.episode_id,
        step_index=np.array(steps, np.int64),
        agent_ids=agents,
        actions=actions,
        rewards=reward,
        has_reward=has_reward,
        terminated=(flags & TERMINATED) != 0,
        truncated=(flags & TRUNCATED) != 0,
        frame_states=np.bitwise_and(flags >> np.uint8(FRAME_STATE_SHIFT), np.uint8(3)),
        frame_refs=frame_refs,
        obs_refs=_refs(keys.run_id, datasets, variants, places),
        time_us=np.array(times, np.int64) + keys.started_us,
        infos=infos,
        extras=extras,
        worker_id=keys.worker_id,
        space_signature=keys.space_signature,
    )


def _refs(run_id: str, datasets: Any, variants: Sequence[int], places: Sequence[int | None]) -> list[str | None]:
    return [
        None if place is None else f"h5://{run_id}/{dataset}{f'.{variant}' if variant else ''}/{place}"
        for dataset, variant, place in zip(datasets, variants, places, strict=False)
    ]


def columns_of(run_id: str, episode_id: str, records: Sequence[StepRecord]) -> StepColumns:
    """The same from detached records, for a reader that has no bulk way.

    Raises:
        InvalidActionError: an action has no exact form.
    """
    first = records[0] if records else None
    signature = None if first is None else first.space_signature
    return StepColumns(
        run_id=run_id,
        episode_id=episode_id,
        step_index=np.array([one.step_index for one in records], np.int64),
        agent_ids=[one.agent_id for one in records],
        actions=[encode_value(one.action) for one in records],
        rewards=np.array([one.reward for one in records], np.float64),
        has_reward=np.array([one.reward is not None for one in records], np.bool_),
        terminated=np.array([one.terminated for one in records], np.bool_),
        truncated=np.array([one.truncated for one in records], np.bool_),
        frame_states=np.array([int(one.frame_state) for one in records], np.uint8),
        frame_refs=[one.frame_ref for one in records],
        obs_refs=[one.obs_ref for one in records],
        time_us=np.array([microseconds(one.timestamp) for one in records], np.int64),
        infos=[encode_info(one.info) for one in records],
        extras=[rare_of(one, signature) for one in records],
        worker_id=None if first is None else first.worker_id,
        space_signature=signature,
    )


def bare_rows(columns: StepColumns, keys: EpisodeKeys, agent_keys: Mapping[str, int]) -> Iterator[tuple[Any, ...]]:
    """The rows of *columns* without their arrays, for `INSERT_STEP`; what had a picture says that it has none."""
    is_nan = columns.has_reward & np.isnan(columns.rewards)
    negative_zero = (columns.rewards == 0) & np.signbit(columns.rewards)
    states = np.where(columns.frame_states == FrameState.KEPT, FrameState.NONE, columns.frame_states)
    flags = (
        columns.terminated * TERMINATED
        + columns.truncated * TRUNCATED
        + is_nan * REWARD_NAN
        + negative_zero * REWARD_NEGATIVE_ZERO
        + states.astype(np.int64) * (1 << FRAME_STATE_SHIFT)
    )
    rewards: list[float | None] = columns.rewards.tolist()
    for row in np.flatnonzero(~columns.has_reward | is_nan).tolist():
        rewards[row] = None
    return zip(
        repeat(keys.episode_key, len(columns)),
        columns.step_index.tolist(),
        [agent_keys[agent] for agent in columns.agent_ids],
        columns.actions,
        rewards,
        flags.tolist(),
        repeat(None),
        repeat(None),
        (columns.time_us - keys.started_us).tolist(),
        columns.infos,
        repeat(0),
        repeat(0),
        columns.extras,
        strict=False,
    )
