"""One schema for all tables of a run: files that lack a later column, or have a narrower type, are written once more.

So one plain call of any program reads a run's tables together. What each file held comes back as it was: a number
that stands in a wider column now remembers what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.recording.journal import unreadable
from gym_gui.recording.parquet_files import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from gym_gui.recording.parquet_files import Compression


def unify(paths: Sequence[Path], compression: Compression) -> pa.Schema | None:
    """Give the tables of a run one schema.

    A column whose types have nothing in common (a vector that changed its length, say) stays as it is in each file.

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

    fields: dict[str, pa.Field] = {}
    for schema in schemas:
        for field in schema:
            known = fields.get(field.name)
            fields[field.name] = field if known is None else _wider(known, field)
    return pa.schema([field.remove_metadata() for field in fields.values()])


def _wider(one: pa.Field, other: pa.Field) -> pa.Field:
    import pyarrow as pa  # noqa: PLC0415 - as above

    if one.type == other.type:
        return one
    try:
        schemas = [pa.schema([field.remove_metadata()]) for field in (one, other)]
        return pa.unify_schemas(schemas, promote_options="permissive").field(0)
    except pa.ArrowException:
        return one


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
                table = file.read_row_group(group)
                columns = [_column_for(table, field) for field in target]
                writer.write_table(pa.Table.from_arrays(columns, schema=target), row_group_size=max(1, table.num_rows))
    except pa.ArrowInvalid:
        return  # a number that the wider type cannot hold exactly: the file stays as it is


def _field_for(schema: pa.Schema, field: pa.Field) -> pa.Field:
    place = schema.get_field_index(field.name)
    return field if place < 0 else field.with_metadata(schema.field(place).metadata)


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
