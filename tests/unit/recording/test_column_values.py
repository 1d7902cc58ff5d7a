"""Columns of any values come back exactly, out of Parquet and out of HDF5."""

from __future__ import annotations

import io
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gym_gui.recording.hdf5_columns import ColumnWriter, Storage, read_column
from gym_gui.recording.parquet_columns import arrays_of, fields_of, values_of
from gym_gui.recording.parquet_files import Compression
from gym_gui.recording.parquet_unify import unify
from gym_gui.recording.value_kinds import NULL, ColumnKind, from_json, kind_of, merge, to_json
from gym_gui.testing.recorder_contract import same

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_NUMBERS = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), _TEXT, st.binary(max_size=5), st.none()
)
_SCALARS = st.sampled_from(["?", "i1", "u2", "<i4", "u8", "f2", "f4", "f8", "c8", ">i2"]).flatmap(
    lambda dtype: hnp.from_dtype(np.dtype(dtype))
)
_ARRAYS = hnp.arrays(
    st.sampled_from(["?", "u1", "i4", "f4", "f8", "c8", ">f4"]),
    hnp.array_shapes(min_dims=0, max_dims=3, max_side=3, min_side=0),
)
_LEAVES = st.one_of(_NUMBERS, _SCALARS, _ARRAYS)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(_TEXT, inner, max_size=3),
    ),
    max_leaves=6,
)
# Columns as they are: most values of one form, now and then another.
_LIKE = st.fixed_dictionaries(
    {"lives": st.integers(0, 5)},
    optional={"position": st.tuples(st.floats(), st.floats()), "seen": hnp.arrays("f4", (2, 3)), "name": _TEXT},
)
_COLUMNS = st.one_of(st.lists(_VALUES, max_size=6), st.lists(_LIKE, max_size=6), st.lists(_ARRAYS, max_size=6))


def _kind(values: Sequence[Any]) -> ColumnKind:
    column = ColumnKind()
    for value in values:
        column.add(value)
    return column


def table_of(values: Sequence[Any]) -> pa.Table:
    """A table of one column of *values*."""
    column = _kind(values)
    fields = fields_of("value", column)
    schema = pa.schema([pa.field("row", pa.int64()), *fields])
    rows = pa.array(range(len(values)), pa.int64())
    return pa.Table.from_arrays([rows, *arrays_of(fields, column, values)], schema=schema)


def through_parquet(values: Sequence[Any]) -> list[Any]:
    """*values* written and read."""
    file = io.BytesIO()
    pq.write_table(table_of(values), file)
    return values_of("value", pq.read_table(file))


def through_unified_files(*columns: Sequence[Any]) -> list[list[Any]]:
    """*columns* written to a file each, given one schema, and read."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.parquet") for number in range(len(columns))]
        for path, values in zip(paths, columns, strict=True):
            pq.write_table(table_of(values), path)
        unify(paths, Compression())
        return [values_of("value", pq.ParquetFile(path).read()) for path in paths]


def through_hdf5(values: Sequence[Any]) -> list[Any]:
    """*values* written and read."""
    with h5py.File("values", "w", driver="core", backing_store=False) as file:
        writer = ColumnWriter(file, "value", _kind(values), rows=len(values), storage=Storage(), description="")
        for start in range(0, len(values), 2):
            writer.append(values[start : start + 2])
        return read_column(file, "value", 0, len(values))


@given(_COLUMNS)
def test_that_parquet_gives_back_every_value(values: list[Any]) -> None:
    found = through_parquet(values)
    assert len(found) == len(values)
    for one, expected in zip(found, values, strict=True):
        assert same(one, expected), (one, expected)


@given(st.lists(_COLUMNS, min_size=2, max_size=3))
@example([[np.zeros(1), np.zeros(2)], [np.zeros(3)]])
@example([[(0, "a")], [(1, np.zeros(2, np.float16))], [(2, 3)]])
@example([["a"], [1], ["1"], [True], [b"1"]])
def test_that_parquet_gives_back_every_value_of_files_with_one_schema(columns: list[list[Any]]) -> None:
    for found, expected in zip(through_unified_files(*columns), columns, strict=True):
        assert same(found, expected), (found, expected)


@given(_COLUMNS)
def test_that_hdf5_gives_back_every_value(values: list[Any]) -> None:
    found = through_hdf5(values)
    assert len(found) == len(values)
    for one, expected in zip(found, values, strict=True):
        assert same(one, expected), (one, expected)


@given(_VALUES, _VALUES, _VALUES)
def test_that_a_merged_kind_holds_what_its_parts_held(one: Any, other: Any, third: Any) -> None:
    first, second, more = kind_of(one), kind_of(other), kind_of(third)
    if first is None or second is None:
        return
    merged = merge(first, second)
    assert merged == merge(second, first)
    if merged is not None:
        assert merge(merged, first) == merged == merge(merged, NULL)
        assert from_json(to_json(merged)) == merged
        if more is not None and (wider := merge(merged, more)) is not None:
            assert merge(wider, first) == wider


@pytest.mark.parametrize(
    ("values", "arrow"),
    [
        ([1, None, 3], pa.int64()),
        ([0.5, math.nan], pa.float64()),
        ([np.float32(0.5)], pa.float32()),
        ([np.zeros(3, np.uint8)], pa.list_(pa.field("element", pa.uint8()), 3)),
        ([{"lives": 3}, {"name": "x"}], pa.struct([("lives", pa.int64()), ("name", pa.string())])),
        ([[1.0], []], pa.list_(pa.field("element", pa.float64()))),
    ],
)
def test_that_a_column_has_the_type_of_its_values(values: list[Any], arrow: pa.DataType) -> None:
    (field,) = fields_of("value", _kind(values))
    assert field.type == arrow


def test_that_what_does_not_fit_stands_beside_the_column() -> None:
    fields = fields_of("value", _kind([1, 2, 2.5]))
    assert [(field.name, field.type) for field in fields] == [("value", pa.int64()), ("value_exact", pa.binary())]
