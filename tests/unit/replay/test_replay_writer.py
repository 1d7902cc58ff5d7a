"""ReplayWriter and ReplayReader through their public names: what is promised, what is refused, what is resumed."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from synthetic import frame_of, observation_of, same_picture, step_of

from gym_gui.core.errors import InvalidRunIdError, ReplayFileError, SchemaMismatchError
from gym_gui.replay import FrameResolver, ReplayReader, ReplayWriter


def write(folder: Path, rows: int, *, run_id: str = "run", start: int = 0) -> list[str]:
    """Write a closed file; returns the refs of its frames."""
    with ReplayWriter(run_id, folder) as writer:
        refs = [
            writer.record_step(frame_of(number), observation_of(number), number, number / 4, number % 10 == 9)
            for number in range(start, start + rows)
        ]
    return [ref for ref in refs if ref is not None]


def test_that_the_names_of_the_specification_are_importable_and_work(tmp_path: Path) -> None:
    writer = ReplayWriter("run", tmp_path, frame_shape=(4, 4, 3), obs_shape=(2,))
    writer.start()
    assert writer.run_id == "run"
    assert writer.path == tmp_path / "run.h5"
    ref = writer.record_step(np.ones((4, 4, 3), np.uint8), np.zeros(2, np.uint8), 1, 0.5, False)
    assert ref == "h5://run/frames/0"
    writer.mark_episode_end()
    writer.flush()
    assert writer.step_count == 1
    writer.close()
    writer.close()
    with ReplayReader(tmp_path / "run.h5") as reader:
        assert (reader.num_steps, reader.num_episodes) == (1, 1)
        assert reader.has_frames
        assert reader.has_observations
        assert reader.metadata["run_id"] == "run"
        assert reader.metadata["total_steps"] == 1
        assert reader.metadata["version"]
        assert reader.metadata["created_at"]


@pytest.mark.parametrize("call", ["record", "mark", "flush"])
@pytest.mark.parametrize("state", ["not started", "closed"])
def test_that_a_writer_that_is_not_started_raises(tmp_path: Path, call: str, state: str) -> None:
    writer = ReplayWriter("run", tmp_path)
    if state == "closed":
        writer.start()
        writer.close()
    calls: dict[str, Any] = {
        "record": lambda: writer.record_step(frame_of(0), None, 0, 0.0, False),
        "mark": writer.mark_episode_end,
        "flush": writer.flush,
    }
    with pytest.raises(RuntimeError, match="not started"):
        calls[call]()
    writer.close()


def test_that_a_reader_that_is_not_open_raises(tmp_path: Path) -> None:
    write(tmp_path, 3)
    reader = ReplayReader(tmp_path / "run.h5")
    asks: list[Any] = [
        lambda: reader.num_steps,
        lambda: reader.num_episodes,
        lambda: reader.metadata,
        lambda: reader.has_frames,
        lambda: reader.has_observations,
        lambda: reader.get_step(0),
        lambda: reader.get_episode(0),
        lambda: reader.get_frame(0),
        lambda: reader.get_observation(0),
        lambda: next(reader.iter_batches(2)),
    ]
    for ask in asks:
        with pytest.raises(RuntimeError, match="not open"):
            ask()
    with reader:
        assert reader.num_steps == 3
    with pytest.raises(RuntimeError):
        reader.get_step(0)


@pytest.mark.parametrize("run_id", ["../x", "", ".", "a/b", "x" * 129, "x\n"], ids=range(6))
def test_that_a_hostile_run_id_writes_nothing(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(InvalidRunIdError):
        ReplayWriter(run_id, tmp_path / "replay")
    assert list(tmp_path.iterdir()) == []


def test_that_out_of_range_is_none_for_arrays_and_an_error_for_steps_and_episodes(tmp_path: Path) -> None:
    write(tmp_path, 25)
    with ReplayReader(tmp_path / "run.h5") as reader:
        for index in (-1, 25, 10**6):
            assert reader.get_frame(index) is None
            assert reader.get_observation(index) is None
            with pytest.raises(IndexError):
                reader.get_step(index)
        assert reader.num_episodes == 1
        for index in (-1, 1):
            with pytest.raises(IndexError):
                reader.get_episode(index)


def test_that_batches_hold_every_row_and_the_last_one_is_shorter(tmp_path: Path) -> None:
    write(tmp_path, 25)
    with ReplayReader(tmp_path / "run.h5") as reader:
        batches = list(reader.iter_batches(10))
        assert [len(batch["rewards"]) for batch in batches] == [10, 10, 5]
        assert [batch["frames"].shape for batch in batches] == [(10, 72, 96, 3), (10, 72, 96, 3), (5, 72, 96, 3)]
        assert np.concatenate([batch["actions"] for batch in batches]).tolist() == list(range(25))
        assert all(np.array_equal(batches[2]["frames"][row], frame_of(20 + row)) for row in range(5))
        shuffled = list(reader.iter_batches(10, shuffle=True, seed=3))
        assert [len(batch["rewards"]) for batch in shuffled] == [10, 10, 5]
        order = np.concatenate([batch["actions"] for batch in shuffled]).tolist()
        assert sorted(order) == list(range(25))
        assert order != list(range(25))
        with pytest.raises(ValueError, match="at least one row"):
            next(reader.iter_batches(0))


def test_that_an_episode_has_its_arrays_and_its_place(tmp_path: Path) -> None:
    with ReplayWriter("run", tmp_path) as writer:
        for number in range(12):
            writer.record_step(frame_of(number), observation_of(number), number, number / 4, number in {4, 11})
            if number in {4, 11}:
                writer.mark_episode_end()
        writer.mark_episode_end()  # without any rows since, nothing happens
    with ReplayReader(tmp_path / "run.h5") as reader:
        assert reader.num_episodes == 2
        episode = reader.get_episode(1)
        assert (episode["episode_index"], episode["start_step"], episode["length"]) == (1, 5, 7)
        assert episode["dones"].tolist() == [False] * 6 + [True]
        assert episode["rewards"].dtype == np.float64
        assert np.array_equal(episode["frames"][3], frame_of(8))
        assert np.array_equal(episode["observations"][3], observation_of(8))


def test_that_rewards_keep_all_their_bits(tmp_path: Path) -> None:
    rewards = [0.1 + 0.2, float("nan"), -0.0, 1e-320, float("inf")]
    with ReplayWriter("run", tmp_path) as writer:
        for reward in rewards:
            writer.record_step(None, None, 0, reward, False)
    with ReplayReader(tmp_path / "run.h5") as reader:
        assert [repr(reader.get_step(row)["reward"]) for row in range(5)] == [repr(reward) for reward in rewards]
        assert not reader.has_frames
        assert not reader.has_observations


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (0.5, 2**60 + 1),
        (1, 0.5),
        (1, np.zeros(3)),
        (np.zeros(3), np.zeros(4)),
        (1, "left"),
        (1, object()),
        (1, {"a": 1}),
    ],
    ids=range(7),
)
def test_that_an_action_that_would_be_changed_is_refused_and_the_run_goes_on(
    tmp_path: Path, first: Any, then: Any
) -> None:
    with ReplayWriter("run", tmp_path) as writer:
        writer.record_step(frame_of(0), None, first, 0.0, False)
        with pytest.raises(SchemaMismatchError):
            writer.record_step(frame_of(1), None, then, 0.0, False)
        assert writer.step_count == 1
        assert writer.record_step(frame_of(2), None, first, 0.0, False) == "h5://run/frames/1"
    with ReplayReader(tmp_path / "run.h5") as reader:
        assert reader.num_steps == 2
        assert np.array_equal(reader.get_step(1)["frame"], frame_of(2))


@pytest.mark.parametrize(
    "frame",
    [np.array([[None]], dtype=object), np.array("text"), "no array", np.empty((0, 3)), np.array(["2026"], "M8[Y]")],
    ids=range(5),
)
def test_that_a_frame_without_pixels_is_refused_and_the_run_goes_on(tmp_path: Path, frame: Any) -> None:
    with ReplayWriter("run", tmp_path) as writer:
        with pytest.raises(SchemaMismatchError):
            writer.record_step(frame, None, 0, 0.0, False)
        assert writer.record_step(frame_of(1), None, 0, 0.0, False) == "h5://run/frames/0"


def test_that_the_65th_shape_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    with ReplayWriter("run", tmp_path, flush_interval_s=None) as writer:
        refs = [writer.record_step(frame_of(1, (20, 70 + size, 3)), None, 0, 0.0, False) for size in range(64)]
        with pytest.raises(SchemaMismatchError, match="64 times"):
            writer.record_step(frame_of(1, (20, 200, 3)), None, 0, 0.0, False)
        assert writer.record_step(frame_of(2, (20, 70, 3)), None, 0, 0.0, False) == "h5://run/frames/1"
    with FrameResolver(tmp_path) as resolver:
        assert refs[63] == "h5://run/frames.63/0"
        assert np.array_equal(resolver.require(refs[63]), frame_of(1, (20, 133, 3)))


def test_that_the_caller_may_reuse_its_buffer(tmp_path: Path) -> None:
    frame, seen = frame_of(0), observation_of(0)
    with ReplayWriter("run", tmp_path) as writer:
        for number in range(20):
            frame[...] = frame_of(number)
            seen[...] = observation_of(number)
            writer.record_step(frame, seen, number, 0.0, False)
    with ReplayReader(tmp_path / "run.h5") as reader:
        for number in range(20):
            assert same_picture(reader.get_frame(number), frame_of(number))
            assert same_picture(reader.get_observation(number), observation_of(number))


def test_that_what_is_read_belongs_to_the_reader(tmp_path: Path) -> None:
    (ref,) = write(tmp_path, 1)
    with FrameResolver(tmp_path) as resolver:
        resolver.require(ref)[...] = 0
        assert np.array_equal(resolver.require(ref), frame_of(0))


def test_that_a_run_is_resumed_and_not_erased(tmp_path: Path) -> None:
    first = write(tmp_path, 13)
    then = write(tmp_path, 7, start=13)
    assert then[0] == "h5://run/frames/13"
    with FrameResolver(tmp_path) as resolver:
        for number, ref in enumerate([*first, *then]):
            assert np.array_equal(resolver.require(ref), frame_of(number))


def test_that_a_second_writer_of_a_run_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with ReplayWriter("run", tmp_path) as writer:
        writer.record_step(frame_of(0), None, 0, 0.0, False)
        with pytest.raises(ReplayFileError, match="being recorded by another process"):
            ReplayWriter("run", tmp_path).start()
        program = f"from gym_gui.replay import ReplayWriter; ReplayWriter('run', {str(tmp_path)!r}).start()"
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert "being recorded by another process" in other.stderr
        writer.record_step(frame_of(1), None, 0, 0.0, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.h5"]
    write(tmp_path, 1)


def _make_foreign_h5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(5)


def _make_text(path: Path) -> None:
    path.write_text("no replay file " * 100)


def _make_truncated(path: Path) -> None:
    write(path.parent, 40)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize("make", [_make_foreign_h5, _make_text, _make_truncated])
def test_that_a_file_that_is_not_ours_is_refused_and_left_as_it_is(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "run.h5"
    make(path)
    before = path.read_bytes()
    with pytest.raises(ReplayFileError) as refusal:
        ReplayWriter("run", tmp_path).start()
    assert str(path) in refusal.value.hint
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.h5"]


def test_that_a_file_of_another_run_is_not_appended_to(tmp_path: Path) -> None:
    write(tmp_path, 3, run_id="other")
    (tmp_path / "other.h5").rename(tmp_path / "run.h5")
    with pytest.raises(ReplayFileError, match="belongs to something else"):
        ReplayWriter("run", tmp_path).start()


def test_that_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "replay").touch()
    with pytest.raises(ReplayFileError, match="folder cannot be made"):
        ReplayWriter("run", tmp_path / "replay").start()


@pytest.mark.parametrize("cut", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("state", ["closed", "killed"])
def test_that_a_file_cut_short_gives_a_sentence_in_no_time(tmp_path: Path, cut: float, state: str) -> None:
    """HDF5 itself waits for ever for the missing end of a file whose writer is announced."""
    writer = ReplayWriter("run", tmp_path, flush_interval_s=None)
    writer.start()
    for number in range(40):
        writer.record_step(frame_of(number), None, 0, 0.0, False)
    writer.flush()
    data = writer.path.read_bytes()
    writer.close()
    if state == "closed":
        data = writer.path.read_bytes()
    short = tmp_path / "short.h5"
    short.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(ReplayFileError):
        ReplayReader(short).open()
    with FrameResolver(tmp_path) as resolver:
        assert resolver.resolve("h5://short/frames/0") is None
        assert resolver.get_run_info("short") is None


def test_that_readers_of_the_same_process_hold_no_writer_up_however_they_spell_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    writer = ReplayWriter("run", "replay", flush_interval_s=None)
    writer.start()
    writer.record_step(frame_of(0), None, 0, 0.0, False)
    writer.flush()
    (tmp_path / "link").symlink_to(tmp_path / "replay")
    for spelling in (Path("replay/run.h5"), tmp_path / "replay" / "run.h5", tmp_path / "link" / "run.h5"):
        with ReplayReader(spelling) as reader:
            assert same_picture(reader.get_frame(0), frame_of(0))
            shape = (20, 64 + len(str(spelling)), 3)
            writer.record_step(frame_of(1, shape), None, 0, 0.0, False)
            writer.flush()
            assert reader.num_steps == writer.step_count
            assert same_picture(reader.get_frame(writer.step_count - 1), frame_of(1, shape))
    writer.close()


def test_that_the_flusher_keeps_nothing_longer_than_it_may(tmp_path: Path) -> None:
    """L5 for a program without a pipeline: no call comes after the step, and it is on disk all the same."""
    with ReplayWriter("run", tmp_path, flush_interval_s=0.05) as writer, ReplayReader(writer.path) as reader:
        writer.record_step(frame_of(0), None, 0, 0.0, False)
        seen = threading.Event()
        for _ in range(200):
            if reader.num_steps == 1:
                seen.set()
                break
            threading.Event().wait(0.02)
        assert seen.is_set()
        assert same_picture(reader.get_frame(0), frame_of(0))


def test_that_a_detached_record_names_its_arrays(tmp_path: Path) -> None:
    with ReplayWriter("run", tmp_path) as writer:
        picture = frame_of(1)
        one = writer.append(step_of("run", 0, 0, 0))
        other = writer.append(step_of("run", 0, 1, 1, render_payload={"frame": picture}, observation=picture))
    assert (one.frame_ref, one.obs_ref) == ("h5://run/frames/0", "h5://run/observations/0")
    assert (other.frame_ref, other.obs_ref) == ("h5://run/frames/1", "h5://run/frames/1")
    with ReplayReader(writer.path) as reader:
        assert reader.get_step(0)["action"] is None
        assert reader.get_step(0)["reward"] is None
        assert np.array_equal(reader.get_step(1)["observation"], picture)


def test_that_two_readers_of_one_process_that_follow_a_file_both_see_every_picture(tmp_path: Path) -> None:
    """HDF5 2.0 takes every chunk for the first one after a refresh of a dataset that is open twice."""
    refs = write(tmp_path, 30)
    path = tmp_path / "run.h5"
    with ReplayReader(path) as one, ReplayReader(path) as other, FrameResolver(tmp_path) as resolver:
        for reader in (one, other):
            assert same_picture(reader.get_frame(0), frame_of(0))
        assert resolver.resolve("h5://run/frames/30") is None, "looked up anew, and still not there"
        for number, ref in enumerate(refs):
            assert one.num_steps == other.num_steps == 30
            assert same_picture(one.get_frame(number), frame_of(number))
            assert same_picture(other.get_frame(number), frame_of(number))
            assert same_picture(resolver.resolve(ref), frame_of(number))
