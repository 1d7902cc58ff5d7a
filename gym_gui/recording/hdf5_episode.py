"""An episode as a group of an HDF5 file: written from its journal in one go, read by columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import h5py
import msgspec
import numpy as np

from gym_gui.core.info_codec import decode_info, encode_info
from gym_gui.core.packing import to_array
from gym_gui.core.typing_compat import override
from gym_gui.core.value_codec import decode_value, encode_value
from gym_gui.recording.documents import episode_document, episode_of_document
from gym_gui.recording.hdf5_arrays import read_array, write_arrays
from gym_gui.recording.hdf5_columns import ColumnWriter, read_column
from gym_gui.recording.journal_rows import FRAMES, OBSERVATIONS, Row
from gym_gui.recording.stored_episode import PLACES, StoredEpisode, record_of
from gym_gui.recording.value_kinds import ColumnKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord
    from gym_gui.recording.hdf5_columns import Storage
    from gym_gui.recording.journal_episode import JournalEpisode

DOCUMENT: Final = "gym_gui"
FIRST_PLACE: Final = PLACES // 2
_BLOCK_ROWS: Final = 4096
_FLAGS: Final = (
    "1 terminated, 2 truncated, 4 the observation is the frame, 8 it has an array's form; "
    "bits 4-5 the frame's state: 0 none, 1 kept, 2 shed, 3 lost."
)
# One number a row each: name -> dtype, units, what it is.
_NUMBERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "step_index": ("<i8", "1", "0 is the state after reset, k the result of the k-th action."),
    "rewards": ("<f8", "1", "Reward of the step; not a number where there is none, and then in rewards_missing."),
    "terminated": ("?", "1", "The environment reached an end of its own."),
    "truncated": ("?", "1", "The episode was cut from outside."),
    "timestamps": ("<i8", "microseconds since 1970-01-01T00:00:00Z", "When the step was taken, UTC."),
    "flags": ("<i4", "1", _FLAGS),
    "frame_index": ("<i8", "1", "Which item of frames is the picture of the row; -1 for none."),
    "observation_index": ("<i8", "1", "Which item of observations, where these are stored apart; -1 for none."),
}
_VALUES: Final[Mapping[str, str]] = {
    "actions": "The action as it was given to the environment.",
    "observations": "What the agent saw.",
    "info": "The environment's info.",
    "extra": "What else was kept with the step.",
}
# Where large observations have the usual name, small ones of the same episode stand here.
_INLINE: Final = "observations_inline"
_APART: Final = "observations_apart"
_MISSING: Final = "rewards_missing"


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
    group.attrs[_APART] = bool(journal.count_of(OBSERVATIONS))
    _write_rows(group, journal, storage)


def _write_rows(group: h5py.Group, journal: JournalEpisode, storage: Storage) -> None:
    # Once over the rows for the types, once to write them.
    count = journal.row_count
    kinds = {name: ColumnKind() for name in _VALUES}
    agents: set[str] = set()
    for rows in journal.rows():
        agents.update(row.agent_id for row in rows)
        for name, kind in kinds.items():
            for row in rows:
                kind.add(_VALUE_OF[name](row))
    columns = {
        name: ColumnWriter(group, _name_of(name, journal), kind, rows=count, storage=storage, description=_VALUES[name])
        for name, kind in kinds.items()
    }
    for name, (dtype, units, description) in _NUMBERS.items():
        dataset = group.create_dataset(name, count, dtype)
        dataset.attrs["units"], dataset.attrs["description"] = units, description
    _create_agents(group, agents, count)
    missing: list[int] = []
    at = 0
    for rows in _blocks(journal.rows()):
        stop = at + len(rows)
        for name, values in _numbers_of(rows).items():
            group[name][at:stop] = values
        if len(agents) > 1:
            group["agent_id"][at:stop] = [row.agent_id for row in rows]
        missing += [place for place, row in enumerate(rows, at) if row.reward is None]
        for name, column in columns.items():
            column.append([_VALUE_OF[name](row) for row in rows])
        at = stop
    group.create_dataset(_MISSING, data=np.array(missing, np.int64))
    group[_MISSING].attrs["description"] = "Rows without a reward."


def describe(group: h5py.Group, rollup: EpisodeRollup, ordinal: int) -> None:
    """Write an episode's summary as attributes, and once more as the exact document."""
    write_attributes(group, {**episode_document(rollup), "ordinal": ordinal, "size_bytes": 0})


def write_attributes(group: h5py.Group, document: Mapping[str, Any]) -> None:
    """The fields of a document as attributes, and the document as JSON; what is None is left out."""
    for name, value in document.items():
        if value is not None:
            group.attrs[name] = value
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
    numbers = {name: group[name][low:high].tolist() for name in _NUMBERS}
    missing = set(group[_MISSING][:].tolist())
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


def _name_of(name: str, journal: JournalEpisode) -> str:
    return _INLINE if name == OBSERVATIONS and journal.count_of(OBSERVATIONS) else name


def _inline_name(group: h5py.Group) -> str:
    return _INLINE if group.attrs.get(_APART, False) else OBSERVATIONS


def _create_agents(group: h5py.Group, agents: Collection[str], count: int) -> None:
    text = h5py.string_dtype()
    if len(agents) == 1:
        (agent,) = agents
        group.create_dataset("agent_id", data=agent, dtype=text)  # one for every row
    else:
        group.create_dataset("agent_id", count, text)
    group["agent_id"].attrs["description"] = "Which agent acted; one text stands for every row."


def _numbers_of(rows: list[Row]) -> dict[str, list[Any]]:
    return {
        "step_index": [row.step_index for row in rows],
        "rewards": [np.nan if row.reward is None else row.reward for row in rows],
        "terminated": [bool(row.flags & 1) for row in rows],
        "truncated": [bool(row.flags & 2) for row in rows],
        "timestamps": [row.time_us for row in rows],
        "flags": [row.flags for row in rows],
        "frame_index": [-1 if row.frame is None else row.frame for row in rows],
        "observation_index": [-1 if row.array is None else row.array for row in rows],
    }


_VALUE_OF: Final[Mapping[str, Callable[[Row], Any]]] = {
    "actions": lambda row: decode_value(row.action),
    "observations": lambda row: decode_value(row.observation),
    "info": lambda row: decode_info(row.info) or None,
    "extra": lambda row: decode_value(row.extra),
}


def _blocks(batches: Iterator[list[Row]]) -> Iterator[list[Row]]:
    waiting: list[Row] = []
    for rows in batches:
        waiting += rows
        if len(waiting) >= _BLOCK_ROWS:
            yield waiting
            waiting = []
    if waiting:
        yield waiting
