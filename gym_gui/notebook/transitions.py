"""Recorded episodes as transitions to train on: batches, shuffled if wanted, over one step or several."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gym_gui.notebook.columns import objects_of
from gym_gui.notebook.episode import EpisodeOfAgent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from gym_gui.notebook.episode import Episode


class _Place(NamedTuple):
    episode: int
    row: int  # where the observation that led to the action lies


class Transitions:
    """Every transition of some episodes, each once a pass.

    Iterating gives dicts of arrays with the transition first:
    ``observation``, ``next_observation``: ``(batch, *shape)``; ``action``; each of these is ``(batch,)`` of objects
    where they are no arrays of one shape: dicts, tuples of unlike parts, sequences, graphs; ``reward``:
    ``float64 (batch,)``, the discounted sum over the steps of the transition; ``discount``: ``float64 (batch,)``, gamma
    to the power of those steps;
    ``terminated``, ``truncated``: whether the episode ended within it, for its agent;
    ``episode``, ``step_index``: where it begins.

    Args:
        episodes: Whose transitions, with observations.
        batch_size: Transitions a batch; the last one may be shorter.
        agent: Whose, where several agents share a world; an episode without it gives none.
        shuffle: In random order over all episodes.
        n_step: Steps a transition spans; fewer at an episode's end.
        gamma: Discount a step.
        seed: Makes the order repeatable.

    Raises:
        ValueError: a size is not positive; while iterating: an episode has several agents and none was named, or no
            episode has the one that was.
    """

    def __init__(
        self,
        episodes: Sequence[Episode],
        batch_size: int,
        *,
        agent: str | None = None,
        shuffle: bool = False,
        n_step: int = 1,
        gamma: float = 0.99,
        seed: int | None = None,
    ) -> None:
        if batch_size < 1 or n_step < 1:
            raise ValueError(f"A batch and a transition have at least one step, not {min(batch_size, n_step)}.")
        self._whole = episodes
        self._agent = agent
        self._episodes = episodes if agent is None else [EpisodeOfAgent(one, agent) for one in episodes]
        self._batch_size = batch_size
        self._shuffle = shuffle
        self._n_step = n_step
        self._gamma = gamma
        self._random = np.random.default_rng(seed)
        self._last_rows: list[NDArray[np.int64]] = []
        self._acting: list[int] = []

    def __len__(self) -> int:
        """Batches a pass."""
        # Without an agent no row is read for it.
        whole = self._agent is None
        count = sum(len(episode) if whole else len(_begun(_last_rows(episode))) for episode in self._episodes)
        return math.ceil(count / self._batch_size)

    def __iter__(self) -> Iterator[dict[str, NDArray[Any]]]:
        self._last_rows = [_last_rows(episode) for episode in self._episodes]
        self._check_agent()
        begun = [_begun(last_rows).tolist() for last_rows in self._last_rows]
        self._acting = [number for number, rows in enumerate(begun) if rows]
        places = [_Place(number, row) for number, rows in enumerate(begun) for row in rows]
        order = self._random.permutation(len(places)) if self._shuffle else np.arange(len(places))
        for start in range(0, len(order), self._batch_size):
            yield self._batch([places[at] for at in order[start : start + self._batch_size]])

    def _check_agent(self) -> None:
        if self._agent is None or not self._whole or any(episode.steps.rows for episode in self._episodes):
            return
        there = dict.fromkeys(agent for episode in self._whole for agent in episode.agents)
        raise ValueError(f"No episode has an agent {self._agent!r}; there are {', '.join(there) or 'none'}.")

    def _batch(self, places: Sequence[_Place]) -> dict[str, NDArray[Any]]:
        ends = [one._replace(row=min(one.row + self._n_step, self._last_rows[one.episode][one.row])) for one in places]
        rewards = np.empty(len(places))
        discounts = np.empty(len(places))
        for at, (begin, end) in enumerate(zip(places, ends, strict=True)):
            span = self._episodes[begin.episode].steps["reward"][begin.row + 1 : end.row + 1]
            rewards[at] = span @ (self._gamma ** np.arange(len(span)))
            discounts[at] = self._gamma ** len(span)
        observed = self._observations([*places, *ends])
        return {
            "observation": observed[: len(places)],
            "action": self._actions(places),
            "reward": rewards,
            "next_observation": observed[len(places) :],
            "terminated": np.array([self._column(end, "terminated") for end in ends], np.bool_),
            "truncated": np.array([self._column(end, "truncated") for end in ends], np.bool_),
            "discount": discounts,
            "episode": np.array([self._episodes[one.episode].index for one in places], np.int64),
            "step_index": np.array([self._column(one, "step_index") for one in places], np.int64),
        }

    def _column(self, place: _Place, name: str) -> Any:
        return self._episodes[place.episode].steps[name][place.row]

    def _observations(self, places: Sequence[_Place]) -> NDArray[Any]:
        arrays: list[NDArray[Any] | None] = [None] * len(places)
        for number in {place.episode for place in places}:
            at = [position for position, place in enumerate(places) if place.episode == number]
            found = self._episodes[number].observations.take([places[position].row for position in at])
            for position, array in zip(at, found, strict=True):
                arrays[position] = array
        return _stacked([array for array in arrays if array is not None])

    def _actions(self, places: Sequence[_Place]) -> NDArray[Any]:
        """What led on from *places*; a column of objects in one episode makes objects of all."""
        if any(self._episodes[number].steps["action"].dtype.hasobject for number in self._acting):
            return objects_of([self._episodes[one.episode].records[one.row + 1].action for one in places])
        return _stacked([self._column(_Place(one.episode, one.row + 1), "action") for one in places])


def _stacked(values: Sequence[Any]) -> NDArray[Any]:
    """Arrays of one shape as one; dicts, tuples and arrays of several shapes stay what they are."""
    if all(isinstance(one, (np.ndarray, np.generic)) for one in values) and len({one.shape for one in values}) == 1:
        return np.stack(values)
    return objects_of(values)


def _last_rows(episode: Episode) -> NDArray[np.int64]:
    """``(rows,)``: where the steps that lead on from each row end: with the agent, or before rows that are missing."""
    steps = episode.steps
    if not steps.rows:
        return np.empty(0, np.int64)
    if len(episode.agents) > 1:
        raise ValueError(
            f"Episode {episode.index} has several agents: choose one with agent=, of {', '.join(episode.agents)}."
        )
    ended = steps["terminated"] | steps["truncated"]
    ended[:-1] |= np.diff(steps["step_index"]) != 1
    ended[-1] = True
    (lasts,) = ended.nonzero()
    last_rows: NDArray[np.int64] = lasts[np.searchsorted(lasts, np.arange(steps.rows))]
    return last_rows


def _begun(last_rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows from which a step leads on."""
    return np.flatnonzero(last_rows > np.arange(len(last_rows)))
