"""Library: what every face reads from: the recordings of a var folder, or those of a trainer on another machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gym_gui.recording.contract import RecordingReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gym_gui.core.data_model import RunSummary, ScalarColumns
    from gym_gui.telemetry.step_columns import StepColumns


class Library(RecordingReader, Protocol):
    """Everything that was recorded, wherever it is. Any thread."""

    def add(self, path: Path) -> None:
        """Show a recording from anywhere, too."""

    def get_summary(self, run_id: str) -> RunSummary:
        """One run as a list shows it; raises `RunNotFoundError`."""

    def recorded_mark(self) -> tuple[int, ...]:
        """Numbers that differ once anything was recorded, by any process."""

    def load_columns(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> StepColumns:
        """What `load_steps` reads, as columns; raises `RunNotFoundError`, `EpisodeNotFoundError`."""

    def scalar_names(self, run_id: str) -> list[str]:
        """Names of all that a run's learner logged, sorted."""

    def load_scalars(
        self, run_id: str, names: Sequence[str] | None = None, after_row: int = 0
    ) -> tuple[ScalarColumns, int]:
        """What a run's learner logged after a row, a page at a time, and the last row's number to go on from."""
