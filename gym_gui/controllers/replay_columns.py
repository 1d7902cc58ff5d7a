"""An episode's rows as columns: what plots, transport and seeking need, without one record object a step.

Built on a task's thread, read on the view's: every `EpisodeColumns` is immutable.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model import FrameState
from gym_gui.core.refs import FrameRef
from gym_gui.core.rewards import sum_of_rewards
from gym_gui.core.sound import sound_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepRecord

TERMINATED: Final = 1
TRUNCATED: Final = 2
NO_LIVES: Final = -1
# The fields of `EpisodeColumns` that have one item a row.
_PER_ROW: Final = (
    "steps",
    "rewards",
    "returns",
    "flags",
    "lives",
    "frame_states",
    "frame_indices",
    "frame_datasets",
    "shown",
    "timestamps",
    "actions",
    "agents",
    "sounds",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStep:
    """What one of several agents did in a step.

    Attributes:
        agent_id: Its name.
        action: As the environment got it; None where it had none.
        reward: None where it got none.
        total_reward: Its own return up to and with this step.
        terminated: Its episode ended here.
        truncated: A limit ended it here.
    """

    agent_id: str
    action: Any
    reward: float | None
    total_reward: float
    terminated: bool
    truncated: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EpisodeColumns:
    """The loaded steps of one episode; position *p* below is a step's place, 0-based.

    Several agents' rows of one step are one here: rewards are the agents' sums, and the step ends the episode where it
    ends it for all of them.

    Attributes:
        run_id: The run of all rows.
        steps: ``int64 (rows,)`` step index, rising; equal to the position unless rows were lost.
        rewards: ``float64 (rows,)``; NaN where there was none (after reset).
        returns: ``float64 (rows,)`` sum of rewards up to and with this row.
        flags: ``uint8 (rows,)`` of `TERMINATED` and `TRUNCATED`.
        lives: ``int32 (rows,)`` of ``info["lives"]``; `NO_LIVES` where the environment tells none.
        frame_states: ``uint8 (rows,)`` of `FrameState`.
        frame_indices: ``int64 (rows,)`` index in the replay file; -1 without a picture.
        frame_datasets: ``uint8 (rows,)`` place in `datasets`.
        shown: ``int64 (rows,)`` the row whose picture stands here: itself, or the last before; -1 for none.
        timestamps: ``float64 (rows,)`` seconds since the epoch, UTC.
        actions: One action a row, as the environment got it; None after reset, and where several agents act.
        agents: What each agent did, by name; nothing where the episode has one agent only.
        agent_returns: Each agent's return up to the last row.
        earlier_returns: Each agent's return up to the row before that.
        newest_count: How many agents' rows the last row is made of; more of them may still come.
        sounds: Samples of each row's sound; None where there is none.
        datasets: Names of the replay file's datasets that the rows' pictures lie in.
    """

    run_id: str
    steps: NDArray[np.int64]
    rewards: NDArray[np.float64]
    returns: NDArray[np.float64]
    flags: NDArray[np.uint8]
    lives: NDArray[np.int32]
    frame_states: NDArray[np.uint8]
    frame_indices: NDArray[np.int64]
    frame_datasets: NDArray[np.uint8]
    shown: NDArray[np.int64]
    timestamps: NDArray[np.float64]
    actions: Sequence[Any]
    agents: Sequence[tuple[AgentStep, ...]]
    agent_returns: Mapping[str, float]
    earlier_returns: Mapping[str, float]
    newest_count: int
    sounds: Sequence[bytes | None]
    datasets: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.steps)

    def frame_ref(self, position: int) -> str | None:
        """The ``h5://`` text of the picture of this very row, or None where it has none."""
        index = int(self.frame_indices[position])
        if index < 0:
            return None
        return FrameRef(self.run_id, self.datasets[self.frame_datasets[position]], index).to_uri()

    def pictured_steps(self) -> frozenset[int]:
        """The steps that have a picture of their own."""
        return frozenset(self.steps[self.frame_indices >= 0].tolist())

    def position_of(self, step_index: int) -> int:
        """The row of this step, or the nearest one after it that was kept; the last row beyond the end."""
        place = int(np.searchsorted(self.steps, step_index))
        return min(place, max(0, len(self) - 1))

    def timestamp(self, position: int) -> datetime:
        """When the step was taken, aware, UTC."""
        return datetime.fromtimestamp(float(self.timestamps[position]), tz=UTC)

    def event_rows(self) -> NDArray[np.int64]:
        """Rows at which a life was lost or the episode ended, in order."""
        return np.union1d(self.life_losses(), np.flatnonzero(self.flags))

    def life_losses(self) -> NDArray[np.int64]:
        """Rows at which ``info["lives"]`` is less than one row before."""
        known = (self.lives[1:] != NO_LIVES) & (self.lives[:-1] != NO_LIVES)
        return np.flatnonzero(known & (np.diff(self.lives) < 0)) + 1


