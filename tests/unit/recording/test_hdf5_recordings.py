"""HDF5 recordings: what they say of themselves, what other programs read of them, and the seed's own methods."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from synthetic import START, episode_of, final_of, frame_of, observation_of, run_of, step_of

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import ConfigError, RecordingError, SchemaMismatchError
from gym_gui.recording import RecorderFactory
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.hdf5 import HDF5Backend, HDF5Reader, HDF5Recorder
from gym_gui.testing.recorder_contract import same

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.core.data_model import StepRecord


def recorded(path: Path, *episodes: list[StepRecord], run_id: str = "run", **config: Any) -> Path:
    """A run of whole episodes; the file."""
    with HDF5Backend(RecorderConfig(backend="hdf5", path=path, **config)) as backend:
        backend.begin_run(run_of(run_id, action_space="Discrete(4)", versions={"gymnasium": "1.4"}))
        for index, steps in enumerate(episodes):
            backend.begin_episode(episode_of(run_id, index))
            backend.write_steps(steps)
            backend.end_episode(final_of(run_id, index, steps=len(steps) - 1))
        backend.end_run(run_id, RunState.COMPLETED, START)
    return path


def steps(episode: int, count: int, run_id: str = "run", **fields: Any) -> list[StepRecord]:
    """So many steps."""
    return [step_of(run_id, episode, index, index, **fields) for index in range(count)]


def test_that_plain_h5py_reads_an_episode(tmp_path: Path) -> None:
    path = recorded(tmp_path / "run.h5", steps(0, 5, info={"lives": 3, "where": "here"}))
    assert [one.name for one in tmp_path.iterdir()] == ["run.h5"]
    with h5py.File(path) as file:
        run = file["run"]
        assert (run.attrs["env_id"], run.attrs["action_space"]) == ("Synthetic-v0", "Discrete(4)")
        episode = run["e0000"]
        assert (episode.attrs["seed"], episode.attrs["steps"], episode.attrs["status"]) == (0, 4, "completed")
        assert np.array_equal(episode["frames"], [frame_of(n) for n in range(5)])
        assert np.array_equal(episode["observations"], [observation_of(n) for n in range(5)])
        assert episode["actions"][1:].tolist() == [1, 2, 3, 4]
        assert episode["rewards"][1:].tolist() == [0.25, 0.5, 0.75, 1.0]
        assert (episode["info/lives"][2], episode["info/where"].asstr()[2]) == (3, "here")
        assert (episode["frames"].compression, episode["frames"].dtype) == ("gzip", np.uint8)
        assert episode["rewards"].chunks is None
        assert all("description" in episode[name].attrs for name in ("frames", "rewards", "actions", "timestamps"))
        assert episode["timestamps"].attrs["units"].startswith("microseconds since 1970")


def test_that_an_info_whose_type_changes_can_be_read_in_the_file(tmp_path: Path) -> None:
    infos: list[dict[str, Any]] = [
        {"chance": 1, "lives": 3, "place": {"x": 1, "y": 2}},
        {"chance": 0.25, "lives": 2, "place": {"x": "left", "y": 3}},
        {"chance": None, "lives": 1, "place": {"x": 4, "y": 5}},
        {"chance": 2, "lives": 0, "place": {"x": 6, "y": 7}},
    ]
    given = [step_of("run", 0, index, index, info=info) for index, info in enumerate(infos)]
    path = recorded(tmp_path / "run.h5", given)
    with h5py.File(path) as file:
        episode = file["run/e0000"]
        assert episode["info/lives"][:].tolist() == [3, 2, 1, 0]
        assert episode["info/place/y"][:].tolist() == [2, 3, 5, 7]
        assert (episode["info/chance"][0], episode["info/chance"][3]) == (1, 2)
        assert episode["info/chance_valid"][:].tolist() == [True, False, False, True]
        texts = [json.loads(text) if text else None for text in episode["info_text"].asstr()[:]]
        assert texts == [None, infos[1], infos[2], None]
        assert "JSON, to be read" in episode["info_text"].attrs["description"]
    reader = HDF5Reader(path)
    found = [dict(one.info) for one in reader.load_steps("run", "e0000")]
    reader.close()
    assert [(info, type(info["chance"])) for info in found] == [(info, type(info["chance"])) for info in infos]


@pytest.mark.skipif(shutil.which("h5dump") is None, reason="HDF5's own tools are not installed")
def test_that_h5dump_reads_pixels_and_rewards(tmp_path: Path) -> None:
    path = recorded(tmp_path / "run.h5", steps(0, 3))

    def dumped(*options: str) -> str:
        return subprocess.run(["h5dump", *options, str(path)], capture_output=True, text=True, check=True).stdout

    assert "(0): nan, 0.25, 0.5" in dumped("-d", "/run/e0000/rewards")
    pixels = dumped("-d", "/run/e0000/frames", "-s", "2,0,0,0", "-c", "1,1,8,1", "-y", "-w", "0")
    listed = pixels.partition("DATA {")[2].partition("}")[0]
    found = [int(number) for number in listed.replace("\n", " ").replace(",", " ").split()]
    assert found == frame_of(2)[0, :8, 0].tolist()


@pytest.mark.parametrize(
    "config",
    [
        {"compression": "lzf"},
        {"compression": "none"},
        {"compression": "gzip", "compression_level": 9},
        {"options": {"fletcher32": True, "shuffle": False, "track_order": False, "chunk_size": 2}},
    ],
    ids=str,
)
def test_that_every_way_of_storing_gives_back_the_same(tmp_path: Path, config: dict[str, Any]) -> None:
    large = [step_of("run", 0, n, n, observation=np.full((40, 40), n / 3, np.float32)) for n in range(6)]
    path = recorded(tmp_path / "run.h5", large, **config)
    with h5py.File(path) as file:
        frames = file["run/e0000/frames"]
        assert frames.compression == (
            None if config.get("compression") == "none" else config.get("compression", "gzip")
        )
        assert frames.fletcher32 == ("options" in config)
        assert np.array_equal(file["run/e0000/observations"][4], large[4].observation)
    with HDF5Reader(path) as reader:
        for expected, found in zip(large, reader.load_steps("run", "e0000"), strict=True):
            assert same(reader.require(found.frame_ref or ""), expected.frame)
            assert np.array_equal(reader.require(found.obs_ref or ""), expected.observation)


def test_that_numbers_of_more_than_a_byte_are_shuffled_as_hdf5_does(tmp_path: Path) -> None:
    large = [step_of("run", 0, n, n, observation=np.arange(900, dtype=np.float64) / (n + 1)) for n in range(3)]
    with h5py.File(recorded(tmp_path / "run.h5", large)) as file:
        assert file["run/e0000/observations"].shuffle
        assert np.array_equal(file["run/e0000/observations"], [one.observation for one in large])


@pytest.mark.parametrize("config", [{"compression": "zstd"}, {"compression_level": 11}, {"options": {"chunk_size": 0}}])
def test_that_what_hdf5_does_not_have_is_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        HDF5Backend(RecorderConfig(backend="hdf5", path=tmp_path / "run.h5", **config))


def test_that_runs_share_a_file_and_each_can_be_gone_on_with(tmp_path: Path) -> None:
    path = recorded(tmp_path / "all.h5", steps(0, 3))
    recorded(path, steps(0, 4, "other"), run_id="other")
    recorded(path, steps(0, 3), steps(1, 5))
    with HDF5Reader(path) as reader:
        assert {one.run.run_id: (one.episodes, one.steps) for one in reader.list_runs()} == {
            "run": (2, 6),
            "other": (1, 3),
        }
    with h5py.File(path) as file:
        assert list(file) == ["run", "other"]
        assert file.attrs["format"] == "gym_gui recording"


def test_that_a_reader_follows_a_recording_from_its_first_step_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with HDF5Backend(RecorderConfig(backend="hdf5", path=path)) as backend:
        backend.begin_run(run_of("run"))
        backend.begin_episode(episode_of("run", 0))
        backend.write_steps(steps(0, 2))
        reader = HDF5Reader(path)
        assert len(reader.load_steps("run", "e0000")) == 2
        backend.write_steps(steps(0, 4))
        early = reader.load_steps("run", "e0000")
        backend.end_episode(final_of("run", 0, steps=3))
        backend.finish_now()
        assert reader.load_steps("run", "e0000") == early
        backend.end_run("run", RunState.COMPLETED, START)
        backend.finish_now()
        assert reader.load_steps("run", "e0000") == early
        assert np.array_equal(reader.require(early[3].frame_ref or ""), frame_of(3))
        reader.close()


def test_that_a_file_of_others_is_told_from_a_recording(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    (tmp_path / "text.h5").write_text("no HDF5")
    for name in ("other.h5", "text.h5", "missing.h5"):
        with pytest.raises(RecordingError, match=name):
            HDF5Reader(tmp_path / name)


def test_that_a_program_adds_groups_datasets_and_attributes(tmp_path: Path) -> None:
    recorder = RecorderFactory.create_recorder({"backend": "hdf5", "output_dir": str(tmp_path), "run_id": "run"})
    assert isinstance(recorder, HDF5Recorder)
    recorder.record_step({"reward": 1.0}, 0)
    recorder.create_group("/study/first", title="A plume", trial=3)
    recorder.create_dataset(
        "/study/wind", (2, 3), np.dtype(np.float32), data=np.ones((2, 3), np.float32), chunks=(1, 3)
    )
    recorder.create_dataset("/study/empty", (5,), np.dtype("i4"), compression="gzip")
    recorder.set_attributes("/run/ep-000000", {"quality": "good"})
    with pytest.raises(SchemaMismatchError):
        recorder.create_dataset("/study/bad", (2,), np.dtype("i4"), chunks=(7, 7))
    recorder.record_episode({"total_steps": 1}, 0)
    recorder.close_file()
    with h5py.File(tmp_path / "recording.h5") as file:
        assert dict(file["study/first"].attrs) == {"title": "A plume", "trial": 3}
        assert (file["study/wind"].chunks, file["study/wind"][:].sum()) == ((1, 3), 6)
        assert (file["study/empty"].shape, file["study/empty"].compression) == ((5,), "gzip")
        assert list(file["run"]) == ["ep-000000"]
        assert file["run/ep-000000"].attrs["quality"] == "good"
        assert file["run/ep-000000/rewards"][:].tolist() == [1.0]
