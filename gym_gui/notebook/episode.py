"""One recorded episode as an object; its rows and arrays are read when they are asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.sound import SILENCE, sound_of
from gym_gui.core.spaces.graphs import RunGraphs
from gym_gui.core.typing_compat import override
from gym_gui.notebook.arrays import LazyArrays
from gym_gui.notebook.columns import Columns

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary, StepRecord
    from gym_gui.recording.contract import RecordingReader


class Episode:
    """An episode of *n* actions: its rows are 0 to n, and row 0 is the state after reset.

    Where several agents share a world, a step has a row for each agent that was there; `of_agent` gives those of one.

    Args:
        reader: Where it lies.
        summary: What the library says of it.
    """

    def __init__(self, reader: RecordingReader, summary: EpisodeSummary) -> None:
        self._reader = reader
        self._summary = summary

    @property
    def rollup(self) -> EpisodeRollup:
        """Everything that was recorded of the episode as a whole."""
        return self._summary.rollup

    @property
    def env_id(self) -> str:
        """The environment."""
        return self._summary.env_id

    @property
    def index(self) -> int:
        """0-based place in the run."""
        return self.rollup.episode_index

    @property
    def seed(self) -> int | None:
        """What ``reset`` was given; with the actions it reproduces the episode."""
        return self.rollup.seed

    @property
    def total_reward(self) -> float:
        """The return: the sum of all rewards."""
        return self.rollup.total_reward

    @cached_property
    def records(self) -> list[StepRecord]:
        """The rows as records, in order of step and agent; read once, whole.

        Graphs in actions and observations are ``GraphInstance`` again, as far as the run says its spaces.
        """
        return [
            self._graphs.restored(one) for one in self._reader.load_steps(self.rollup.run_id, self.rollup.episode_id)
        ]

    @property
    def agents(self) -> list[str]:
        """Who acted in it, in order of appearance."""
        return list(dict.fromkeys(one.agent_id for one in self.records))

    def of_agent(self, agent: str) -> Episode:
        """The episode as one of its agents lived it: its rows, actions, rewards, observations, the world's pictures.

        Raises:
            ValueError: it has no such agent.
        """
        if agent not in self.agents:
            raise ValueError(f"Episode {self.index} has no agent {agent!r}; there are {', '.join(self.agents)}.")
        return EpisodeOfAgent(self, agent)

    @cached_property
    def steps(self) -> Columns:
        """The rows as NumPy columns."""
        return Columns(self.records)

    @property
    def actions(self) -> NDArray[Any]:
        """The *n* actions, in order, without the reset row."""
        steps = self.steps
        chosen: NDArray[Any] = steps["action"][~steps["is_reset"]]
        return chosen

    @property
    def rewards(self) -> NDArray[Any]:
        """``float64 (n,)``: the reward of each action."""
        steps = self.steps
        chosen: NDArray[Any] = steps["reward"][~steps["is_reset"]]
        return chosen

    @cached_property
    def frames(self) -> LazyArrays:
        """The pictures, one a step, ``uint8 (H, W, 3)``: ``frames[7]``, ``frames[a:b:step]``.

        The picture of a step is the world's, whichever agent's row has it.
        """
        shown: dict[int, StepRecord] = {}  # by step, in order
        for one in self._world:
            if one.step_index not in shown or shown[one.step_index].frame_ref is None:
                shown[one.step_index] = one
        rows = [shown[step] for step in dict.fromkeys(one.step_index for one in self.records)]
        return LazyArrays(self._reader, [one.frame_ref for one in rows], rows, "frame")

    @cached_property
    def observations(self) -> LazyArrays:
        """What the agent saw, one array a row; a dict or a tuple where it has no array form.

        Graphs are ``GraphInstance`` again, as in `records`, and so are those in dicts and tuples.
        """
        inline = [one.observation for one in self.records]
        refs = [one.obs_ref for one in self.records]
        restorers = [self._graphs.of_observation(one.agent_id) for one in self.records]
        return LazyArrays(self._reader, refs, self.records, "observation", inline=inline, restorers=restorers)

    @property
    def sound(self) -> NDArray[np.uint8] | None:
        """What was heard, ``uint8 (samples,)``, mono, ``run.metadata["sound_rate_hz"]`` a second; None without sound.

        128 is silence; a step without sound among others is as long as they are, and silent.
        """
        heard = [sound_of(one.extra) for one in self.records]
        samples = next((len(one) for one in heard if one is not None), 0)
        silence = np.full(samples, SILENCE, np.uint8)
        return np.concatenate([silence if one is None else one for one in heard]) if samples else None

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table.

        Raises:
            FormatUnavailableError: PyArrow is not installed.
        """
        return self.steps.to_arrow()

    def refresh(self) -> None:
        """Forget the rows that were read: an episode that is still being recorded has more by now."""
        self._summary = next(
            one
            for one in self._reader.list_episodes(self.rollup.run_id)
            if one.rollup.episode_id == self.rollup.episode_id
        )
        for name in ("records", "steps", "frames", "observations"):
            self.__dict__.pop(name, None)

    @property
    def _world(self) -> list[StepRecord]:
        """The rows of everybody."""
        return self.records

    @cached_property
    def _graphs(self) -> RunGraphs:
        return RunGraphs(self._reader.get_run(self.rollup.run_id).metadata)

    def __len__(self) -> int:
        """Actions in it."""
        return self.rollup.steps

    def __repr__(self) -> str:
        rollup = self.rollup
        return (
            f"<Episode {rollup.episode_index} of {rollup.run_id}: {self.env_id}, {rollup.steps:,} steps, "
            f"return {rollup.total_reward:g}, {rollup.status.value}>"
        )


class EpisodeOfAgent(Episode):
    """An episode as one agent of several lived it; without a row where it was never there.

    Args:
        whole: The episode.
        agent: The agent's name.
    """

    def __init__(self, whole: Episode, agent: str) -> None:
        super().__init__(whole._reader, whole._summary)  # noqa: SLF001 - an episode as well
        self._whole = whole
        self._agent = agent

    @cached_property
    @override
    def records(self) -> list[StepRecord]:
        return [one for one in self._world if one.agent_id == self._agent]

    @property
    @override
    def total_reward(self) -> float:
        """The agent's own return."""
        return float(self.rewards.sum())

    @override
    def refresh(self) -> None:
        self._whole.refresh()
        super().refresh()

    @property
    @override
    def _world(self) -> list[StepRecord]:
        return self._whole.records

    @override
    def __len__(self) -> int:
        """Actions of the agent."""
        return len(self.rewards)

    @override
    def __repr__(self) -> str:
        return f"<{self._agent} in episode {self.index} of {self.rollup.run_id}: {self.env_id}, {len(self):,} steps>"
