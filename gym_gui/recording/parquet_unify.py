"""One schema for all tables of a run: files that lack a later column, or have a narrower type, are written once more.

So one plain call of any program reads a run's tables together. What each file held comes back as it was: a number
that stands in a wider column now remembers what it was, and where types have nothing in common (the parts of a OneOf,
text after numbers) the first one is the column's, and what other files held stands beside it as bytes, as what does not
fit its column does within a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.recording.journal import unreadable
from gym_gui.recording.parquet_columns import EXACT_SUFFIX, exact_bytes, values_of
from gym_gui.recording.parquet_files import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from gym_gui.recording.parquet_files import Compression


def unify(paths: Sequence[Path], compression: Compression) -> pa.Schema | None:
    """Give the tables of a run one schema.

    Returns:
        The schema; None where there are no files.

    Raises:
        RecordingError: a file cannot be read or written.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy; only where Parquet is written
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    schemas = []
    for path in paths:
        try:
            schemas.append(pq.read_schema(path))
        except (OSError, pa.ArrowException) as error:
            raise unreadable(path, error) from error
    if not schemas:
        return None
    whole = unified(schemas)
    for path, schema in zip(paths, schemas, strict=True):
        if not _is_like(schema, whole):
            _rewrite(path, schema, whole, compression)
    return whole


def unified(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """The schema that holds every column of *schemas*, each in the widest of its types."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    types: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            types[field.name] = _wider(types.get(field.name, field.type), field.type) or types[field.name]
    fields: dict[str, pa.Field] = {}
    for name, arrow in types.items():
        fields[name] = pa.field(name, arrow)
        if any(_is_apart(schema, fields[name]) for schema in schemas):
            exact = f"{name}{EXACT_SUFFIX}"
            fields[exact] = pa.field(exact, pa.binary())
    return pa.schema(list(fields.values()))


def together(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables whose files have no one schema yet, as one."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    whole = unified([table.schema for table in tables])
    return pa.concat_tables([_set_apart(table, whole) for table in tables], promote_options="permissive")


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type to which both can be cast exactly; None where there is none.

    Not all that PyArrow would promote: text that became bytes, or a yes that became 1, would not be what it was.
    """
    import pyarrow as pa  # noqa: PLC0415 - as above

    if one == other:
        return one
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        return _wider_struct(one, other)
    if _is_list(one) and _is_list(other):
        return _wider_list(one, other)
    return _wider_number(one, other)


def _wider_struct(one: pa.StructType, other: pa.StructType) -> pa.DataType | None:
    import pyarrow as pa  # noqa: PLC0415 - as above

    types: dict[str, pa.DataType | None] = {field.name: field.type for field in one}
    for field in other:
        known = types.get(field.name)
        types[field.name] = field.type if known is None else _wider(known, field.type)
    return None if None in types.values() else pa.struct(list(types.items()))


def _wider_list(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    import pyarrow as pa  # noqa: PLC0415 - as above

    element = _wider(one.value_type, other.value_type)
    sizes = {arrow.list_size if pa.types.is_fixed_size_list(arrow) else -1 for arrow in (one, other)}
    size = sizes.pop() if len(sizes) == 1 else -1  # of any size
    return None if element is None else pa.list_(pa.field("element", element), size)


def _wider_number(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    import pyarrow as pa  # noqa: PLC0415 - as above

    if not all(pa.types.is_integer(arrow) or pa.types.is_floating(arrow) for arrow in (one, other)):
        return None
    try:
        schemas = [pa.schema([("number", arrow)]) for arrow in (one, other)]
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return None


def _is_list(arrow: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415 - as above

    return bool(pa.types.is_list(arrow) or pa.types.is_fixed_size_list(arrow))


def _is_apart(schema: pa.Schema, field: pa.Field) -> bool:
    """Whether what a file of that *schema* has in a column cannot stand in *field*."""
    place = schema.get_field_index(field.name)
    return bool(place >= 0 and _wider(field.type, schema.field(place).type) != field.type)


def _set_apart(table: pa.Table, whole: pa.Schema) -> pa.Table:
    """*table* with what cannot stand in the columns of *whole* beside them, as bytes."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    for field in whole:
        if not _is_apart(table.schema, field):
            continue
        values = values_of(field.name, table)
        exact = pa.array([None if value is None else exact_bytes(value) for value in values], pa.binary())
        table = table.set_column(table.schema.get_field_index(field.name), field, pa.nulls(len(values), field.type))
        name = f"{field.name}{EXACT_SUFFIX}"
        place = table.schema.get_field_index(name)
        table = table.append_column(name, exact) if place < 0 else table.set_column(place, name, exact)
    return table


def _is_like(schema: pa.Schema, whole: pa.Schema) -> bool:
    return bool(schema.names == whole.names and schema.types == whole.types)


def _rewrite(path: Path, schema: pa.Schema, whole: pa.Schema, compression: Compression) -> None:
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    target = pa.schema([_field_for(schema, field) for field in whole], metadata=schema.metadata)
    try:
        with (
            whole_file(path) as partial,
            pq.ParquetFile(path) as file,
            pq.ParquetWriter(partial, target, **compression.options()) as writer,
        ):
            for group in range(file.num_row_groups):
                table = _set_apart(file.read_row_group(group), whole)
                columns = [_column_for(table, field) for field in target]
                writer.write_table(pa.Table.from_arrays(columns, schema=target), row_group_size=max(1, table.num_rows))
    except pa.ArrowInvalid:
        return  # a number that the wider type cannot hold exactly: the file stays as it is


def _field_for(schema: pa.Schema, field: pa.Field) -> pa.Field:
    place = schema.get_field_index(field.name)
    if place < 0 or _is_apart(schema, field):
        return field
    return field.with_metadata(schema.field(place).metadata)


def _column_for(table: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - as above

    if field.name not in table.schema.names:
        return pa.nulls(table.num_rows, field.type)
    column = table.column(field.name)
    if column.type == field.type:
        return column
    widened = column.cast(field.type)
    if widened.cast(column.type, safe=False) != column:
        raise pa.ArrowInvalid(f"{field.name} does not fit {field.type}")
    return widened
