"""What ``render`` gave, as the one kind of picture that is recorded: ``uint8 (H, W, 3)``, C-contiguous, owned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHANNELS: Final = (1, 3, 4)
_FULL: Final = 255


class _NoPictureError(ValueError):
    """What was rendered cannot be read as a picture; the text ends the sentence ``render() gave …``."""


class FrameNormaliser:
    """Turns pictures into recordable ones where that is unambiguous, and says why where it is not.

    Understood are RGB, RGBA (alpha is dropped), grey ``(H, W)`` and ``(H, W, 1)``, channels first ``(3, H, W)``, any
    integer or boolean type, floats in 0..1 (scaled by 255 and rounded) or 0..255 (rounded), and a list of pictures
    (the newest counts). A float picture is taken as 0..1 until one of this environment exceeded 1.

    Attributes:
        refused: How many pictures could not be used.
        note: Why the last of them could not, one sentence; empty while there was none.
    """

    def __init__(self) -> None:
        self.refused = 0
        self.note = ""
        self._floats_reach_255 = False

    def normalise(self, rendered: Any) -> NDArray[np.uint8] | None:
        """The picture, a fresh array, or None with `refused` and `note` brought up to date."""
        if (
            type(rendered) is np.ndarray
            and rendered.dtype == np.uint8
            and rendered.ndim == 3  # noqa: PLR2004 - rows, columns, channels
            and rendered.shape[2] == 3  # noqa: PLR2004 - red, green, blue
            and rendered.size
        ):
            return np.array(rendered, order="C", copy=True)
        try:
            image = self._as_uint8(_channels_last(_array_of(rendered)))
        except _NoPictureError as fault:
            self.refused += 1
            self.note = f"render() gave {fault}."
            return None
        if image.shape[2] == 1:
            image = np.repeat(image, 3, axis=2)
        return np.array(image[:, :, :3], order="C", copy=True)

    def _as_uint8(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        if image.dtype == np.uint8:
            return image
        if image.dtype == np.bool_:
            return image.astype(np.uint8) * np.uint8(_FULL)
        if image.dtype.kind not in "iuf":
            raise _NoPictureError(f"{image.dtype} values, which are no colours")
        low, high = image.min(), image.max()
        if not (low >= 0 and high <= _FULL):  # NaN compares false too
            raise _NoPictureError(f"{image.dtype} values from {low} to {high}, which are no colours")
        if image.dtype.kind == "f":
            self._floats_reach_255 = self._floats_reach_255 or bool(high > 1)
            image = np.rint(image if self._floats_reach_255 else image * _FULL)
        return image.astype(np.uint8)


def _array_of(rendered: Any) -> NDArray[Any]:
    if isinstance(rendered, (list, tuple)) and len(rendered) > 0 and all(map(_is_picture, rendered)):
        rendered = rendered[-1]
    if rendered is None or isinstance(rendered, (str, bytes)):
        raise _NoPictureError("no picture" if rendered is None else "text instead of a picture")
    try:
        return np.asarray(rendered)
    except (ValueError, TypeError) as fault:
        raise _NoPictureError(f"a {type(rendered).__name__} that is no array") from fault


def _is_picture(item: object) -> bool:
    # A list of (W, 3) arrays is one picture by rows, not many grey ones.
    return isinstance(item, np.ndarray) and (
        item.ndim == 3 or (item.ndim == 2 and item.shape[1] > max(_CHANNELS))  # noqa: PLR2004 - axes
    )


def _channels_last(array: NDArray[Any]) -> NDArray[Any]:
    if array.size and array.ndim == 2:  # noqa: PLR2004 - rows and columns: grey
        return array[:, :, None]
    if array.size and array.ndim == 3:  # noqa: PLR2004 - rows, columns, channels
        if array.shape[2] in _CHANNELS:
            return array
        if array.shape[0] in _CHANNELS:
            return np.moveaxis(array, 0, 2)
    raise _NoPictureError(f"an array of shape {array.shape}, which is no picture")
