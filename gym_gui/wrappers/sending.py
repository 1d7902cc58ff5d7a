"""What takes a recorder's rows and arrays away: to the recording process, or on a thread of this one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model.batch import ArrayKind
from gym_gui.wrappers.array_pen import ArrayPen
from gym_gui.wrappers.array_shelf import ArrayShelf
from gym_gui.wrappers.chunk_room import HeapRoom
from gym_gui.wrappers.newest_picture import NewestHere, NewestShared
from gym_gui.wrappers.process_destination import ProcessDestination
from gym_gui.wrappers.row_shipper import RowShipper
from gym_gui.wrappers.sender import Arrays, BatchSender

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.services.batch_destination import BatchDestination, Order
    from gym_gui.services.live_frames import LiveFrameWriter
    from gym_gui.wrappers.chunk_room import ChunkRoom
    from gym_gui.wrappers.newest_picture import NewestPicture
    from gym_gui.wrappers.round_thread import RoundThread
    from gym_gui.wrappers.sender import StreamFacts
    from gym_gui.wrappers.step_batcher import StepBatcher

#: Pictures, and observations, that may wait to be taken away.
MAX_ARRAY_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sending:
    """A recorder's way out.

    Attributes:
        frames: Takes its pictures.
        observations: Takes its observations.
        newest: Where its newest picture is told.
        thread: Takes its rows away; not started yet.
    """

    frames: ArrayPen
    observations: ArrayPen
    newest: NewestPicture
    thread: RoundThread


def open_sending(
    batcher: StepBatcher,
    destination: BatchDestination | ProcessDestination,
    facts: StreamFacts,
    *,
    live: LiveFrameWriter | None,
    on_order: Callable[[Order], None],
) -> Sending:
    """The way from *batcher* to *destination*.

    Args:
        batcher: Has the rows.
        destination: Where they go.
        facts: Of the stream.
        live: Shows the newest picture, where this process does.
        on_order: Answers what a trainer asks for.
    """
    thread: RoundThread

    def wake() -> None:
        thread.wake()

    def pen(kind: ArrayKind, room: ChunkRoom) -> ArrayPen:
        return ArrayPen(kind, MAX_ARRAY_BYTES, room, wake)

    if isinstance(destination, ProcessDestination):
        frames, observations = pen(ArrayKind.FRAME, destination.room), pen(ArrayKind.OBSERVATION, destination.room)
        thread = RowShipper(batcher, (frames, observations), destination, on_order)
        return Sending(frames, observations, NewestShared(destination.memory, destination.place), thread)
    room = HeapRoom()
    newest = NewestHere()
    frames, observations = pen(ArrayKind.FRAME, room), pen(ArrayKind.OBSERVATION, room)
    arrays = Arrays(ArrayShelf.beside(frames, room), ArrayShelf.beside(observations, room), newest)
    thread = BatchSender(batcher, arrays, destination, facts, live=live, on_order=on_order)
    return Sending(frames, observations, newest, thread)
