"""Where a recorder's buffers lie: whatever is taken and given back, buffers in use never share a byte."""

from __future__ import annotations

import mmap
import pickle
from abc import ABC, abstractmethod
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gym_gui.core.typing_compat import override
from gym_gui.wrappers.chunk_room import HeapRoom, SharedRoom, SharedView
from gym_gui.wrappers.step_batcher import RawRows, StackedActions, StepBatcher

if TYPE_CHECKING:
    from random import Random

    from numpy.typing import NDArray

    from gym_gui.wrappers.chunk_room import ChunkRoom

_BYTES = 1 << 16
_BYTE = np.dtype(np.uint8)


class ChunkRoomContract(ABC):
    """What every room promises."""

    @abstractmethod
    def open_rooms(self) -> tuple[ChunkRoom, ChunkRoom]:
        """A room, and what gives buffers back: itself, or another process's look at it."""

    def test_that_a_buffer_has_the_shape_that_was_asked_for(self) -> None:
        room, _ = self.open_rooms()
        found = room.take((3, 5), np.dtype(np.float32), lambda: None)
        assert found is not None
        handle, buffer = found
        assert buffer.shape == (3, 5)
        assert buffer.dtype == np.float32
        buffer[:] = 7
        assert (room.array(handle, (3, 5), buffer.dtype) == 7).all()

    def test_that_whoever_took_it_hears_once_that_it_went_back(self) -> None:
        room, other = self.open_rooms()
        heard: list[str] = []
        first = room.take((8,), _BYTE, lambda: heard.append("first"))
        assert first is not None
        room.take((8,), _BYTE, lambda: heard.append("second"))
        other.give_back(first[0])
        room.look()
        room.look()
        assert heard == ["first"]

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # a contract's law holds for each who signs it
    @given(st.lists(st.one_of(st.integers(1, 5_000), st.just(0)), max_size=60), st.randoms(use_true_random=False))
    def test_that_buffers_in_use_keep_what_was_written(self, sizes: list[int], random: Random) -> None:
        room, other = self.open_rooms()
        used: dict[int, tuple[NDArray[Any], int]] = {}
        for number, size in enumerate(sizes):
            if size == 0 and used:
                other.give_back(gone := random.choice(list(used)))
                del used[gone]
                continue
            room.look()
            found = room.take((size,), _BYTE, lambda: None)
            if found is not None:
                found[1][:] = number % 251
                assert found[0] not in used
                used[found[0]] = found[1], number % 251
        for buffer, value in used.values():
            assert (buffer == value).all()
        for handle in used:
            other.give_back(handle)
        room.look()


class TestHeapRoom(ChunkRoomContract):
    """On this process's heap."""

    @override
    def open_rooms(self) -> tuple[ChunkRoom, ChunkRoom]:
        room = HeapRoom()
        return room, room


class TestSharedRoom(ChunkRoomContract):
    """In a map that another process looks at."""

    @override
    def open_rooms(self) -> tuple[ChunkRoom, ChunkRoom]:
        memory = mmap.mmap(-1, _BYTES)
        return SharedRoom(memory, 128), SharedView(memory)

    def test_that_all_of_it_can_be_had_again(self) -> None:
        memory = mmap.mmap(-1, _BYTES)
        room, other = SharedRoom(memory, 0), SharedView(memory)
        for _ in range(3):
            taken = []
            while (found := room.take((1_000,), _BYTE, lambda: None)) is not None:
                taken.append(found[0])
            assert len(taken) == _BYTES // (1_024 + 64)
            for handle in taken:
                other.give_back(handle)
            room.look()
        assert room.take((_BYTES - 64,), _BYTE, lambda: None) is not None


def _rows(*, stacked: bool) -> RawRows:
    batcher = StepBatcher(discrete=not stacked)
    for row in range(10):
        if row % 3 == 0:
            batcher.add_info({"row": row})
        batcher.add(row // 5, row % 5, row, row / 2, 1_000 + row, row, -1, row % 2)
    rows = batcher.take(100)
    if stacked:
        rows.actions = StackedActions(np.arange(20.0).reshape(10, 2), [0, 5])
    return rows


def _told(rows: RawRows) -> list[tuple[object, ...]]:
    actions: Any = rows.actions
    if isinstance(actions, StackedActions):
        actions = [None if row in actions.missing else tuple(one) for row, one in enumerate(actions.values)]
    columns = (rows.episode, rows.step_index, actions, rows.rewards, rows.time_us, rows.frames, rows.flags)
    infos = dict(rows.infos)
    return [(*values, infos.get(row)) for row, values in enumerate(zip(*columns, strict=True))]


@pytest.mark.parametrize("stacked", [False, True])
def test_that_rows_travel_as_they_were(stacked: bool) -> None:
    rows = _rows(stacked=stacked)
    again = pickle.loads(pickle.dumps(rows))  # noqa: S301 - made here
    assert _told(again) == _told(rows)
    assert isinstance(again.rewards, array)


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("at", [0, 1, 5, 9, 10])
def test_that_rows_that_are_split_are_the_same_rows(stacked: bool, at: int) -> None:
    rows = _rows(stacked=stacked)
    first, rest = rows.split(at)
    assert len(first) == at
    assert _told(first) + _told(rest) == _told(rows)
