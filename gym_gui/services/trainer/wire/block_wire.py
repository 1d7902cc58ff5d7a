"""Arrays on the wire: a block of items to its message and back; what its bytes claim to be is looked at first."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import zstandard

from gym_gui.core.data_model.batch import ArrayBlock, ArrayKind
from gym_gui.replay.layout import ArraySpec
from gym_gui.services.trainer.proto import trainer_pb2 as pb

if TYPE_CHECKING:
    from gym_gui.services.trainer.wire.wire_columns import WireColumns

_MAX_DIMENSIONS: Final = 16
_MAX_DTYPE_TEXT: Final = 4_096
_MAX_CHUNK_BYTES: Final = 256 * 1024 * 1024
_MAX_WINDOW_BYTES: Final = 128 * 1024 * 1024
_MAX_NUMBER: Final = 2**62


def block_to_wire(block: ArrayBlock) -> pb.ArrayBlock:
    """The message of *block*."""
    return pb.ArrayBlock(
        kind=block.kind.value,
        first=block.first,
        count=block.count,
        dtype=dtype_to_wire(block.dtype),
        item_shape=block.item_shape,
        chunk_items=block.chunk_items,
        compressed=block.compressed,
        data=block.data,
    )


def block_of_wire(wire: WireColumns, message: pb.ArrayBlock) -> ArrayBlock:
    """The block that *message* carries.

    Raises:
        TrainerRefusedError: it is not what it says: one sentence.
    """
    try:
        kind = ArrayKind(message.kind)
    except ValueError:
        raise wire.refuse(f"has arrays of the kind {message.kind[:40]!r}") from None
    what = f"has {message.count} {kind.value} from number {message.first} on"
    try:
        dtype = dtype_of_wire(message.dtype)
    except (ValueError, TypeError, SyntaxError, RecursionError, OverflowError) as error:
        raise wire.refuse(f"{what} of a dtype that cannot be kept: {message.dtype[:60]!r} ({error})") from error
    shape = tuple(message.item_shape)
    item_bytes = dtype.itemsize * math.prod(shape)
    if len(shape) > _MAX_DIMENSIONS or not 0 < item_bytes <= _MAX_CHUNK_BYTES:
        raise wire.refuse(f"{what} of {item_bytes:,} bytes and {len(shape)} dimensions each, which are not taken")
    spec = ArraySpec.for_items(kind.value, dtype, shape)
    if message.chunk_items != spec.chunk_items:
        raise wire.refuse(
            f"{what} in chunks of {message.chunk_items}, where items like these go {spec.chunk_items} a chunk"
        )
    if message.first > _MAX_NUMBER or not message.count:
        raise wire.refuse(f"{what}, which is no range")
    data = message.data
    if not message.compressed:
        if len(data) != message.count * item_bytes:
            raise wire.refuse(f"{what} in {len(data):,} bytes, where {message.count * item_bytes:,} are needed")
    else:
        if not spec.compressed or message.count > spec.chunk_items or message.first % spec.chunk_items:
            raise wire.refuse(f"{what}, which is no chunk of {spec.chunk_items}")
        wrong = _frame_fault(data, item_bytes * spec.chunk_items)
        if wrong:
            raise wire.refuse(f"{what} in a chunk that {wrong}")
    return ArrayBlock(
        kind=kind,
        first=message.first,
        count=message.count,
        dtype=dtype,
        item_shape=shape,
        chunk_items=spec.chunk_items,
        compressed=message.compressed,
        data=data,
    )


def dtype_to_wire(dtype: np.dtype[Any]) -> str:
    """A plain dtype's own name, or the list of fields of a structured one as JSON."""
    return dtype.str if dtype.names is None else json.dumps(np.lib.format.dtype_to_descr(dtype))


def dtype_of_wire(text: str) -> np.dtype[Any]:
    """The dtype that `dtype_to_wire` wrote.

    Raises:
        ValueError: it is none of fixed bytes.
        TypeError: likewise.
    """
    if len(text) > _MAX_DTYPE_TEXT:
        raise ValueError("it is too long")
    description = _tuples(json.loads(text)) if text.startswith("[") else text
    dtype = np.dtype(description)
    if dtype.hasobject or not dtype.itemsize:
        raise ValueError("it has no fixed bytes")
    return dtype


def _tuples(description: Any) -> Any:
    # JSON knows lists only: a field is a tuple, and so is its shape.
    return [
        (
            tuple(field[0]) if isinstance(field[0], list) else field[0],
            _tuples(field[1]) if isinstance(field[1], list) else field[1],
            *(tuple(part) for part in field[2:]),
        )
        for field in description
    ]


def _frame_fault(data: bytes, expected_bytes: int) -> str:
    """What is wrong with a Zstandard frame, as its header says; empty where nothing is. It is not unpacked."""
    try:
        header = zstandard.get_frame_parameters(data)
    except zstandard.ZstdError:
        return "is no Zstandard frame"
    if header.content_size != expected_bytes:
        size = header.content_size
        told = f"{size:,}" if size < _MAX_NUMBER else "an unknown number of"
        return f"unpacks to {told} bytes, where {expected_bytes:,} are needed"
    if header.window_size > _MAX_WINDOW_BYTES or header.dict_id:
        return "needs more memory to unpack than is given"
    return ""
