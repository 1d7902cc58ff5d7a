"""Columns of values to HDF5 datasets and back, exactly; any HDF5 reader sees numbers as numbers and text as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import h5py
import msgspec
import numpy as np

from gym_gui.core.errors import ConfigError
from gym_gui.core.info_codec import encode_info
from gym_gui.recording.parquet_columns import EXACT_SUFFIX, exact_bytes, exact_value
from gym_gui.recording.value_kinds import NULL, ColumnKind, fitting_part, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.recording.value_kinds import Kind

COMPRESSIONS: Final = ("gzip", "lzf", "none")
GZIP_LEVEL: Final = 4
# A column of this name and ending says which rows have a value, where some have none.
VALID_SUFFIX: Final = "_valid"
# A column of this name and ending says in JSON, for people, what the exact bytes say for machines.
TEXT_SUFFIX: Final = "_text"
KIND: Final = "gym_gui_kind"
# Smaller items are one block on disk: nothing to gain from compressing them, and the simplest thing to read.
_PLAIN_ITEM_BYTES: Final = 64
# A list that has no items is stored as one of whole numbers.
_NUMBERS: Final[dict[str, type]] = {"null": np.int64, "int": np.int64, "float": np.float64, "bool": np.bool_}


@dataclass(frozen=True, slots=True)
class Storage:
    """How datasets are stored.

    Attributes:
        compression: ``gzip`` (every HDF5 reads it), ``lzf`` (h5py only, faster) or ``none``.
        level: Of gzip, 0 to 9.
        chunk_size: Rows of one chunk of a compressed column.
        shuffle: Bytes of equal weight together before they are compressed, where items have more than one.
        fletcher32: A checksum for each chunk.
        track_order: Groups list their members in the order in which they were made.

    Raises:
        ConfigError: no such compression or level.
    """

    compression: str = "gzip"
    level: int = GZIP_LEVEL
    chunk_size: int = 1000
    shuffle: bool = True
    fletcher32: bool = False
    track_order: bool = True

    def __post_init__(self) -> None:
        if self.compression not in COMPRESSIONS:
            raise ConfigError(
                f"{self.compression!r} is no compression of HDF5 recordings.",
                hint=f"Choose one of {', '.join(COMPRESSIONS)}.",
            )
        if not 0 <= self.level <= 9:  # noqa: PLR2004 - zlib's own levels
            raise ConfigError(f"The compression level is {self.level}; gzip has 0 to 9.")
        if self.chunk_size < 1:
            raise ConfigError(f"chunk_size is {self.chunk_size}; it must be 1 or more.")

    def filters(self, dtype: np.dtype[Any]) -> dict[str, Any]:
        """Keyword arguments of ``create_dataset`` for a chunked dataset."""
        if self.compression == "none":
            return {"fletcher32": self.fletcher32}
        level = {"compression_opts": self.level} if self.compression == "gzip" else {}
        shuffle = self.shuffle and dtype.itemsize > 1
        return {"compression": self.compression, "shuffle": shuffle, "fletcher32": self.fletcher32, **level}


class ColumnWriter:
    """Writes one column of an episode, some rows at a time.

    Args:
        group: The episode's group.
        name: Of the column.
        column: Its kind.
        rows: How many rows there will be.
        storage: How.
        description: What it is, for whoever opens the file.
    """

    def __init__(
        self, group: h5py.Group, name: str, column: ColumnKind, *, rows: int, storage: Storage, description: str
    ) -> None:
        self._column = column
        self._at = 0
        self._exact: Any = None
        self._text: Any = None
        self._typed = column.kind != NULL and _has_form(column.kind)
        if self._typed:
            _create(group, name, column.kind, rows, storage)
            group[name].attrs[KIND] = msgspec.json.encode(to_json(column.kind)).decode()
            group[name].attrs["description"] = description
        if column.exceptions or (not self._typed and column.kind != NULL):
            self._exact = group.create_dataset(f"{name}{EXACT_SUFFIX}", rows, h5py.vlen_dtype(np.uint8))
            self._exact.attrs["description"] = f"{description} MessagePack of what the column cannot hold exactly."
            self._text = group.create_dataset(f"{name}{TEXT_SUFFIX}", rows, h5py.string_dtype())
            self._text.attrs["description"] = f"{description} JSON, to be read, of what the column cannot hold exactly."
        self._group, self._name = group, name

    def append(self, values: Sequence[Any]) -> None:
        """Write the values of the next rows; None where there is none."""
        stop = self._at + len(values)
        if self._exact is None:
            if self._typed:
                _write(self._group, self._name, self._column.kind, self._at, values)
            self._at = stop
            return
        fitting = [self._typed and self._column.fits(value) for value in values]
        if self._typed:
            kind = self._column.kind
            fitted = [value if fits else fitting_part(kind, value) for value, fits in zip(values, fitting, strict=True)]
            _write(self._group, self._name, self._column.kind, self._at, fitted)
        for place, (value, fits) in enumerate(zip(values, fitting, strict=True), self._at):
            stored = None if fits else exact_bytes(value)
            if stored is not None:
                self._exact[place] = np.frombuffer(stored, np.uint8)
                self._text[place] = encode_info(value if isinstance(value, dict) else {"value": value}) or "{}"
        self._at = stop


def read_column(group: h5py.Group, name: str, start: int, stop: int) -> list[Any]:
    """The values of rows of a column; all None where it is not there."""
    values: list[Any] = [None] * (stop - start)
    if name in group:
        kind = from_json(msgspec.json.decode(group[name].attrs[KIND]))
        values = _read(group, name, kind, start, stop)
    if f"{name}{EXACT_SUFFIX}" in group:
        for place, stored in enumerate(group[f"{name}{EXACT_SUFFIX}"][start:stop]):
            if len(stored):
                values[place] = exact_value(stored.tobytes())
    return values


def _has_form(kind: Kind) -> bool:
    if kind[0] in {"dict", "tuple"}:
        return bool(kind[1]) and all(_is_name(key) and _has_form(part) for key, part in _parts(kind))
    if kind[0] == "list":
        return kind[1][0] in {"null", "int", "float", "str"}
    return kind[0] in {"int", "float", "bool", "np", "array", "str"}


def _is_name(key: str) -> bool:
    return "/" not in key and key != "." and not key.endswith(VALID_SUFFIX)


def _parts(kind: Kind) -> list[tuple[str, Kind]]:
    return list(kind[1]) if kind[0] == "dict" else [(str(place), part) for place, part in enumerate(kind[1])]


def _dtype_of(kind: Kind) -> tuple[Any, tuple[int, ...]]:
    if kind[0] == "str":
        return h5py.string_dtype(), ()
    if kind[0] == "list":
        return h5py.vlen_dtype(_dtype_of(kind[1])[0]), ()
    if kind[0] in _NUMBERS:
        return np.dtype(_NUMBERS[kind[0]]), ()
    return np.dtype(kind[1]), kind[2] if kind[0] == "array" else ()


def _create(group: h5py.Group, name: str, kind: Kind, rows: int, storage: Storage) -> None:
    if kind[0] in {"dict", "tuple"}:
        inner = group.create_group(name, track_order=storage.track_order)
        for key, part in _parts(kind):
            _create(inner, key, part, rows, storage)
        return
    dtype, shape = _dtype_of(kind)
    layout: dict[str, Any] = {}
    if rows and shape and dtype.itemsize * int(np.prod(shape)) > _PLAIN_ITEM_BYTES:
        layout = {"chunks": (min(rows, storage.chunk_size), *shape), **storage.filters(dtype)}
    group.create_dataset(name, (rows, *shape), dtype, **layout)


def _write(group: h5py.Group, name: str, kind: Kind, start: int, values: Sequence[Any]) -> None:
    there = np.fromiter([one is not None for one in values], np.bool_, len(values))
    _write_valid(group, name, start, there)
    if kind[0] == "dict":
        for key, part in kind[1]:
            _write(group[name], key, part, start, [None if one is None else one.get(key) for one in values])
        return
    if kind[0] == "tuple":
        for place, part in enumerate(kind[1]):
            _write(group[name], str(place), part, start, [None if one is None else one[place] for one in values])
        return
    dtype, shape = _dtype_of(kind)
    if kind[0] in {"str", "list"}:
        for place, value in enumerate(values, start):
            if value:
                group[name][place] = value
        return
    if there.all():
        block = np.stack(values) if kind[0] == "array" else np.array(values, dtype)
    else:
        block = np.zeros((len(values), *shape), dtype)
        for place in np.flatnonzero(there).tolist():
            block[place] = values[place]
    group[name][start : start + len(values)] = block


def _write_valid(group: h5py.Group, name: str, start: int, there: NDArray[np.bool_]) -> None:
    valid = f"{name}{VALID_SUFFIX}"
    if valid not in group:
        if there.all():
            return
        rows = _rows_of(group[name])
        group.create_dataset(valid, rows, np.bool_, fillvalue=True)
        group[valid].attrs["description"] = f"Whether a row has a value in {name}."
    group[valid][start : start + len(there)] = there


def _rows_of(item: Any) -> int:
    while isinstance(item, h5py.Group):
        item = item[next(iter(list(item)))]
    return len(item)


def _read(group: h5py.Group, name: str, kind: Kind, start: int, stop: int) -> list[Any]:
    valid = f"{name}{VALID_SUFFIX}"
    there = group[valid][start:stop] if valid in group else np.ones(stop - start, np.bool_)
    if kind[0] in {"dict", "tuple"}:
        columns = [(key, _read(group[name], key, part, start, stop)) for key, part in _parts(kind)]
        if kind[0] == "tuple":
            rows = zip(*(items for _, items in columns), strict=True)
            return [row if is_there else None for row, is_there in zip(rows, there, strict=True)]
        return [
            {key: items[place] for key, items in columns if items[place] is not None} if is_there else None
            for place, is_there in enumerate(there)
        ]
    values = _plain_values(group[name], kind, start, stop)
    return [value if is_there else None for value, is_there in zip(values, there, strict=True)]


def _plain_values(dataset: Any, kind: Kind, start: int, stop: int) -> list[Any]:
    if kind[0] == "str":
        return list(dataset.asstr()[start:stop])
    block = dataset[start:stop]
    if kind[0] == "list":
        texts = kind[1][0] == "str"
        return [[one.decode() for one in item] if texts else item.tolist() for item in block]
    if kind[0] in _NUMBERS:
        found: list[Any] = block.tolist()
        return found
    return list(block) if kind[0] == "np" else [np.array(item) for item in block]
