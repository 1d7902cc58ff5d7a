"""Columns of values to Arrow arrays and back, exactly: what the column's kind cannot hold stands beside it as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from gym_gui.core.value_codec import decode_value, encode_value
from gym_gui.recording.value_kinds import NULL, ColumnKind, fitting_part, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from gym_gui.recording.value_kinds import Kind

# A column of this name and ending holds, as bytes, the values that the column itself cannot hold exactly.
EXACT_SUFFIX: Final = "_exact"
# Lists without any items: what these would be is not known, and does not matter.
_EMPTY: Final[Kind] = ("int",)
# MessagePack never begins so.
_WRAPPED: Final = b"\xc1"
KIND_KEY: Final = b"gym_gui.kind"


def fields_of(name: str, column: ColumnKind) -> list[pa.Field]:
    """The Arrow fields of a column: none where it has no values, two where some do not fit."""
    import pyarrow as pa  # noqa: PLC0415 - only where Parquet is written or read

    fields = []
    arrow = arrow_type(column.kind)
    if arrow is not None:
        kind = msgspec.json.encode(to_json(column.kind))
        fields.append(pa.field(name, arrow, metadata={KIND_KEY: kind}))
    if column.exceptions or (arrow is None and column.kind != NULL):
        fields.append(pa.field(f"{name}{EXACT_SUFFIX}", pa.binary()))
    return fields


def arrays_of(fields: Sequence[pa.Field], column: ColumnKind, values: Sequence[Any]) -> list[pa.Array]:
    """The Arrow arrays of *values* for the fields that `fields_of` made."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    if not fields:
        return []
    exceptional = str(fields[-1].name).endswith(EXACT_SUFFIX)
    if not exceptional:
        return [encode(column.kind, values)]
    typed = len(fields) > 1
    fitting = [typed and column.fits(value) for value in values]
    exact = pa.array(
        [None if fits else exact_bytes(one) for one, fits in zip(values, fitting, strict=True)], pa.binary()
    )
    if not typed:
        return [exact]
    # What of a dictionary fits is in its columns all the same, for whoever reads these alone.
    shown = [one if fits else fitting_part(column.kind, one) for one, fits in zip(values, fitting, strict=True)]
    return [encode(column.kind, shown), exact]


def values_of(name: str, table: pa.Table) -> list[Any]:
    """The values of a column of *table*; all None where it has none."""
    values: list[Any] = [None] * table.num_rows
    names = table.schema.names
    if name in names:
        metadata = table.schema.field(name).metadata or {}
        array = _whole(table.column(name))
        kind = metadata.get(KIND_KEY)
        values = array.to_pylist() if kind is None else decode(from_json(msgspec.json.decode(kind)), array)
    if f"{name}{EXACT_SUFFIX}" in names:
        for place, stored in enumerate(table.column(f"{name}{EXACT_SUFFIX}").to_pylist()):
            if stored is not None:
                values[place] = exact_value(stored)
    return values


def exact_bytes(value: Any) -> bytes | None:
    """*value* as bytes that `exact_value` reads back."""
    # NumPy's would come back as Python's own; one beyond 64 bits stands in a container only.
    if isinstance(value, np.integer) or (type(value) is int and not -(2**63) <= value < 2**63):
        return _WRAPPED + (exact_bytes((value,)) or b"")
    stored = encode_value(value)
    return msgspec.msgpack.encode(stored) if isinstance(stored, int) else stored


def exact_value(stored: bytes) -> Any:
    """The value that `exact_bytes` was given."""
    if stored.startswith(_WRAPPED):
        return decode_value(stored[len(_WRAPPED) :])[0]
    return decode_value(stored)


