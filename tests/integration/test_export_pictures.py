"""Videos, GIFs and PNGs, decoded again: bit by bit where they are lossless, in time, size and number everywhere."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from exports import RUN, SHAPE, START, frame_of, record, step
from PIL import Image

from gym_gui.config.settings import Settings
from gym_gui.controllers.exporting import import_into_folder
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, RunState
from gym_gui.core.errors import ExportError
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.export import export_run
from gym_gui.recording.export.run import open_source
from gym_gui.recording.factory import RecorderFactory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepRecord

STEPS = 30


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A var folder with a run of 30 pictures of odd size at 60 a second; the picture of step 7 was shed."""
    steps = [step(index, render_payload=None if index == 7 else frame_of(index)) for index in range(STEPS)]
    record(tmp_path / "var", [steps], step_rate_hz=60.0, metadata={"action_meanings": ["NOOP", "FIRE", "UP", "DOWN"]})
    return tmp_path


def decoded(path: Path) -> list[NDArray[np.uint8]]:
    """The pictures of a video."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize(("name", "codec"), [("out.mp4", "h264"), ("out.mkv", "ffv1")])
def test_that_a_lossless_video_is_lossless(home: Path, name: str, codec: str) -> None:
    result = export_run(home / "var", RUN, home / name, format="mp4", lossless=True)
    found = decoded(result.output)
    assert result.frames == len(found) == STEPS
    for index, frame in enumerate(found):
        assert np.array_equal(frame, frame_of(6 if index == 7 else index)), index
    with av.open(str(result.output)) as container:
        assert container.streams.video[0].codec_context.name == codec
    assert any("1 steps have no picture" in note for note in result.notes)


def test_that_a_video_may_have_any_name(home: Path) -> None:
    for name in ("film", "film-v0", "film.video"):
        path = export_run(home / "var", RUN, home / name, format="mp4").output
        assert len(decoded(path)) == STEPS


def test_that_the_small_video_is_padded_to_even_sides_and_runs_at_the_step_rate(home: Path) -> None:
    path = export_run(home / "var", RUN, home / "out.mp4").output
    found = decoded(path)
    height, width = SHAPE[:2]
    assert found[0].shape == (height + 1, width, 3)
    error = np.mean((found[12][:height].astype(float) - frame_of(12)) ** 2)
    assert error < 1_500  # the colours of a picture made of lines one pixel wide smear; it is that picture all the same
    probe = shutil.which("ffprobe")
    if probe is None:
        pytest.skip("ffprobe is not installed")
    words = [probe, "-v", "error", "-show_streams", "-of", "json", str(path)]
    stream = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)["streams"][0]
    assert (stream["codec_name"], stream["pix_fmt"], stream["r_frame_rate"]) == ("h264", "yuv420p", "60/1")
    assert float(stream["duration"]) == pytest.approx(STEPS / 60)


def test_that_fps_and_quality_are_as_asked(home: Path) -> None:
    good = export_run(home / "var", RUN, home / "good.mp4", fps=29.97, crf=0, scale=4)
    poor = export_run(home / "var", RUN, home / "poor.mp4", fps=29.97, crf=51, scale=4)
    assert good.size_bytes > poor.size_bytes
    with av.open(str(good.output)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == Fraction(29.97).limit_denominator(1_001)
        assert (stream.height, stream.width) == (4 * SHAPE[0], 4 * SHAPE[1])


def test_that_an_overlay_stands_below_the_picture_and_leaves_it_alone(home: Path) -> None:
    path = export_run(home / "var", RUN, home / "out.mkv", lossless=True, overlay=True).output
    found = decoded(path)
    scale = 25  # sixteen pixels are too narrow to write on
    picture = found[12][: SHAPE[0] * scale]
    assert np.array_equal(picture[::scale, ::scale], frame_of(12))
    below = [frame[SHAPE[0] * scale :] for frame in found]
    assert below[12].shape[0] > 30
    assert not np.array_equal(below[12], below[13])
    assert below[12].max() > 200


def gif_frames(path: Path) -> list[tuple[NDArray[np.uint8], int]]:
    """Pictures of a GIF with how long each stands, in milliseconds."""
    with Image.open(path) as image:
        found = []
        for place in range(getattr(image, "n_frames", 1)):
            image.seek(place)
            found.append((np.asarray(image.convert("RGB")), int(image.info["duration"])))
    return found


def test_that_a_gif_of_few_colours_is_exact_and_takes_its_right_time(home: Path) -> None:
    result = export_run(home / "var", RUN, home / "out.gif", fps=30)
    found = gif_frames(result.output)
    shown = [index for index in range(STEPS) if index != 7]
    assert [np.array_equal(frame, frame_of(index)) for (frame, _), index in zip(found, shown, strict=True)] == [
        True
    ] * 29
    assert sum(duration for _, duration in found) == 1000 * STEPS // 30
    assert {duration for _, duration in found} == {30, 40, 70}  # 7 stands for 6, too
    assert any("3.33 hundredths" in note for note in result.notes)


def test_that_a_rate_beyond_what_a_gif_knows_is_told(home: Path) -> None:
    result = export_run(home / "var", RUN, home / "out.gif")
    found = gif_frames(result.output)
    assert any("at most 50" in note for note in result.notes)
    assert sum(duration for _, duration in found) == 500
    assert min(duration for _, duration in found) >= 20


def test_that_a_gif_of_many_colours_is_near(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    red, green = np.meshgrid(ramp, ramp)
    frames = [np.stack([np.roll(red, 9 * index), green, red // 2], axis=-1) for index in range(5)]
    record(tmp_path / "var", [[step(index, render_payload=frame) for index, frame in enumerate(frames)]])
    result = export_run(tmp_path / "var", RUN, tmp_path / "out.gif", fps=10)
    assert any("256 colours" in note for note in result.notes)
    for (found, duration), frame in zip(gif_frames(result.output), frames, strict=True):
        assert duration == 100
        assert np.abs(found.astype(int) - frame).mean() < 16


def test_that_one_step_is_one_png_and_many_are_a_folder(home: Path) -> None:
    one = export_run(home / "var", RUN, home / "out.png", start=12, stop=13)
    with Image.open(one.output) as image:
        assert np.array_equal(np.asarray(image), frame_of(12))
        assert image.info["Source"] == f"h5://{RUN}/frames/11"
    many = export_run(home / "var", RUN, home / "pictures", format="png", scale=2)
    names = sorted(path.name for path in many.output.iterdir())
    assert (len(names), names[12]) == (STEPS, "episode-0000-step-000012.png")
    with Image.open(many.output / names[12]) as image:
        assert np.array_equal(np.asarray(image)[::2, ::2], frame_of(12))
    with pytest.raises(ExportError, match="30 pictures do not go into one"):
        export_run(home / "var", RUN, home / "all.png")
    assert not (home / "all.png").exists()


def test_that_pictures_of_several_sizes_share_a_video(tmp_path: Path) -> None:
    shapes: list[Any] = [(20, 16, 3), (8, 24, 3)]
    steps = [step(index, render_payload=frame_of(index, shapes[index // 3])) for index in range(6)]
    record(tmp_path / "var", [steps])
    result = export_run(tmp_path / "var", RUN, tmp_path / "out.mkv", lossless=True)
    found = decoded(result.output)
    assert found[0].shape == (20, 24, 3)
    assert np.array_equal(found[4][:8, :24], frame_of(4, shapes[1]))
    assert any("change their size" in note for note in result.notes)


@pytest.mark.parametrize("backend", ["split", "parquet", "hdf5", "sqlite"])
def test_that_pictures_may_change_their_size_within_an_episode_of_any_backend(tmp_path: Path, backend: str) -> None:
    shapes: list[Any] = [(20, 16, 3), (8, 24, 3), (20, 16, 3)]
    steps = [step(index, render_payload=frame_of(index, shapes[index // 2])) for index in range(6)]
    recorded(tmp_path / "var", steps, backend)
    for name in ("out.mkv", "out.mp4", "out.gif"):
        result = export_run(tmp_path / "var", RUN, tmp_path / name, fps=10, lossless=name != "out.gif")
        assert any("change their size" in note for note in result.notes)
        found = [frame for frame, _ in gif_frames(result.output)] if name == "out.gif" else decoded(result.output)
        assert {frame.shape for frame in found} == {(20, 24, 3)}
        assert np.array_equal(found[2][:8, :24], frame_of(2, shapes[1]))
        assert not found[2][8:].any()
    names = sorted(export_run(tmp_path / "var", RUN, tmp_path / "folder", format="png").output.iterdir())
    with Image.open(names[4]) as image:
        assert np.array_equal(np.asarray(image)[:, :16], frame_of(4, shapes[2]))


@pytest.mark.parametrize("backend", ["split", "parquet", "hdf5", "sqlite"])
def test_that_observations_may_change_their_size_within_an_episode_of_any_backend(tmp_path: Path, backend: str) -> None:
    steps = [step(index, observation=np.arange(3 + index // 2, dtype=np.float32)) for index in range(6)]
    recorded(tmp_path / "var", steps, backend)
    out = export_run(tmp_path / "var", RUN, tmp_path / "out.parquet", frames=True).output
    import_into_folder(Settings(var_dir=tmp_path / "there"), out)
    with open_source(tmp_path / "there") as source:
        found = source.arrays([one.obs_ref for one in source.rows.load_steps(RUN, "ep-0")])
    assert [None if one is None else one.tolist() for one in found] == [one.observation.tolist() for one in steps]


def recorded(folder: Path, steps: Sequence[StepRecord], backend: str) -> None:
    """Record one episode with a backend of its own."""
    rollup = EpisodeRollup(run_id=RUN, episode_id="ep-0", episode_index=0, seed=7, started_at=START)
    ended = replace(rollup, steps=len(steps) - 1, status=EpisodeStatus.COMPLETED, ended_at=START)
    with RecorderFactory.create_backend(RecorderConfig(backend=backend, output_dir=folder)) as writer:
        writer.begin_run(RunRecord(run_id=RUN, env_id="Made/Up-v0", created_at=START))
        writer.begin_episode(rollup)
        writer.write_steps(steps)
        writer.end_episode(ended)
        writer.end_run(RUN, RunState.COMPLETED, START)


def test_that_a_run_without_pictures_says_so(tmp_path: Path) -> None:
    record(tmp_path / "var", [[step(0), step(1)]])
    for name in ("out.mp4", "out.gif", "out.png"):
        with pytest.raises(ExportError, match="No pictures were recorded"):
            export_run(tmp_path / "var", RUN, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["var"]
