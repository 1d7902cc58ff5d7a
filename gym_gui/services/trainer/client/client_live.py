"""Streams that a client follows: what happens live, and how runs change; each ends with its `close`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
import numpy as np

from gym_gui.core.closing import Closing
from gym_gui.core.data_model import EpisodeRollup
from gym_gui.core.errors import TrainerRefusedError
from gym_gui.core.typing_compat import override
from gym_gui.replay.chunk_codec import decode_chunk
from gym_gui.services.trainer.wire.batch_wire import batch_of_wire, scalars_of_wire
from gym_gui.services.trainer.wire.documents import of_text
from gym_gui.services.trainer.wire.faults import error_of
from gym_gui.services.trainer.wire.run_wire import run_of_wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gym_gui.core.data_model.batch import ScalarColumns, StepBatch
    from gym_gui.services.trainer.proto import trainer_pb2 as pb
    from gym_gui.services.trainer.run_store import TrainingRun


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LiveFrameUpdate:
    """A newer picture of a worker.

    Attributes:
        run_id: The run.
        worker_id: The worker.
        episode_id: Its episode.
        step_index: Its step.
        time_us: When the step was taken, microseconds since 1970.
        episode_return: Of the episode so far; nan where nobody knows.
        frame: ``uint8 (H, W, channels)``.
        dropped: Updates that this viewer did not get so far.
    """

    run_id: str
    worker_id: str
    episode_id: str
    step_index: int
    time_us: int
    episode_return: float
    frame: NDArray[np.uint8]
    dropped: int = 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LiveBatchUpdate:
    """Steps of a worker, without arrays.

    Attributes:
        batch: The rows.
        dropped: Updates that this viewer did not get so far.
    """

    batch: StepBatch
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEpisodesUpdate:
    """Episodes that began or ended.

    Attributes:
        run_id: The run.
        rollups: As they stand.
        dropped: Updates that this viewer did not get so far.
    """

    run_id: str
    rollups: tuple[EpisodeRollup, ...]
    dropped: int = 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LiveScalarsUpdate:
    """What a learner logged.

    Attributes:
        run_id: The run.
        worker_id: The worker.
        scalars: The numbers.
        dropped: Updates that this viewer did not get so far.
    """

    run_id: str
    worker_id: str
    scalars: ScalarColumns
    dropped: int = 0


LiveUpdate: TypeAlias = LiveFrameUpdate | LiveBatchUpdate | LiveEpisodesUpdate | LiveScalarsUpdate


class LiveStream(Closing):
    """An iterator of live updates; another thread may `close` it.

    Args:
        call: The call.
        address: Who answers, for messages.
    """

    def __init__(self, call: Any, address: str) -> None:
        self._call = call
        self._address = address
        self._closed = False

    def __iter__(self) -> Iterator[LiveUpdate]:
        """Updates until `close`.

        Raises:
            TrainerUnavailableError: the trainer went away.
        """
        try:
            for message in self._call:
                update = _update_of(message)
                if update is not None:
                    yield update
        except grpc.RpcError as failure:
            if not self._closed:
                raise error_of(failure, self._address) from failure

    @override
    def close(self) -> None:
        self._closed = True
        self._call.cancel()


class RunWatch(Closing):
    """An iterator of runs and whether each was there at the beginning; another thread may `close` it.

    Args:
        call: The call.
        address: Who answers, for messages.
    """

    def __init__(self, call: Any, address: str) -> None:
        self._call = call
        self._address = address
        self._closed = False

    def __iter__(self) -> Iterator[tuple[TrainingRun, bool]]:
        """Runs until `close`.

        Raises:
            TrainerUnavailableError: the trainer went away.
        """
        try:
            for message in self._call:
                if message.run.run_id:
                    yield run_of_wire(message.run), message.snapshot
        except grpc.RpcError as failure:
            if not self._closed:
                raise error_of(failure, self._address) from failure

    @override
    def close(self) -> None:
        self._closed = True
        self._call.cancel()


def _update_of(message: pb.LiveUpdate) -> LiveUpdate | None:
    """None for what a newer trainer sends and we do not know."""
    kind = message.WhichOneof("body")
    if kind == "frame":
        return _frame_of(message.frame, message.dropped)
    if kind == "batch":
        part = message.batch
        batch = batch_of_wire(part.batch, run_id=part.run_id, worker_id=part.worker_id, stream="")
        return LiveBatchUpdate(batch=batch, dropped=message.dropped)
    if kind == "episodes":
        rollups = tuple(of_text(EpisodeRollup, text, "An episode") for text in message.episodes.rollup_json)
        return LiveEpisodesUpdate(run_id=message.episodes.run_id, rollups=rollups, dropped=message.dropped)
    if kind == "scalars":
        scalars = scalars_of_wire(message.scalars.scalars, "A live update")
        names = message.scalars
        return LiveScalarsUpdate(
            run_id=names.run_id, worker_id=names.worker_id, scalars=scalars, dropped=message.dropped
        )
    return None


def _frame_of(message: pb.LiveFrame, dropped: int) -> LiveFrameUpdate:
    frame = np.empty((message.height, message.width, message.channels), np.uint8)
    try:
        decode_chunk(message.data, frame.reshape(-1))
    except ValueError as error:
        raise TrainerRefusedError(f"A live picture cannot be read: {error}.") from error
    return LiveFrameUpdate(
        run_id=message.run_id,
        worker_id=message.worker_id,
        episode_id=message.episode_id,
        step_index=message.step_index,
        time_us=message.time_us,
        episode_return=message.episode_return,
        frame=frame,
        dropped=dropped,
    )
