"""Numbers, sizes, durations and instants as a person reads them, the same on every screen."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

_KIB: Final = 1024
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


def number_text(value: float, *, signed: bool = False) -> str:
    """A number with at most three decimals and thousands apart: ``1,234``, ``-0.135``, ``nan``."""
    if not math.isfinite(value):
        return str(value)
    rounded = round(value, 3)
    if rounded == 0 and value != 0:
        return f"{value:+.2e}" if signed else f"{value:.2e}"
    text = f"{rounded:+,.3f}" if signed else f"{rounded:,.3f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in {"+0", "-0"} else text


def axis_text(value: float) -> str:
    """A number on an axis, three digits of it: ``0``, ``-7.72``, ``12.3K``, ``4M``."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= 10 * size:
            return f"{value / size:.3g}{unit}" if abs(value) < 1000 * size else f"{value / size:.0f}{unit}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def size_text(size_bytes: int) -> str:
    """``812 B``, ``4.2 KB``, ``38 MB``."""
    size = float(size_bytes)
    for unit in ("B", "KB", "MB", "GB"):
        if size < _KIB:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"  # noqa: PLR2004 - two digits
        size /= _KIB
    return f"{size:.1f} TB"


def duration_text(seconds: float) -> str:
    """``0.8 s``, ``12 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds < 10:  # noqa: PLR2004 - one decimal while it tells something
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"


def clock_text(seconds: float) -> str:
    """``0:07.3``, ``12:05.0``, ``1:02:05.0``: where playback stands."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 10 * _MINUTE_S)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def speed_text(speed: float) -> str:
    """A multiple of the run's own rate: the number and the multiplication sign."""
    return f"{speed:g}\u00d7"


def when_text(instant: datetime, *, exact: bool = False) -> str:
    """An instant in local time: ``Today 08:31``, ``14 Mar 08:31``, ``14 Mar 2025``; *exact*: to the millisecond."""
    local = instant.astimezone()
    if exact:
        return f"{local:%Y-%m-%d %H:%M:%S.%f}"[:-3] + f"{local:%z}"
    today = datetime.now(UTC).astimezone()
    if local.date() == today.date():
        return f"Today {local:%H:%M}"
    if local.year == today.year:
        return f"{local.day} {local:%b %H:%M}"
    return f"{local.day} {local:%b %Y}"