def empty_columns(run_id: str = "") -> EpisodeColumns:
    """Columns of no rows."""
    return EpisodeColumns(
        run_id=run_id,
        steps=np.empty(0, np.int64),
        rewards=np.empty(0, np.float64),
        returns=np.empty(0, np.float64),
        flags=np.empty(0, np.uint8),
        lives=np.empty(0, np.int32),
        frame_states=np.empty(0, np.uint8),
        frame_indices=np.empty(0, np.int64),
        frame_datasets=np.empty(0, np.uint8),
        shown=np.empty(0, np.int64),
        timestamps=np.empty(0, np.float64),
        actions=(),
        agents=(),
        agent_returns={},
        earlier_returns={},
        newest_count=0,
        sounds=(),
        datasets=(),
    )


def append_rows(before: EpisodeColumns, records: Sequence[StepRecord]) -> EpisodeColumns:
    """*before* with the rows of *records* after it: detached records, in step order.

    Where *records* begin with the last step of *before* once more and have more of its agents, it is told anew.
    """
    last_step = int(before.steps[-1]) if len(before) else -1
    steps = [rows for rows in _by_step(records) if rows[0].step_index >= last_step]
    if steps and steps[0][0].step_index == last_step:
        if len(steps[0]) > before.newest_count:
            before = _without_newest(before)
        else:
            del steps[0]
    if not steps:
        return before
    returns_of = dict(before.agent_returns)
    is_shared = len(returns_of.keys() | {record.agent_id for record in records}) > 1
    agents = [_agents_of(step, returns_of) if is_shared else () for step in steps[:-1]]
    earlier_returns = dict(returns_of)
    agents.append(_agents_of(steps[-1], returns_of) if is_shared else ())
    rows = [step[0] if len(step) == 1 else _together(step) for step in steps]
    datasets = list(before.datasets)
    indices, codes = _frames_of(rows, datasets)
    rewards = np.array([np.nan if row.reward is None else row.reward for row in rows], np.float64)
    total = float(before.returns[-1]) if len(before) else 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # great rewards sum up to more than a float64 holds: infinity
        returns = total + np.cumsum(np.where(np.isnan(rewards), 0.0, rewards))
    if not is_shared:  # as a rule: nobody needs to be told apart
        earlier_returns = {rows[-1].agent_id: float(returns[-2]) if len(returns) > 1 else total}
        returns_of = {rows[-1].agent_id: float(returns[-1])}
    flags = np.array([TERMINATED * row.terminated + TRUNCATED * row.truncated for row in rows], np.uint8)
    timestamps = np.array([row.timestamp.timestamp() for row in rows], np.float64)
    frame_indices = np.concatenate([before.frame_indices, indices])
    own = np.where(frame_indices >= 0, np.arange(len(frame_indices)), -1)
    states = np.array([int(row.frame_state) for row in rows], np.uint8)
    return EpisodeColumns(
        run_id=before.run_id,
        steps=np.concatenate([before.steps, np.array([row.step_index for row in rows], np.int64)]),
        rewards=np.concatenate([before.rewards, rewards]),
        returns=np.concatenate([before.returns, returns]),
        flags=np.concatenate([before.flags, flags]),
        lives=np.concatenate([before.lives, np.array([_lives_of(row.info) for row in rows], np.int32)]),
        frame_states=np.concatenate([before.frame_states, states]),
        frame_indices=frame_indices,
        frame_datasets=np.concatenate([before.frame_datasets, codes]),
        shown=np.maximum.accumulate(own),
        timestamps=np.concatenate([before.timestamps, timestamps]),
        actions=[*before.actions, *(row.action for row in rows)],
        agents=[*before.agents, *agents],
        agent_returns=returns_of,
        earlier_returns=earlier_returns,
        newest_count=len(steps[-1]),
        sounds=[*before.sounds, *map(_sound_of, rows)],
        datasets=tuple(datasets),
    )


