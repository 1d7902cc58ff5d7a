"""Sound from the game to every format: kept exactly by each backend, in time in videos, sample for sample in WAV."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Any

import av
import gymnasium
import h5py
import numpy as np
import pytest
from integration.command_line import answer, gym_gui

import gym_gui as gym_gui_package
from gym_gui.adapters.registry import registered_specs
from gym_gui.core.sound import SILENCE, sound_of
from gym_gui.recording.opening import open_recording

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.slow

STEPS = 240
RATE_HZ = 30_720
WORDS = ("record", "ALE/SpaceInvaders-v5", "--as-human", "--seed", "3", "--steps", str(STEPS))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A var folder with a run that has sound; the run's id."""
    var_dir = tmp_path_factory.mktemp("sound") / "var"
    return var_dir, answer(*WORDS, var_dir=var_dir)["run_id"]


def sounds_in(path: Path, run_id: str | None = None) -> list[NDArray[np.uint8] | None]:
    """The sound of each row of a recording's only episode."""
    reader = open_recording(path)
    run_id = run_id or reader.list_runs()[0].run.run_id
    assert reader.get_run(run_id).metadata["sound_rate_hz"] == RATE_HZ
    rows = reader.load_steps(run_id, reader.get_episode(run_id).episode_id)
    reader.close()
    return [sound_of(row.extra) for row in rows]


def track_of(found: list[NDArray[np.uint8] | None]) -> NDArray[np.uint8]:
    silence = np.full(512, SILENCE, np.uint8)
    return np.concatenate([silence if one is None else one for one in found])


def same(one: list[NDArray[np.uint8] | None], other: list[NDArray[np.uint8] | None]) -> bool:
    return [sound is None for sound in one] == [sound is None for sound in other] and np.array_equal(
        track_of(one), track_of(other)
    )


def test_that_seed_and_actions_give_the_same_sound_again(recorded: tuple[Path, str]) -> None:
    var_dir, run_id = recorded
    (run,) = answer("runs", var_dir=var_dir)
    rows = answer("steps", run_id, "0", var_dir=var_dir)
    assert run["observation_space"].startswith("Box(0, 255, (210, 160, 3)"), "the agent sees what it saw before"
    assert {row["frame_ref"] == row["obs_ref"] for row in rows} == {True}
    assert run["env_id"] in registered_specs()  # which registers them
    env = gymnasium.make(run["env_id"], sound_obs=True, **run["env_kwargs"])
    env.reset(seed=3)
    heard: list[Any] = [None, *(env.step(row["action"])[0]["sound"] for row in rows[1:])]
    env.close()
    found = sounds_in(var_dir, run_id)
    assert len(found) == STEPS + 1
    assert same(found, heard)
    assert len({None if one is None else one.tobytes() for one in found}) > 20


@pytest.mark.parametrize("backend", ["parquet", "hdf5", "sqlite"])
def test_that_every_backend_keeps_it(recorded: tuple[Path, str], tmp_path: Path, backend: str) -> None:
    run_id = answer(*WORDS, f"record={backend}", var_dir=tmp_path / "var")["run_id"]
    assert same(sounds_in(tmp_path / "var" / "recordings" / run_id), sounds_in(*recorded))
    if backend == "hdf5":
        with h5py.File(tmp_path / "var" / "recordings" / run_id / "recording.h5") as file:
            (episode,) = file[run_id].values()
            assert episode["extra/extra/sound"].shape == (STEPS + 1, 512)


def test_that_it_need_not_be_kept(tmp_path: Path) -> None:
    answer(*WORDS, "record.include_sound=false", var_dir=tmp_path / "var")
    reader = open_recording(tmp_path / "var")
    (summary,) = reader.list_runs()
    assert "sound_rate_hz" not in summary.run.metadata
    rows = reader.load_steps(summary.run.run_id, reader.get_episode(summary.run.run_id).episode_id)
    reader.close()
    assert [row.extra for row in rows] == [None] * (STEPS + 1)


