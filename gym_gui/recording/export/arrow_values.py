"""Values of one form as an Arrow array, and back: numbers, fixed-size lists, structs; exact in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.recording.export.value_forms import Form, LeafColumn


def arrow_type(form: Form) -> Any:
    """The Arrow type of values of *form*."""
    import pyarrow as pa  # noqa: PLC0415 - only where Arrow is written

    natives = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "text": pa.string(), "bytes": pa.binary()}
    if form.kind in natives:
        return natives[form.kind]
    if form.is_leaf:
        found = pa.from_numpy_dtype(np.dtype(form.dtype))
        for size in reversed(form.shape):
            found = pa.list_(found, size)
        return found
    return pa.struct([(name, arrow_type(part)) for name, part in zip(field_names(form), form.parts, strict=True)])


def field_names(form: Form) -> list[str]:
    """Names of a struct's fields: a dict's keys, or places."""
    return [str(name) for name in (form.names if form.kind == "dict" else range(len(form.parts)))]


def arrow_values(form: Form, leaves: list[LeafColumn], absent: NDArray[np.bool_]) -> Any:
    """An Arrow array of the columns that `take_apart` made.

    Args:
        form: Of the values.
        leaves: Columns, taken from the front; what is left belongs to the values behind.
        absent: ``bool (rows,)``: where there is no value.
    """
    import pyarrow as pa  # noqa: PLC0415 - as above

    if not form.is_leaf:
        parts = [arrow_values(part, leaves, absent) for part in form.parts]
        mask = pa.array(absent) if absent.any() else None
        return pa.StructArray.from_arrays(parts, names=field_names(form), mask=mask)
    leaf = leaves.pop(0)
    if isinstance(leaf, list):
        values = [None if gone else value for value, gone in zip(leaf, absent.tolist(), strict=True)]
        return pa.array(values, arrow_type(form))
    if not form.shape:
        return pa.array(leaf, arrow_type(form), mask=absent)
    found = pa.array(np.ascontiguousarray(leaf).reshape(-1))
    for size in reversed(form.shape[1:]):
        found = pa.FixedSizeListArray.from_arrays(found, size)
    mask = pa.array(absent) if absent.any() else None
    return pa.FixedSizeListArray.from_arrays(found, form.shape[0], mask=mask)


def leaves_of_arrow(form: Form, values: Any) -> list[LeafColumn]:
    """The columns that `take_apart` made, out of an Arrow array of `arrow_type`; nothing is shared."""
    if not form.is_leaf:
        leaves: list[LeafColumn] = []
        for name, part in zip(field_names(form), form.parts, strict=True):
            leaves += leaves_of_arrow(part, values.field(name))
        return leaves
    rows = len(values)
    if form.kind in {"text", "bytes"}:
        return [values.to_pylist()]
    dtype = np.dtype({"int": "<i8", "float": "<f8", "bool": "|b1"}.get(form.kind, form.dtype))
    present = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    kept = values.drop_null() if not present.all() else values
    for _ in form.shape:
        kept = kept.flatten()
    column = np.zeros((rows, *form.shape), dtype)
    column[present] = kept.to_numpy(zero_copy_only=False).astype(dtype, copy=False).reshape(-1, *form.shape)
    return [column]


def raw_bytes(group: Sequence[NDArray[Any] | None]) -> Any:
    """A binary Arrow array of arrays' bytes in C order; null where there is none."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    first = group[0] if len(group) else None
    base = None if first is None else first.base
    whole = isinstance(base, np.ndarray) and base.flags.c_contiguous and len(base) == len(group)
    if first is None or not whole or not all(one is not None and one.base is base for one in group):
        return pa.array([None if one is None else one.tobytes() for one in group], pa.binary())
    # Slices of one array, as a range was read: its memory is taken as it is.
    offsets = np.arange(len(group) + 1, dtype=np.int64) * first.nbytes
    if offsets[-1] >= 2**31:
        return pa.array([one.tobytes() for one in group if one is not None], pa.binary())
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(base)]
    return pa.Array.from_buffers(pa.binary(), len(group), buffers)
