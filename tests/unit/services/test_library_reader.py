"""One library over the telemetry database and every recording of another backend."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from elsewhere import BACKENDS, record_elsewhere
from recordings import Recordings
from recordings import step_of as shown_step
from synthetic import episode_of, final_of, frame_of, run_of, step_of

from gym_gui.config.settings import Settings
from gym_gui.core.errors import EpisodeNotFoundError, FrameNotFoundError, RunNotFoundError
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.factory import RecorderFactory
from gym_gui.services.bootstrap import open_archive, open_services
from gym_gui.services.library_reader import LibraryReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import LogExpectations

    from gym_gui.services.bootstrap import Archive


@pytest.fixture
def archive(var_dir: Path) -> Iterator[Archive]:
    """A var folder with one run of the window's own."""
    own = Recordings(var_dir)
    rollup = own.record(3, run_id="own")
    own.finish(rollup.run_id)
    own.close()
    with open_archive(Settings(var_dir=var_dir)) as opened:
        yield opened


@pytest.mark.parametrize("backend", BACKENDS)
def test_that_a_recording_of_every_backend_is_in_the_library(archive: Archive, backend: str) -> None:
    library = archive.library
    assert [one.run.run_id for one in library.list_runs()] == ["own"]
    record_elsewhere(backend, archive.paths.recordings_dir / "elsewhere", "elsewhere")
    assert {one.run.run_id for one in library.list_runs()} == {"own", "elsewhere"}
    assert library.get_run("elsewhere").env_id == "Synthetic-v0"
    assert {one.rollup.run_id for one in library.list_episodes()} == {"own", "elsewhere"}
    assert len(library.list_episodes(newest=1)) == 1
    assert [one.rollup.steps for one in library.list_episodes("elsewhere")] == [3]
    rollup = library.get_episode("elsewhere")
    steps = library.load_steps("elsewhere", rollup.episode_id, start=1, stop=3)
    assert [(one.step_index, one.reward) for one in steps] == [(1, 0.25), (2, 0.5)]
    refs = [one.frame_ref or "" for one in [*steps, *library.load_steps("own", library.get_episode("own").episode_id)]]
    pictures = library.resolve_batch([*refs, "no ref", "h5://nobody/frames/0"])
    assert np.array_equal(library.require(refs[1]), frame_of(2))
    assert [shown_step(one) for one in pictures[2:6] if one is not None] == [0, 1, 2, 3]
    assert np.array_equal(pictures[0], frame_of(1))  # type: ignore[arg-type] # None would differ, too
    assert pictures[6:] == [None, None]


def test_that_what_is_nowhere_is_said(archive: Archive) -> None:
    record_elsewhere("parquet", archive.paths.recordings_dir / "elsewhere", "elsewhere")
    library = archive.library
    for ask in (library.get_run, library.list_episodes, library.get_episode):
        with pytest.raises(RunNotFoundError):
            ask("nobody")
    with pytest.raises(RunNotFoundError):
        library.load_steps("nobody", "e0000")
    with pytest.raises(EpisodeNotFoundError):
        library.load_steps("elsewhere", "e0009")
    with pytest.raises(FrameNotFoundError) as missing:
        library.require("h5://nobody/frames/0")
    assert missing.value.reason == "no-file"
    with pytest.raises(FrameNotFoundError) as beyond:
        library.require("h5://elsewhere/frames/1000000099")
    assert beyond.value.reason == "out-of-range"


def test_that_a_run_that_the_database_lists_too_is_there_once(archive: Archive, var_dir: Path) -> None:
    where = {"recording": {"backend": "hdf5", "folder": "recordings/run"}}
    with open_services(Settings(var_dir=var_dir)) as services:
        services.store.insert_run(run_of("run", metadata=where))
        services.store.upsert_episode(final_of("run", 0, steps=3))
    record_elsewhere("hdf5", archive.paths.recordings_dir / "run", "run")
    library = archive.library
    assert sorted(one.run.run_id for one in library.list_runs()) == ["own", "run"]
    assert sorted(one.rollup.run_id for one in library.list_episodes()) == ["own", "run"]
    steps = library.load_steps("run", "e0000")
    assert [one.step_index for one in steps] == [0, 1, 2, 3]
    assert np.array_equal(library.require(steps[3].frame_ref or ""), frame_of(3))


def test_that_a_run_that_another_backend_went_on_with_is_one(archive: Archive) -> None:
    folder = archive.paths.recordings_dir / "run"
    record_elsewhere("hdf5", folder, "run", 3)
    with RecorderFactory.create_backend(RecorderConfig(backend="parquet", output_dir=folder)) as writer:
        writer.begin_run(run_of("run"))
        writer.write_steps([step_of("run", 0, index, index) for index in range(3, 7)])
    steps = archive.library.load_steps("run", "e0000")
    assert [one.step_index for one in steps] == list(range(7))
    for index in (0, 2, 3, 6):
        assert np.array_equal(archive.library.require(steps[index].frame_ref or ""), frame_of(index))


def test_that_the_mark_changes_with_every_recording_and_only_then(archive: Archive) -> None:
    library, folder = archive.library, archive.paths.recordings_dir
    marks = [library.recorded_mark()]
    for backend in BACKENDS:
        record_elsewhere(backend, folder / backend, f"{backend}-run")
        marks.append(library.recorded_mark())
    with RecorderFactory.create_backend(RecorderConfig(backend="parquet", output_dir=folder / "live")) as writer:
        writer.begin_run(run_of("live"))
        writer.begin_episode(episode_of("live", 0))
        marks.append(library.recorded_mark())
        writer.write_steps([step_of("live", 0, 0, 0)])
        marks.append(library.recorded_mark())
        assert library.recorded_mark() == marks[-1]
        assert [one.rollup.steps for one in library.list_episodes("live")] == [0]
        writer.write_steps([step_of("live", 0, 1, 1)])
        assert [one.rollup.steps for one in library.list_episodes("live")] == [1]
    assert len(set(marks)) == len(marks)


def test_that_a_recording_from_anywhere_can_be_added(archive: Archive, tmp_path: Path) -> None:
    record_elsewhere("sqlite", tmp_path / "usb", "guest")
    archive.library.add(tmp_path / "usb")
    assert archive.library.get_episode("guest").steps == 3
    archive.library.add(tmp_path / "gone")
    assert {one.run.run_id for one in archive.library.list_runs()} == {"own", "guest"}


def test_that_a_recording_that_cannot_be_read_leaves_the_others(archive: Archive, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "not in the library")
    record_elsewhere("sqlite", archive.paths.recordings_dir / "good", "good")
    damaged = archive.paths.recordings_dir / "bad.sqlite"
    damaged.write_bytes(b"SQLite format 3\x00" + b"\x00" * 20)
    assert {one.run.run_id for one in archive.library.list_runs()} == {"own", "good"}


def test_that_nothing_is_opened_before_it_is_asked_for(archive: Archive) -> None:
    record_elsewhere("hdf5", archive.paths.recordings_dir / "elsewhere", "elsewhere")
    library = archive.library
    assert isinstance(library, LibraryReader)
    library.recorded_mark()
    library.get_episode("own")
    assert library._shelf._readers == {}
    assert replace(library.get_run("own"), metadata={}).run_id == "own"
