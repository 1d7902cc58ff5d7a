"""A chain of backends: the next begins exactly where the files of the one before end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gym_gui.core.errors import ConfigError, RecordingError, SchemaMismatchError
from gym_gui.recording import BaseRecorder, RecorderFactory, registry
from gym_gui.recording.backend_recorder import BackendRecorder
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.failover import FailoverBackend
from gym_gui.recording.hdf5 import HDF5Reader
from gym_gui.recording.split import SplitBackend, SplitReader
from gym_gui.recording.sqlite import SQLiteBackend, SQLiteReader
from gym_gui.services.shelf import Shelf
from gym_gui.testing.recorder_contract import announce, step

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

    from gym_gui.recording.contract import RecordingReader


def refuse(*_: Any, **__: Any) -> None:
    raise RecordingError("The disk went away.")


def chain(folder: Path, *names: str) -> FailoverBackend:
    backend = FailoverBackend(RecorderConfig(backend=names[0], fallback=names[1:], output_dir=folder))
    announce(backend, [step(0)])
    return backend


def numbers_of(reader: RecordingReader) -> list[int]:
    found = [one.step_index for one in reader.load_steps("run", "e0000")]
    reader.close()
    return found


def test_that_steps_that_a_backend_took_and_did_not_flush_are_the_next_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, r"from step 10 of e0000 on \(10 to 19 were waiting\) run run is recorded by sqlite")
    with chain(tmp_path, "split", "sqlite") as backend:
        backend.write_steps([step(number) for number in range(10)])
        backend.flush()
        backend.write_steps([step(number) for number in range(10, 20)])
        monkeypatch.setattr(SplitBackend, "flush", refuse)
        backend.flush()
        backend.write_steps([step(number) for number in range(20, 25)])
        (gap,) = backend.gaps
        assert (gap.first_step, gap.last_step, gap.cause, gap.lost) == (10, 19, "The disk went away.", False)
        assert backend.backend_name == "sqlite"
    assert numbers_of(SplitReader(tmp_path / "split")) == list(range(10))
    assert numbers_of(SQLiteReader(tmp_path / "recording.sqlite")) == list(range(10, 25))


def test_that_a_successor_that_fails_too_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "Recorder split failed")
    expect_log(logging.ERROR, "Recorder sqlite failed")
    with chain(tmp_path, "split", "sqlite", "hdf5") as backend:
        backend.write_steps([step(0)])
        backend.flush()
        monkeypatch.setattr(SplitBackend, "write_steps", refuse)
        monkeypatch.setattr(SQLiteBackend, "begin_run", refuse)
        backend.write_steps([step(1), step(2)])
        assert [(gap.backend, gap.successor) for gap in backend.gaps] == [("split", "sqlite"), ("sqlite", "hdf5")]
    assert numbers_of(HDF5Reader(tmp_path / "recording.h5")) == [1, 2]


def test_that_the_last_of_a_chain_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chain(tmp_path, "sqlite") as backend:
        with monkeypatch.context() as patch:
            patch.setattr(SQLiteBackend, "write_steps", refuse)
            with pytest.raises(RecordingError, match="went away"):
                backend.write_steps([step(0)])
        backend.write_steps([step(0)])
        assert backend.gaps == []
    assert numbers_of(SQLiteReader(tmp_path / "recording.sqlite")) == [0]


def test_that_a_steps_own_fault_is_no_reason_to_change_the_backend(tmp_path: Path) -> None:
    with chain(tmp_path, "sqlite", "none") as backend:
        with pytest.raises(SchemaMismatchError):
            backend.write_steps([step(0, action={object()})])
        assert backend.gaps == []


def test_that_a_last_one_that_cannot_begin_yet_gets_everything_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "Recorder split failed")
    with chain(tmp_path, "split", "sqlite") as backend:
        backend.write_steps([step(number) for number in range(5)])
        with monkeypatch.context() as patch:
            patch.setattr(SQLiteBackend, "begin_run", refuse)
            patch.setattr(SplitBackend, "flush", refuse)
            for _ in range(2):
                with pytest.raises(RecordingError, match="went away"):
                    backend.flush()
        backend.write_steps([step(5)])
        backend.flush()
    assert numbers_of(SQLiteReader(tmp_path / "recording.sqlite")) == list(range(6))


def test_that_a_run_that_its_backend_could_not_begin_is_begun_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "Recorder split failed: from here on run run is recorded by sqlite")
    monkeypatch.setattr(SplitBackend, "begin_run", refuse)
    with chain(tmp_path, "split", "sqlite") as backend:
        backend.write_steps([step(0)])
    reader = SQLiteReader(tmp_path / "recording.sqlite")
    (gap,) = reader.get_run("run").metadata["gaps"]
    assert (gap["backend"], gap["successor"], gap["episode_id"]) == ("split", "sqlite", "")
    assert numbers_of(reader) == [0]


# The same behind a recorder.


def dark(number: int) -> Any:
    return np.full((6, 8, 3), number, np.uint8)


@pytest.mark.parametrize(
    ("first", "then"), [("split", "sqlite"), ("sqlite", "hdf5"), ("hdf5", "parquet"), ("parquet", "split")]
)
def test_that_a_recorder_goes_on_with_the_next_backend_and_reads_both_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations, first: str, then: str
) -> None:
    expect_log(logging.ERROR, f"Recorder {first} failed: from step 5 of .* is recorded by {then}")
    asked = {"backend": first, "fallback": [then], "output_dir": str(tmp_path / "out"), "run_id": "one"}
    with RecorderFactory.create_recorder(asked) as recorder:
        assert isinstance(recorder, BackendRecorder)
        for number in range(5):
            recorder.record_step({"frame": dark(number), "reward": 1.0}, number, 0)
        recorder.flush()
        with monkeypatch.context() as patch:
            patch.setattr(type(recorder.backend), "write_steps", refuse)
            for number in range(5, 9):
                recorder.record_step({"frame": dark(number), "reward": 1.0}, number, 0)
            recorder.flush()
        (gap,) = recorder.gaps
        assert (gap.backend, gap.successor, gap.first_step, gap.lost) == (first, then, 5, False)
        metrics = recorder.get_performance_metrics()
        assert metrics["gaps"] == [str(gap)]
        assert (metrics["steps_written"], metrics["steps_dropped"]) == (9, 0)
        reader = recorder.open_reader()
        rows = reader.load_steps("one", reader.get_episode("one").episode_id)
        assert [row.step_index for row in rows] == list(range(9))
        refs = [str(row.frame_ref) for row in rows]
        assert [int(reader.require(ref)[0, 0, 0]) for ref in refs] == list(range(9))
        batch = reader.resolve_batch(refs)
        assert [None if one is None else int(one[0, 0, 0]) for one in batch] == list(range(9))
        (summary,) = reader.list_runs()
        assert (summary.episodes, len(summary.run.metadata["gaps"])) == (1, 1)
        reader.close()
        assert recorder.export_data(str(tmp_path / "all.csv"), "csv")
        assert len((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()) == 10


def test_that_steps_that_a_chain_keeps_nowhere_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "is not recorded")
    asked = {"backend": "sqlite", "fallback": ["none"], "output_dir": str(tmp_path / "out")}
    with RecorderFactory.create_recorder(asked) as recorder:
        recorder.record_step({"reward": 1.0}, 0, 0)
        recorder.flush()
        monkeypatch.setattr(SQLiteBackend, "write_steps", refuse)
        recorder.record_step({"reward": 1.0}, 1, 0)
        recorder.flush()
        metrics = recorder.get_performance_metrics()
        assert (metrics["steps_written"], metrics["steps_dropped"], len(metrics["gaps"])) == (1, 1, 1)


def test_that_a_recorder_of_dictionaries_cannot_have_a_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.registered, "plain", BaseRecorder)
    with pytest.raises(ConfigError, match="no other can take over from it"):
        RecorderFactory.create_recorder({"backend": "plain", "fallback": ["none"]})


def test_that_pictures_of_both_parts_are_shown_in_the_library(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "Recorder sqlite failed")
    with chain(var_dir / "recordings" / "run", "sqlite", "split") as backend:
        backend.write_steps([step(number, render_payload=dark(number)) for number in range(5)])
        backend.flush()
        monkeypatch.setattr(SQLiteBackend, "write_steps", refuse)
        backend.write_steps([step(number, render_payload=dark(number)) for number in range(5, 9)])
        backend.flush()
    shelf = Shelf(var_dir / "recordings")
    readers = shelf.readers_of("run")
    rows = [row for reader in readers for row in reader.load_steps("run", "e0000")]
    assert [row.step_index for row in rows] == list(range(9))
    for row in rows:
        found = [reader.resolve_batch([str(row.frame_ref)])[0] for reader in readers]
        assert [int(one[0, 0, 0]) for one in found if one is not None] == [row.step_index]
    shelf.close()
