"""After a kill: a replay file is copied, compressed chunk by chunk, into a clean one that every tool can open."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import h5py

from gym_gui.core.clock import to_iso, utc_now
from gym_gui.core.errors import ReplayFileError
from gym_gui.replay import layout
from gym_gui.replay.open_files import changing, release_readers
from gym_gui.replay.salvage import items_there, make_openable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LOGGER = logging.getLogger(__name__)
DAMAGED_SUFFIX: Final = ".damaged"
LengthOf: TypeAlias = Callable[[str], int]
_STREAMS = (layout.FRAMES, layout.OBSERVATIONS)
# What every row has exactly one of.
_BY_ROW = (layout.INDEX, layout.REWARDS, layout.DONES)


def recover_file(path: Path, *, keep_rows: int | None = None, keep_items: Mapping[str, int] | None = None) -> bool:
    """Mend *path* if its writer died; a file that was closed in order is left alone.

    Args:
        path: The replay file; no process may be writing it.
        keep_rows: Rows beyond this were never committed to the database and are cut off; None keeps all.
        keep_items: Dataset -> items that committed rows name; a row with one of these is kept in any case, since the
            database may lack a row in between.

    Returns:
        Whether the file had to be mended.

    Raises:
        ReplayFileError: it is no replay file, or is damaged beyond what was flushed.
    """
    # A copy that was being made when the writer died; the file itself is whole.
    path.with_name(f"{path.name}{layout.NEXT_SUFFIX}").unlink(missing_ok=True)
    with changing:
        release_readers(path)  # a handle beside a writer keeps the same process from opening the file in another way
        if _was_closed(path):
            return False
    partial = path.with_name(f"{path.name}.recovering")
    try:
        with changing:
            release_readers(path)
            with (
                _opened(path) as (damaged, length_of),
                h5py.File(partial, "w", libver=layout.LIBVER, locking=False) as clean,
            ):
                _copy(damaged, clean, length_of, keep_rows, keep_items or {})
                missing = _missing_items(clean, keep_items or {})
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            if missing:
                # Never seen without a damaged disk; whoever mends by hand needs what was there.
                path.replace(path.with_name(f"{path.name}{DAMAGED_SUFFIX}"))
            partial.replace(path)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        partial.unlink(missing_ok=True)
        raise ReplayFileError(f"The replay file cannot be read: {error}.", hint=f"File: {path}") from error
    if missing:
        _LOGGER.error(
            "%d arrays that recorded steps name are not in %s; the file as it was is kept beside it as %s.",
            missing,
            path.name,
            f"{path.name}{DAMAGED_SUFFIX}",
        )
    return True


@contextmanager
def _opened(path: Path) -> Iterator[tuple[h5py.File, LengthOf]]:
    """The damaged file, and how many items of each dataset are there."""
    if not layout.is_cut_off(path):
        with h5py.File(path, "r", swmr=True, libver="latest", locking=False) as file:
            yield file, lambda dataset: len(file.get(dataset, ()))
        return
    # A disk that refused its end: what was flushed before is there all the same.
    openable, size_bytes = path.with_name(f"{path.name}.openable"), path.stat().st_size
    try:
        make_openable(path, openable)
        with h5py.File(openable, "r", locking=False) as file:
            yield file, lambda dataset: items_there(file[dataset], size_bytes) if dataset in file else 0
    finally:
        openable.unlink(missing_ok=True)


def _missing_items(clean: h5py.File, keep_items: Mapping[str, int]) -> int:
    """Items that committed rows name and that the mended file does not have."""
    return sum(max(0, count - len(clean.get(dataset, ()))) for dataset, count in keep_items.items())


def _was_closed(path: Path) -> bool:
    """Whether its writer closed it in order; a file that is not ours counts as closed."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            # A writer that dies while it adds a dataset leaves a file that opens, with rows without their arrays.
            return layout.INDEX not in file or file.attrs.get("total_steps") == len(file[layout.INDEX])
    except OSError:
        return False


def _copy(
    damaged: h5py.File,
    clean: h5py.File,
    length_of: LengthOf,
    keep_rows: int | None,
    keep_items: Mapping[str, int],
) -> None:
    rows = _whole_rows(damaged, length_of)
    if keep_rows is not None:
        rows = min(rows, max(keep_rows, _rows_with(damaged[layout.INDEX][:rows], keep_items)))
    index = damaged[layout.INDEX][:rows]
    for spec in _specs(damaged):
        source = damaged[spec.dataset]
        layout.create_dataset(clean, spec)
        if spec.dataset.partition(".")[0] in _STREAMS:
            items = min(length_of(spec.dataset), _items_used(index, spec.dataset))
        elif spec.dataset.startswith("episodes/"):
            continue
        else:
            items = min(length_of(spec.dataset), rows)
        copy_items(source, clean[spec.dataset], items, compressed=spec.compressed)
    starts, lengths = _episodes(damaged, length_of, rows)
    for name, values in ((layout.EPISODE_STARTS, starts), (layout.EPISODE_LENGTHS, lengths)):
        clean[name].resize(len(values), axis=0)
        clean[name][:] = values
    for name, value in damaged.attrs.items():
        clean.attrs[name] = value
    clean.attrs["total_steps"] = rows
    clean.attrs["total_episodes"] = len(starts)
    clean.attrs["recovered_at"] = to_iso(utc_now())


def copy_items(source: Any, target: Any, items: int, *, compressed: bool) -> None:
    """Copy the first *items* of a dataset to an empty one of the same layout; compressed chunks as they are."""
    target.resize(items, axis=0)
    step = source.chunks[0]
    for start in range(0, items, step):
        if compressed:
            offset = (start, *(0,) * (source.ndim - 1))
            mask, data = source.id.read_direct_chunk(offset)
            target.id.write_direct_chunk(offset, data, filter_mask=mask)
        else:
            stop = min(start + step, items)
            target[start:stop] = source[start:stop]


def _whole_rows(file: h5py.File, length_of: LengthOf) -> int:
    rows = min(length_of(name) for name in _BY_ROW)
    return layout.whole_rows(file[layout.INDEX][:rows], length_of)


def _rows_with(index: Any, items: Mapping[str, int]) -> int:
    """Rows up to the last one that has one of the items."""
    named = (rows[found < items.get(dataset, 0)] for dataset, rows, found in layout.items_named(index))
    return max((int(rows[-1]) + 1 for rows in named if len(rows)), default=0)


def _items_used(index: Any, dataset: str) -> int:
    return max((int(items.max()) + 1 for name, _, items in layout.items_named(index) if name == dataset), default=0)


def _specs(file: h5py.File) -> list[layout.ArraySpec]:
    specs: list[layout.ArraySpec] = []

    def visit(_name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            specs.append(layout.spec_of(item))

    file.visititems(visit)
    return specs


def _episodes(file: h5py.File, length_of: LengthOf, rows: int) -> tuple[list[int], list[int]]:
    count = min(length_of(layout.EPISODE_STARTS), length_of(layout.EPISODE_LENGTHS))
    starts = [int(start) for start in file[layout.EPISODE_STARTS][:count] if start < rows]
    lengths = [
        min(int(length), rows - start)
        for start, length in zip(starts, file[layout.EPISODE_LENGTHS][: len(starts)], strict=True)
    ]
    end = starts[-1] + lengths[-1] if starts else 0
    if end < rows:
        starts.append(end)
        lengths.append(rows - end)
    return starts, lengths
