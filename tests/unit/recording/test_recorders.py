"""Recorders as a program uses them: dictionaries in, the same dictionaries out."""

from __future__ import annotations

import contextlib
import csv
import json
import logging
import math
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.errors import RecordingError
from gym_gui.recording import RecorderFactory, RecorderProtocol, SQLiteRecorder
from gym_gui.recording.backend_recorder import BackendRecorder
from gym_gui.recording.step_records import episode_data_of, metadata_of, step_data_of
from gym_gui.services.bootstrap import open_archive
from gym_gui.testing.recorder_contract import picture, same

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

    from gym_gui.recording.contract import RecordingReader

BACKENDS = ["split", "parquet", "hdf5", "sqlite"]


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
    recorder = recorder_of(backend, tmp_path)
    assert isinstance(recorder, RecorderProtocol)
    with recorder:
        for number, data in enumerate(STEPS):
            recorder.record_step(data, number, episode_id=4, phase="test", weight=np.float64(number))
    reader = recorder.open_reader()
    found = steps_of(reader)
    for expected, seen in zip(STEPS, found, strict=True):
        assert same(seen, expected), (seen, expected)
    run_id = reader.list_runs()[0].run.run_id
    (record, *_) = reader.load_steps(run_id, "ep-000004", start=3)
    assert same(metadata_of(record), {"phase": "test", "weight": np.float64(3)})
    reader.close()


def recorder_of(backend: str, folder: Path, **config: Any) -> BackendRecorder:
    recorder = RecorderFactory.create_recorder({"backend": backend, "output_dir": str(folder), **config})
    assert isinstance(recorder, BackendRecorder)
    return recorder


