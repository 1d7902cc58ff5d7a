"""StepBatch: many steps of one worker as columns, with their arrays as chunks: what travels from a training process.

A batch is made where the steps happened, compressed there once, and lands as the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model.step import DEFAULT_AGENT_ID, PAYLOAD_VERSION, FrameState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model.episode import EpisodeRollup

# A row's flags: those of the database's rows, and one that only a batch has.
TERMINATED: Final = 1
TRUNCATED: Final = 2
REWARD_NAN: Final = 4
REWARD_NEGATIVE_ZERO: Final = 8
FRAME_STATE_SHIFT: Final = 4
FRAME_STATE_MASK: Final = 3 << FRAME_STATE_SHIFT
OBSERVATION_IS_FRAME: Final = 64
NO_REWARD: Final = 128  # the state after reset: neither action nor reward

_ROW_BYTES: Final = 64


class ArrayKind(StrEnum):
    """What an array is to a step; also the name of its dataset."""

    FRAME = "frames"
    OBSERVATION = "observations"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ArrayBlock:
    """Consecutive arrays of one stream, of one kind, dtype and shape.

    A stream numbers the arrays of each kind from 0, over all its episodes. Large items come as one compressed chunk of
    the replay file, whose first number is a multiple of `chunk_items`; a chunk may come again, fuller, and replaces the
    one before. Where shape or dtype changes, numbers go on at the next multiple.

    Attributes:
        kind: Frames or observations.
        first: Number of the first item.
        count: Items that are there; a compressed chunk is padded to `chunk_items`.
        dtype: Of the items.
        item_shape: Shape of one item.
        chunk_items: Items a chunk of the replay file; as `replay.layout.ArraySpec.for_items` says.
        compressed: Whether `data` is a Zstandard frame of a whole chunk; else C-ordered items one after the other.
        data: The bytes.
    """

    kind: ArrayKind
    first: int
    count: int
    dtype: np.dtype[Any]
    item_shape: tuple[int, ...]
    chunk_items: int
    compressed: bool
    data: bytes


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScalarColumns:
    """Numbers that a learner logged: row *r* is place *r* of every column.

    Attributes:
        names: Of the metrics: ``loss``, ``train/entropy``.
        name: ``int32 (rows,)``, places in `names`.
        step: ``int64 (rows,)``, the learner's own step.
        time_us: ``int64 (rows,)``, microseconds since 1970, UTC.
        value: ``float64 (rows,)``.
    """

    names: Sequence[str]
    name: NDArray[np.int32]
    step: NDArray[np.int64]
    time_us: NDArray[np.int64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StepBatch:
    """Rows of one worker in the order in which they happened; row *r* is place *r* of every column.

    Attributes:
        run_id: The run.
        worker_id: Who made it; unique within the run.
        stream: One life of that worker, by a text that no other has: a worker that was started again has another.
        seq: 1 for a stream's first batch, then counting up; a batch that comes again changes nothing.
        began: Episodes that began, before any row of this batch is written; their status is ``running``.
        ended: Episodes that ended, after every row.
        episode_ids: The episodes that rows belong to.
        episode: ``int32 (rows,)``, places in `episode_ids`.
        step_index: ``int64 (rows,)``; 0 is the state after reset.
        agent_ids: The agents that acted.
        agent: ``int32 (rows,)``, places in `agent_ids`; None where there is one agent.
        actions: ``int64 (rows,)`` of a discrete space, or a sequence of what `value_codec.encode_value` gives; without
            meaning where flags say `NO_REWARD`.
        rewards: ``float64 (rows,)``.
        flags: ``uint8 (rows,)`` of this module's bits.
        time_us: ``int64 (rows,)``, microseconds since 1970, UTC.
        infos: JSON texts, None where empty; None for none at all.
        extras: What is rare, as `telemetry.step_rows.rare_of` writes it; None for none at all.
        frames: ``int64 (rows,)``, the stream's number of each row's picture, -1 for none; None for none at all.
        observations: Likewise, of observations that are no picture of the same row.
        blocks: The arrays, in order of kind and number; every array that a row names is in one of them.
        scalars: What the learner logged meanwhile.
        payload_version: Version of the rows' contract.
        space_signature: Hash of the spaces that actions and observations are drawn from.
    """

    run_id: str
    worker_id: str
    stream: str
    seq: int
    began: Sequence[EpisodeRollup] = ()
    ended: Sequence[EpisodeRollup] = ()
    episode_ids: Sequence[str] = ()
    episode: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    step_index: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    agent_ids: Sequence[str] = (DEFAULT_AGENT_ID,)
    agent: NDArray[np.int32] | None = None
    actions: NDArray[np.int64] | Sequence[int | bytes | None] = ()
    rewards: NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))
    flags: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    time_us: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    infos: Sequence[str | None] | None = None
    extras: Sequence[bytes | None] | None = None
    frames: NDArray[np.int64] | None = None
    observations: NDArray[np.int64] | None = None
    blocks: Sequence[ArrayBlock] = ()
    scalars: ScalarColumns | None = None
    payload_version: int = PAYLOAD_VERSION
    space_signature: str | None = None

    def __len__(self) -> int:
        return len(self.step_index)

    @property
    def attached_bytes(self) -> int:
        """About how much memory it takes."""
        texts = sum(map(len, filter(None, self.infos or ()))) + sum(map(len, filter(None, self.extras or ())))
        return _ROW_BYTES * len(self) + sum(len(block.data) for block in self.blocks) + texts

    @property
    def frame_count(self) -> int:
        """Rows that have a picture."""
        return 0 if self.frames is None else int(np.count_nonzero(self.frames >= 0))

    def without_frames(self, state: FrameState) -> StepBatch:
        """The same rows with their pictures let go, saying why in their flags; observations that were one go too."""
        if self.frames is None:
            return self
        had = self.frames >= 0
        flags = self.flags.copy()
        cleared = ~np.uint8(FRAME_STATE_MASK | OBSERVATION_IS_FRAME)
        flags[had] = (flags[had] & cleared) | np.uint8(state << FRAME_STATE_SHIFT)
        kept = tuple(block for block in self.blocks if block.kind is not ArrayKind.FRAME)
        return replace(self, frames=None, flags=flags, blocks=kept)
