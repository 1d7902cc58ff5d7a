"""The folder that recordings go to: whether it can be written, and how much room there is."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final

from gym_gui.controllers.doctor.check import Check, Status
from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.sizes import size_text

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.config.settings import Settings

_LOW_BYTES: Final = 2_000_000_000
_FULL_BYTES: Final = 100_000_000


def check_var_folder(settings: Settings) -> Check:
    """Whether recordings can be written, and how much room there is; nothing is made where nothing is."""
    paths = settings.paths
    exists = paths.root.is_dir()
    if exists:
        try:
            paths.prepare()
        except EnvironmentFault as error:
            return Check("Var folder", Status.PROBLEM, error.message, error.hint)
    elif not os.access(_nearest_folder(paths.root), os.W_OK):
        return Check(
            "Var folder",
            Status.PROBLEM,
            f"The folder {paths.root} cannot be made.",
            "Choose another one with --var-dir or GYM_GUI_VAR_DIR.",
        )
    free_bytes = shutil.disk_usage(_nearest_folder(paths.root)).free
    if free_bytes < _FULL_BYTES:
        return Check(
            "Var folder",
            Status.PROBLEM,
            f"The disk of {paths.root} is {'nearly ' if free_bytes else ''}full: {size_text(free_bytes)} are free.",
            "Make room, or choose another folder with --var-dir.",
        )
    text = f"{paths.root} {'can be written' if exists else 'will be made'}; {free_bytes / 1e9:,.1f} GB are free."
    if free_bytes < _LOW_BYTES:
        return Check("Var folder", Status.WARNING, text, "An hour of play takes 20 to 200 MB.")
    return Check("Var folder", Status.OK, text)


def _nearest_folder(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.is_dir())
