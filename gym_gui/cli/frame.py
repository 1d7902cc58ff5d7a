"""`gym-gui frame`: one array out of storage, as a picture or as NumPy's own file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import json_option, print_json, var_dir_option
from gym_gui.cli.reading import opened_library, recording_option
from gym_gui.core.errors import EnvironmentFault, RequestError
from gym_gui.core.refs import FrameRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PICTURE_NDIM = (2, 3)
_CHANNELS = (1, 3, 4)


@click.command()
@click.argument("ref")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    required=True,
    help="Where to: .png for a picture, .npy for any array.",
)
@recording_option
@json_option
@var_dir_option
def frame(*, ref: str, output: str, recording: str | None, as_json: bool, var_dir: str | None) -> None:
    """Save the frame or observation that REF points to.

    A REF reads h5://RUN_ID/frames/123; `gym-gui steps RUN_ID EPISODE --json` lists those of an episode.
    """
    FrameRef.require(ref)
    with opened_library(recording, var_dir) as library:
        array = library.require(ref)
    path = Path(output)
    try:
        _save(array, path)
    except OSError as error:
        raise EnvironmentFault(
            f"The picture cannot be written: {error.strerror or error}.", hint=f"File: {path}"
        ) from error
    if as_json:
        print_json({"ref": ref, "path": str(path), "shape": list(array.shape), "dtype": str(array.dtype)})
    else:
        click.echo(f"{path}: {'x'.join(map(str, array.shape))} {array.dtype}")


def _save(array: NDArray[Any], path: Path) -> None:
    import numpy as np  # noqa: PLC0415 - only where there is something to save

    if path.suffix.lower() == ".npy":
        np.save(path, array)
        return
    is_picture = (
        array.dtype == np.uint8
        and array.ndim in _PICTURE_NDIM
        and (array.ndim == _PICTURE_NDIM[0] or array.shape[-1] in _CHANNELS)
    )
    if not is_picture:
        raise EnvironmentFault(
            f"This array ({array.dtype}, shape {array.shape}) is no picture.", hint="Save it with -o out.npy instead."
        )
    from PIL import Image  # noqa: PLC0415 - only where a picture is saved

    pixels = array[..., 0] if array.ndim == _PICTURE_NDIM[1] and array.shape[-1] == 1 else array
    try:
        Image.fromarray(pixels).save(path)
    except ValueError as error:
        raise RequestError(f"The picture cannot be saved as {path.suffix or 'that'}: {error}.") from error
