"""What every recording backend can do: take a run's records, and give the same ones back.

A backend belongs to one thread at a time; a reader may be used from any. `RecorderProtocol` is what programs call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from gym_gui.core.data_model import (
        EpisodeRollup,
        EpisodeSummary,
        RunRecord,
        RunState,
        RunSummary,
        ScalarColumns,
        StepRecord,
    )
    from gym_gui.recording.config import RecorderConfig


class RecordingBackend(ABC):
    """Writes runs in one format. Every call comes from the thread that owns the backend.

    What was handed over before `flush` returned can be read by another process, and survives ``kill -9``; what a
    refused `flush` did not write is kept, and tried again by the next. Nothing may be written before `begin_run`, so
    that a backend that nothing was told leaves nothing behind.

    Args:
        config: Where to and how; ``config.location("recording.xyz")`` is the file or folder to write.

    Attributes:
        name: What the configuration calls it.
        keeps_frames: Whether pictures can be read back, so that a run can be replayed.
        options: Options of its own (``config.options``) -> default; another name is an error. None takes any.
    """

    name: ClassVar[str]
    keeps_frames: ClassVar[bool]
    options: ClassVar[Mapping[str, Any] | None] = None
    #: One sentence where, once closed, an ended run could not be completed; what was recorded of it is kept.
    unfinished: str = ""

    def __init__(self, config: RecorderConfig) -> None:
        self.config = config

    @property
    @abstractmethod
    def path(self) -> Path:
        """The file or folder that it writes."""

    @abstractmethod
    def begin_run(self, run: RunRecord) -> None:
        """A run starts, or is resumed."""

    @abstractmethod
    def begin_episode(self, rollup: EpisodeRollup) -> None:
        """An episode starts; its status is ``running``."""

    @abstractmethod
    def write_steps(self, steps: Sequence[StepRecord]) -> None:
        """Take *attached* records (they carry arrays), in order; a step that is there already changes nothing.

        Raises:
            SchemaMismatchError: a record has no form in this format; none of the call was kept.
            RecordingError: the disk refused; none of the call was kept.
        """

    @abstractmethod
    def end_episode(self, rollup: EpisodeRollup) -> None:
        """An episode ended; its final summary."""

    @abstractmethod
    def end_run(self, run_id: str, state: RunState, ended_at: datetime) -> None:
        """A run ended."""

    @abstractmethod
    def flush(self) -> None:
        """Make everything taken so far visible to other processes.

        Raises:
            RecordingError: the disk refused.
        """

    @abstractmethod
    def close(self) -> None:
        """Flush and let go; safe to call twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RecordingReader(Protocol):
    """Reads what a backend wrote: the same records, detached (refs where their arrays were). Any thread.

    The rows' side is what the telemetry store offers too, the arrays' side what a `FrameResolver` offers, so every
    face can show a recording of any backend.
    """

    def list_runs(self) -> list[RunSummary]:
        """Every run, newest first."""

    def get_run(self, run_id: str) -> RunRecord:
        """One run; raises `RunNotFoundError`."""

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """The episodes of a run in order, or of every run, newest first; no more than the *newest* ones."""

    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup:
        """By id or 0-based index, None for the last.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
            AmbiguousEpisodeError: several have that index.
        """

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """Detached records with ``start <= step_index < stop``, in order of step and agent."""

    def require(self, frame_ref: str) -> NDArray[Any]:
        """The array of a ref as a new array; raises `FrameNotFoundError` with the reason."""

    def resolve_batch(self, frame_refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """The arrays of many refs in their order; None where one leads to nothing."""

    def close(self) -> None:
        """Let go of every file; safe to call twice."""


@runtime_checkable
class ScalarReader(Protocol):
    """What a learner logged beside its steps; recordings that are one file of another format have none of it."""

    def scalar_names(self, run_id: str) -> list[str]:
        """Names of all that a run's learner logged, sorted; raises `RunNotFoundError`."""

    def load_scalars(
        self, run_id: str, names: Sequence[str] | None = None, after_row: int = 0
    ) -> tuple[ScalarColumns, int]:
        """A page of rows after *after_row*, in the order of arrival, and the last one's number to go on from."""


@runtime_checkable
class RecorderProtocol(Protocol):
    """What a program that records calls; made by `RecorderFactory.create_recorder`."""

    def record_step(
        self, step_data: dict[str, Any], step_number: int, episode_id: int | None = None, **metadata: Any
    ) -> None:
        """Record one step; its arrays are copied, so the caller may reuse them at once.

        Args:
            step_data: Values by name: numbers, text, arrays, and dicts, lists and tuples of these. ``action``,
                ``reward``, ``observation``, ``frame``, ``terminated``, ``truncated``, ``done``, ``info``, ``timestamp``
                and ``agent_id`` mean what Gymnasium means by them; every other name is kept as it is.
            step_number: 0 or more; 0 is the state after ``reset`` where it is recorded.
            episode_id: The episode; None for the one that is going on.
            metadata: More values, kept with the step.

        Raises:
            SchemaMismatchError: a value cannot be kept exactly; the message names it.
            RecordingError: the backend could not write, now or since the last call.
        """

    def record_episode(self, episode_data: dict[str, Any], episode_id: int, **metadata: Any) -> None:
        """Record the summary of an episode, which ends it."""

    def export_data(
        self,
        output_path: str,
        format: str = "parquet",  # noqa: A002 - the seed's own signature
        compression: str | None = None,
        filter_episodes: list[int] | None = None,
        **export_options: Any,
    ) -> bool:
        """Write what was recorded in another format; False, with the reason in the log, where it cannot be done."""

    def flush(self) -> None:
        """Return when everything recorded before is on disk."""

    def close(self) -> None:
        """Flush and let go; safe to call twice."""

    def is_recording(self) -> bool:
        """Whether it keeps what it is given."""

    def get_performance_metrics(self) -> dict[str, Any]:
        """What recording costs and how full the buffer is."""

    def validate_data(self, step_data: dict[str, Any]) -> bool:
        """Whether `record_step` would take *step_data*."""
