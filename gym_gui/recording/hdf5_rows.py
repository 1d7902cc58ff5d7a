"""The rows of an episode as HDF5 datasets, one a column: what comes as columns is written as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import h5py
import numpy as np

from gym_gui.core.info_codec import decode_info
from gym_gui.core.value_codec import decode_value
from gym_gui.recording.hdf5_columns import ColumnWriter
from gym_gui.recording.value_kinds import ColumnKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from gym_gui.recording.hdf5_columns import Storage
    from gym_gui.recording.journal_rows import Row

_FLAGS: Final = (
    "1 terminated, 2 truncated, 4 the observation is the frame, 8 it has an array's form; "
    "bits 4-5 the frame's state: 0 none, 1 kept, 2 shed, 3 lost."
)
# One number a row each: name -> dtype, units, what it is.
NUMBERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "step_index": ("<i8", "1", "0 is the state after reset, k the result of the k-th action."),
    "rewards": ("<f8", "1", "Reward of the step; not a number where there is none, and then in rewards_missing."),
    "terminated": ("?", "1", "The environment reached an end of its own."),
    "truncated": ("?", "1", "The episode was cut from outside."),
    "timestamps": ("<i8", "microseconds since 1970-01-01T00:00:00Z", "When the step was taken, UTC."),
    "flags": ("<i4", "1", _FLAGS),
    "frame_index": ("<i8", "1", "Which item of frames is the picture of the row; -1 for none."),
    "observation_index": ("<i8", "1", "Which item of observations, where these are stored apart; -1 for none."),
}
# Rows without a reward.
MISSING: Final = "rewards_missing"
_VALUES: Final[Mapping[str, str]] = {
    "actions": "The action as it was given to the environment.",
    "observations": "What the agent saw.",
    "info": "The environment's info.",
    "extra": "What else was kept with the step.",
}
# Rows are gone over twice, for the types and to write them: of a short episode they are kept in between.
_KEPT_ROWS: Final = 20_000


@dataclass(slots=True)
class RowBlock:
    """Some rows of an episode as columns.

    Attributes:
        agent_ids: Which agent acted.
        numbers: A column for each of `NUMBERS`; a reward that is not there is nan.
        has_reward: Which rows have a reward.
        values: ``actions``, ``observations`` (those in the rows), ``info`` and ``extra``, decoded; None for none.
    """

    agent_ids: Sequence[str]
    numbers: Mapping[str, Any]
    has_reward: Sequence[bool] | NDArray[np.bool_]
    values: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.agent_ids)

    @classmethod
    def of_rows(cls, rows: Sequence[Row]) -> RowBlock:
        """The columns of rows of a journal."""
        return cls(
            [row.agent_id for row in rows],
            {
                "step_index": [row.step_index for row in rows],
                "rewards": [np.nan if row.reward is None else row.reward for row in rows],
                "terminated": [bool(row.flags & 1) for row in rows],
                "truncated": [bool(row.flags & 2) for row in rows],
                "timestamps": [row.time_us for row in rows],
                "flags": [row.flags for row in rows],
                "frame_index": [-1 if row.frame is None else row.frame for row in rows],
                "observation_index": [-1 if row.array is None else row.array for row in rows],
            },
            [row.reward is not None for row in rows],
            {
                "actions": [decode_value(row.action) for row in rows],
                "observations": [decode_value(row.observation) for row in rows],
                "info": [decode_info(row.info) or None for row in rows],
                "extra": [decode_value(row.extra) for row in rows],
            },
        )


class RowSource(Protocol):
    """Rows in blocks.

    Attributes:
        row_count: How many there are.
    """

    row_count: int

    def blocks(self) -> Iterator[RowBlock]:
        """All of them, from the beginning each time."""


def write_rows(group: h5py.Group, source: RowSource, storage: Storage, *, observations: str) -> None:
    """Write the datasets of an episode's rows.

    Args:
        group: The episode's group.
        source: The rows.
        storage: How.
        observations: Name of the column of observations that stand in the rows.
    """
    count = source.row_count
    kept = list(source.blocks()) if count <= _KEPT_ROWS else None
    kinds = {name: ColumnKind() for name in _VALUES}
    agents: set[str] = set()
    for block in source.blocks() if kept is None else kept:
        agents.update(block.agent_ids)
        for name, kind in kinds.items():
            kind.add_all(block.values[name])
    names = {**dict(zip(_VALUES, _VALUES, strict=True)), "observations": observations}
    columns = {
        name: ColumnWriter(group, names[name], kind, rows=count, storage=storage, description=_VALUES[name])
        for name, kind in kinds.items()
    }
    for name, (dtype, units, description) in NUMBERS.items():
        dataset = group.create_dataset(name, count, dtype)
        dataset.attrs["units"], dataset.attrs["description"] = units, description
    _create_agents(group, agents, count)
    missing: list[NDArray[np.int64]] = []
    at = 0
    for block in source.blocks() if kept is None else kept:
        stop = at + len(block)
        for name, values in block.numbers.items():
            group[name][at:stop] = values
        if len(agents) > 1:
            group["agent_id"][at:stop] = block.agent_ids
        missing.append(at + np.flatnonzero(~np.asarray(block.has_reward, np.bool_)))
        for name, column in columns.items():
            column.append(block.values[name])
        at = stop
    group.create_dataset(MISSING, data=np.concatenate([*missing, np.zeros(0, np.int64)]).astype(np.int64))
    group[MISSING].attrs["description"] = "Rows without a reward."


def _create_agents(group: h5py.Group, agents: Collection[str], count: int) -> None:
    text = h5py.string_dtype()
    if len(agents) == 1:
        (agent,) = agents
        group.create_dataset("agent_id", data=agent, dtype=text)  # one for every row
    else:
        group.create_dataset("agent_id", count, text)
    group["agent_id"].attrs["description"] = "Which agent acted; one text stands for every row."
