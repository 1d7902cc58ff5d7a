"""Bytes on a disk, and as a person reads them, the same in tables and in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_THOUSAND: Final = 1000
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def bytes_of(path: Path) -> int:
    """Bytes of a file, or of every file in a folder.

    Raises:
        OSError: it is not there, or cannot be looked at.
    """
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size


def size_text(size_bytes: float) -> str:
    """``812 B``, ``4.3 kB``, ``1.4 MB``: decimal units, one decimal."""
    size, place = float(size_bytes), 0
    # What would be rounded to a thousand is one of the next unit.
    while round(size, 1 if place else 0) >= _THOUSAND and place < len(_UNITS) - 1:
        size, place = size / _THOUSAND, place + 1
    return f"{size:.0f} B" if place == 0 else f"{size:.1f} {_UNITS[place]}"
