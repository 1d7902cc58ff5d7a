"""GIF, written picture by picture: an exact palette where 256 colours do, only what changed, delays that add up."""

from __future__ import annotations

import struct
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from gym_gui.recording.export.canvas import Canvas, frames_a_second, make_canvas
from gym_gui.recording.export.pictures import count_steps, pictures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.recording.export.job import ExportJob

COLOURS: Final = 256
# Browsers show a delay of less than two hundredths of a second as ten.
SHORTEST_DELAY: Final = 2
_HUNDREDTHS: Final = 100
_SAMPLED_PICTURES: Final = 24
_LOOK_EVERY: Final = 32
_CELLS: Final = 64


def write_gif(job: ExportJob, path: Path) -> None:
    """Write the selection's pictures, one episode after the other, to *path*; it loops for ever.

    Raises:
        ExportError: there are no pictures.
    """
    canvas = make_canvas(job)
    rate = frames_a_second(job)
    _tell_rate(job, rate)
    count = count_steps(job)
    job.progress.begin(2 * count)
    palette = _Palette(job, canvas, count)
    with path.open("wb") as file:
        _write_header(file, canvas, palette.table)
        writer = _FrameWriter(file, palette)
        ticks = Fraction(_HUNDREDTHS) / max(Fraction(1, 1_000), rate)
        with closing(pictures(job)) as shown:
            for place, picture in enumerate(shown):
                start, end = round(place * ticks), round((place + 1) * ticks)
                if writer.take(canvas, picture, start):
                    job.frames += 1
        writer.finish(end if count else 0)
        file.write(b";")


def _tell_rate(job: ExportJob, rate: Fraction) -> None:
    most = _HUNDREDTHS // SHORTEST_DELAY
    if rate > most:
        job.note(f"A GIF shows at most {most} pictures a second: of {float(rate):g} a second, some are left out.")
    elif (Fraction(_HUNDREDTHS) / rate).denominator != 1:
        exact = float(Fraction(_HUNDREDTHS) / rate)
        job.note(
            f"{float(rate):g} pictures a second are {exact:.2f} hundredths of a second each, which a GIF cannot say: "
            f"delays of {int(exact)} and {int(exact) + 1} alternate, and the whole takes its right time."
        )


class _Palette:
    """256 colours for the whole file: all that there are, or the best for a sample of the pictures."""

    def __init__(self, job: ExportJob, canvas: Canvas, count: int) -> None:
        every = max(1, count // _SAMPLED_PICTURES)
        samples: list[NDArray[np.uint8]] = []
        seen = np.zeros(1 << 24, np.bool_)
        self.exact = True
        with closing(pictures(job)) as shown:
            for place, picture in enumerate(shown):
                sampled = place % every == 0
                if self.exact or sampled:
                    drawn = canvas.draw(picture)
                    samples += [drawn] if sampled else []
                if self.exact:
                    seen[_codes(drawn)] = True
                    # Looked at now and then: going through all possible colours takes as long as ten pictures.
                    self.exact = place % _LOOK_EVERY != 0 or int(np.count_nonzero(seen)) <= COLOURS
        colours = np.flatnonzero(seen)
        self.exact = self.exact and len(colours) <= COLOURS
        self.table = np.zeros((COLOURS, 3), np.uint8)
        if self.exact:
            self.table[: len(colours)] = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
            self._places = np.zeros(1 << 24, np.uint8)
            self._places[colours] = np.arange(len(colours))
        else:
            job.note("The pictures have more than 256 colours: a GIF shows the nearest of a palette of 256.")
            self._quantise(samples)

    def _quantise(self, samples: list[NDArray[np.uint8]]) -> None:
        from PIL import Image  # noqa: PLC0415 - only where it is needed

        montage = Image.fromarray(np.concatenate(samples, axis=0))
        found = montage.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).getpalette()
        palette = np.array(found, np.uint8).reshape(-1, 3)
        self.table[: len(palette)] = palette
        # The nearest colour of each cell of six bits a channel: asked once, not for each pixel.
        steps = np.arange(_CELLS) * (256 // _CELLS) + 128 // _CELLS
        cells = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float32)
        wide = palette.astype(np.float32)
        lengths = (wide**2).sum(axis=1)
        nearest = [np.argmin(lengths - 2 * part @ wide.T, axis=1) for part in np.array_split(cells, _CELLS)]
        self._places = np.concatenate(nearest).astype(np.uint8)

    def indices(self, drawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Place in the table of each pixel, ``uint8 (H, W)``."""
        if self.exact:
            places = self._places[_codes(drawn)]
        else:
            wide = drawn.astype(np.int32) >> 2
            places = self._places[(wide[..., 0] * _CELLS + wide[..., 1]) * _CELLS + wide[..., 2]]
        return np.asarray(places, np.uint8)


def _codes(drawn: NDArray[np.uint8]) -> NDArray[np.int32]:
    wide = drawn.astype(np.int32)
    codes: NDArray[np.int32] = (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    return codes


class _FrameWriter:
    """Writes each picture once the next one says how long it stood."""

    def __init__(self, file: BinaryIO, palette: _Palette) -> None:
        self._file = file
        self._palette = palette
        self._before: NDArray[np.uint8] | None = None
        self._waiting: tuple[NDArray[np.uint8], int] | None = None

    def take(self, canvas: Canvas, picture: Any, start: int) -> bool:
        """Take a picture that begins at *start* hundredths; whether it is shown at all."""
        if self._waiting is not None and start - self._waiting[1] < SHORTEST_DELAY:
            return False
        indices = self._palette.indices(canvas.draw(picture))
        if self._waiting is not None and np.array_equal(indices, self._waiting[0]):
            return True  # it goes on standing
        self.finish(start)
        self._waiting = (indices, start)
        return True

    def finish(self, end: int) -> None:
        """Write the picture that waits, which stands until *end* hundredths."""
        if self._waiting is None:
            return
        indices, start = self._waiting
        self._waiting = None
        for delay in _delays(max(SHORTEST_DELAY, end - start)):
            self._write(indices, delay)

    def _write(self, indices: NDArray[np.uint8], delay: int) -> None:
        from PIL import GifImagePlugin, Image  # noqa: PLC0415 - only where a GIF is made

        top, left, part = _changed(self._before, indices)
        image = Image.fromarray(np.ascontiguousarray(part)).convert("P")
        blocks = GifImagePlugin.getdata(image, (left, top), duration=delay * 10, disposal=1, include_color_table=False)
        self._file.write(b"".join(blocks))
        self._before = indices


def _changed(before: NDArray[np.uint8] | None, now: NDArray[np.uint8]) -> tuple[int, int, NDArray[np.uint8]]:
    """Top, left and pixels of the smallest box that holds every change."""
    if before is None:
        return 0, 0, now
    differs = before != now
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return 0, 0, now[:1, :1]
    top, left = int(rows[0]), int(columns[0])
    return top, left, now[top : rows[-1] + 1, left : columns[-1] + 1]


def _delays(delay: int) -> Iterator[int]:
    while delay > 0xFFFF:  # noqa: PLR2004 - sixteen bits
        yield 0xFFFF - SHORTEST_DELAY
        delay -= 0xFFFF - SHORTEST_DELAY
    yield delay


def _write_header(file: BinaryIO, canvas: Canvas, table: NDArray[np.uint8]) -> None:
    # CompuServe GIF89a: a global table of 2^(7+1) colours, and the looping extension.
    file.write(b"GIF89a" + struct.pack("<HHBBB", canvas.width, canvas.height, 0xF7, 0, 0) + table.tobytes())
    file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
