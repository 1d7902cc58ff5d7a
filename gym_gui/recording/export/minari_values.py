"""Values and infos as Minari lays them out in HDF5: groups for dicts and tuples, one dataset a leaf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import h5py
import numpy as np

from gym_gui.core.errors import ExportError
from gym_gui.recording.export.table import infos_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.recording.export.value_forms import Form, LeafColumn
    from gym_gui.telemetry.step_columns import StepColumns

INFO_JSON: Final = "info_json"
_STRING: Final = h5py.string_dtype("utf-8")
_CHUNK_BYTES: Final = 1 << 20
#: Level of gzip where none is chosen.
FAST_GZIP: Final = 1
_INT64: Final = 2**63


def create(
    group: h5py.Group, name: str, items: NDArray[Any], rows: int, compression: tuple[str, int] = ("gzip", FAST_GZIP)
) -> Any:
    """The dataset *name* for so many rows like those of *items*; the one that is there already is taken."""
    if name in group:
        return group[name]
    shape = items.shape[1:]
    if 0 in shape:  # nothing to cut into chunks
        return group.create_dataset(name, (rows, *shape), items.dtype)
    item_bytes = max(1, int(np.prod(shape, dtype=np.int64)) * items.dtype.itemsize)
    chunk = max(1, min(rows, _CHUNK_BYTES // item_bytes))
    how, level = compression
    filters: dict[str, Any] = {} if how == "none" else {"compression": how}
    if how == "gzip":
        filters["compression_opts"] = level
    return group.create_dataset(
        name, (rows, *shape), items.dtype, maxshape=(None, *shape), chunks=(chunk, *shape), **filters
    )


def write_leaves(
    group: h5py.Group,
    name: str,
    form: Form,
    leaves: Sequence[LeafColumn],
    *,
    place: tuple[int, int],
    compression: tuple[str, int] = ("gzip", FAST_GZIP),
) -> Sequence[LeafColumn]:
    """Write columns of *form*.

    Args:
        group: Where to.
        name: What they are called there.
        form: Of the values.
        leaves: Their columns.
        place: First row to write, and rows in all.
        compression: Of numbers.

    Returns:
        The columns that are left over: they belong to what follows.
    """
    start, rows = place
    if not form.is_leaf:
        inner = group.require_group(name)
        names = [str(one) for one in form.names] if form.kind == "dict" else _places(len(form.parts))
        for part_name, part in zip(names, form.parts, strict=True):
            leaves = write_leaves(inner, part_name, part, leaves, place=place, compression=compression)
        return leaves
    leaf = leaves[0]
    if isinstance(leaf, list):
        if any(not isinstance(one, str) or "\0" in one for one in leaf):
            raise ExportError(
                f"Some {name} hold bytes or a NUL character, which Minari cannot hold.",
                hint="Export the run as parquet, hdf5 or sqlite.",
            )
        dataset = group[name] if name in group else group.create_dataset(name, (rows,), _STRING, maxshape=(None,))
    else:
        dataset = create(group, name, leaf, rows, compression)
    dataset[start : start + len(leaf)] = leaf
    return leaves[1:]


def misfit_key(form: Form) -> str | None:
    """The first key of a dict that cannot be a name in HDF5, where a slash divides names; None where all can."""
    for name in map(str, form.names):
        if name in {"", "."} or "/" in name or "\0" in name:
            return name
    return next((key for key in map(misfit_key, form.parts) if key is not None), None)


def _places(count: int) -> list[str]:
    return [f"_index_{place}" for place in range(count)]


def info_arrays(group: h5py.Group, pages: Sequence[StepColumns]) -> list[str]:
    """Write every info that all steps have alike as a dataset, and all of them as JSON text.

    Returns:
        Keys that are in the JSON text only.
    """
    infos = [info for page in pages for info in infos_of(page)]
    keys = dict.fromkeys(key for info in infos for key in info)
    left = [key for key in keys if not _write_info(group, key, [info.get(key) for info in infos])]
    if keys:
        texts = [text or "{}" for page in pages for text in page.infos]
        group.create_dataset(INFO_JSON, data=texts, dtype=_STRING, chunks=True, compression="gzip", maxshape=(None,))
    return left


def _write_info(group: h5py.Group, key: str, values: list[Any]) -> bool:
    if key in {"", ".", INFO_JSON} or "/" in key:
        return False
    kinds = set(map(type, values))
    if kinds == {str} and not any("\0" in value for value in values):
        group.create_dataset(key, data=values, dtype=_STRING, chunks=True, maxshape=(None,))
        return True
    if kinds == {dict}:
        return _write_info_group(group, key, values)
    array = _number_array(values, kinds)
    if array is not None:
        group.create_dataset(key, data=array, chunks=True, maxshape=(None, *array.shape[1:]))
    return array is not None


def _write_info_group(group: h5py.Group, key: str, values: list[dict[str, Any]]) -> bool:
    names = list(values[0])
    if not names or any(list(value) != names for value in values):
        return False
    inner = group.create_group(key, track_order=True)
    written = [_write_info(inner, name, [value[name] for value in values]) for name in names]
    if not all(written):
        del group[key]
    return all(written)


def _number_array(values: list[Any], kinds: set[type]) -> Any:
    """An array of numbers or of lists of numbers that are all as long; None where they are not."""
    try:
        if kinds == {list}:
            array = np.array(values)
            inner = {type(one) for value in values for one in np.ravel(np.array(value, object))}
            numbers = inner in ({int}, {float}, {bool}) and array.dtype.kind in "bif" and array.size
        else:
            array = np.array(values)
            numbers = kinds in ({int}, {float}, {bool}) and array.dtype.kind in "bif"
    except (ValueError, OverflowError):  # lists of several lengths, numbers beyond 64 bits
        return None
    return array if numbers else None
