"""Numbers, sizes, durations and instants as a person reads them, the same on every screen."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
# After a sign that parts words; a number's point and minus are none.
_BREAKS: Final = re.compile(r"(?<=[_/:])|(?<=\.)(?!\d)|(?<=\w-)")
# Sign, size, and from where on it is used: four digits without a unit still read well.
_UNITS: Final = (("G", 1e9, 1e9), ("M", 1e6, 1e6), ("K", 1e3, 1e4))
# From here on the digits before the point are no longer those of the number: 1e308 would be a line of 309 of them.
WRITTEN_OUT_BELOW: Final = 1e16


def number_text(value: float, *, signed: bool = False) -> str:
    """A number with at most three decimals and thousands apart: ``1,234``, ``-0.135``, ``nan``."""
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= WRITTEN_OUT_BELOW:
        return f"{value:+.6g}" if signed else f"{value:.6g}"
    rounded = round(value, 3)
    if rounded == 0 and value != 0:
        return f"{value:+.2e}" if signed else f"{value:.2e}"
    text = f"{rounded:+,.3f}" if signed else f"{rounded:,.3f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in {"+0", "-0"} else text


def breakable(text: str, *, run: int = 24) -> str:
    """*text* with places to break a line inside long names, after their signs or about every *run* characters."""
    parted = _BREAKS.sub("\u200b", text)
    # Not after an f: fonts draw it and the next letter as one, over the place to break, which is then none.
    return re.sub(rf"((?=[^\s\u200b]{{{run + 1}}})[^\s\u200b]{{{run // 2},{run}}}(?<!f))", "\\1\u200b", parted)


def shortened(text: str, longest: int) -> str:
    """*text* with its middle cut out where it has more than *longest* characters."""
    if len(text) <= longest:
        return text
    head = longest // 2
    return f"{text[:head]}…{text[len(text) - (longest - head - 1) :]}"


def axis_text(value: float) -> str:
    """A number on an axis, three digits of it: ``0``, ``-7.72``, ``12.3K``, ``4M``."""
    if abs(value) >= WRITTEN_OUT_BELOW:
        return f"{value:.3g}"
    unit, size = next((part for part in _UNITS if abs(value) >= part[2]), ("", 1.0, 0.0))[:2]
    scaled = value / size
    return f"{scaled:,.0f}{unit}" if abs(scaled) >= 100 else f"{scaled:.3g}{unit}"  # noqa: PLR2004 - three digits


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
