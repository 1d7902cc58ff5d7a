"""What render may give, and what becomes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gym_gui.adapters.frames import FrameNormaliser

RNG = np.random.default_rng(1)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = RGB[:, :, 0]
GREY_AS_RGB = np.repeat(GREY[:, :, None], 3, axis=2)
READ_ONLY = RGB.copy()
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("rendered", "expected"),
    [
        (RGB, RGB),
        (READ_ONLY, RGB),
        (np.asfortranarray(RGB), RGB),
        (RGB[::-1, ::2], RGB[::-1, ::2]),
        (np.transpose(RGB, (1, 0, 2)), np.transpose(RGB, (1, 0, 2))),
        (np.dstack([RGB, GREY]), RGB),
        (GREY, GREY_AS_RGB),
        (GREY[:, :, None], GREY_AS_RGB),
        (np.moveaxis(RGB, 2, 0), RGB),
        (RGB.astype(np.int64), RGB),
        (RGB.astype(np.float32), RGB),
        (RGB.astype(np.float64) / 255, RGB),
        (RGB > 100, (RGB > 100) * np.uint8(255)),
        ([RGB[::-1], RGB], RGB),
        (RGB.tolist(), RGB),
        (list(RGB), RGB),
    ],
)
def test_that_what_is_clearly_a_picture_becomes_rgb_bytes(rendered: Any, expected: np.ndarray[Any, Any]) -> None:
    frames = FrameNormaliser()
    frame = frames.normalise(rendered)
    assert frame is not None
    assert frame.dtype == np.uint8
    assert np.array_equal(frame, expected)
    assert frame.flags.c_contiguous
    assert frame.flags.writeable
    assert not (isinstance(rendered, np.ndarray) and np.shares_memory(frame, rendered))
    assert (frames.refused, frames.note) == (0, "")


@pytest.mark.parametrize(
    "rendered",
    [
        None,
        "text",
        "",
        [],
        7,
        np.zeros(5),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((5, 5, 5), np.uint8),
        np.zeros((2, 5, 5, 3), np.uint8),
        np.full((5, 5, 3), np.nan),
        np.full((5, 5, 3), -1),
        np.full((5, 5, 3), 256),
        np.full((5, 5, 3), 1j),
        np.array([["a"]]),
        [[1, 2], [3]],
        object(),
        {"frame": 1},
    ],
)
def test_that_what_is_no_picture_is_counted_with_its_reason(rendered: Any) -> None:
    frames = FrameNormaliser()
    assert frames.normalise(rendered) is None
    assert frames.refused == 1
    assert frames.note.startswith("render() gave ")


def test_that_floats_keep_the_scale_that_they_once_showed() -> None:
    frames = FrameNormaliser()
    shown = [frames.normalise(np.full((2, 2), value)) for value in (1.0, 200.4, 1.0)]
    assert [None if frame is None else int(frame[0, 0, 0]) for frame in shown] == [255, 200, 1]
