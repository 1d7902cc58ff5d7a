"""Attached steps to the entries of a journal, and back: rows packed together, pictures in compressed chunks."""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
import zstandard

from gym_gui.core.data_model import PAYLOAD_VERSION, FrameState
from gym_gui.core.errors import InvalidActionError, SchemaMismatchError
from gym_gui.core.info_codec import encode_info
from gym_gui.core.packing import to_array
from gym_gui.core.value_codec import encode_value
from gym_gui.recording.journal import ARRAYS, ROWS
from gym_gui.telemetry.step_rows import microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepRecord

TERMINATED: Final = 1
TRUNCATED: Final = 2
OBSERVATION_IS_FRAME: Final = 4
OBSERVATION_IS_ARRAY: Final = 8  # `to_array` has a form for it
FRAME_STATE_SHIFT: Final = 4

FRAMES: Final = "frames"
OBSERVATIONS: Final = "observations"
# A larger array is no number to look at in a table: it is kept among the arrays.
INLINE_BYTES: Final = 1024
CHUNK_HEAD: Final = struct.Struct("<BQI")
_STREAMS: Final = (FRAMES, OBSERVATIONS)
_CHUNK_BYTES: Final = 2 * 1024 * 1024
_CHUNK_ITEMS: Final = 8
_ZSTD_LEVEL: Final = 1


class Row(NamedTuple):
    """One step without its large arrays.

    Attributes:
        step_index: Which step.
        agent_id: Whose.
        action: As `encode_value` gives it.
        reward: Float64.
        flags: Ends, observation is the frame, `FrameState` from bit 4 on.
        observation: As `encode_value` gives it, where it is small or no plain array.
        info: JSON text.
        time_us: Microseconds since 1970, UTC.
        extra: What few steps have, as `encode_value` gives it.
        frame: Which frame of the episode; None for none.
        array: Which large observation of the episode; None for none.
    """

    step_index: int
    agent_id: str
    action: int | bytes | None
    reward: float | None
    flags: int
    observation: int | bytes | None
    info: str | None
    time_us: int
    extra: int | bytes | None
    frame: int | None
    array: int | None


class Chunk(NamedTuple):
    """Arrays of one shape and dtype that were compressed together.

    Attributes:
        stream: `FRAMES` or `OBSERVATIONS`.
        first: Number of its first array in the stream.
        items: Number of arrays.
        dtype: NumPy's text form.
        shape: Of one array.
        data: Zstandard frame of the arrays, C order.
    """

    stream: str
    first: int
    items: int
    dtype: str
    shape: tuple[int, ...]
    data: bytes

    def decode(self) -> NDArray[Any]:
        """The arrays, ``(items, *shape)``; not to be written to."""
        raw = _decompress(self.data, self.items * int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize)
        return np.frombuffer(raw, np.dtype(self.dtype)).reshape(self.items, *self.shape)


@dataclass(slots=True)
class RowEncoder:
    """Encodes the steps of one episode; counts its arrays.

    Attributes:
        worker_id: The episode's; a step's own is kept where it differs.
        space_signature: The run's; as above.
        counts: Arrays of each stream that were encoded so far.
    """

    worker_id: str | None
    space_signature: str | None
    counts: dict[str, int] = field(default_factory=lambda: {FRAMES: 0, OBSERVATIONS: 0})

    def encode(self, steps: Sequence[StepRecord]) -> tuple[list[tuple[int, bytes]], dict[str, int]]:
        """The entries of *steps*, and what `counts` is to be once they are written.

        Raises:
            SchemaMismatchError: a value of a step has no form that can be stored.
        """
        counts = dict(self.counts)
        arrays: dict[str, list[NDArray[Any]]] = {FRAMES: [], OBSERVATIONS: []}
        rows = [self._row(step, arrays, counts) for step in steps]
        entries = [entry for stream, items in arrays.items() for entry in _chunks(stream, items, self.counts[stream])]
        # Rows last: one that is there has its arrays.
        entries.append((ROWS, _compress(_encoder.encode(rows))))
        return entries, counts

    def _row(self, step: StepRecord, arrays: dict[str, list[NDArray[Any]]], counts: dict[str, int]) -> Row:
        frame, observation = step.frame, step.observation
        frame_at = array_at = None
        state = step.frame_state
        if frame is not None:
            if to_array(frame) is None or frame.dtype.names is not None:
                raise SchemaMismatchError(f"The frame of step {step.step_index} ({frame.dtype}) holds no pixels.")
            frame_at, state = _take(frame, arrays[FRAMES], counts, FRAMES), FrameState.KEPT
        is_frame = frame is not None and _same(observation, frame)
        is_array = observation is not None and not is_frame and to_array(observation) is not None
        if is_frame:
            observation = None
        elif is_large(observation):
            array_at = _take(observation, arrays[OBSERVATIONS], counts, OBSERVATIONS)
            observation = None
        elif isinstance(observation, np.generic):
            observation = np.asarray(observation)  # which keeps its dtype, whatever it is
        try:
            return Row(
                step.step_index,
                step.agent_id,
                encode_value(step.action),
                None if step.reward is None else float(step.reward),
                TERMINATED * bool(step.terminated)
                | TRUNCATED * bool(step.truncated)
                | OBSERVATION_IS_FRAME * is_frame
                | OBSERVATION_IS_ARRAY * is_array
                | state << FRAME_STATE_SHIFT,
                encode_value(observation),
                encode_info(step.info),
                microseconds(step.timestamp),
                self._extra(step),
                frame_at,
                array_at,
            )
        except (InvalidActionError, TypeError, ValueError) as error:
            told = error.message if isinstance(error, InvalidActionError) else f"{error}."
            raise SchemaMismatchError(f"Step {step.step_index} cannot be stored: {told}") from error

    def _extra(self, step: StepRecord) -> int | bytes | None:
        rare = {
            "vector_metadata": None if step.vector_metadata is None else dict(step.vector_metadata),
            "view": None if step.view is None else dict(step.view),
            "normalization_stats": None if step.normalization_stats is None else dict(step.normalization_stats),
            "extra": None if step.extra is None else dict(step.extra),
            "time_step": step.time_step,
            "render_hint": step.render_hint,
            "payload_version": None if step.payload_version == PAYLOAD_VERSION else step.payload_version,
            "space_signature": None if step.space_signature == self.space_signature else step.space_signature,
            "worker_id": None if step.worker_id == self.worker_id else step.worker_id,
        }
        present = {name: value for name, value in rare.items() if value is not None}
        return encode_value(present) if present else None


