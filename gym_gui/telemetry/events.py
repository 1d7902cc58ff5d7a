"""What travels on the bus: a run starts, steps happen one by one or in batches, episodes change, the run ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from numpy import ndarray

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunState, StepBatch, StepRecord


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The first event of a run."""

    attached_bytes: ClassVar = 0

    run: RunRecord

    @property
    def run_id(self) -> str:
        """The run that this is about."""
        return self.run.run_id


@dataclass(slots=True, eq=False, init=False)
class StepRecorded:
    """One step of one agent. Never changed; not frozen, because one is made in every step on the producer's thread.

    Attributes:
        step: The record.
        attached_bytes: Bytes of the arrays that it carries; asked once, used by every buffer on the way.
    """

    step: StepRecord
    attached_bytes: int

    def __init__(self, step: StepRecord) -> None:
        self.step = step
        picture = step.render_payload
        # What most steps are: a core that slept pays for every function it is sent to.
        if step.observation is picture and type(picture) is ndarray:
            self.attached_bytes = picture.nbytes
        else:
            self.attached_bytes = step.attached_bytes

    @property
    def run_id(self) -> str:
        """The run that this is about."""
        return self.step.run_id


@dataclass(frozen=True, slots=True)
class EpisodeChanged:
    """An episode started (its rollup says ``running``) or ended."""

    attached_bytes: ClassVar = 0

    rollup: EpisodeRollup

    @property
    def run_id(self) -> str:
        """The run that this is about."""
        return self.rollup.run_id


@dataclass(frozen=True, slots=True)
class BatchRecorded:
    """Many steps of one worker, with what began and ended among them.

    Attributes:
        batch: The rows and their arrays.
        attached_bytes: About how much memory it takes; asked once, used by every buffer on the way.
    """

    batch: StepBatch
    attached_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attached_bytes", self.batch.attached_bytes)

    @property
    def run_id(self) -> str:
        """The run that this is about."""
        return self.batch.run_id


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The last event of a run.

    Attributes:
        run_id: The run.
        state: How it ended.
        ended_at: When.
        schema_counts: What its steps were like, `core.schema.mismatch.SchemaCounts` as JSON; None where not counted.
        reason: Why, one sentence; empty where nobody says so.
    """

    attached_bytes: ClassVar = 0

    run_id: str
    state: RunState
    ended_at: datetime
    schema_counts: Mapping[str, Any] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EpisodesInterrupted:
    """Whoever played the open episodes of a run died; the run goes on with another attempt.

    Attributes:
        run_id: The run.
    """

    attached_bytes: ClassVar = 0

    run_id: str


TelemetryEvent: TypeAlias = RunStarted | StepRecorded | BatchRecorded | EpisodeChanged | EpisodesInterrupted | RunEnded
