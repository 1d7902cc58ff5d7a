"""What a dead process left, in every state its files can be in: the rows open, and what is gone is said, not raised."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from disks import SmallDisk, small_disk
from synthetic import episode_of, frame_of, run_of, seen_at, step_of

from gym_gui.config.settings import Settings, load_settings
from gym_gui.controllers.recording import RecordingRequest, record
from gym_gui.core.data_model import EpisodeStatus, FrameState, RunState
from gym_gui.core.errors import FrameNotFoundError, VarDirError
from gym_gui.replay import ReplayReader, ReplayWriter
from gym_gui.replay.salvage import make_openable
from gym_gui.services.bootstrap import open_archive, open_services
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations


__all__ = ["small_disk"]  # a fixture


def leave_behind(var_dir: Path, *, rows_in_file: int, rows_in_database: int, skipped: int | None = None) -> Path:
    """Make what a killed recorder leaves: an unclosed file and a run that says it runs.

    Args:
        var_dir: The var folder.
        rows_in_file: Rows that were flushed to the replay file.
        rows_in_database: How many of these were committed.
        skipped: A row that the database does not have: its action could not be stored.
    """
    settings = Settings(var_dir=var_dir)
    settings.paths.prepare()
    writer = ReplayWriter("run", settings.paths.replay_dir, flush_interval_s=None)
    writer.start()
    detached = []
    for number in range(rows_in_file):
        frame = frame_of(number)
        step = step_of("run", 0, number, number, render_payload=frame, observation=seen_at(number, frame))
        detached.append(writer.append(step))
    writer.flush()
    unclosed = writer.path.read_bytes()
    writer.close()
    writer.path.write_bytes(unclosed)
    store = TelemetrySQLiteStore(settings.paths.telemetry_db)
    store.insert_run(run_of("run"))
    store.upsert_episode(episode_of("run", 0))
    store.insert_steps([step for step in detached[:rows_in_database] if step.step_index != skipped])
    store.close()
    return writer.path


@pytest.mark.parametrize(("in_file", "in_database"), [(0, 0), (1, 0), (25, 0), (25, 1), (25, 17), (25, 24), (25, 25)])
def test_that_rows_and_pictures_agree_after_a_kill_between_flush_and_commit(
    var_dir: Path, in_file: int, in_database: int
) -> None:
    path = leave_behind(var_dir, rows_in_file=in_file, rows_in_database=in_database)
    with open_services(Settings(var_dir=var_dir)) as services:
        assert services.recovered_runs == ["run"]
        steps = services.store.load_steps("run", "e0000")
        assert len(steps) == in_database
        for step in steps:
            assert step.frame_ref is not None
            assert step.obs_ref is not None
            frame = frame_of(step.step_index)
            assert np.array_equal(services.resolver.require(step.frame_ref), frame)
            assert np.array_equal(services.resolver.require(step.obs_ref), seen_at(step.step_index, frame))
        assert services.store.get_episode("run").status is EpisodeStatus.INTERRUPTED
    with ReplayReader(path) as reader:
        assert reader.num_steps == in_database
        assert reader.num_episodes == (1 if in_database else 0)
    with h5py.File(path, "r") as file:
        assert file.attrs["total_steps"] == in_database
        assert "recovered_at" in file.attrs


def test_that_a_step_the_database_never_got_costs_no_picture_of_the_others(var_dir: Path) -> None:
    """L1: counting rows would cut off the last one."""
    leave_behind(var_dir, rows_in_file=25, rows_in_database=20, skipped=3)
    with open_services(Settings(var_dir=var_dir)) as services:
        for step in services.store.load_steps("run", "e0000"):
            assert step.frame_ref is not None
            assert np.array_equal(services.resolver.require(step.frame_ref), frame_of(step.step_index))


def test_that_a_file_that_lacks_committed_pictures_is_kept_as_it_was(
    var_dir: Path, tmp_path: Path, expect_log: LogExpectations
) -> None:
    path = leave_behind(var_dir, rows_in_file=25, rows_in_database=25)
    shorter = leave_behind(tmp_path / "other", rows_in_file=10, rows_in_database=10).read_bytes()
    path.write_bytes(shorter)
    expect_log(logging.ERROR, "arrays that recorded steps name are not in run.h5")
    with open_services(Settings(var_dir=var_dir)) as services:
        found = [services.resolver.resolve(step.frame_ref or "") for step in services.store.load_steps("run", "e0000")]
    assert [frame is not None for frame in found] == [True] * 10 + [False] * 15
    assert path.with_name("run.h5.damaged").read_bytes() == shorter


def test_that_a_kill_while_a_dataset_is_added_leaves_no_row_without_its_arrays(var_dir: Path) -> None:
    """For a moment the file is closed and opens plainly, with rows whose pictures are still in memory."""
    path = leave_behind(var_dir, rows_in_file=20, rows_in_database=20)
    unclosed = path.with_name("unclosed")
    with ReplayWriter("run", path.parent, flush_interval_s=None) as writer:
        for number in range(20, 31):
            writer.append(step_of("run", 0, number, number))
        writer.write_full_chunks()
        shutil.copy(path, unclosed)
    make_openable(unclosed, path)
    with open_services(Settings(var_dir=var_dir)) as services:
        assert len(services.store.load_steps("run", "e0000")) == 20
    with h5py.File(path, "r") as file:
        assert len(file["rewards"]) == 20
    with ReplayWriter("run", path.parent) as writer:
        writer.record_step(frame_of(77), None, 77, 0.0, False)
    with ReplayReader(path) as reader:
        assert reader.num_steps == 21
        assert np.array_equal(reader.get_step(20)["frame"], frame_of(77))


def test_that_recovering_twice_changes_nothing(var_dir: Path) -> None:
    path = leave_behind(var_dir, rows_in_file=25, rows_in_database=20)
    with open_services(Settings(var_dir=var_dir)) as services:
        first = (path.read_bytes(), services.store.list_episodes("run"), services.store.list_runs())
    with open_services(Settings(var_dir=var_dir)) as services:
        assert services.recovered_runs == []
        assert (path.read_bytes(), services.store.list_episodes("run"), services.store.list_runs()) == first


@pytest.mark.parametrize("damage", ["missing", "truncated", "foreign", "empty", "text"])
def test_that_rows_open_although_the_file_is_damaged(var_dir: Path, damage: str, expect_log: LogExpectations) -> None:
    path = leave_behind(var_dir, rows_in_file=25, rows_in_database=20)
    data = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "foreign":
        with h5py.File(path, "w") as file:
            file["data"] = np.arange(5)
    elif damage == "empty":
        path.touch()
    elif damage == "text":
        path.write_text("not at all " * 100)
    if damage in {"truncated", "text", "empty"}:
        expect_log(logging.ERROR, "could not be recovered: The replay file")
    before = path.read_bytes() if path.exists() else None
    for _ in range(2):
        with open_services(Settings(var_dir=var_dir)) as services:
            (run,) = services.store.list_runs()
            assert (run.state, run.steps) == (RunState.INTERRUPTED, 19)
            assert services.store.get_episode("run").status is EpisodeStatus.INTERRUPTED
            steps = services.store.load_steps("run", "e0000")
            assert len(steps) == 20
            assert steps[3].frame_ref is not None
            assert services.resolver.resolve(steps[3].frame_ref) is None
            with pytest.raises(FrameNotFoundError) as refusal:
                services.resolver.require(steps[3].frame_ref)
            assert refusal.value.reason in {"no-file", "unreadable", "no-dataset"}
            assert services.resolver.resolve_batch([step.frame_ref or "" for step in steps]) == [None] * 20
            shown = services.telemetry.get_step_with_frame(steps[3])
            assert shown.frame is None
    assert (path.read_bytes() if path.exists() else None) == before, "what cannot be mended is left as it is"


def test_that_a_run_whose_end_was_committed_stays_completed(var_dir: Path) -> None:
    """Killed between the commit of its end and the closing of its file."""
    path = leave_behind(var_dir, rows_in_file=25, rows_in_database=25)
    store = TelemetrySQLiteStore(Settings(var_dir=var_dir).paths.telemetry_db)
    store.end_run("run", RunState.COMPLETED, episode_of("run", 0).started_at)
    store.close()
    path.with_suffix(".lock").touch()
    with open_services(Settings(var_dir=var_dir)) as services:
        assert services.store.list_runs()[0].state is RunState.COMPLETED
    with h5py.File(path, "r") as file:
        assert len(file["rewards"]) == 25
    assert not path.with_suffix(".lock").exists()


def test_that_a_copy_that_was_being_made_is_thrown_away(var_dir: Path) -> None:
    path = leave_behind(var_dir, rows_in_file=5, rows_in_database=5)
    (path.parent / "run.h5.next").write_bytes(b"half a copy")
    (path.parent / "run.h5.recovering").write_bytes(b"half a copy")
    with open_services(Settings(var_dir=var_dir)) as services:
        assert services.resolver.list_runs() == ["run"]
        assert services.resolver.resolve("h5://run/frames/4") is not None
    assert [entry.name for entry in path.parent.iterdir()] == ["run.h5"]


def test_that_an_archive_recovers_too(var_dir: Path) -> None:
    leave_behind(var_dir, rows_in_file=25, rows_in_database=20)
    with open_archive(Settings(var_dir=var_dir)) as archive:
        assert archive.store.list_runs()[0].state is RunState.INTERRUPTED
        assert archive.resolver.resolve("h5://run/frames/19") is not None
        assert archive.resolver.resolve("h5://run/frames/20") is None


def test_that_a_read_only_folder_shows_what_a_killed_process_left(small_disk: SmallDisk) -> None:
    var_dir = small_disk.path / "var"
    leave_behind(var_dir, rows_in_file=25, rows_in_database=20)
    small_disk.make_read_only()
    with open_archive(Settings(var_dir=var_dir)) as archive:
        assert archive.store.list_runs()[0].state is RunState.RUNNING
        for step in archive.store.load_steps("run", "e0000"):
            assert step.frame_ref is not None
            assert np.array_equal(archive.resolver.require(step.frame_ref), frame_of(step.step_index))
    with pytest.raises(VarDirError, match="cannot be written"):
        open_services(Settings(var_dir=var_dir))


def test_that_an_interrupted_episode_counts_the_pictures_it_lacks(var_dir: Path) -> None:
    settings = Settings(var_dir=var_dir)
    settings.paths.prepare()
    store = TelemetrySQLiteStore(settings.paths.telemetry_db)
    store.insert_run(run_of("run"))
    store.upsert_episode(episode_of("run", 0))
    states = [FrameState.SHED, FrameState.LOST, FrameState.NONE] * 2
    store.insert_steps(
        [
            step_of("run", 0, number, number, render_payload=None, observation=None, frame_state=state)
            for number, state in enumerate(states)
        ]
    )
    store.close()
    with open_services(settings) as services:
        rollup = services.store.get_episode("run")
        assert (rollup.frames, rollup.dropped_frames) == (0, 4)


def test_that_an_interrupted_episode_counts_the_bytes_of_its_pictures(tmp_path: Path) -> None:
    path = leave_behind(tmp_path, rows_in_file=40, rows_in_database=40)
    with open_archive(Settings(var_dir=tmp_path)) as archive:
        (summary,) = archive.store.list_episodes("run")
    assert summary.rollup.status is EpisodeStatus.INTERRUPTED
    assert summary.size_bytes > path.stat().st_size * 0.5


@pytest.mark.parametrize("backend", ["sqlite", "hdf5", "parquet"])
def test_that_a_killed_run_of_another_backend_is_listed_as_what_it_holds(var_dir: Path, backend: str) -> None:
    settings = load_settings(var_dir, [f"record={backend}"])
    with open_services(settings) as services:
        run_id = record(services, RecordingRequest(env_id="FrozenLake-v1", episodes=3, seed=5)).run_id
        whole = [one.rollup for one in services.store.list_episodes(run_id)]
    # Its process died before the list was written once more: it knew little of the second, nothing of the third.
    with closing(sqlite3.connect(settings.paths.telemetry_db)) as list_of_then, list_of_then:
        list_of_then.execute("UPDATE runs SET state = 'running', ended_at = NULL")
        list_of_then.execute("UPDATE episodes SET stored_bytes = 0")
        list_of_then.execute(
            "UPDATE episodes SET status = 'running', steps = 1, total_reward = 0, frames = 1, terminated = 0, "
            "ended_at = NULL WHERE episode_index = 1"
        )
        list_of_then.execute("DELETE FROM episodes WHERE episode_index = 2")
    with open_services(settings) as services:
        assert services.recovered_runs == [run_id]
        (summary,) = services.library.list_runs()
        found = [one.rollup for one in services.library.list_episodes(run_id)]
    told = [(one.steps, one.total_reward, one.frames, one.status, one.terminated, one.seed) for one in found]
    assert told == [(one.steps, one.total_reward, one.frames, one.status, one.terminated, one.seed) for one in whole]
    folder = settings.paths.recordings_dir / run_id
    on_disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert summary.size_bytes == pytest.approx(on_disk, rel=0.01)


def test_that_a_damaged_recording_keeps_no_killed_run_running(var_dir: Path, expect_log: LogExpectations) -> None:
    settings = load_settings(var_dir, ["record=sqlite"])
    with open_services(settings) as services:
        run_id = record(services, RecordingRequest(env_id="FrozenLake-v1", episodes=1, seed=5)).run_id
    recording = settings.paths.recordings_dir / run_id / "recording.sqlite"
    recording.write_bytes(recording.read_bytes()[:5_000])
    with closing(sqlite3.connect(settings.paths.telemetry_db)) as list_of_then, list_of_then:
        list_of_then.execute("UPDATE runs SET state = 'running', ended_at = NULL")
        list_of_then.execute("UPDATE episodes SET status = 'running', terminated = 0, ended_at = NULL")
    expect_log(logging.WARNING, f"What run {run_id} recorded could not be counted")
    with open_services(settings) as services:
        assert services.recovered_runs == [run_id]
        assert services.store.get_summary(run_id).state is RunState.INTERRUPTED
        assert services.store.get_episode(run_id).status is EpisodeStatus.INTERRUPTED
