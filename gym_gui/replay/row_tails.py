"""The columns with one item a row: index, actions, rewards, dones, and the episodes' bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model.batch import NO_REWARD
from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.packing import to_array
from gym_gui.replay import layout
from gym_gui.replay.batch_actions import actions_of
from gym_gui.replay.dataset_tail import DatasetTail, make_tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepBatch
    from gym_gui.replay.batch_landing import ArrayPlaces
    from gym_gui.replay.chunk_codec import ChunkCodec
    from gym_gui.replay.replay_file import ReplayFile

Place = tuple[str, int, int]
# Kind of a number -> kinds of a column that may hold it.
_WIDER: Final = {"b": "b", "i": "iuf", "u": "iuf", "f": "f"}
_NOWHERE: Final[Place] = ("", 0, -1)
_INT64_END: Final = 2**63
_DONE: Final = layout.ROW_TERMINATED | layout.ROW_TRUNCATED


class RowTails:
    """Appends rows; every column has the same length.

    Args:
        file: Where they are written.
        codec: For actions large enough to be compressed.
    """

    def __init__(self, file: ReplayFile, codec: ChunkCodec) -> None:
        self._file = file
        self._codec = codec
        self._tails = {spec.dataset: self._resumed(spec) for spec in layout.BASE_SPECS}
        actions = file.dataset(layout.ACTIONS)
        self._actions: DatasetTail | None = (
            None if actions is None else make_tail(layout.spec_of(actions), codec, resume_from=actions)
        )
        self._note_action_dtype()
        self._marked = self._last_mark()
        # Rows since the last write, column by column: one array of many rows costs less than many arrays of one.
        self._index_rows: list[tuple[int, int, int, int, int]] = []
        self._rewards: list[float] = []
        self._action_rows: list[Any] = []
        # Rows since the last flush, and the places that must be written before they may be named; the newest last.
        self._waiting: list[tuple[int, tuple[Place, ...]]] = []
        self._contiguous = _ContiguousEpisodes()

    @property
    def length(self) -> int:
        """Rows appended."""
        return self._tails[layout.INDEX].length + len(self._index_rows)

    @property
    def episodes(self) -> int:
        """Episodes marked."""
        return self._tails[layout.EPISODE_STARTS].length

    def fit(self, action: Any) -> NDArray[Any] | int | None:
        """*action* as this run's column holds it, or None where it cannot."""
        if type(action) is int and self._holds_int64 and -_INT64_END <= action < _INT64_END:
            return action
        return self._fitting(to_array(action))

    def require_fit(self, action: Any) -> NDArray[Any] | int:
        """Like `fit`, but what does not fit raises.

        Raises:
            SchemaMismatchError: the column cannot hold *action*.
        """
        packed = self.fit(action)
        if packed is None:
            raise SchemaMismatchError(self._misfit(action))
        return packed

    def append(
        self,
        action: NDArray[Any] | int | None,
        reward: float | None,
        flags: int,
        frame_at: Place | None,
        obs_at: Place | None,
    ) -> None:
        """Append one row.

        Args:
            action: What `fit` made of it; None leaves a filler, and *flags* say why.
            reward: None for the state after reset.
            flags: ``ROW_*`` of the layout.
            frame_at: Dataset, variant and index of the frame.
            obs_at: Likewise of the observation.
        """
        if obs_at is not None and obs_at[0] == layout.FRAMES:
            flags |= layout.ROW_OBSERVATION_IS_FRAME
        _, frame_variant, frame = frame_at or _NOWHERE
        _, obs_variant, observation = obs_at or _NOWHERE
        self._index_rows.append((frame, observation, frame_variant, obs_variant, flags))
        self._rewards.append(0.0 if reward is None else reward)
        if self._actions is not None:
            self._action_rows.append(self._filler if action is None else action)
        self._waiting.append((1, tuple(place for place in (frame_at, obs_at) if place is not None)))

    def extend(self, batch: StepBatch, frames: ArrayPlaces | None, observations: ArrayPlaces | None) -> None:
        """Append the rows of a batch.

        Args:
            batch: The rows.
            frames: Where their frames are; None where they have none.
            observations: Likewise.
        """
        self._gather()
        start = self.length
        reset = (batch.flags & NO_REWARD) != 0
        flags = (batch.flags & np.uint8(_DONE | layout.ROW_OBSERVATION_IS_FRAME)) | (reset * np.uint8(layout.ROW_RESET))
        flags[self._extend_actions(batch, np.flatnonzero(~reset))] |= layout.ROW_ACTION_ELSEWHERE
        index = np.zeros(len(batch), dtype=layout.INDEX_DTYPE)
        index["flags"] = flags
        waiting: list[Place] = []
        for name, field, places in (
            (layout.FRAMES, "frame", frames),
            (layout.OBSERVATIONS, "observation", observations),
        ):
            index[field] = -1 if places is None else places.index
            if places is not None:
                index[f"{field}_variant"] = places.variant
                waiting += [(name, variant, newest) for variant, newest in places.newest()]
        same = (flags & layout.ROW_OBSERVATION_IS_FRAME) != 0
        for part in ("", "_variant"):
            index[f"observation{part}"][same] = index[f"frame{part}"][same]
        self._tails[layout.INDEX].extend(index)
        self._tails[layout.REWARDS].extend(np.where(reset, 0.0, batch.rewards))
        self._tails[layout.DONES].extend((flags & _DONE) != 0)
        for row in self._contiguous.begins(batch):
            self.mark_episode_end(start + row)
        self._waiting.append((len(batch), tuple(waiting)))

    def mark_episode_end(self, row: int) -> None:
        """The rows from the last mark up to *row* are one episode."""
        if row > self._marked:
            self._tails[layout.EPISODE_STARTS].append(np.asarray(self._marked))
            self._tails[layout.EPISODE_LENGTHS].append(np.asarray(row - self._marked))
            self._marked = row

    def count_after_last_written(self, is_written: Callable[[str, int, int], bool]) -> int:
        """How many of the newest rows have an array that is not in the file; forgets the older ones."""
        waiting = next(
            (
                position
                for position, (_, places) in enumerate(self._waiting)
                if not all(is_written(*place) for place in places)
            ),
            len(self._waiting),
        )
        del self._waiting[:waiting]
        return sum(rows for rows, _ in self._waiting)

    def write(self) -> None:
        """Write every column to its last row."""
        self._gather()
        for tail in self._all():
            if tail.unwritten:
                tail.write(self._file, partial=True, thorough=False)

    def _gather(self) -> None:
        """Lay the rows since the last write into their columns."""
        if not self._index_rows:
            return
        index = np.array(self._index_rows, dtype=layout.INDEX_DTYPE)
        self._tails[layout.INDEX].extend(index)
        self._tails[layout.REWARDS].extend(np.array(self._rewards, dtype=np.float64))
        self._tails[layout.DONES].extend((index["flags"] & _DONE) != 0)
        if self._actions is not None:
            spec = self._actions.spec
            actions = np.zeros((len(self._action_rows), *spec.item_shape), spec.dtype)
            for position, action in enumerate(self._action_rows):
                actions[position] = action
            self._actions.extend(actions)
        self._index_rows.clear()
        self._rewards.clear()
        self._action_rows.clear()

    @property
    def _filler(self) -> NDArray[Any]:
        assert self._actions is not None  # noqa: S101 - asked for only where there is a column
        return np.zeros(self._actions.spec.item_shape, self._actions.spec.dtype)

    def _all(self) -> list[DatasetTail]:
        return [*self._tails.values(), *([] if self._actions is None else [self._actions])]

    def _resumed(self, spec: layout.ArraySpec) -> DatasetTail:
        return make_tail(spec, self._codec, resume_from=self._file.dataset(spec.dataset))

    def _last_mark(self) -> int:
        starts, lengths = self._file.dataset(layout.EPISODE_STARTS), self._file.dataset(layout.EPISODE_LENGTHS)
        return int(starts[-1] + lengths[-1]) if len(starts) and len(lengths) else 0

    def _fitting(self, packed: NDArray[Any] | None) -> NDArray[Any] | None:
        if packed is None:
            return None
        if self._actions is None:
            # The first action of the run decides; the rows before it, states after reset, get fillers.
            spec = layout.ArraySpec.for_items(layout.ACTIONS, packed.dtype, packed.shape)
            self._gather()
            self._file.add(spec)
            self._actions = make_tail(spec, self._codec)
            self._note_action_dtype()
            for _ in range(self.length):
                self._actions.append(np.zeros((), spec.dtype))
        spec = self._actions.spec
        if packed.shape != spec.item_shape:
            return None
        if packed.dtype == spec.dtype:
            return packed
        # NumPy calls int64 to float64 safe; only the numbers themselves say whether they are kept.
        return (
            packed if spec.dtype.kind in _WIDER.get(packed.dtype.kind, "") and _survives(packed, spec.dtype) else None
        )

    def _extend_actions(self, batch: StepBatch, acted: NDArray[np.intp]) -> NDArray[np.intp]:
        """Append the actions of a batch.

        Args:
            batch: The rows.
            acted: Those that have an action.

        Returns:
            The rows whose action the column could not hold.
        """
        actions = actions_of(batch)
        if len(acted):
            self.fit(actions[acted[0]])  # the run's first action decides what the column holds
        column = self._actions
        if column is None:
            return acted
        rows = np.zeros((len(batch), *column.spec.item_shape), column.spec.dtype)
        if isinstance(actions, np.ndarray) and column.spec.holds(actions.dtype, actions.shape[1:]):
            rows[acted] = actions[acted]
            misfits: list[int] = []
        else:
            fitted = {row: self.fit(actions[row]) for row in acted.tolist()}
            misfits = [row for row, action in fitted.items() if action is None]
            for row, action in fitted.items():
                rows[row] = 0 if action is None else action
        column.extend(rows)
        return np.array(misfits, np.intp)

    def _note_action_dtype(self) -> None:
        spec = None if self._actions is None else self._actions.spec
        self._holds_int64 = spec is not None and spec.holds(np.dtype(np.int64), ())

    def _misfit(self, action: Any) -> str:
        if self._actions is None:
            return f"The action of row {self.length} ({action!r:.80}) is no number, array, dict or tuple of these."
        spec = self._actions.spec
        return (
            f"The action of row {self.length} ({action!r:.80}) does not fit this run's actions: "
            f"{spec.dtype} of shape {spec.item_shape}."
        )