@pytest.mark.parametrize("backend", BACKENDS)
def test_that_episodes_keep_their_summaries_exactly(tmp_path: Path, backend: str) -> None:
    summary = {
        "total_steps": 2,
        "total_reward": 1.5,
        "success": True,
        "final_position": (1.0, -0.0),
        "time_to_source": None,
        "coverage": np.float32(0.25),
    }
    with recorder_of(backend, tmp_path) as recorder:
        for number in range(3):
            recorder.record_step({"reward": 0.75 if number else None, "done": number == 2}, number, episode_id=1)
        recorder.record_episode(summary, 1, weather="dry")
        recorder.record_step({"reward": 2.0}, 1, episode_id=2)
        recorder.record_step({"reward": 3.0, "terminated": True}, 2, episode_id=2)
        recorder.record_step({"reward": 3.0}, 1, episode_id=3)
        run_id = recorder.run_id
    reader = recorder.open_reader()
    told, counted, broken = (reader.get_episode(run_id, f"ep-{n:06d}") for n in (1, 2, 3))
    assert same(episode_data_of(told), summary)
    assert (told.steps, told.total_reward, told.status) == (2, 1.5, EpisodeStatus.COMPLETED)
    assert told.metadata["metadata"] == {"weather": "dry"}
    assert (counted.steps, counted.total_reward, counted.status) == (2, 5.0, EpisodeStatus.COMPLETED)
    assert broken.status is EpisodeStatus.ABANDONED
    assert reader.list_runs()[0].state is RunState.COMPLETED
    reader.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_that_a_recorder_goes_on_with_a_run_that_is_there(tmp_path: Path, backend: str) -> None:
    for first in (0, 5):
        with recorder_of(backend, tmp_path, run_id="mine") as recorder:
            for number in range(first, first + 8):  # three of them are there already
                recorder.record_step({"reward": float(number), "frame": picture(number)}, number, episode_id=0)
    reader = recorder.open_reader()
    found = steps_of(reader)
    assert [step["reward"] for step in found] == [float(number) for number in range(13)]
    assert all(same(step["frame"], picture(number)) for number, step in enumerate(found))
    assert len(reader.list_runs()) == 1
    reader.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_that_a_recorder_exports_what_it_recorded_so_far(tmp_path: Path, backend: str) -> None:
    with recorder_of(backend, tmp_path / "recording") as recorder:
        for episode in range(3):
            for number in range(4):
                recorder.record_step({"reward": float(number), "action": number}, number, episode_id=episode)
        assert recorder.export_data(str(tmp_path / "out" / "some.csv"), format="csv", filter_episodes=[0, 2])
        recorder.record_step({"reward": 1.0}, 4, episode_id=2)
    rows = list(csv.DictReader((tmp_path / "out" / "some.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 8


def test_that_an_export_that_cannot_be_done_is_false_and_said(tmp_path: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "There is no format 'xlsx'")
    expect_log(logging.WARNING, "has no compression='zip'")
    with recorder_of("sqlite", tmp_path) as recorder:
        recorder.record_step({"reward": 1.0}, 0)
        assert not recorder.export_data(str(tmp_path / "out.xlsx"), format="xlsx")
        assert recorder.export_data(str(tmp_path / "out.json"), format="json", compression="zip")
        assert (tmp_path / "out.json").is_file()


def test_that_a_split_recording_is_a_var_folder(tmp_path: Path) -> None:
    with recorder_of("split", tmp_path) as recorder:
        recorder.record_step({"reward": 1.0, "frame": picture(1)}, 1)
    with open_archive(Settings(var_dir=recorder.backend.path)) as archive:
        (run,) = archive.store.list_runs()
        (step,) = archive.store.load_steps(run.run.run_id, "ep-000000")
        assert same(archive.resolver.require(step.frame_ref or ""), picture(1))


def test_that_an_sqlite_recording_answers_sql_and_keeps_equal_pictures_once(tmp_path: Path) -> None:
    with recorder_of("sqlite", tmp_path) as recorder:
        assert isinstance(recorder, SQLiteRecorder)
        for number in range(12):
            recorder.record_step({"reward": 0.5, "frame": picture(number % 3), "action": 2}, number)
        recorder.flush()
        rows = recorder.execute_query(
            "SELECT step_number, reward, discrete_action, frame_key FROM trajectory WHERE step_number >= ?", (10,)
        )
        assert [(row["step_number"], row["reward"], row["discrete_action"]) for row in rows] == [
            (10, 0.5, 2),
            (11, 0.5, 2),
        ]
        (stored,) = recorder.execute_query(
            "SELECT dtype, shape, data FROM arrays WHERE array_key = ?", (rows[0]["frame_key"],)
        )
        pixels = np.frombuffer(zstandard.ZstdDecompressor().decompress(stored["data"]), stored["dtype"])
        assert same(pixels.reshape(json.loads(stored["shape"])), picture(1))
        assert recorder.execute_query("SELECT count(*) AS n FROM arrays") == [{"n": 3}]
        assert recorder.execute_query("PRAGMA foreign_key_check") == []
        keys = {row["table"] for row in recorder.execute_query("SELECT * FROM pragma_foreign_key_list('steps')")}
        assert keys == {"episodes", "agents", "arrays"}
        with pytest.raises(RecordingError, match="refused"):
            recorder.execute_query("DELETE FROM steps")
        with pytest.raises(RecordingError, match="refused"):
            recorder.execute_query("SELECT nothing FROM nowhere")
        others: list[Any] = []
        thread = threading.Thread(target=lambda: others.append(recorder.get_connection()))
        thread.start()
        thread.join()
        assert others[0] is not recorder.get_connection()
        assert recorder.get_connection() is recorder.get_connection()
        recorder.close_connections()
        with pytest.raises(sqlite3.ProgrammingError):
            others[0].execute("SELECT 1")
    assert [path.name for path in tmp_path.iterdir()] == ["recording.sqlite"], "one file that can be shared"


def test_that_an_sqlite_recording_is_one_file_after_it_was_read_too(tmp_path: Path) -> None:
    recorder = SQLiteRecorder({"backend": "sqlite", "output_dir": str(tmp_path)})
    recorder.record_step({"reward": 1.0}, 0, episode_id=1)
    recorder.close()
    reader = recorder.open_reader()
    assert len(reader.list_episodes()) == 1
    reader.close()
    assert [path.name for path in tmp_path.iterdir()] == ["recording.sqlite"]


def test_that_an_sqlite_schema_can_be_made_before_the_first_step(tmp_path: Path) -> None:
    with recorder_of("sqlite", tmp_path) as recorder:
        assert isinstance(recorder, SQLiteRecorder)
        with pytest.raises(RecordingError, match="could not be opened"):
            recorder.execute_query("SELECT 1")
        recorder.create_schema()
        assert recorder.execute_query("SELECT count(*) AS n FROM steps") == [{"n": 0}]


def test_that_another_programs_database_is_left_as_it_is(tmp_path: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "belongs to another program")
    path = tmp_path / "theirs.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    recorder = recorder_of("sqlite", tmp_path, database_path=str(path))
    recorder.record_step({"reward": 1.0}, 0)
    with pytest.raises(RecordingError, match="The recording belongs to another program"):
        recorder.flush()
    with pytest.raises(RecordingError, match="belongs to another program"):
        recorder.close()
    assert path.read_bytes() == before


texts = st.text(st.characters(codec="utf-8"), max_size=8)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    texts,
    st.binary(max_size=8),
    st.floats(width=32).map(np.float32),
    st.integers(-128, 127).map(np.int8),
    npst.arrays(npst.scalar_dtypes(), npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(
            st.one_of(st.text(st.characters(codec="utf-8"), max_size=4), st.integers(0, 9)), inner, max_size=3
        ),
    ),
    max_leaves=6,
)
step_datas = st.fixed_dictionaries(
    {},
    optional={
        "action": values,
        "observation": values,
        "reward": st.one_of(st.none(), st.floats(), st.integers(-9, 9), st.floats(width=32).map(np.float32)),
        "terminated": st.booleans(),
        "truncated": st.booleans(),
        "done": st.booleans(),
        "info": st.dictionaries(texts, values, max_size=3),
        "timestamp": st.floats(),
        "agent_id": st.one_of(st.integers(0, 3), st.sampled_from(["a", ""])),
        "position": values,
        "has": values,
        "data": values,
    },
)


@pytest.mark.parametrize("backend", ["split", "sqlite"])
@given(data=st.lists(step_datas, min_size=1, max_size=5))
@example(data=[{"observation": np.array(False)}, {"observation": np.array(2.5, np.float32)}])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_that_whatever_steps_hold_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, backend: str, data: list[dict[str, Any]]
) -> None:
    with recorder_of(backend, tmp_path_factory.mktemp("law")) as recorder:
        for number, step_data in enumerate(data):
            recorder.record_step(step_data, number, episode_id=0)
    reader = recorder.open_reader()
    for expected, found in zip(data, steps_of(reader), strict=True):
        assert same(found, expected), (found, expected)
    reader.close()


def test_that_a_program_that_never_closes_its_recorder_keeps_what_it_recorded(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from gym_gui.recording import RecorderFactory\n"
        "recorder = RecorderFactory.create_recorder({'backend': 'sqlite', 'output_dir': sys.argv[1]})\n"
        "for number in range(100): recorder.record_step({'reward': float(number)}, number)\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True, timeout=60)
    with recorder_of("sqlite", tmp_path) as recorder, contextlib.closing(recorder.open_reader()) as reader:
        assert [step["reward"] for step in steps_of(reader)] == [float(number) for number in range(100)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_that_numpys_numbers_count_steps_and_episodes_too(tmp_path: Path, backend: str) -> None:
    numbers: list[Any] = list(np.arange(3))
    episode: Any = np.int32(7)
    with recorder_of(backend, tmp_path) as recorder:
        for number in numbers:
            recorder.record_step({"reward": 1.0}, number, episode_id=episode)
        recorder.record_episode({"success": True}, episode)
    reader = recorder.open_reader()
    run_id = reader.list_runs()[0].run.run_id
    assert [one.step_index for one in reader.load_steps(run_id, "ep-000007")] == [0, 1, 2]
    assert episode_data_of(reader.get_episode(run_id, "ep-000007")) == {"success": True}
    reader.close()
