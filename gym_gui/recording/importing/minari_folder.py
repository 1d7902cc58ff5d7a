"""Where in a folder a Minari data set lies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def minari_data_folder(place: Path) -> Path | None:
    """The folder with Minari's ``metadata.json`` at or below *place*, where there is exactly one."""
    found = [one.parent for one in [place / "metadata.json", *place.glob("**/metadata.json")] if one.is_file()]
    for folder in dict.fromkeys(found):
        try:
            told = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(told, dict) and "minari_version" in told:
            return folder
    return None
