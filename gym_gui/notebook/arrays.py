"""The pictures or observations of an episode, read when they are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np

from gym_gui.core.errors import FrameNotFoundError
from gym_gui.core.packing import from_array

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from gym_gui.core.spaces.graphs import Restorer
    from gym_gui.recording.contract import RecordingReader

# Read together while iterating: a few chunks of a replay file.
_READ_TOGETHER: Final = 32


class LazyArrays(Sequence["NDArray[Any]"]):
    """One array a row: ``arrays[i]`` reads one, ``arrays[a:b:step]`` reads nothing yet, iterating reads ahead.

    ``numpy.asarray(arrays)`` reads all of them into ``(rows, *shape)``; what has no array form, into ``(rows,)`` of
    objects.

    Args:
        reader: Where the arrays are.
        refs: Their refs; None where a row has none.
        what: What they are, for messages: ``frame`` or ``observation``.
        inline: What stands in a row itself, where it has no array form (text in a dict, say); None for nothing.
        restorers: What makes each row's array the graphs that it was, None for one that held none; None where no row
            did.
    """

    def __init__(
        self,
        reader: RecordingReader,
        refs: Sequence[str | None],
        what: str,
        inline: Sequence[Any] | None = None,
        restorers: Sequence[Restorer | None] | None = None,
    ) -> None:
        self._restorers = restorers
        self._reader = reader
        self._refs = refs
        self._what = what
        self._inline = [None] * len(refs) if inline is None else inline

    @property
    def refs(self) -> Sequence[str | None]:
        """``h5://`` text of each row's array."""
        return self._refs

    def __len__(self) -> int:
        return len(self._refs)

    @overload
    def __getitem__(self, place: int) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, place: slice) -> LazyArrays: ...
    def __getitem__(self, place: int | slice) -> NDArray[Any] | LazyArrays:
        if isinstance(place, slice):
            restorers = None if self._restorers is None else self._restorers[place]
            return LazyArrays(self._reader, self._refs[place], self._what, self._inline[place], restorers)
        ref = self._refs[place]  # an IndexError of its own says enough
        inline: Any = self._inline[place]
        if ref is None and inline is not None:
            whole: NDArray[Any] = inline  # a dict or a tuple where there is no array form
            return whole
        if ref is None:
            raise FrameNotFoundError(f"Row {place} has no {self._what}.", reason="not-kept")
        found: NDArray[Any] = self._formed(place, self._reader.require(ref))
        return found

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for start in range(0, len(self), _READ_TOGETHER):
            yield from self.take(range(start, min(start + _READ_TOGETHER, len(self))))

    def take(self, rows: Sequence[int]) -> list[NDArray[Any]]:
        """The arrays of these rows, in the order given, read in the order of the file.

        Raises:
            FrameNotFoundError: one of them has no array.
        """
        if any(self._inline[row] is not None for row in rows):
            return [self[row] for row in rows]
        refs = [self._refs[row] for row in rows]
        missing = [row for row, ref in zip(rows, refs, strict=True) if ref is None]
        if missing:
            raise FrameNotFoundError(f"Row {missing[0]} has no {self._what}.", reason="not-kept")
        found = self._reader.resolve_batch([ref for ref in refs if ref is not None])
        arrays = [array for array in found if array is not None]
        if len(arrays) < len(refs):
            lost = next(ref for ref, array in zip(refs, found, strict=True) if array is None)
            raise FrameNotFoundError(f"The {self._what} {lost} cannot be read.", reason="unreadable")
        return [self._formed(row, array) for row, array in zip(rows, arrays, strict=True)]

    def _formed(self, row: int, array: NDArray[Any]) -> Any:
        """*array* as its space samples it where that holds graphs, which have no array form; else as it is."""
        restore = None if self._restorers is None else self._restorers[row]
        return array if restore is None else restore(from_array(array))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("Arrays that lie on disk cannot be had without a copy.")
        if not len(self):
            return np.empty(0, dtype or np.uint8)
        first: Any = self[0]
        if not isinstance(first, (np.ndarray, np.generic)):  # a dict, a tuple, a graph
            objects = np.empty(len(self), object)
            for row, value in enumerate(self):
                objects[row] = value
            return objects
        together = np.empty((len(self), *first.shape), dtype or first.dtype)
        for row, array in enumerate(self):
            together[row] = array
        return together

    def __repr__(self) -> str:
        if not len(self):
            return f"<no {self._what}s>"
        first = next((ref for ref in self._refs if ref is not None), None)
        return f"<{len(self):,} {self._what}s on disk, from {first}>"
