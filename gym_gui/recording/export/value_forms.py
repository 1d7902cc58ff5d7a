"""The form that values share (an int, a ``float32 (3,)``, a dict of these), so that they can be columns, and back.

A form is exact: a value taken apart into leaves by its form and put together again is equal in every bit and type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from gym_gui.core.value_codec import decode_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

# One column of a leaf: (rows, *shape) for numbers, a list for text and bytes.
LeafColumn: TypeAlias = "NDArray[Any] | list[Any]"
_DTYPES: Final = frozenset(
    np.dtype(code).str for code in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")
)
# HDF5 has these numbers, too, and arrays of none; tables have not.
_WIDE_DTYPES: Final = _DTYPES | {np.dtype("f2").str}
_NATIVE: Final = {int: "int", float: "float", bool: "bool", str: "text", bytes: "bytes"}
_NATIVE_DTYPES: Final = {"int": np.dtype(np.int64), "float": np.dtype(np.float64), "bool": np.dtype(np.bool_)}
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Form:
    """What a value is made of.

    Attributes:
        kind: ``int``, ``float``, ``bool``, ``text``, ``bytes`` (Python's), ``array``, ``scalar`` (NumPy's), or
            ``dict``, ``tuple``, ``list``.
        dtype: Of an array or scalar, as ``dtype.str``.
        shape: Of an array.
        names: Keys of a dict.
        parts: Forms of the values of a dict, of the items of a tuple or list.
    """

    kind: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    names: tuple[str | int, ...] = ()
    parts: tuple[Form, ...] = ()

    @property
    def is_leaf(self) -> bool:
        """Whether it is one column."""
        return self.kind not in {"dict", "tuple", "list"}

    @property
    def items(self) -> int:
        """Numbers or texts in one value."""
        if not self.is_leaf:
            return sum(part.items for part in self.parts)
        return int(np.prod(self.shape, dtype=np.int64))

    def to_json(self) -> dict[str, Any]:
        """As JSON values, which `from_json` reads back."""
        found: dict[str, Any] = {"kind": self.kind}
        if self.dtype:
            found["dtype"] = self.dtype
        if self.kind == "array":
            found["shape"] = list(self.shape)
        if self.kind == "dict":
            found["names"] = list(self.names)
        if not self.is_leaf:
            found["parts"] = [part.to_json() for part in self.parts]
        return found

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Form:
        """The form that `to_json` wrote."""
        return cls(
            document["kind"],
            document.get("dtype", ""),
            tuple(document.get("shape", ())),
            tuple(document.get("names", ())),
            tuple(map(cls.from_json, document.get("parts", ()))),
        )


INT: Final = Form("int")


def form_of(value: Any, *, wide: bool = False) -> Form | None:
    """The form of one value; None where it cannot be columns (None inside, an odd dtype, a stranger's object).

    Args:
        value: Anything.
        wide: Whether half floats and empty arrays have a form.
    """
    native = _NATIVE.get(type(value))
    if native is not None:
        return None if native == "int" and not _INT64_MIN <= value <= _INT64_MAX else Form(native)
    if isinstance(value, np.ndarray):
        return Form("array", value.dtype.str, value.shape) if _is_column(value.dtype, value.shape, wide=wide) else None
    if isinstance(value, np.generic):
        return Form("scalar", value.dtype.str) if _is_column(value.dtype, (), wide=wide) else None
    if type(value) is dict:
        return _container("dict", tuple(value), [form_of(part, wide=wide) for part in value.values()])
    if type(value) in {tuple, list}:
        return _container(type(value).__name__, (), [form_of(part, wide=wide) for part in value])
    return None


def _is_column(dtype: np.dtype[Any], shape: tuple[int, ...], *, wide: bool) -> bool:
    return dtype.str in _WIDE_DTYPES if wide else dtype.str in _DTYPES and 0 not in shape


def _container(kind: str, names: tuple[Any, ...], parts: list[Form | None]) -> Form | None:
    kept = tuple(part for part in parts if part is not None)
    whole = kept and len(kept) == len(parts) and len(set(map(str, names))) == len(names)
    return Form(kind, names=names, parts=kept) if whole else None


def leaf_paths(form: Form, prefix: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Form]]:
    """Each leaf with the keys and places that lead to it, in the order of `take_apart`."""
    if form.is_leaf:
        yield prefix, form
    names = form.names if form.kind == "dict" else tuple(range(len(form.parts)))
    for name, part in zip(names, form.parts, strict=True):
        yield from leaf_paths(part, (*prefix, name))


def take_apart(form: Form, values: Sequence[Any]) -> list[LeafColumn]:
    """One column a leaf, of values that all have *form*; what is None becomes zeros or empty text."""
    if form.is_leaf:
        return [_leaf_column(form, values)]
    names = form.names if form.kind == "dict" else tuple(range(len(form.parts)))
    columns: list[LeafColumn] = []
    for name, part in zip(names, form.parts, strict=True):
        columns += take_apart(part, [None if value is None else value[name] for value in values])
    return columns


def _leaf_column(form: Form, values: Sequence[Any]) -> LeafColumn:
    if form.kind in {"text", "bytes"}:
        empty: str | bytes = "" if form.kind == "text" else b""
        return [empty if value is None else value for value in values]
    dtype = _NATIVE_DTYPES.get(form.kind) or np.dtype(form.dtype)
    column = np.zeros((len(values), *form.shape), dtype)
    for row, value in enumerate(values):
        if value is not None:
            column[row] = value
    return column


def put_together(form: Form, columns: Sequence[LeafColumn], row: int) -> Any:
    """The value of one row out of the columns that `take_apart` made."""
    value, used = _put(form, columns, row)
    assert used == len(columns)  # noqa: S101 - columns of another form are our own mistake
    return value


def _put(form: Form, columns: Sequence[LeafColumn], row: int) -> tuple[Any, int]:
    if form.is_leaf:
        item = columns[0][row]
        if form.kind == "array":
            item = np.array(item, dtype=np.dtype(form.dtype), copy=True).reshape(form.shape)
        elif form.kind in _NATIVE_DTYPES and isinstance(item, np.generic):
            item = item.item()
        return item, 1
    parts, used = [], 0
    for part in form.parts:
        value, count = _put(part, columns[used:], row)
        parts.append(value)
        used += count
    if form.kind == "dict":
        return dict(zip(form.names, parts, strict=True)), used
    return (tuple(parts) if form.kind == "tuple" else parts), used


def common_form(encoded: Sequence[int | bytes | None], *, wide: bool = False) -> tuple[Form | None, bool]:
    """The one form of values as `encode_value` writes them; *wide* as `form_of` has it.

    Returns:
        The form and True; None and True where every value is None; None and False where they differ or have none.
    """
    kinds = set(map(type, encoded)) - {type(None)}
    if not kinds:
        return None, True
    if kinds == {int}:
        return INT, True
    present = [one for one in encoded if one is not None]
    if kinds == {bytes} and _same_header(present) is not None:
        return form_of(decode_value(present[0])), True
    first: Form | None = None
    for one in present:
        form = form_of(decode_value(one), wide=wide)
        if form is None or (first is not None and form != first):
            return None, False
        first = form
    return first, True


def _same_header(blobs: Sequence[Any]) -> tuple[NDArray[Any], NDArray[np.uint8]] | None:
    """A first array, and the bytes of all of them, where every blob is an array of its dtype and shape."""
    first = decode_value(blobs[0])
    if not isinstance(first, np.ndarray) or first.dtype.str not in _DTYPES or not first.nbytes:
        return None
    size = len(blobs[0])
    if any(len(blob) != size for blob in blobs):
        return None
    matrix = np.frombuffer(b"".join(blobs), np.uint8).reshape(len(blobs), size)
    header = size - first.nbytes
    return (first, matrix[:, header:]) if bool((matrix[:, :header] == matrix[0, :header]).all()) else None


def encoded_columns(form: Form, encoded: Sequence[int | bytes | None]) -> list[LeafColumn]:
    """`take_apart` of values as `encode_value` writes them, at once where they are integers or arrays."""
    if form == INT:
        return [np.array([0 if one is None else one for one in encoded], np.int64)]
    rows = [row for row, one in enumerate(encoded) if one is not None]
    if form.kind == "array" and rows:
        found = _same_header([encoded[row] for row in rows])
        if found is not None:
            first, body = found
            column = np.zeros((len(encoded), *first.shape), first.dtype)
            column[rows] = np.ascontiguousarray(body).view(first.dtype).reshape(len(rows), *first.shape)
            return [column]
    return take_apart(form, [decode_value(one) for one in encoded])


def form_of_dtype(dtype: np.dtype[Any], shape: tuple[int, ...], *, wide: bool = False) -> Form | None:
    """The form of items of an array as `core.packing` stores them: fields are dicts, numbered ones tuples."""
    if dtype.names is None:
        if not _is_column(dtype, shape, wide=wide):
            return None
        return Form("array", dtype.str, shape) if shape else Form("scalar", dtype.str)
    if shape:  # an array of structures has no columns
        return None
    parts = []
    for name in dtype.names:
        field = dtype.fields[name][0] if dtype.fields else dtype
        parts.append(form_of_dtype(field.base, field.shape, wide=wide))
    numbered = all(name == str(place) for place, name in enumerate(dtype.names))
    return _container("tuple" if numbered else "dict", () if numbered else dtype.names, parts)


def packed_dtype(form: Form) -> np.dtype[Any] | None:
    """The dtype of items of *form* as `core.packing` stores them, without gaps; None where something has no dtype."""
    if form.is_leaf:
        return np.dtype((np.dtype(form.dtype), form.shape)) if form.dtype else None
    names = map(str, form.names if form.kind == "dict" else range(len(form.parts)))
    fields = [(name, packed_dtype(part)) for name, part in zip(names, form.parts, strict=True)]
    return None if any(dtype is None for _, dtype in fields) else np.dtype([(name, dtype) for name, dtype in fields])


def packed_columns(form: Form, items: NDArray[Any]) -> list[LeafColumn]:
    """`take_apart` of an array of items that `core.packing` stored, ``(rows, *shape)``."""
    if form.is_leaf:
        return [items]
    columns: list[LeafColumn] = []
    for name, part in zip(items.dtype.names or (), form.parts, strict=True):
        columns += packed_columns(part, items[name])
    return columns
