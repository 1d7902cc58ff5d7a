"""StepBatcher: the steps of a training loop as columns: appended by its thread, taken away by the sender's, no lock.

A row is there once its last column is: each append is one bytecode's work, and the sender looks at that column only.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model import EpisodeRollup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FIELDS: Final = tuple(field.name for field in fields(EpisodeRollup))
_fields_of: Final = attrgetter(*_FIELDS)
Scalar = tuple[str, int, int, float]


@dataclass(frozen=True, slots=True, eq=False)
class StackedActions:
    """Actions that are arrays of one kind.

    Attributes:
        values: ``(rows, *shape)``.
        missing: Rows that have none.
    """

    values: NDArray[Any]
    missing: Sequence[int]

    def __getitem__(self, rows: slice) -> StackedActions:
        start, stop, _ = rows.indices(len(self.values))
        return StackedActions(self.values[rows], [row - start for row in self.missing if start <= row < stop])


@dataclass(slots=True)
class RawRows:
    """What was taken away: columns as they were appended, row *r* being place *r* of each.

    Attributes:
        episode: Numbers of episodes.
        step_index: 0 for the state after reset.
        actions: Integers of a discrete space, or owned values.
        rewards: NaN where there is none.
        time_us: Microseconds since 1970.
        frames: Numbers of pictures; -1 for none.
        observations: Numbers of observations; -1 for none.
        flags: As in `core.data_model.batch`.
        odd_actions: Row, and the owned action, where the space is discrete and the action no integer.
        infos: Row, and the info as JSON text or as a dictionary whose values cannot change.
        extras: Row, and what is rare about it, owned.
        began: Episodes that began.
        ended: Episodes that ended.
        scalars: Name, step, microseconds since 1970, value.
    """

    episode: array[int]
    step_index: array[int]
    actions: Sequence[Any] | StackedActions
    rewards: array[float]
    time_us: array[int]
    frames: array[int]
    observations: array[int]
    flags: array[int]
    odd_actions: list[tuple[int, Any]]
    infos: list[tuple[int, Any]]
    extras: list[tuple[int, dict[str, Any]]]
    began: list[EpisodeRollup]
    ended: list[EpisodeRollup]
    scalars: list[Scalar]

    def __len__(self) -> int:
        return len(self.flags)

    def __reduce__(self) -> tuple[Any, ...]:
        # Columns as bytes: each `array` would be asked in Python how it pickles, on a thread that a training waits for.
        columns = [
            column.tobytes()
            for column in (
                self.episode, self.step_index, self.rewards, self.time_us, self.frames, self.observations, self.flags
            )
        ]  # fmt: skip
        actions = self.actions.tobytes() if isinstance(self.actions, array) else self.actions
        # And episodes as tuples, each a third of what its own pickling would cost.
        began, ended = list(map(_fields_of, self.began)), list(map(_fields_of, self.ended))
        return _raw_rows, (columns, actions, self.odd_actions, self.infos, self.extras, began, ended, self.scalars)

    def split(self, rows: int) -> tuple[RawRows, RawRows]:
        """The first *rows* rows with what began, and the others with what ended and was logged."""
        first, rest = self._rows(0, rows), self._rows(rows, len(self))
        first.began = self.began
        rest.ended, rest.scalars = self.ended, self.scalars
        return first, rest

    def _rows(self, start: int, stop: int) -> RawRows:
        def sparse(values: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
            return [(row - start, value) for row, value in values if start <= row < stop]

        return RawRows(
            episode=self.episode[start:stop],
            step_index=self.step_index[start:stop],
            actions=self.actions[start:stop],
            rewards=self.rewards[start:stop],
            time_us=self.time_us[start:stop],
            frames=self.frames[start:stop],
            observations=self.observations[start:stop],
            flags=self.flags[start:stop],
            odd_actions=sparse(self.odd_actions),
            infos=sparse(self.infos),
            extras=sparse(self.extras),
            began=[],
            ended=[],
            scalars=[],
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.flags or self.began or self.ended or self.scalars)


def _raw_rows(  # noqa: PLR0917 - as they were pickled
    columns: Sequence[bytes],
    actions: Any,
    odd_actions: Any,
    infos: Any,
    extras: Any,
    began: Sequence[tuple[Any, ...]],
    ended: Sequence[tuple[Any, ...]],
    scalars: Any,
) -> RawRows:
    episode, step_index, rewards, time_us, frames, observations, flags = columns
    return RawRows(
        array("q", episode),
        array("q", step_index),
        array("q", actions) if isinstance(actions, bytes) else actions,
        array("d", rewards),
        array("q", time_us),
        array("q", frames),
        array("q", observations),
        array("B", flags),
        odd_actions,
        infos,
        extras,
        [EpisodeRollup(**dict(zip(_FIELDS, values, strict=True))) for values in began],
        [EpisodeRollup(**dict(zip(_FIELDS, values, strict=True))) for values in ended],
        scalars,
    )


class StepBatcher:
    """Columns of what happened since the sender last looked.

    Args:
        discrete: Whether actions are integers.
    """

    def __init__(self, *, discrete: bool) -> None:
        self.discrete = discrete
        self._episode = array("q")
        self._step_index = array("q")
        self._actions: Any = array("q") if discrete else []
        self._rewards = array("d")
        self._time_us = array("q")
        self._frames = array("q")
        self._observations = array("q")
        self._flags = array("B")
        # Sparse: the row's number since the first one comes with each.
        self._odd_actions: list[tuple[int, Any]] = []
        self._infos: list[tuple[int, Any]] = []
        self._extras: list[tuple[int, dict[str, Any]]] = []
        self._began: list[tuple[int, EpisodeRollup]] = []
        self._ended: list[tuple[int, EpisodeRollup]] = []
        self._scalars: list[Scalar] = []
        self.rows = 0  # ever added
        self._taken = 0  # ever taken away

    def __len__(self) -> int:
        return len(self._flags)

    # The training thread's side.

    def add(  # noqa: PLR0917 - by position: a call by keywords costs this thread three times as much
        self,
        episode: int,
        step_index: int,
        action: Any,
        reward: float,
        time_us: int,
        frame: int,
        observation: int,
        flags: int,
    ) -> None:
        """Add a row, whose values fit their columns: an action of a discrete space is an integer of 64 bits."""
        self._actions.append(action)
        self._episode.append(episode)
        self._step_index.append(step_index)
        self._rewards.append(reward)
        self._time_us.append(time_us)
        self._frames.append(frame)
        self._observations.append(observation)
        self.rows += 1
        self._flags.append(flags)

    def add_info(self, info: Any) -> None:
        """Before a row is added: its info, as JSON text or as a dictionary whose values cannot change."""
        self._infos.append((self.rows, info))

    def add_odd_action(self, action: Any) -> None:
        """Before a row is added with action 0: what it was, owned."""
        self._odd_actions.append((self.rows, action))

    def add_extra(self, extra: dict[str, Any]) -> None:
        """Before a row is added: what is rare about it, owned."""
        self._extras.append((self.rows, extra))

    def begin(self, rollup: EpisodeRollup) -> None:
        """An episode begins; its rows follow."""
        self._began.append((self.rows, rollup))

    def end(self, rollup: EpisodeRollup) -> None:
        """An episode ended; all its rows were added."""
        self._ended.append((self.rows, rollup))

    def add_scalars(self, scalars: Sequence[Scalar]) -> None:
        """What a learner logged; any thread."""
        self._scalars.extend(scalars)

    # The sender's side.

    def take(self, max_rows: int) -> RawRows:
        """Take away the oldest rows, at most *max_rows*, with what began before and ended after them."""
        count = min(len(self._flags), max_rows)
        upto = self._taken + count
        first = self._taken
        raw = RawRows(
            episode=_cut(self._episode, count),
            step_index=_cut(self._step_index, count),
            actions=_cut(self._actions, count),
            rewards=_cut(self._rewards, count),
            time_us=_cut(self._time_us, count),
            frames=_cut(self._frames, count),
            observations=_cut(self._observations, count),
            flags=_cut(self._flags, count),
            odd_actions=[(row - first, action) for row, action in _before(self._odd_actions, upto)],
            infos=[(row - first, info) for row, info in _before(self._infos, upto)],
            extras=[(row - first, extra) for row, extra in _before(self._extras, upto)],
            began=[rollup for _, rollup in _before(self._began, upto + 1)],
            ended=[rollup for _, rollup in _before(self._ended, upto + 1)],
            scalars=_cut(self._scalars, len(self._scalars)),
        )
        self._taken = upto
        return raw


def _cut(column: Any, count: int) -> Any:
    """The first *count* places, which leave *column*; what is appended meanwhile stays."""
    taken = column[:count]
    del column[:count]
    return taken


def _before(column: list[tuple[int, Any]], row: int) -> list[tuple[int, Any]]:
    count = 0
    for one, _ in column:
        if one >= row:
            break
        count += 1
    taken: list[tuple[int, Any]] = _cut(column, count)
    return taken
