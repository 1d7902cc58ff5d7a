"""HDF5 from columns: the very datasets that the recorder's own way makes of the same steps."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from exports import RUN, START, frame_of, record, same, step
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gym_gui.core.data_model import FrameState, RunState, StepRecord
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.export import export_run
from gym_gui.recording.export.attach import attached
from gym_gui.recording.export.run import open_source
from gym_gui.recording.hdf5 import HDF5Backend
from gym_gui.recording.value_kinds import ColumnKind

BOX = hnp.arrays("f4", (3,), elements=st.floats(width=32))
VALUES = {
    "none": st.none(),
    "whole": st.integers(-(2**63), 2**63 - 1),
    "box": BOX,
    "boxes": hnp.arrays("f4", hnp.array_shapes(max_dims=2, max_side=3)),
    "dict": st.tuples(BOX, st.integers(0, 3)).map(lambda both: {"steer": both[0], "gear": np.int64(both[1])}),
    "tuple": st.tuples(st.integers(0, 3), BOX),
    "text": st.text(max_size=4),
    "mixed": st.none() | st.booleans() | st.floats() | st.integers(0, 9) | BOX,
}
INFOS = st.sampled_from([
    {}, {"lives": 3}, {"lives": 2}, {"lives": 2**70}, {"lives": 2, "at": {"x": 0.5}}, {"lives": None},
    {"at": {"x": None}}, {"at": [1, 2]}, {"won": True}, {"lives": 0.5},
])  # fmt: skip


@st.composite
def episodes(draw: st.DrawFn) -> list[list[StepRecord]]:
    """Two episodes of steps without pictures."""
    actions, observations = (VALUES[draw(st.sampled_from(sorted(VALUES)))] for _ in range(2))
    agents = draw(st.sampled_from([["agent_0"], ["agent_0", "b"]]))
    return [
        [
            step(
                index,
                agent_id=agent,
                action=draw(actions) if index else None,
                observation=draw(observations),
                reward=draw(st.none() | st.floats()),
                terminated=draw(st.booleans()),
                info=draw(INFOS),
                frame_state=draw(st.sampled_from([FrameState.NONE, FrameState.SHED])),
                time_step=draw(st.none() | st.integers(0, 9)),
            )
            for index in range(draw(st.integers(1, 5)))
            for agent in agents
        ]
        for _ in range(2)
    ]


def recorded(path: Path, var_dir: Path) -> Path:
    """The same steps, one by one, through the recorder itself."""
    with open_source(var_dir) as source, HDF5Backend(RecorderConfig(backend="hdf5", path=path)) as backend:
        backend.begin_run(source.rows.get_run(RUN))
        for summary in source.rows.list_episodes(RUN):
            backend.begin_episode(summary.rollup)
            for steps in attached(source, source.rows.load_steps(RUN, summary.rollup.episode_id)):
                backend.write_steps(steps)
            backend.end_episode(summary.rollup)
        backend.end_run(RUN, RunState.COMPLETED, START)
    return path


def tree_of(path: Path) -> dict[str, Any]:
    """Everything in a file: groups with the order of their members, datasets with layout and bytes, attributes."""
    found: dict[str, Any] = {}

    def take(name: str, item: Any) -> None:
        skipped = {"size_bytes", "gym_gui", "ended_at", "created_at"} if isinstance(item, h5py.Group) else set()
        found[name] = {key: value for key, value in item.attrs.items() if key not in skipped}
        if isinstance(item, h5py.Group):
            found[name]["/members"] = list(item)
        else:
            data = item[()] if not item.shape else list(item[:])
            found[name]["/data"] = (str(item.dtype), item.shape, item.chunks, item.fillvalue, data)

    with h5py.File(path) as file:
        file.visititems(take)
    return found


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(runs=episodes())
def test_that_columns_make_the_file_that_steps_make(runs: list[list[StepRecord]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder / "var", runs)
        written = export_run(folder / "var", RUN, folder / "out.h5")
        assert written.rows == sum(map(len, runs))
        ours, theirs = tree_of(written.output), tree_of(recorded(folder / "steps.h5", folder / "var"))
        assert list(ours) == list(theirs)
        assert [name for name in ours if not same(ours[name], theirs[name])] == []


@pytest.mark.parametrize("frames", [True, False])
def test_that_pictures_and_large_observations_are_there_beside_episodes_without_any(
    tmp_path: Path, frames: bool
) -> None:
    large = np.arange(1000, dtype=np.float64)
    runs = [
        [step(index, render_payload=frame_of(index)) for index in range(3)],
        [step(index, observation=large * index) for index in range(3)],
        [step(index, observation=np.float32(index)) for index in range(3)],
    ]
    record(tmp_path / "var", runs)
    written = export_run(tmp_path / "var", RUN, tmp_path / "out.h5", frames=frames)
    assert (written.rows, written.frames) == (9, 3 * frames)
    with open_source(written.output) as source:
        rows = [source.rows.load_steps(RUN, summary.rollup.episode_id) for summary in source.rows.list_episodes(RUN)]
        pictures = [each for each in source.arrays([one.frame_ref for one in rows[0]]) if each is not None]
        assert [each.tobytes() for each in pictures] == [frame_of(index).tobytes() for index in range(3 * frames)]
        seen = [np.asarray(each).tolist() for each in source.arrays([one.obs_ref for one in rows[1]])]
        assert seen == [(large * index).tolist() for index in range(3)]
        assert [np.asarray(one).tolist() for one in source.arrays([one.obs_ref for one in rows[2]])] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("compression", "filter_name"), [(None, "gzip"), ("gzip", "gzip"), ("lzf", "lzf"), ("none", None)]
)
def test_that_the_filter_of_the_datasets_can_be_chosen(
    tmp_path: Path, compression: str | None, filter_name: str | None
) -> None:
    pictures = [step(index, render_payload=frame_of(index)) for index in range(3)]
    rows = [step(index, observation=np.float32(index)) for index in range(3)]
    record(tmp_path / "var", [pictures, rows])
    written = export_run(tmp_path / "var", RUN, tmp_path / "out.h5", compression=compression)
    filters: set[str | None] = set()
    with h5py.File(written.output) as file:
        file.visititems(lambda _, node: filters.add(node.compression) if hasattr(node, "compression") else None)
    assert filter_name in filters
    assert filters <= {filter_name, None}


def test_that_the_filter_s_level_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    record(tmp_path / "var", [[step(index, render_payload=frame_of(index)) for index in range(3)]])
    written = export_run(tmp_path / "var", RUN, tmp_path / "out.h5", compression_level=7)
    levels: set[int | None] = set()
    with h5py.File(written.output) as file:
        file.visititems(
            lambda _, node: levels.add(node.compression_opts) if getattr(node, "compression", None) else None
        )
    assert levels == {7}


@given(values=st.lists(st.one_of(list(VALUES.values())) | INFOS, max_size=4) | st.lists(INFOS, max_size=6))
def test_that_many_values_at_once_have_the_kind_that_they_have_one_by_one(values: list[Any]) -> None:
    at_once, one_by_one = ColumnKind(), ColumnKind()
    for part in (values[:2], values[2:]):
        at_once.add_all(part)
        for value in part:
            one_by_one.add(value)
    assert (at_once.kind, at_once.exceptions) == (one_by_one.kind, one_by_one.exceptions)
