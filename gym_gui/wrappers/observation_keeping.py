"""How observations are kept: as arrays of the replay file, within their rows, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

_PICTURE_AXES: Final = (2, 3)
# A vector of bytes is no picture, nor is a small board.
_PICTURE_BYTES: Final = 1_024


@dataclass(frozen=True, slots=True)
class ObservationKeeping:
    """How the observations of one run are kept.

    Attributes:
        keeps: Whether at all.
        as_arrays: In the replay file; otherwise within the row.
        as_pictures: Only where the episode's pictures are kept, too.
    """

    keeps: bool
    as_arrays: bool
    as_pictures: bool

    @classmethod
    def of(cls, space: Any, wanted: bool | None) -> ObservationKeeping:
        """How observations of *space* are kept.

        Args:
            space: The observation space of one environment.
            wanted: What the script said; None keeps what is no picture, and pictures where frames are kept.
        """
        dtype = getattr(space, "dtype", None)
        shape = getattr(space, "shape", None)
        is_array = type(space).__name__ in {"Box", "MultiDiscrete", "MultiBinary"} and shape is not None
        return cls(
            keeps=wanted is not False,
            as_arrays=is_array and dtype is not None and not np.dtype(dtype).hasobject,
            as_pictures=wanted is None and is_picture(space),
        )


def is_picture(space: Any) -> bool:
    """Whether observations of *space* are pictures, or stacks of them: bytes in rows and columns."""
    shape = getattr(space, "shape", None)
    return (
        type(space).__name__ == "Box"
        and shape is not None
        and len(shape) in {*_PICTURE_AXES, _PICTURE_AXES[-1] + 1}
        and space.dtype == np.uint8
        and int(np.prod(shape)) >= _PICTURE_BYTES
    )


def is_rgb(space: Any) -> bool:
    """Whether each observation of *space* is a picture as it is recorded: ``uint8 (H, W, 3)``."""
    return is_picture(space) and len(space.shape) == _PICTURE_AXES[-1] and space.shape[-1] == _PICTURE_AXES[-1]
