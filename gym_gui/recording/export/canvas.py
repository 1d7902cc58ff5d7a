"""The ground that pictures are drawn on: one size for all, enlarged by a whole number, with a line of facts below."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.core.errors import ExportError
from gym_gui.recording.export.overlay import Overlay, readable_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.recording.export.job import ExportJob
    from gym_gui.recording.export.pictures import Picture

_MAX_DENOMINATOR: Final = 1_001


class Canvas:
    """Puts pictures on a ground of one size: enlarged by a whole number, with a line of facts below where asked.

    Args:
        size: Height and width of the largest picture.
        scale: Whole number to enlarge by.
        overlay: The line of facts; None for none.
        even: Whether both sides have to be even; then a black row or column is added.
    """

    def __init__(self, size: tuple[int, int], scale: int, overlay: Overlay | None, *, even: bool = False) -> None:
        self._scale = scale
        self._overlay = overlay
        height, width = size[0] * scale, size[1] * scale
        below = 0 if overlay is None else overlay.height(width)
        self._picture_height = height
        self.height, self.width = height + below, width
        if even:
            self.height += self.height % 2
            self.width += self.width % 2

    def draw(self, picture: Picture) -> NDArray[np.uint8]:
        """The picture on its ground, ``uint8 (height, width, 3)``."""
        frame = picture.frame
        if self._scale > 1:
            frame = _enlarged(frame, self._scale)
        if self._overlay is None and frame.shape[:2] == (self.height, self.width):
            return np.ascontiguousarray(frame)
        ground = np.zeros((self.height, self.width, 3), np.uint8)
        ground[: frame.shape[0], : frame.shape[1]] = frame
        if self._overlay is not None:
            line = self._overlay.line(picture, self.width)
            ground[self._picture_height : self._picture_height + line.shape[0]] = line
        return ground


def _enlarged(frame: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Each pixel *scale* times in both directions; pixels move whole, three times as fast as colour by colour."""
    height, width, channels = frame.shape
    pixels = np.ascontiguousarray(frame).view(f"V{channels}").reshape(height, width)
    wide = pixels.repeat(scale, axis=1).repeat(scale, axis=0)
    return wide.view(np.uint8).reshape(height * scale, width * scale, channels)


def make_canvas(job: ExportJob, *, even: bool = False) -> Canvas:
    """The ground that every picture of the selection is drawn on."""
    size = largest_size(job)
    scale = job.options.scale
    overlay = Overlay(job.selection.run) if job.options.overlay else None
    if overlay is not None:
        scale = max(scale, readable_scale(size[1]))
    return Canvas(size, scale, overlay, even=even)


def frames_a_second(job: ExportJob) -> Fraction:
    """Pictures a second: what was asked for, or the run's step rate."""
    asked = job.options.fps or job.selection.run.step_rate_hz
    return Fraction(asked if asked > 0 else 1.0).limit_denominator(_MAX_DENOMINATOR)


def largest_size(job: ExportJob) -> tuple[int, int]:
    """Height and width that hold every picture of the selection.

    Raises:
        ExportError: no picture can be read.
    """
    pages = (page for _, page in job.source.pages(job.selection))
    shapes = {shape for _, shape in job.source.shapes(ref for page in pages for ref in page.frame_refs)}
    if not shapes:
        raise ExportError(
            f"No picture of run {job.selection.run.run_id} can be found for these steps.",
            hint="Its steps can be exported as parquet, csv or json.",
        )
    if len(shapes) > 1:
        job.note("The pictures change their size; smaller ones stand in the upper left corner.")
    return max(shape[0] for shape in shapes), max(shape[1] for shape in shapes)
