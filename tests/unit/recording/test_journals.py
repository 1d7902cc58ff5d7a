"""Journals: whatever is cut off, what came before is there; a step is written once; a full disk keeps none."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from disks import SmallDisk, small_disk
from hypothesis import given
from hypothesis import strategies as st
from synthetic import START, episode_of, final_of, frame_of, run_of, step_of

from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.errors import RecordingError, SchemaMismatchError
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.factory import RecorderFactory
from gym_gui.recording.journal import ARRAYS, scan
from gym_gui.recording.journal_episode import JournalEpisode
from gym_gui.recording.journaled_backend import JournaledBackend
from gym_gui.recording.live_episode import LiveEpisode, SeenSteps
from gym_gui.recording.opening import open_recording

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

    from gym_gui.core.data_model import StepRecord

__all__ = ["small_disk"]
RUN = run_of("run")


def write(path: Path, *batches: list[StepRecord]) -> None:
    """A journal of these batches, gone on with where it is there."""
    episode = LiveEpisode(path, 1, RUN, episode_of("run", 0))
    for steps in batches:
        batch = episode.encode(episode.new_among(steps))
        episode.write(batch)
        episode.keep(batch)
    episode.close()


def test_that_a_journal_cut_off_anywhere_is_read_up_to_there_and_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "whole.journal"
    batches = [[step_of("run", 0, n, n) for n in range(start, start + 3)] for start in range(0, 9, 3)]
    write(path, *batches)
    whole = path.read_bytes()
    cut = tmp_path / "cut.journal"
    counts = []
    for size in range(0, len(whole), 97):
        cut.write_bytes(whole[:size])
        left = JournalEpisode(cut, 1)
        counts.append(left.row_count)
        assert left.count_of("frames") == left.row_count
        write(cut, *batches)
        mended = JournalEpisode(cut, 1)
        assert [step.step_index for step in mended.steps(RUN, 0, None)] == list(range(9))
        assert all(np.array_equal(mended.frame(n), frame_of(n)) for n in range(9))
    assert set(counts) == {0, 3, 6}
    assert counts == sorted(counts)


def test_that_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    write(path, [step_of("run", 0, 0, 0)], [step_of("run", 0, 1, 1)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-5] + bytes([whole[-5] ^ 255]) + whole[-4:])
    assert [step.step_index for step in JournalEpisode(path, 1).steps(RUN, 0, None)] == [0]
    chunk = next(entry for entry in scan(path) if entry.kind == ARRAYS)
    path.write_bytes(whole[: chunk.end - 5] + bytes([whole[chunk.end - 5] ^ 255]) + whole[chunk.end - 4 :])
    with pytest.raises(RecordingError, match="damaged"):
        JournalEpisode(path, 1).frame(0)
    (tmp_path / "foreign").write_bytes(b"something else entirely")
    with pytest.raises(RecordingError, match="no journal"):
        JournalEpisode(tmp_path / "foreign", 1)


@given(st.lists(st.one_of(st.integers(0, 12), st.integers(0, 10**12)), max_size=30))
def test_that_the_steps_that_were_seen_are_a_set(indices: list[int]) -> None:
    seen, model = SeenSteps(), set[int]()
    for index in indices:
        assert (index in seen) == (index in model)
        seen.add(index)
        model.add(index)
    assert all(index in seen for index in model)
    assert not any(index in seen for index in range(14) if index not in model)


@pytest.mark.parametrize("backend", ["parquet", "hdf5"])
def test_that_a_step_without_a_form_leaves_nothing_of_its_call(tmp_path: Path, backend: str) -> None:
    with RecorderFactory.create_backend(RecorderConfig(backend=backend, output_dir=tmp_path)) as writer:
        writer.begin_run(RUN)
        with pytest.raises(SchemaMismatchError, match="Step 1"):
            writer.write_steps([step_of("run", 0, 0, 0), step_of("run", 0, 1, 1, action=object())])
        writer.write_steps([step_of("run", 0, 2, 2)])
    reader = open_recording(tmp_path)
    assert [one.step_index for one in reader.load_steps("run", "e0000")] == [2]
    assert reader.get_episode("run").status is EpisodeStatus.INTERRUPTED
    reader.close()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["parquet", "hdf5"])
def test_that_a_full_disk_refuses_a_call_whole_and_what_was_refused_is_made_later(
    small_disk: SmallDisk, backend: str, expect_log: LogExpectations
) -> None:
    config = RecorderConfig(backend=backend, output_dir=small_disk.path)
    noise = np.random.default_rng(1)

    def steps(episode: int) -> list[StepRecord]:
        pictures = noise.integers(0, 255, (6, 72, 96, 3), np.uint8)
        return [step_of("run", episode, n, n, render_payload=picture) for n, picture in enumerate(pictures)]

    with RecorderFactory.create_backend(config) as writer:
        assert isinstance(writer, JournaledBackend)
        writer.begin_run(RUN)
        writer.begin_episode(episode_of("run", 0))
        writer.begin_episode(episode_of("run", 1))
        writer.write_steps(steps(0))
        small_disk.fill(leave_bytes=100_000)
        with pytest.raises(RecordingError):
            writer.write_steps([replace(steps(0)[0], step_index=6), *steps(1)])
        expect_log(logging.ERROR, "its journal .* is kept")
        writer.end_episode(final_of("run", 0, steps=5))
        writer.finish_now()
        with pytest.raises(RecordingError):
            writer.flush()
        small_disk.free()
        writer.write_steps(steps(1))
        writer.end_episode(final_of("run", 1, steps=5))
        writer.end_run("run", RunState.COMPLETED, START)
    assert not list(small_disk.path.rglob("*.journal"))
    reader = open_recording(small_disk.path)
    (summary,) = reader.list_runs()
    assert (summary.state, summary.episodes) == (RunState.COMPLETED, 2)
    assert [len(reader.load_steps("run", name)) for name in ("e0000", "e0001")] == [6, 6]
    reader.close()
