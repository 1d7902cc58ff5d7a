"""The replay file against a list: whatever is recorded, in whatever order, every ref leads to exactly that."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from synthetic import step_of

from gym_gui.core.data_model import FrameState
from gym_gui.core.packing import from_array
from gym_gui.replay import FrameResolver, ReplayReader, ReplayWriter

RUN_ID = "machine"
FRAME_SHAPES = st.sampled_from([(24, 60, 3), (40, 60, 3), (210, 160, 3), (9, 7), (3, 3, 4)])
FRAME_DTYPES = st.sampled_from(["u1", "u1", "u1", "<f4", ">u2"])
ARRAY_OBSERVATIONS = st.tuples(
    st.sampled_from([(4,), (3, 2), (50, 40), ()]), st.sampled_from(["u1", "<f4", "<f8", "<i8", "?"])
)


@dataclass
class Row:
    """What was recorded in one row."""

    frame: Any
    observation: Any
    action: Any
    reward: float
    done: bool
    ref: str | None
    observation_ref: str | None = None


def array_of(seed: int, shape: tuple[int, ...], dtype: str) -> Any:
    """An array that only *seed* makes; small numbers, so that every dtype holds them."""
    return (np.random.default_rng(seed).integers(0, 2, shape) * (seed % 250 + 1)).astype(dtype)


def observation_of_kind(kind: str, seed: int, array: tuple[tuple[int, ...], str]) -> Any:
    """None, an array, a scalar, a dict or a tuple."""
    made = array_of(seed, *array)
    kinds = {
        "none": None,
        "array": made,
        "scalar": np.float64(seed / 3),
        "integer": seed,
        "dict": {"position": made if made.shape else np.float32(seed), "lives": np.int64(seed)},
        "tuple": (np.int32(seed), made if made.shape else np.float32(seed)),
    }
    return kinds[kind]


def check_same(found: Any, recorded: Any) -> None:
    """Equal in structure, dtype, shape and bytes; Python's numbers come back as NumPy's."""
    if recorded is None:
        assert found is None
    elif isinstance(recorded, dict):
        assert list(found) == list(recorded)
        for key, value in recorded.items():
            check_same(found[key], value)
    elif isinstance(recorded, tuple):
        assert isinstance(found, tuple)
        for one, other in zip(found, recorded, strict=True):
            check_same(one, other)
    else:
        expected = np.asarray(recorded)
        assert np.asarray(found).dtype == expected.dtype
        assert np.asarray(found).shape == expected.shape
        assert np.asarray(found).tobytes() == expected.tobytes()


class ReplayFileMachine(RuleBasedStateMachine):
    """Writes, closes, resumes and reads one run."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="replay-machine-"))
        self.rows: list[Row] = []
        self.marks: list[int] = [0]
        self.flushed = 0
        self.numbers = 0
        self.writer = ReplayWriter(RUN_ID, self.folder, flush_interval_s=None)
        self.resolver = FrameResolver(self.folder)
        self.reader = ReplayReader(self.folder / f"{RUN_ID}.h5")

    @initialize()
    def start(self) -> None:
        self.writer.start()
        self.reader.open()

    def next_number(self) -> int:
        """Each array of a run is another one."""
        self.numbers += 1
        return self.numbers

    @rule(
        frame_shape=st.none() | FRAME_SHAPES,
        dtype=FRAME_DTYPES,
        kind=st.sampled_from(["none", "array", "array", "scalar", "integer", "dict", "tuple"]),
        array=ARRAY_OBSERVATIONS,
        count=st.integers(1, 12),
        done=st.booleans(),
    )
    def record(
        self,
        *,
        frame_shape: tuple[int, ...] | None,
        dtype: str,
        kind: str,
        array: tuple[tuple[int, ...], str],
        count: int,
        done: bool,
    ) -> None:
        for _ in range(count):
            number = self.next_number()
            frame = None if frame_shape is None else array_of(number, frame_shape, dtype)
            observation = observation_of_kind(kind, number, array)
            kept = None if frame is None else frame.copy()
            ref = self.writer.record_step(frame, observation, number, number / 7, done)
            self.rows.append(Row(kept, observation, number, number / 7, done, ref))
            if frame is not None:
                frame[...] = 0  # the environment reuses its buffer

    @rule(count=st.integers(1, 9))
    def record_observation_that_is_the_frame(self, count: int) -> None:
        for _ in range(count):
            number = self.next_number()
            frame = array_of(number, (24, 60, 3), "u1")
            ref = self.writer.record_step(frame, frame, number, 0.0, False)
            self.rows.append(Row(frame, frame, number, 0.0, False, ref))

    @rule(count=st.integers(1, 9), with_frame=st.booleans())
    def append_record(self, *, count: int, with_frame: bool) -> None:
        for _ in range(count):
            number = self.next_number()
            frame = array_of(number, (24, 60, 3), "u1") if with_frame else None
            observation = array_of(number, (4,), "<f4")
            record = step_of("machine", 0, 1, number, render_payload=frame, observation=observation)
            detached = self.writer.append(record)
            assert detached.observation is None
            assert detached.frame is None
            assert (detached.frame_ref is not None) is with_frame
            assert detached.frame_state is FrameState.KEPT
            self.rows.append(Row(frame, observation, number, number / 4, False, detached.frame_ref, detached.obs_ref))

    @rule()
    def mark_episode_end(self) -> None:
        self.writer.mark_episode_end()
        if len(self.rows) > self.marks[-1]:
            self.marks.append(len(self.rows))

    @rule()
    def flush(self) -> None:
        self.writer.flush()
        self.flushed = len(self.rows)

    @rule()
    def write_full_chunks(self) -> None:
        self.writer.write_full_chunks()

    @rule(read_plainly=st.booleans())
    def close_and_resume(self, *, read_plainly: bool) -> None:
        self.mark_episode_end()
        self.writer.close()
        self.flushed = len(self.rows)
        if read_plainly:
            self.resolver.close()
            self.reader.close()
            with h5py.File(self.folder / f"{RUN_ID}.h5", "r") as file:
                assert len(file["rewards"]) == file.attrs["total_steps"] == len(self.rows)
                assert file.attrs["total_episodes"] == len(self.marks) - 1
            self.reader.open()
        self.writer = ReplayWriter(RUN_ID, self.folder, flush_interval_s=None)
        self.writer.start()

    @precondition(lambda self: self.flushed)
    @rule(data=st.data())
    def resolve(self, data: st.DataObject) -> None:
        picked = data.draw(st.lists(st.integers(0, self.flushed - 1), max_size=12), label="rows")  # repeats included
        refs = [ref for row in picked if (ref := self.rows[row].ref) is not None]
        rows = [self.rows[row] for row in picked if self.rows[row].ref is not None]
        for row, array in zip(rows, self.resolver.resolve_batch(refs), strict=True):
            expected = row.frame if row.frame is not None else row.observation
            check_same(from_array(array) if row.frame is None and array is not None else array, expected)
        for row in rows:
            if row.observation_ref is not None:
                check_same(self.resolver.require(row.observation_ref), row.observation)

    @precondition(lambda self: self.flushed)
    @rule(data=st.data())
    def read_steps(self, data: st.DataObject) -> None:
        for index in data.draw(st.lists(st.integers(0, self.flushed - 1), max_size=6), label="rows"):
            row, step = self.rows[index], self.reader.get_step(index)
            assert (step["action"], step["reward"], step["done"]) == (row.action, row.reward, row.done)
            check_same(step.get("frame"), row.frame)
            check_same(step.get("observation"), row.observation)
            check_same(self.reader.get_frame(index), row.frame)

    @precondition(lambda self: self.flushed)
    @rule(size=st.integers(1, 40), shuffle=st.booleans())
    def iterate(self, *, size: int, shuffle: bool) -> None:
        self.flush()
        seen: list[int] = []
        sizes = []
        for batch in self.reader.iter_batches(size, shuffle=shuffle, seed=1):
            sizes.append(len(batch["indices"]))
            for position, index in enumerate(batch["indices"]):
                row = self.rows[index]
                assert batch["rewards"][position] == row.reward
                assert batch["actions"][position] == row.action
                frames = batch.get("frames")
                frame = None if frames is None else frames[position]
                # Arrays of a batch are in this machine's byte order.
                check_same(frame if frame is None or row.frame is None else frame.astype(row.frame.dtype), row.frame)
            seen += batch["indices"].tolist()
        assert sorted(seen) == list(range(len(self.rows)))
        assert all(one == size for one in sizes[:-1])
        assert shuffle or seen == sorted(seen)

    @rule()
    def read_episodes(self) -> None:
        self.flush()
        bounds = [*self.marks, *([len(self.rows)] if len(self.rows) > self.marks[-1] else [])]
        assert self.reader.num_episodes == len(bounds) - 1
        for number, (start, end) in enumerate(itertools.pairwise(bounds)):
            episode = self.reader.get_episode(number)
            assert (episode["start_step"], episode["length"]) == (start, end - start)
            assert episode["rewards"].tolist() == [row.reward for row in self.rows[start:end]]

    @rule(index=st.integers(0, 5))
    def ask_beyond_the_end(self, index: int) -> None:
        beyond = len(self.rows) + index
        assert self.reader.get_frame(beyond) is None
        assert self.reader.get_observation(beyond) is None
        assert self.resolver.resolve(f"h5://{RUN_ID}/frames/{beyond + 10**6}") is None

    @invariant()
    def counts_agree(self) -> None:
        assert self.writer.step_count == len(self.rows)

    @invariant()
    def every_row_that_shows_is_whole(self) -> None:
        """A live reader may see more than was flushed, never a row that is half there."""
        if self.flushed:
            shown = self.reader.num_steps
            assert self.flushed <= shown <= len(self.rows)
            step = self.reader.get_step(shown - 1)
            assert step["action"] == self.rows[shown - 1].action
            check_same(step.get("frame"), self.rows[shown - 1].frame)

    def teardown(self) -> None:
        self.reader.close()
        self.resolver.close()
        self.writer.close()
        shutil.rmtree(self.folder)


TestReplayFile = ReplayFileMachine.TestCase
TestReplayFile.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
