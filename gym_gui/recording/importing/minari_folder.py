"""Where in a folder a Minari data set lies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def minari_data_folder(place: Path) -> Path | None:
    """The folder with Minari's ``metadata.json``: *place*, the ``data`` folder in it, or the folder of the file."""
    for folder in (place, place / "data") if place.is_dir() else (place.parent,):
        try:
            told = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(told, dict) and "minari_version" in told:
            return folder
    return None
