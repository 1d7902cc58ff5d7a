"""What an export asks of a recording: the two halves of a `RecordingReader`, which may be two objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeSummary, RunRecord, RunSummary, StepRecord


class RowReader(Protocol):
    """The rows' side of a `RecordingReader`."""

    def list_runs(self) -> list[RunSummary]:
        """Every run."""

    def get_run(self, run_id: str) -> RunRecord:
        """One run."""

    def list_episodes(self, run_id: str | None = None) -> list[EpisodeSummary]:
        """The episodes of a run."""

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """Detached records."""


class ArrayReader(Protocol):
    """The arrays' side of a `RecordingReader`."""

    def require(self, frame_ref: str) -> NDArray[Any]:
        """The array of a ref."""

    def resolve_batch(self, frame_refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """The arrays of many refs."""