def why_no_picture(state: FrameState) -> str:
    """The sentence that stands beside a picture of an earlier step."""
    reason = {
        FrameState.SHED: " The recorder was under pressure.",
        FrameState.LOST: " The disk refused it.",
    }.get(state, "")
    return f"No picture was kept for this step.{reason}"


def _by_step(records: Sequence[StepRecord]) -> list[list[StepRecord]]:
    """The rows of each step."""
    return [list(rows) for _, rows in groupby(records, key=lambda record: record.step_index)]


def _without_newest(columns: EpisodeColumns) -> EpisodeColumns:
    """*columns* but their last row."""
    shorter = {name: getattr(columns, name)[:-1] for name in _PER_ROW}
    return replace(columns, **shorter, agent_returns=columns.earlier_returns, newest_count=0)


def _agents_of(step: Sequence[StepRecord], returns_of: dict[str, float]) -> tuple[AgentStep, ...]:
    """What each agent did; *returns_of* grows by its rewards."""
    told = []
    for row in sorted(step, key=lambda row: row.agent_id):
        reward = row.reward
        counted = 0.0 if reward is None or math.isnan(reward) else reward
        total = returns_of[row.agent_id] = returns_of.get(row.agent_id, 0.0) + counted
        told.append(
            AgentStep(
                agent_id=row.agent_id,
                action=row.action,
                reward=reward,
                total_reward=total,
                terminated=row.terminated,
                truncated=row.truncated,
            )
        )
    return tuple(told)


def _together(step: Sequence[StepRecord]) -> StepRecord:
    """One row for a step of several agents."""
    # The picture and the sound are the world's, whichever agent's row holds them.
    drawn = next((row for row in step if row.frame_ref is not None), step[0])
    heard = next((row for row in step if sound_of(row.extra) is not None), step[0])
    over = all(row.done for row in step)
    terminated = over and any(row.terminated for row in step)
    return replace(
        step[0],
        action=None,
        reward=sum_of_rewards([row.reward for row in step]),
        terminated=terminated,
        truncated=over and not terminated,
        frame_ref=drawn.frame_ref,
        frame_state=drawn.frame_state,
        extra=heard.extra,
    )


def _frames_of(rows: Sequence[StepRecord], datasets: list[str]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Index and dataset code of each row's picture; *datasets* grows by names not seen before."""
    indices = np.full(len(rows), -1, np.int64)
    codes = np.zeros(len(rows), np.uint8)
    known = {name: code for code, name in enumerate(datasets)}
    for place, record in enumerate(rows):
        if record.frame_ref is None:
            continue
        _, dataset, index = record.frame_ref.rsplit("/", 2)
        code = known.get(dataset)
        if code is None:
            code = known[dataset] = len(datasets)
            datasets.append(dataset)
        indices[place] = int(index)
        codes[place] = code
    return indices, codes


def _sound_of(row: StepRecord) -> bytes | None:
    samples = sound_of(row.extra)
    return None if samples is None else samples.tobytes()


def _lives_of(info: Mapping[str, Any]) -> int:
    lives = info.get("lives")
    return int(lives) if isinstance(lives, int | float | np.number) else NO_LIVES
