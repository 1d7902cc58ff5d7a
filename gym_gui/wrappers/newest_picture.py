"""The newest picture of a recorder, told by the thread that steps to whoever shows it, here or in another process."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    import mmap

    from numpy.typing import NDArray

    from gym_gui.wrappers.array_pen import ArrayPen

#: Bytes of one place in shared memory.
PLACE_BYTES: Final = 256
_AXES: Final = 3
_SEQ: Final = struct.Struct("<Q")
# Offset of the pixels, height, width, step, return, bytes of the episode's name, and the name.
_FACTS: Final = struct.Struct("<qIIqdH160s")
_NAME_BYTES: Final = 160


class Shown(NamedTuple):
    """What is to be shown.

    Attributes:
        picture: ``uint8 (H, W, 3)``, a view of where it was written.
        episode: Its episode, as the recorder counts.
        step_index: Its step.
        total: The return so far.
    """

    picture: NDArray[Any]
    episode: str
    step_index: int
    total: float


class NewestPicture(Protocol):
    """Where the newest picture is told."""

    def tell(self, pen: ArrayPen, number: int, episode: str, step_index: int, total: float) -> None:
        """The pen's newest item is a picture; on the thread that steps."""

    def read(self) -> Shown | None:
        """The newest one: the same object as before where there is none newer; None where there is none."""


class NewestHere:
    """Within one process."""

    def __init__(self) -> None:
        self._shown: Shown | None = None

    def tell(self, pen: ArrayPen, number: int, episode: str, step_index: int, total: float) -> None:
        """See `NewestPicture`."""
        self._shown = Shown(pen.slot_of(number), episode, step_index, total)

    def read(self) -> Shown | None:
        """See `NewestPicture`."""
        return self._shown


class NewestShared:
    """Between two processes, with a sequence number that is odd while it is written: neither waits for the other.

    Args:
        memory: Shared by both; the pen's buffers lie in it, too.
        place: Offset of `PLACE_BYTES` of it.
    """

    def __init__(self, memory: mmap.mmap, place: int) -> None:
        self._memory = memory
        self._place = place
        self._seq = 0
        self._episode, self._name = "", b""
        self._shown: Shown | None = None
        _SEQ.pack_into(memory, place, 0)

    def tell(self, pen: ArrayPen, number: int, episode: str, step_index: int, total: float) -> None:
        """See `NewestPicture`."""
        shape = pen.slot_of(number).shape
        if len(shape) != _AXES:
            return
        if episode is not self._episode:
            self._episode, self._name = episode, episode.encode()[:_NAME_BYTES]
        memory, place, name = self._memory, self._place, self._name
        self._seq = seq = self._seq + 2
        _SEQ.pack_into(memory, place, seq - 1)
        _FACTS.pack_into(
            memory, place + 8, pen.offset_of(number), shape[0], shape[1], step_index, total, len(name), name
        )
        _SEQ.pack_into(memory, place, seq)

    def read(self) -> Shown | None:
        """See `NewestPicture`."""
        (seq,) = _SEQ.unpack_from(self._memory, self._place)
        if seq == self._seq or seq % 2:
            return self._shown
        offset, height, width, step_index, total, length, name = _FACTS.unpack_from(self._memory, self._place + 8)
        if seq != _SEQ.unpack_from(self._memory, self._place)[0]:
            return self._shown  # written meanwhile; the next look finds it
        self._seq = seq
        picture = np.ndarray((height, width, 3), np.uint8, self._memory, offset)
        self._shown = Shown(picture, name[:length].decode(errors="replace"), step_index, total)
        return self._shown
