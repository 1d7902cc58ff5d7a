"""An episode as a group of an HDF5 file: written from its journal in one go, read by columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from gym_gui.core.info_codec import encode_info
from gym_gui.core.packing import to_array
from gym_gui.core.typing_compat import override
from gym_gui.core.value_codec import encode_value
from gym_gui.recording.documents import episode_document, episode_of_document
from gym_gui.recording.hdf5_arrays import read_array, write_arrays
from gym_gui.recording.hdf5_columns import read_column
from gym_gui.recording.hdf5_rows import MISSING, NUMBERS, RowBlock, write_rows
from gym_gui.recording.journal_rows import FRAMES, OBSERVATIONS, Row
from gym_gui.recording.stored_episode import PLACES, StoredEpisode, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import h5py
    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord
    from gym_gui.recording.hdf5_columns import Storage
    from gym_gui.recording.hdf5_rows import RowSource
    from gym_gui.recording.journal_episode import JournalEpisode

DOCUMENT: Final = "gym_gui"
FIRST_PLACE: Final = PLACES // 2
_BLOCK_ROWS: Final = 4096
# Where large observations have the usual name, small ones of the same episode stand here.
_INLINE: Final = "observations_inline"
_APART: Final = "observations_apart"


def write_episode(group: h5py.Group, journal: JournalEpisode, rollup: EpisodeRollup, storage: Storage) -> None:
    """Write the datasets and attributes of an episode.

    Args:
        group: Empty.
        journal: What was recorded.
        rollup: Its summary.
        storage: How.
    """
    describe(group, rollup, journal.ordinal)
    for stream, text in ((FRAMES, "Pictures, height x width x colour."), (OBSERVATIONS, "Large observations.")):
        if journal.count_of(stream):
            write_arrays(group, stream, journal.chunks(stream), storage, text)
    apart = bool(journal.count_of(OBSERVATIONS))
    group.attrs[_APART] = apart
    write_rows(group, _JournalRows(journal), storage, observations=_INLINE if apart else OBSERVATIONS)


def write_bare_episode(
    group: h5py.Group, rows: RowSource, rollup: EpisodeRollup, ordinal: int, storage: Storage
) -> None:
    """Write an episode that has neither pictures nor large observations, straight from its columns.

    Args:
        group: Empty.
        rows: Its rows.
        rollup: Its summary.
        ordinal: Its number within the run.
        storage: How.
    """
    describe(group, rollup, ordinal)
    group.attrs[_APART] = False
    write_rows(group, rows, storage, observations=OBSERVATIONS)


class _JournalRows:
    """The rows of a journal as blocks of columns."""

    def __init__(self, journal: JournalEpisode) -> None:
        self._journal = journal
        self.row_count = journal.row_count

    def blocks(self) -> Iterator[RowBlock]:
        waiting: list[Row] = []
        for rows in self._journal.rows():
            waiting += rows
            if len(waiting) >= _BLOCK_ROWS:
                yield RowBlock.of_rows(waiting)
                waiting = []
        if waiting:
            yield RowBlock.of_rows(waiting)


def describe(group: h5py.Group, rollup: EpisodeRollup, ordinal: int) -> None:
    """Write an episode's summary as attributes, and once more as the exact document."""
    write_attributes(group, {**episode_document(rollup), "ordinal": ordinal, "size_bytes": 0})


def write_attributes(group: h5py.Group, document: Mapping[str, Any]) -> None:
    """The fields of a document as attributes, and the document as JSON; what is None is left out."""
    for name, value in document.items():
        if value is not None:
            # HDF5's texts end at a zero byte; the document has it all the same.
            group.attrs[name] = value.replace("\0", "\\0") if isinstance(value, str) else value
    group.attrs[DOCUMENT] = msgspec.json.encode(document).decode()


class Hdf5Episode(StoredEpisode):
    """A finished episode.

    Args:
        open_group: Gives its group; asked for every question, as the file may have been replaced.
        document: What `describe` wrote.
    """

    def __init__(self, open_group: Callable[[], h5py.Group], document: Mapping[str, Any]) -> None:
        self.ordinal = int(document["ordinal"])
        self.first_place = FIRST_PLACE
        self._rollup = episode_of_document(document)
        self._size_bytes = int(document["size_bytes"])
        self._group = open_group
        self._indices: NDArray[np.int64] | None = None

    @property
    @override
    def rollup(self) -> EpisodeRollup:
        return self._rollup

    @property
    @override
    def size_bytes(self) -> int:
        return self._size_bytes

    @override
    def steps(self, run: RunRecord, start: int, stop: int | None) -> list[StepRecord]:
        group = self._group()
        if self._indices is None:
            self._indices = group["step_index"][:]
        wanted = np.flatnonzero((self._indices >= start) & (self._indices < (np.inf if stop is None else stop)))
        found: list[StepRecord] = []
        # Rows stand in the order of their steps but for late ones: what lies together is read together.
        for places in np.split(wanted, np.flatnonzero(np.diff(wanted) > _BLOCK_ROWS) + 1):
            if len(places):
                low, high = int(places[0]), int(places[-1]) + 1
                rows = _read_rows(group, low, high)
                found += [record_of(rows[int(place) - low], int(place), run, self) for place in places]
        found.sort(key=lambda step: (step.step_index, step.agent_id))
        return found

    @override
    def frame(self, place: int) -> NDArray[Any]:
        return read_array(self._group(), FRAMES, place)

    @override
    def observation(self, row: int) -> NDArray[Any]:
        group = self._group()
        if not 0 <= row < len(group["observation_index"]):
            raise IndexError(row)
        place = int(group["observation_index"][row])
        if place >= 0:
            return read_array(group, OBSERVATIONS, place)
        array = to_array(read_column(group, _inline_name(group), row, row + 1)[0])
        if array is None:
            raise IndexError(row)
        return array


def _read_rows(group: h5py.Group, low: int, high: int) -> list[Row]:
    numbers = {name: group[name][low:high].tolist() for name in NUMBERS}
    missing = set(group[MISSING][:].tolist())
    actions, infos = (read_column(group, name, low, high) for name in ("actions", "info"))
    extras = read_column(group, "extra", low, high)
    observations = read_column(group, _inline_name(group), low, high)
    agents = group["agent_id"]
    names = agents.asstr()[low:high] if agents.shape else [agents.asstr()[()]] * (high - low)
    return [
        Row(
            numbers["step_index"][place],
            str(names[place]),
            encode_value(actions[place]),
            None if low + place in missing else numbers["rewards"][place],
            numbers["flags"][place],
            encode_value(observations[place]),
            encode_info(infos[place]),
            numbers["timestamps"][place],
            encode_value(extras[place]),
            _index(numbers["frame_index"][place]),
            _index(numbers["observation_index"][place]),
        )
        for place in range(high - low)
    ]


def _index(number: int) -> int | None:
    return None if number < 0 else number


def _inline_name(group: h5py.Group) -> str:
    return _INLINE if group.attrs.get(_APART, False) else OBSERVATIONS
