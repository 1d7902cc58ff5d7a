"""The sound of a selection: the audio track of a video, in time with its pictures, and WAV files."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import ExportError
from gym_gui.core.sound import SILENCE, keeps_time, sound_of, sound_rate_of
from gym_gui.recording.export.canvas import frames_a_second
from gym_gui.recording.export.pictures import count_steps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.recording.export.job import ExportJob

# AAC knows few rates; the encoder resamples the console's to this one.
_AAC_HZ: Final = 48_000


class Soundtrack:
    """The audio stream of a video.

    Args:
        container: Where the video is written.
        suffix: Its ending: ``.mkv`` or ``.mp4``.
        rate_hz: Samples a second of what was recorded.
        samples: Samples of one picture's time.
        lossless: Every sample bit for bit: FLAC in .mkv, ALAC in .mp4; else AAC.
    """

    def __init__(self, container: Any, suffix: str, *, rate_hz: int, samples: int, lossless: bool) -> None:
        codec = ("flac" if suffix == ".mkv" else "alac") if lossless else "aac"
        self._stream = container.add_stream(codec, rate=rate_hz if lossless else _AAC_HZ, layout="mono")
        if codec == "alac":
            self._stream.format = "s16p"  # it would take 32 bits by itself
        self._container = container
        self._rate_hz = rate_hz
        self._samples = samples
        self._at = 0

    def add(self, sound: NDArray[np.uint8] | None) -> None:
        """The sound of the next picture's time; None is silence."""
        import av  # noqa: PLC0415 - loaded by the video

        heard = np.full(self._samples, SILENCE, np.uint8)
        if sound is not None:
            heard[: len(sound)] = sound[: self._samples]
        # Unsigned bytes as the upper half of 16 bits, which every encoder takes; exact there and back.
        wide = (heard.astype(np.int16) - SILENCE) << 8
        frame = av.AudioFrame.from_ndarray(wide[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = self._rate_hz
        frame.pts = self._at
        self._at += self._samples
        self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode(None))


def make_soundtrack(job: ExportJob, container: Any, suffix: str) -> Soundtrack | None:
    """The audio stream of the selection's video; None where there is no sound, or it is not wanted."""
    rate_hz = sound_rate_of(job.selection.run.metadata)
    if rate_hz is None or not job.options.sound:
        return None
    samples = _samples_a_step(job)
    if samples is None:
        return None
    a_second = frames_a_second(job)
    if not keeps_time(samples, rate_hz, float(a_second)):
        job.note(f"The sound was left out: at {float(a_second):g} pictures a second it would not keep time.")
        return None
    return Soundtrack(container, suffix, rate_hz=rate_hz, samples=samples, lossless=job.options.lossless)


def write_wav(job: ExportJob, path: Path) -> None:
    """Write the selection's sound, one episode after the other, as 8-bit PCM, which is what was recorded.

    Raises:
        ExportError: none of the steps that were chosen has sound.
    """
    run = job.selection.run
    rate_hz, samples = sound_rate_of(run.metadata), _samples_a_step(job)
    if rate_hz is None or samples is None:
        raise ExportError(f"None of the chosen steps of run {run.run_id} has sound.")
    job.progress.begin(count_steps(job))
    silence = np.full(samples, SILENCE, np.uint8)
    with path.open("wb") as file, wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(rate_hz)
        for _, page in job.source.pages(job.selection):
            heard: dict[int, NDArray[np.uint8]] = {}
            for row, step in enumerate(page.step_index.tolist()):
                sound = sound_of(page.rare(row).get("extra"))
                if sound is not None or step not in heard:
                    heard[step] = silence if sound is None else sound
            out.writeframes(np.concatenate(list(heard.values())).tobytes())
            job.rows += len(page)
            job.progress.advance(len(heard))


def _samples_a_step(job: ExportJob) -> int | None:
    """Samples of the first step that has any."""
    for _, page in job.source.pages(job.selection):
        for row, stored in enumerate(page.extras):
            sound = None if stored is None else sound_of(page.rare(row).get("extra"))
            if sound is not None:
                return len(sound)
    return None
