"""What every kind of worker is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.workers.desk import OrderDesk
    from gym_gui.workers.place import WorkerPlace
    from gym_gui.workers.stopping import StopRequest
    from gym_gui.workers.streams import Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What a worker works with.

    Attributes:
        place: Which run, where.
        streams: The recording.
        desk: Where orders come in.
        stop: Whether it is to end.
        seed: Of everything random.
    """

    place: WorkerPlace
    streams: Streams
    desk: OrderDesk
    stop: StopRequest
    seed: int

    @property
    def config(self) -> TrainingConfig:
        """What the run is."""
        return self.place.config


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkResult:
    """How the work ended, where no fault ended it.

    Attributes:
        steps: Steps of training, those before a resumption included.
        checkpoint: The newest; None where this kind of work has none.
        was_stopped: Whether it ended because somebody asked.
    """

    steps: int
    checkpoint: Path | None = None
    was_stopped: bool = False
