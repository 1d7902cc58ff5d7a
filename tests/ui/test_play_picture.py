"""The picture: exact pixels, whole-number scale, the right place on any screen, and frames that are no pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from gym_gui.ui.widgets.picture import PictureWidget, fit_picture, image_from

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Frame = np.ndarray[Any, np.dtype[np.uint8]]


def noise(height: int, width: int) -> Frame:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def pixels_of(widget: PictureWidget) -> Frame:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return data[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


@pytest.fixture
def picture(qtbot: QtBot) -> PictureWidget:
    widget = PictureWidget()
    qtbot.addWidget(widget)
    widget.resize(500, 700)
    widget.show()
    return widget


def test_that_every_pixel_is_shown_equally_large_and_exact(picture: PictureWidget) -> None:
    frame = noise(210, 160)
    picture.show_frame(frame)
    shown = pixels_of(picture)
    target = picture.target
    assert (target.width(), target.height()) == (480, 630)
    inside = shown[target.top() : target.bottom() + 1, target.left() : target.right() + 1]
    assert np.array_equal(inside, frame.repeat(3, axis=0).repeat(3, axis=1))
    assert not shown[: target.top()].any()


def test_that_the_screen_keeps_its_picture_when_the_array_is_written_again(picture: PictureWidget) -> None:
    frame = noise(210, 160)
    picture.show_frame(frame)
    before = pixels_of(picture)
    frame[:] = 0
    assert np.array_equal(pixels_of(picture), before)


def test_that_a_frame_that_changes_its_size_leaves_nothing_of_the_last(picture: PictureWidget) -> None:
    picture.show_frame(np.full((700, 500, 3), 255, np.uint8))
    picture.show_frame(np.full((10, 100, 3), 200, np.uint8))
    shown = pixels_of(picture)
    assert not shown[:300].any()
    assert (shown[350, 250] == 200).all()


def test_that_without_whole_numbers_the_picture_fills_the_area(picture: PictureWidget) -> None:
    picture.show_frame(noise(210, 160))
    picture.set_integer_scale(integer=False)
    assert picture.target.width() == 500


def test_that_no_frame_is_black(picture: PictureWidget) -> None:
    picture.show_frame(noise(210, 160))
    picture.show_frame(None)
    assert not pixels_of(picture).any()


def test_that_strided_frames_are_shown_right(picture: PictureWidget) -> None:
    frame = noise(210, 320)[:, ::2]
    picture.show_frame(frame)
    target = picture.target
    inside = pixels_of(picture)[target.top() :: 3, target.left() :: 3][:210, :160]
    assert np.array_equal(inside, frame)


@pytest.mark.parametrize("frame", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_that_what_is_no_picture_is_refused(frame: Any) -> None:
    with pytest.raises(ValueError, match="uint8"):
        image_from(frame)


@given(
    st.tuples(st.integers(1, 800), st.integers(1, 800)),
    st.tuples(st.integers(40, 3000), st.integers(40, 2000)),
    st.sampled_from([1.0, 1.25, 1.5, 2.0]),
    st.booleans(),
)
def test_that_a_picture_always_fits_keeps_its_shape_and_lies_on_device_pixels(
    frame: tuple[int, int], area: tuple[int, int], ratio: float, integer: bool
) -> None:
    (width, height), (wide, high) = frame, area
    place = fit_picture(QSize(width, height), QSize(wide, high), ratio, integer=integer)
    assert place.left() >= 0
    assert place.top() >= 0
    assert place.right() <= wide + 1
    assert place.bottom() <= high + 1
    scale = min(wide * ratio / width, high * ratio / height)
    scale = float(int(scale)) if integer and scale >= 2 else scale
    assert place.width() * ratio == pytest.approx(width * scale, abs=0.51)
    assert place.height() * ratio == pytest.approx(height * scale, abs=0.51)
    assert place.left() * ratio == pytest.approx(round(place.left() * ratio), abs=1e-6)
