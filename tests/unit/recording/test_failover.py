"""A chain of backends: the next begins exactly where the files of the one before end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from gym_gui.core.errors import RecordingError, SchemaMismatchError
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.failover import FailoverBackend
from gym_gui.recording.hdf5 import HDF5Reader
from gym_gui.recording.split import SplitBackend, SplitReader
from gym_gui.recording.sqlite import SQLiteBackend, SQLiteReader
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
