"""Recorders as a program uses them: dictionaries in, the same dictionaries out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gym_gui.recording import RecorderFactory, RecorderProtocol
from gym_gui.recording.split import SplitReader
from gym_gui.recording.sqlite import SQLiteReader
from gym_gui.recording.step_records import metadata_of, step_data_of
from gym_gui.testing.recorder_contract import picture, same

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.recording.contract import RecordingReader

READERS: dict[str, Any] = {"split": SplitReader, "sqlite": SQLiteReader}
BACKENDS = ["split", "sqlite"]


def steps_of(reader: RecordingReader, episode: str | int | None = None) -> list[dict[str, Any]]:
    """The dictionaries of an episode."""
    run_id = reader.list_runs()[0].run.run_id
    episode_id = reader.get_episode(run_id, episode).episode_id
    return [step_data_of(record, reader.require) for record in reader.load_steps(run_id, episode_id)]


STEPS: list[dict[str, Any]] = [
    {},
    {"position": (1.0, -0.0), "concentration": 0.25, "action": {"turn": 0.5}, "reward": 1.0, "done": False, "info": {}},
    {"reward": 1, "action": np.int64(3), "done": True},
    {"reward": np.float32(0.1), "action": None, "terminated": False, "truncated": True, "done": True},
    {"reward": math.nan, "frame": picture(3), "observation": picture(3), "timestamp": 0.1},
    {"reward": None, "observation": 7, "timestamp": 1767323045.678901, "agent_id": 3},
    {"observation": {"image": picture(1), "mission": "go"}, "info": {"lives": np.int32(3), "t": (1, 2)}},
    {"observation": {"a": np.array([1.0]), "b": np.int8(2)}, "info": {"plain": [1, 2.5, None, "x"]}},
    {"agent_0": {"position": (0, 1), "reward": 1.0}, "agent_1": {"position": (2, 3), "reward": None}},
    {"frame": np.zeros((4, 4), np.float32), "observation": np.zeros((0, 2)), "agent_id": "red", "x": b"\x00\xff"},
    {"nested": {"list": [1, (2, [3.0, {"k": np.arange(3, dtype=">i2")}])], 5: True}, "text": "naïve ☃"},
    {"done": np.bool_(True), "terminated": np.bool_(True), "truncated": False, "reward": np.array(2.5)},
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_that_steps_of_any_kind_come_back_exactly(tmp_path: Path, backend: str) -> None:
    recorder = RecorderFactory.create_recorder({"backend": backend, "output_dir": str(tmp_path)})
    assert isinstance(recorder, RecorderProtocol)
    with recorder:
        for number, data in enumerate(STEPS):
            recorder.record_step(data, number, episode_id=4, phase="test", weight=np.float64(number))
    reader = READERS[backend](recorder.backend.path)  # type: ignore[attr-defined]  # every recorder of ours has one
    found = steps_of(reader)
    for expected, seen in zip(STEPS, found, strict=True):
        assert same(seen, expected), (seen, expected)
    run_id = reader.list_runs()[0].run.run_id
    (record, *_) = reader.load_steps(run_id, "ep-000004", start=3)
    assert same(metadata_of(record), {"phase": "test", "weight": np.float64(3)})
    reader.close()