def arrow_type(kind: Kind) -> pa.DataType | None:
    """The Arrow type of a kind; None where there is none."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    if kind[0] in {"dict", "tuple"}:
        fields = _fields(kind)
        return pa.struct(fields) if fields else None
    name = kind[0]
    simple = {"int": pa.int64, "float": pa.float64, "bool": pa.bool_, "str": pa.string, "bytes": pa.binary}
    if name in simple:
        return simple[name]()
    if name in {"np", "array"}:
        arrow = pa.from_numpy_dtype(np.dtype(kind[1]))
        for size in reversed(kind[2] if name == "array" else ()):
            arrow = pa.list_(pa.field("element", arrow), size)
        return arrow
    if name == "list":
        element = arrow_type(kind[1] if kind[1] != NULL else _EMPTY)
        return None if element is None else pa.list_(pa.field("element", element))
    return None


def encode(kind: Kind, values: Sequence[Any]) -> pa.Array:
    """Values of one kind, None where there is none, as an Arrow array."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    name = kind[0]
    mask = np.fromiter((value is None for value in values), np.bool_, len(values))
    if name in {"np", "array"}:
        return _encode_numbers(kind, values, mask)
    if name in {"dict", "tuple"}:
        children = []
        for key, part in _parts(kind):
            if name == "dict":
                items = [None if value is None else value.get(key) for value in values]
            else:
                items = [None if value is None else value[int(key)] for value in values]
            children.append(encode(part, items))
        return pa.StructArray.from_arrays(children, fields=_fields(kind), mask=pa.array(mask))
    if name == "list":
        lengths = [0 if value is None else len(value) for value in values]
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
        items = [one for value in values if value is not None for one in value]
        element = encode(kind[1] if kind[1] != NULL else _EMPTY, items)
        return pa.ListArray.from_arrays(pa.array(offsets), element, type=arrow_type(kind), mask=pa.array(mask))
    return pa.array(values, arrow_type(kind), from_pandas=False)


def decode(kind: Kind, array: pa.Array) -> list[Any]:
    """The values of an Arrow array of that kind; its type may be a wider one."""
    name = kind[0]
    if name in {"np", "array"}:
        return _decode_numbers(kind, array)
    if name in {"dict", "tuple"}:
        columns = {field.name: child for field, child in zip(array.type, array.flatten(), strict=True)}
        decoded = [(key, decode(part, columns[key])) for key, part in _parts(kind)]
        there = array.is_valid().to_pylist()
        if name == "tuple":
            rows = zip(*(items for _, items in decoded), strict=True)
            return [row if is_there else None for row, is_there in zip(rows, there, strict=True)]
        return [
            {key: items[place] for key, items in decoded if items[place] is not None} if is_there else None
            for place, is_there in enumerate(there)
        ]
    if name == "list":
        items = decode(kind[1], array.flatten())
        lengths = array.value_lengths().to_pylist()
        found, place = [], 0
        for length in lengths:
            found.append(None if length is None else items[place : place + length])
            place += length or 0
        return found
    arrow = arrow_type(kind)
    if arrow is not None and array.type != arrow:
        array = array.cast(arrow, safe=False)  # another file of the run has a wider type; it was of this one
    values: list[Any] = array.to_pylist()
    return values


def _fields(kind: Kind) -> list[pa.Field]:
    """The fields of a struct; none where one of its parts has no type."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    types = [(key, arrow_type(part)) for key, part in _parts(kind)]
    return [] if any(arrow is None for _, arrow in types) else [pa.field(key, arrow) for key, arrow in types]


def _parts(kind: Kind) -> list[tuple[str, Kind]]:
    return list(kind[1]) if kind[0] == "dict" else [(str(place), part) for place, part in enumerate(kind[1])]


def _encode_numbers(kind: Kind, values: Sequence[Any], mask: np.ndarray[Any, np.dtype[np.bool_]]) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - as above

    shape = kind[2] if kind[0] == "array" else ()
    block = np.zeros((len(values), *shape), np.dtype(kind[1]))
    for place, value in enumerate(values):
        if value is not None:
            block[place] = value
    if not shape:
        return pa.array(block, mask=mask, from_pandas=False)
    array = pa.array(block.reshape(-1), from_pandas=False)
    for size in reversed(shape[1:]):
        array = pa.FixedSizeListArray.from_arrays(array, type=pa.list_(pa.field("element", array.type), size))
    outer = pa.list_(pa.field("element", array.type), shape[0])
    return pa.FixedSizeListArray.from_arrays(array, type=outer, mask=pa.array(mask) if mask.any() else None)


def _decode_numbers(kind: Kind, array: pa.Array) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    there = array.is_valid().to_pylist()
    shape = kind[2] if kind[0] == "array" else ()
    # Without the rows that have none: what stands in their place differs. A list of a fixed size holds something, one
    # of any size, which it became where another file of the run has arrays of another shape, holds nothing.
    flat = array.drop_null()
    for _ in shape:
        flat = flat.flatten()
    dtype = np.dtype(kind[1])
    arrow = pa.from_numpy_dtype(dtype)
    if flat.type != arrow:
        flat = flat.cast(arrow, safe=False)  # exact: it was of this type
    block = flat.to_numpy(zero_copy_only=False).astype(dtype, copy=False).reshape(-1, *shape)
    found = iter(block) if kind[0] == "np" else map(np.array, block)
    return [next(found) if is_there else None for is_there in there]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.chunk(0) if hasattr(whole, "num_chunks") else whole
