"""What a training process and its recording process say to each other: pickled tuples, each after its length.

The training process's words go through a pickler that lets no class of a script's own through: the recording process
could not import it.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.core.data_model import RunRecord
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.wrappers.sender import StreamFacts

# From the training: a channel's number, the word, and what belongs to it.
OPEN: Final = "open"
PIECE: Final = "piece"
BEAT: Final = "beat"
ANSWER: Final = "answer"
FLUSH: Final = "flush"
CLOSE: Final = "close"
WARM: Final = "warm"
# From the recording.
OPENED: Final = "opened"
REFUSED: Final = "refused"
STATUS: Final = "status"
ORDER: Final = "order"
FLUSHED: Final = "flushed"
CLOSED: Final = "closed"
LOG: Final = "log"
#: The channel of what belongs to none.
NO_CHANNEL: Final = -1

_LENGTH: Final = struct.Struct("<I")
# Paths keep their module under several names from one Python to the next.
_KNOWN: Final = frozenset(
    {"array", "builtins", "collections", "copyreg", "datetime", "gym_gui", "gymnasium", "numpy", "pathlib"}
)
_PIECE_BYTES: Final = 1 << 20
# A larger array costs more as a copy than by NumPy's own way.
_SMALL_BYTES: Final = 4_096
#: NumPy's scalars that there are many of, in infos and observations.
SCALARS: Final = frozenset({np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerAim:
    """A trainer, and who a worker is there; see `TrainerPublisher`.

    Attributes:
        address: ``host:port``.
        run_id: The run to ask for.
        worker_id: The worker's name to ask for; None for any.
        worker_token: The secret of a worker that the trainer started.
        token: What a trainer elsewhere wants to be shown.
        ca: File of the certificate to trust.
        spool_dir: Where batches wait while nobody answers.
    """

    address: str
    run_id: str
    worker_id: str | None
    worker_token: str | None
    token: str | None
    ca: Path | None
    spool_dir: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What the recording process has to know to record one worker.

    Attributes:
        record: The run's record, under the name that is asked for.
        spaces: What its steps are drawn from.
        session: Which execution of a script records.
        stream: Of the stream.
        pid: The training process.
        place: Of the newest picture, in the shared memory.
        target: The var folder to record into, or the trainer.
        chose_group: Whether the record's group is the script's own choice.
        live_dir: Where the newest picture is shown; None for nowhere.
        variables: The training process's variables of ours.
    """

    record: RunRecord
    spaces: RunSpaces
    session: str
    stream: StreamFacts
    pid: int
    place: int
    target: Path | TrainerAim
    chose_group: bool
    live_dir: Path | None
    variables: Mapping[str, str] = field(default_factory=dict)


def _array(dtype: str, shape: tuple[int, ...], data: bytes) -> NDArray[Any]:
    return np.frombuffer(data, dtype).reshape(shape).copy()


class _Pickler(pickle.Pickler):
    @override
    def reducer_override(self, obj: Any) -> Any:
        # What there are many of first: NumPy's own ways take these two to ten times as long.
        kind = type(obj)
        if kind in SCALARS:
            return kind, (obj.item(),)
        if kind is np.ndarray:
            is_small = obj.nbytes <= _SMALL_BYTES and obj.dtype.kind in "biuf"
            return (_array, (obj.dtype.str, obj.shape, obj.tobytes())) if is_small else NotImplemented
        # A class or a function, compiled ones included, by its own module; anything else by its class's.
        named = obj if hasattr(obj, "__qualname__") else type(obj)
        if str(named.__module__).partition(".")[0] in _KNOWN:
            return NotImplemented
        if isinstance(obj, tuple):
            return tuple, (list(obj),)
        if isinstance(obj, dict):
            return dict, (list(obj.items()),)
        return str, (str(obj),)


def words_of(message: tuple[Any, ...]) -> bytes:
    """*message* as it travels."""
    buffer = io.BytesIO()
    buffer.write(_LENGTH.pack(0))
    _Pickler(buffer, protocol=5).dump(message)
    buffer.seek(0)
    buffer.write(_LENGTH.pack(buffer.getbuffer().nbytes - _LENGTH.size))
    return buffer.getvalue()


def write_words(descriptor: int, data: bytes) -> None:
    """Write all of *data*.

    Raises:
        OSError: nobody reads it any more.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[:_PIECE_BYTES]) :]


def read_words(descriptor: int) -> tuple[Any, ...] | None:
    """The next message; None at the end."""
    head = _read(descriptor, _LENGTH.size)
    if head is None:
        return None
    data = _read(descriptor, _LENGTH.unpack(head)[0])
    if data is None:
        return None
    message: tuple[Any, ...] = pickle.loads(data)  # noqa: S301 - from our own child or parent, through a pipe of ours
    return message


def _read(descriptor: int, count: int) -> bytes | None:
    pieces = []
    while count:
        try:
            piece = os.read(descriptor, min(count, _PIECE_BYTES))
        except OSError:
            return None
        if not piece:
            return None
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
