"""What an export reads: pages of rows as columns, and the arrays of many refs, in bulk where the reader offers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import FrameNotFoundError
from gym_gui.core.refs import FrameRef
from gym_gui.telemetry.step_columns import StepColumns, columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.recording.export.readers import ArrayReader, RowReader
    from gym_gui.recording.export.selection import Selection

PAGE_STEPS: Final = 16_384
# Pages are read twice, to learn their types and to write them: as many rows are kept in between.
_KEPT_ROWS: Final = 40_000
# Pictures are read and written in groups of about this many bytes.
GROUP_BYTES: Final = 16 * 1024 * 1024
_MAX_GROUP: Final = 256


class ExportSource:
    """One recording, read in pages.

    Args:
        rows: Where rows come from; one with `load_columns` is asked for columns.
        arrays: Where arrays come from; one with `read_range` is asked for ranges.
        by_dataset: Whether the arrays lie in replay files, each of whose datasets holds one dtype and shape; known
            by itself of arrays that are asked for ranges.
    """

    def __init__(self, rows: RowReader, arrays: ArrayReader, *, by_dataset: bool = False) -> None:
        self.rows = rows
        self._arrays = arrays
        self._load_columns = getattr(rows, "load_columns", None)
        self._read_range = getattr(arrays, "read_range", None)
        self._by_dataset = by_dataset or self._read_range is not None
        self._pages: dict[tuple[str, int, int], StepColumns] = {}
        self._kept_rows = 0

    def pages(self, selection: Selection) -> Iterator[tuple[EpisodeRollup, StepColumns]]:
        """Every row of a selection, in order; an episode's pages follow each other."""
        for episode in selection.episodes:
            for page in self.episode_pages(selection, episode):
                yield episode, page

    def episode_pages(self, selection: Selection, episode: EpisodeRollup) -> Iterator[StepColumns]:
        """Every row of one episode of a selection."""
        # The rows that there are now: an episode that is being recorded must not grow between two readings.
        end = episode.steps + 1 if selection.stop is None else min(selection.stop, episode.steps + 1)
        for start in range(selection.start, end, PAGE_STEPS):
            page = self._page(episode, start, min(start + PAGE_STEPS, end))
            if len(page):
                yield page

    def _page(self, episode: EpisodeRollup, start: int, stop: int) -> StepColumns:
        key = (episode.episode_id, start, stop)
        page = self._pages.get(key)
        if page is not None:
            return page
        if self._load_columns is not None:
            page = self._load_columns(episode.run_id, episode.episode_id, start=start, stop=stop)
        else:
            records = self.rows.load_steps(episode.run_id, episode.episode_id, start=start, stop=stop)
            page = columns_of(episode.run_id, episode.episode_id, records)
        assert isinstance(page, StepColumns)  # noqa: S101 - for the type checker
        if self._kept_rows + len(page) <= _KEPT_ROWS:
            self._pages[key] = page
            self._kept_rows += len(page)
        return page

    def one_array(self, refs: Sequence[str | None]) -> NDArray[Any] | None:
        """The arrays of refs that follow each other in one dataset, ``(refs, *shape)``; None where they do not."""
        place = _range_of(refs)
        if place is None or self._read_range is None:
            return None
        run_id, dataset, first = place
        try:
            items = self._read_range(run_id, dataset, first, first + len(refs))
        except FrameNotFoundError:
            return None
        return items if isinstance(items, np.ndarray) and len(items) == len(refs) else None

    def arrays(self, refs: Sequence[str | None]) -> Sequence[NDArray[Any] | None]:
        """The arrays of refs in their order; None where there is no ref, or it leads to nothing."""
        items = self.one_array(refs)
        if items is not None:
            return list(items)
        wanted = [ref for ref in refs if ref is not None]
        found = iter(self._arrays.resolve_batch(wanted))
        return [None if ref is None else next(found) for ref in refs]

    def shapes(self, refs: Iterable[str | None]) -> list[tuple[np.dtype[Any], tuple[int, ...]]]:
        """Every dtype with its shape that the arrays of *refs* have, each once; what leads to nothing has none."""
        wanted = list(dict.fromkeys(ref for ref in refs if ref is not None))
        if self._by_dataset:  # its first item speaks for all
            firsts: dict[str, str] = {}
            for ref in wanted:
                firsts.setdefault(ref.rpartition("/")[0], ref)
            wanted = list(firsts.values())
        found: dict[tuple[np.dtype[Any], tuple[int, ...]], None] = {}
        for _, group in self.frame_groups(wanted):
            found.update(((one.dtype, one.shape), None) for one in group if one is not None)
        return list(found)

    def frame_groups(
        self, refs: Sequence[str | None], *, group_bytes: int = GROUP_BYTES
    ) -> Iterator[tuple[int, Sequence[NDArray[Any] | None]]]:
        """The arrays of many refs in groups of bounded size, each with the place of its first ref."""
        start, size = 0, 8
        while start < len(refs):
            group = self.arrays(refs[start : start + size])
            yield start, group
            start += len(group)
            largest = max((one.nbytes for one in group if one is not None), default=0)
            if largest:
                size = int(np.clip(group_bytes // largest // 8 * 8, 8, _MAX_GROUP))


def _range_of(refs: Sequence[str | None]) -> tuple[str, str, int] | None:
    """Run, dataset and first index of refs that follow each other."""
    if not refs or refs[0] is None or refs[-1] is None:
        return None
    first, last = FrameRef.parse(refs[0]), FrameRef.parse(refs[-1])
    if first is None or last is None or last.index - first.index != len(refs) - 1:
        return None
    stem = refs[0].rpartition("/")[0]
    expected = [f"{stem}/{index}" for index in range(first.index, last.index + 1)]
    return (first.run_id, first.dataset, first.index) if expected == list(refs) else None
