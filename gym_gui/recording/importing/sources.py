"""What can be imported: a run, its episodes, and their attached steps, whatever file they lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunState, StepRecord


class ImportSource(Protocol):
    """One run of some file.

    Attributes:
        format: Name of the file's format.
        run: The run.
        state: How it ended.
        episodes: Its episodes in order, as they ended.
        rows: Rows in all, for telling how far it is.
        notes: What the file does not hold, one sentence each.
    """

    format: str
    run: RunRecord
    state: RunState
    episodes: list[EpisodeRollup]
    rows: int
    notes: list[str]

    def steps(self, episode: EpisodeRollup) -> Iterator[StepRecord]:
        """The attached steps of an episode, in order."""

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
