"""Where in a folder Minari data sets lie."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path


# ``namespace/sub/name-v0``, as deep as Minari's own names go.
_LEVELS: Final = 3


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


def minari_datasets_below(place: Path) -> list[Path]:
    """The folders of the data sets in *place*, which may be what ``MINARI_DATASETS_PATH`` names; sorted."""
    patterns = ("/".join(["*"] * depth + ["data", "metadata.json"]) for depth in range(1, _LEVELS + 1))
    found = (file.parent for pattern in patterns for file in place.glob(pattern))
    return sorted(folder.parent for folder in found if minari_data_folder(folder) is not None)