def decode_rows(payload: bytes) -> list[Row]:
    """The rows of an entry of kind `ROWS`."""
    return _decoder.decode(_decompress(payload, 0))


def decode_chunk(payload: bytes) -> Chunk:
    """The chunk of an entry of kind `ARRAYS`."""
    stream, first, count = decode_chunk_head(payload)
    dtype, shape, data = _chunk_decoder.decode(memoryview(payload)[CHUNK_HEAD.size :])
    return Chunk(stream, first, count, dtype, shape, data)


def decode_chunk_head(payload: bytes) -> tuple[str, int, int]:
    """Stream, first number and count of a chunk, of which `CHUNK_HEAD.size` bytes are enough."""
    stream, first, count = CHUNK_HEAD.unpack_from(payload)
    return _STREAMS[stream], first, count


def is_large(observation: Any) -> bool:
    """Whether an observation is kept among the arrays rather than in its row."""
    return (
        isinstance(observation, np.ndarray)
        and observation.nbytes > INLINE_BYTES
        and observation.dtype.kind in "biufc"
        and observation.ndim > 0
    )


def _same(observation: Any, frame: NDArray[Any]) -> bool:
    # What the agent sees often is the picture: then one copy serves both.
    if observation is frame:
        return True
    return (
        isinstance(observation, np.ndarray)
        and observation.dtype == frame.dtype
        and observation.shape == frame.shape
        and np.array_equal(observation, frame)
    )


def _take(array: NDArray[Any], into: list[NDArray[Any]], counts: dict[str, int], stream: str) -> int:
    into.append(array)
    counts[stream] += 1
    return counts[stream] - 1


def _chunks(stream: str, arrays: list[NDArray[Any]], first: int) -> list[tuple[int, bytes]]:
    entries: list[tuple[int, bytes]] = []
    position = 0
    while position < len(arrays):
        like = arrays[position]
        most = min(_CHUNK_ITEMS, max(1, _CHUNK_BYTES // max(like.nbytes, 1)))
        end = position + 1
        while end < min(len(arrays), position + most) and _alike(arrays[end], like):
            end += 1
        stacked = _stacked(arrays[position:end])
        head = CHUNK_HEAD.pack(_STREAMS.index(stream), first + position, end - position)
        entries.append((ARRAYS, head + _encoder.encode((like.dtype.str, like.shape, _compress(stacked)))))
        position = end
    return entries


def _stacked(arrays: Sequence[NDArray[Any]]) -> memoryview:
    """Their bytes, one after the other, until this thread asks again."""
    size = sum(array.nbytes for array in arrays)
    scratch: NDArray[np.uint8] | None = getattr(_local, "scratch", None)
    if scratch is None or scratch.nbytes < size:
        # Memory that is used again: fresh pages would cost more than the copy.
        scratch = _local.scratch = np.empty(max(size, _CHUNK_BYTES), np.uint8)
    whole = scratch[:size].view(arrays[0].dtype).reshape(len(arrays), *arrays[0].shape)
    np.stack(arrays, out=whole)
    return scratch[:size].data


def _alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype


def _compress(data: bytes | memoryview) -> bytes:
    # A compressor belongs to one thread at a time.
    compressor: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
    return compressor.compress(data)


def _decompress(data: bytes, size_bytes: int) -> bytes:
    decompressor: zstandard.ZstdDecompressor | None = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    return decompressor.decompress(data, max_output_size=size_bytes)


_local = threading.local()
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(list[Row])
_chunk_decoder: Final = msgspec.msgpack.Decoder(tuple[str, tuple[int, ...], bytes])