@pytest.mark.parametrize("name", ["out.parquet", "out.h5", "out.sqlite"])
def test_that_it_goes_out_and_comes_back(recorded: tuple[Path, str], tmp_path: Path, name: str) -> None:
    var_dir, run_id = recorded
    answer("export", run_id, "-o", str(tmp_path / name), "--frames", var_dir=var_dir)
    answer("import", str(tmp_path / name), var_dir=tmp_path / "there")
    assert same(sounds_in(tmp_path / "there", run_id), sounds_in(*recorded))


def test_that_python_has_it_as_one_array(recorded: tuple[Path, str]) -> None:
    with gym_gui_package.open_library(recorded[0]) as library:
        sound = library.runs[0].episodes[0].sound
    assert sound is not None
    assert np.array_equal(sound, track_of(sounds_in(*recorded)))


def test_that_wav_has_every_sample(recorded: tuple[Path, str], tmp_path: Path) -> None:
    var_dir, run_id = recorded
    out = tmp_path / "out.wav"
    assert answer("export", run_id, "-o", str(out), var_dir=var_dir)["rows"] == STEPS + 1
    with wave.open(str(out)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 1, RATE_HZ)
        samples = np.frombuffer(file.readframes(file.getnframes()), np.uint8)
    assert np.array_equal(samples, track_of(sounds_in(*recorded)))


def test_that_a_run_without_sound_has_no_wav(tmp_path: Path) -> None:
    run_id = answer("record", "CartPole-v1", "--seed", "1", "--no-frames", var_dir=tmp_path / "var")["run_id"]
    found = gym_gui("export", run_id, "-o", str(tmp_path / "out.wav"), var_dir=tmp_path / "var")
    assert found.code == 1
    assert f"No sound was recorded in run {run_id}, so there is no WAV of it." in found.sentence
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(("name", "codec"), [("out.mkv", "flac"), ("out.mp4", "alac")])
def test_that_a_lossless_video_has_every_sample(
    recorded: tuple[Path, str], tmp_path: Path, name: str, codec: str
) -> None:
    var_dir, run_id = recorded
    answer("export", run_id, "-o", str(tmp_path / name), "--lossless", var_dir=var_dir)
    with av.open(str(tmp_path / name)) as container:
        assert (container.streams.audio[0].codec_context.name, container.streams.audio[0].rate) == (codec, RATE_HZ)
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert samples.dtype == np.int16
    assert np.array_equal((samples >> 8) + SILENCE, track_of(sounds_in(*recorded)))


def test_that_a_small_video_sounds_in_time_with_its_pictures(recorded: tuple[Path, str], tmp_path: Path) -> None:
    var_dir, run_id = recorded
    out = tmp_path / "out.mp4"
    answer("export", run_id, "-o", str(out), "--from", "30", "--to", "210", var_dir=var_dir)
    with av.open(str(out)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.frames, audio.codec_context.name) == (180, "aac")
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert abs(len(samples) / 48_000 - 3.0) < 0.05
    # Loudness picture by picture follows what was recorded: no picture's sound is a picture's time late.
    given = track_of(sounds_in(*recorded)[30:210]).astype(np.float64) - SILENCE
    expected = np.abs(given.reshape(180, 512)).mean(axis=1)
    found = np.abs(samples[: 180 * 800]).reshape(180, 800).mean(axis=1)
    fits = [np.corrcoef(np.roll(expected, shift)[5:-5], found[5:-5])[0, 1] for shift in range(-4, 5)]
    assert int(np.argmax(fits)) - 4 in {0, 1}
    assert max(fits) > 0.9


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (["--no-sound"], ""),
        (["--fps", "30"], "The sound was left out: at 30 pictures a second it would not keep time."),
    ],
)
def test_that_a_video_may_be_silent(recorded: tuple[Path, str], tmp_path: Path, words: list[str], note: str) -> None:
    var_dir, run_id = recorded
    out = tmp_path / "out.mp4"
    told = answer("export", run_id, "-o", str(out), "--to", "30", *words, var_dir=var_dir)
    assert told["notes"] == ([note] if note else [])
    with av.open(str(out)) as container:
        assert not container.streams.audio