def _survives(packed: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    """Whether every number comes back from *dtype* as it was."""
    with np.errstate(invalid="ignore", over="ignore"):
        back = packed.astype(dtype).astype(packed.dtype)
    return bool(np.array_equal(back, packed, equal_nan=packed.dtype.kind == "f"))


class _ContiguousEpisodes:
    """Where episodes begin among rows that come in batches, as long as they come one episode after the other.

    The file says where episodes are by ranges of rows; those of several environments side by side have none.
    """

    def __init__(self) -> None:
        self._last: tuple[str, str, int] | None = None  # stream, episode, step
        self._is_broken = False

    def begins(self, batch: StepBatch) -> list[int]:
        """Rows of *batch* before which an episode ended; empty once rows of several were mixed."""
        if self._is_broken or not len(batch):
            return []
        steps, episodes = batch.step_index, batch.episode
        same = episodes[1:] == episodes[:-1]
        follows = np.where(same, np.isin(steps[1:] - steps[:-1], (0, 1)), steps[1:] == 0)
        first = (batch.stream, batch.episode_ids[int(episodes[0])], int(steps[0]))
        goes_on = self._last is not None and self._last[:2] == first[:2]
        if not follows.all() or not (goes_on or first[2] == 0):
            self._is_broken = True
            return []
        self._last = (batch.stream, batch.episode_ids[int(episodes[-1])], int(steps[-1]))
        inside = (np.flatnonzero(~same) + 1).tolist()
        return inside if goes_on else [0, *inside]
