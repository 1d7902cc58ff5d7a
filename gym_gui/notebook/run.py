"""One recorded run as an object: a sequence of its episodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

from gym_gui.notebook.episode import Episode
from gym_gui.notebook.tables import Table
from gym_gui.notebook.transitions import Transitions
from gym_gui.recording.scalars import scalar_curves

if TYPE_CHECKING:
    from gym_gui.core.data_model import RunRecord, RunSummary
    from gym_gui.recording.contract import RecordingReader
    from gym_gui.recording.scalars import ScalarCurve


class Run(Sequence[Episode]):
    """A run: ``run[0]`` is its first episode, ``run.episodes`` a table of all.

    Args:
        reader: Where it lies.
        summary: What the library says of it.
    """

    def __init__(self, reader: RecordingReader, summary: RunSummary) -> None:
        self._reader = reader
        self.summary = summary

    @property
    def record(self) -> RunRecord:
        """Environment, versions, spaces, host: everything that was stored before the first step."""
        return self.summary.run

    @property
    def run_id(self) -> str:
        """Its id."""
        return self.record.run_id

    @property
    def env_id(self) -> str:
        """The environment."""
        return self.record.env_id

    @cached_property
    def episodes(self) -> Table[Episode]:
        """Its episodes, in order."""
        found = [Episode(self._reader, summary) for summary in self._reader.list_episodes(self.run_id)]
        return episode_table(found)

    def transitions(
        self,
        batch_size: int,
        *,
        agent: str | None = None,
        shuffle: bool = False,
        n_step: int = 1,
        gamma: float = 0.99,
        seed: int | None = None,
    ) -> Transitions:
        """Batches of all its transitions, of one agent where several share a world; see `Transitions`."""
        return Transitions(self, batch_size, agent=agent, shuffle=shuffle, n_step=n_step, gamma=gamma, seed=seed)

    def scalars(self, *names: str) -> dict[str, ScalarCurve]:
        """What its learner logged: ``run.scalars("loss")["loss"].value``; every metric where none is named."""
        return scalar_curves(self._reader, self.run_id, names or None)

    def refresh(self) -> None:
        """Look again: a run that is still being recorded has more episodes by now."""
        self.__dict__.pop("episodes", None)

    def __len__(self) -> int:
        return len(self.episodes)

    @overload
    def __getitem__(self, place: int) -> Episode: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Episode]: ...
    def __getitem__(self, place: int | slice) -> Episode | Sequence[Episode]:
        return self.episodes[place]

    def __iter__(self) -> Iterator[Episode]:
        return iter(self.episodes)

    def __repr__(self) -> str:
        summary = self.summary
        return (
            f"<Run {self.run_id}: {self.env_id}, by {self.record.player}, {summary.episodes:,} episodes, "
            f"{summary.steps:,} steps, {summary.state.value}>"
        )


def episode_table(episodes: Sequence[Episode]) -> Table[Episode]:
    """Episodes as a table."""
    return Table(
        episodes,
        {
            "episode": lambda one: str(one.index),
            "seed": lambda one: "" if one.seed is None else str(one.seed),
            "steps": lambda one: f"{one.rollup.steps:,}",
            "return": lambda one: f"{one.total_reward:g}",
            "status": lambda one: one.rollup.status.value,
            "started": lambda one: f"{one.rollup.started_at:%Y-%m-%d %H:%M}",
        },
        "episode",
    )
