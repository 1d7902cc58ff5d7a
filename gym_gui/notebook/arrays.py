"""The pictures or observations of an episode, read when they are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np

from gym_gui.core.data_model.step import DEFAULT_AGENT_ID
from gym_gui.core.errors import FrameNotFoundError
from gym_gui.core.packing import from_array

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from gym_gui.core.data_model import StepRecord
    from gym_gui.core.spaces.graphs import Restorer
    from gym_gui.recording.contract import RecordingReader

# Read together while iterating: a few chunks of a replay file.
_READ_TOGETHER: Final = 32


class LazyArrays(Sequence["NDArray[Any]"]):
    """One array a place: ``arrays[i]`` reads one, ``arrays[a:b:step]`` reads nothing yet, iterating reads ahead.

    ``numpy.asarray(arrays)`` reads all of them into ``(places, *shape)``; what has no array form, into ``(places,)`` of
    objects.

    Args:
        reader: Where the arrays are.
        refs: Their refs; None where a place has none.
        rows: The row of each place, for messages.
        what: What they are, for messages: ``frame`` or ``observation``.
        inline: What stands in a row itself, where it has no array form (text in a dict, say); None for nothing.
        restorers: What makes each row's array the graphs that it was, None for one that held none; None where no row
            did.
    """

    def __init__(
        self,
        reader: RecordingReader,
        refs: Sequence[str | None],
        rows: Sequence[StepRecord],
        what: str,
        *,
        inline: Sequence[Any] | None = None,
        restorers: Sequence[Restorer | None] | None = None,
    ) -> None:
        self._restorers = restorers
        self._reader = reader
        self._refs = refs
        self._rows = rows
        self._what = what
        self._inline = [None] * len(refs) if inline is None else inline

    @property
    def refs(self) -> Sequence[str | None]:
        """``h5://`` text of each place's array."""
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
            rows, inlined = self._rows[place], self._inline[place]
            refs = self._refs[place]
            return LazyArrays(self._reader, refs, rows, self._what, inline=inlined, restorers=restorers)
        ref = self._refs[place]  # an IndexError of its own says enough
        inline: Any = self._inline[place]
        if ref is None and inline is not None:
            whole: NDArray[Any] = inline  # a dict or a tuple where there is no array form
            return whole
        if ref is None:
            raise self._lack(place)
        found: NDArray[Any] = self._formed(place, self._reader.require(ref))
        return found

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for start in range(0, len(self), _READ_TOGETHER):
            yield from self.take(range(start, min(start + _READ_TOGETHER, len(self))))

    def take(self, places: Sequence[int]) -> list[NDArray[Any]]:
        """The arrays of these places, in the order given, read in the order of the file.

        Raises:
            FrameNotFoundError: one of them has no array.
        """
        if any(self._inline[place] is not None for place in places):
            return [self[place] for place in places]
        refs = [self._refs[place] for place in places]
        missing = [place for place, ref in zip(places, refs, strict=True) if ref is None]
        if missing:
            raise self._lack(missing[0])
        found = self._reader.resolve_batch([ref for ref in refs if ref is not None])
        arrays = [array for array in found if array is not None]
        if len(arrays) < len(refs):
            lost = next(ref for ref, array in zip(refs, found, strict=True) if array is None)
            raise FrameNotFoundError(f"The {self._what} {lost} cannot be read.", reason="unreadable")
        return [self._formed(place, array) for place, array in zip(places, arrays, strict=True)]

    def _lack(self, place: int) -> FrameNotFoundError:
        row = self._rows[place]
        # A picture is the world's, and so is whatever a single agent sees.
        shared = self._what == "frame" or row.agent_id == DEFAULT_AGENT_ID
        whose = "" if shared else f" of {row.agent_id}"
        return FrameNotFoundError(f"Step {row.step_index:,} has no {self._what}{whose}.", reason="not-kept")

    def _formed(self, place: int, array: NDArray[Any]) -> Any:
        """*array* as its space samples it where that holds graphs, which have no array form; else as it is."""
        restore = None if self._restorers is None else self._restorers[place]
        return array if restore is None else restore(from_array(array))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("Arrays that lie on disk cannot be had without a copy.")
        if not len(self):
            return np.empty(0, dtype or np.uint8)
        first: Any = self[0]
        if not isinstance(first, (np.ndarray, np.generic)):  # a dict, a tuple, a graph
            objects = np.empty(len(self), object)
            for place, value in enumerate(self):
                objects[place] = value
            return objects
        together = np.empty((len(self), *first.shape), dtype or first.dtype)
        for place, array in enumerate(self):
            together[place] = array
        return together

    def __repr__(self) -> str:
        if not len(self):
            return f"<no {self._what}s>"
        first = next((ref for ref in self._refs if ref is not None), None)
        return f"<{len(self):,} {self._what}s on disk, from {first}>"
